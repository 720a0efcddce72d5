/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/common/dispatch/random_desk.h"
#include <stdio.h>

uint64_t desk_seed;

double desk_draw(void) {
  desk_seed += 0x9e3779b97f4a7c15ULL;
  uint64_t x = desk_seed;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return (double)((x ^ (x >> 31)) >> 11) / 9007199254740992.0;
}

int desk_pick(int most) {
  return (int)(desk_draw() * (most + 1));
}

struct rule_group desk_group(const char *agent, const double *ln_speed, int room, int units) {
  struct rule_group g = {.ln_speed = ln_speed, .room = room, .units = units, .agent = slice_text(agent), .count = 1};
  for (size_t k = 0; k < RULE_KINDS; k++)
    g.kind_room[k] = room;
  return g;
}

struct rule_item desk_item(struct desk *d, const char *id, size_t queue, double waited_ms, double value) {
  const struct rule_queue *q = &d->queues[queue];
  double ln_value = rule_ln_value(&d->weights, value);
  enum rule_set set = rule_set_at(q, q->now_ms - waited_ms, q->now_ms);
  return (struct rule_item){.id = slice_text(id),
                            .queue = queue,
                            .set = set,
                            .known_group = RULE_NOBODY,
                            .score = rule_score(&d->weights, q, set, q->now_ms - waited_ms, ln_value),
                            .arrival_ms = q->now_ms - waited_ms,
                            .ln_value = ln_value};
}

void random_desk(struct desk *d) {
  size_t queues = 1 + (size_t)desk_pick(DESK_MOST - 1), groups = (size_t)desk_pick(DESK_MOST),
         items = (size_t)desk_pick(DESK_ITEMS);
  memset(d, 0, sizeof(*d));
  for (size_t i = 0; i < DESK_ITEMS; i++)
    snprintf(d->ids[i], sizeof(d->ids[i]), "x%02zu", i);
  d->weights = rule_weights_standard();
  d->weights.slowdown = desk_draw();
  for (size_t q = 0; q < queues; q++)
    d->queues[q] = (struct rule_queue){.name = SLICE("q"),
                                       .target_ms = ceil(exp(desk_draw() * 14 + 7)),
                                       .handling_ms = ceil(exp(desk_draw() * 5 + 9)),
                                       .scarcity = desk_draw(),
                                       .kind = (unsigned)desk_pick(2),
                                       .units = 1 + desk_pick(2),
                                       .real_time = desk_draw() < 0.6,
                                       .on_duty = desk_pick(20),
                                       .now_ms = 1e12};
  rule_prepare(&d->weights, d->queues, queues);
  for (size_t g = 0; g < groups; g++) {
    for (size_t q = 0; q < queues; q++)
      d->ln_speed[g][q] = desk_draw() < 0.5 ? RULE_LACKS : desk_pick(1) * log(0.8);
    d->groups[g] = desk_group(d->ids[g], d->ln_speed[g], desk_pick(4), 4);
    d->groups[g].kind_room[0] = desk_pick(4);
    d->groups[g].crowded = rule_crowded(&d->weights, 4 - d->groups[g].room, 4);
    d->groups[g].idle_since_ms = desk_pick(2);
    d->groups[g].count = 1 + (size_t)desk_pick(2);
  }
  for (size_t i = 0; i < items; i++) {
    size_t queue = (size_t)desk_pick((int)queues - 1);
    d->items[i] =
        desk_item(d, d->ids[i], queue, floor(desk_draw() * 2 * d->queues[queue].target_ms), exp(desk_draw() * 4 - 1.5));
    if (groups && desk_pick(2) == 0) {
      d->items[i].known_group = (size_t)desk_pick((int)groups - 1);
      d->items[i].known = d->groups[d->items[i].known_group].agent;
      d->items[i].known_idle_ms = d->groups[d->items[i].known_group].idle_since_ms;
      d->items[i].ln_known = 0.5;
    }
  }
  d->view = (struct rule_view){&d->weights, d->queues, queues, d->groups, groups, d->items, items};
}
