/* SPDX-License-Identifier: Apache-2.0 */
#include "speed.h"
#include "dispatch/record.h"
#include <stdio.h>
#include <time.h>

enum { QUEUES = RULE_QUEUES, GROUPS = 40, ITEMS = QUEUES * RULE_SETS, BATCH = 1000 };
#define AT_LEAST_NS 300e6

static const struct {
  const char *what;
  size_t queues, groups, items;
} cases[] = {
    {"an agent has room: heads of 8 queues", 8, 1, 24},
    {"an item came: 40 kinds of agents with room", 8, 40, 1},
    {"the largest view: 64 queues, 40 kinds of agents, 192 heads", 64, 40, 192},
};

struct desk {
  struct rule_weights weights;
  struct rule_queue queues[QUEUES];
  double ln_speed[GROUPS][QUEUES];
  struct rule_group groups[GROUPS];
  struct rule_item items[ITEMS];
  char ids[ITEMS][16];
};

static void fill(struct desk *d, size_t queues) {
  d->weights = rule_weights_standard();
  for (size_t q = 0; q < queues; q++)
    d->queues[q] = (struct rule_queue){.name = SLICE("queue"),
                                       .target_ms = 30e3 * (double)(1 + q % 7 * 40),
                                       .handling_ms = 300e3,
                                       .scarcity = 0.5,
                                       .units = 1 + (int)(q % 3),
                                       .real_time = q % 2 == 0,
                                       .on_duty = 100,
                                       .now_ms = 1e12};
  rule_prepare(&d->weights, d->queues, queues);
  for (size_t g = 0; g < GROUPS; g++) {
    for (size_t q = 0; q < queues; q++)
      d->ln_speed[g][q] = (g * 31 + q * 17) % 3 || g == 0 ? 0 : RULE_LACKS;
    d->groups[g] = (struct rule_group){.ln_speed = d->ln_speed[g],
                                       .units = 3,
                                       .room = 3,
                                       .agent = SLICE("agent"),
                                       .idle_since_ms = (double)g,
                                       .count = 3};
    for (size_t k = 0; k < RULE_KINDS; k++)
      d->groups[g].kind_room[k] = 3;
  }
  for (size_t i = 0; i < ITEMS; i++) {
    size_t queue = i % queues;
    double arrival = 1e12 - (double)((i * 7919) % 100000);
    enum rule_set set = rule_set_at(&d->queues[queue], arrival, 1e12);
    snprintf(d->ids[i], sizeof(d->ids[i]), "w%08zu", i);
    d->items[i] = (struct rule_item){.id = slice_text(d->ids[i]),
                                     .queue = queue,
                                     .set = set,
                                     .known_group = RULE_NOBODY,
                                     .score = rule_score(&d->weights, &d->queues[queue], set, arrival, 0),
                                     .arrival_ms = arrival};
  }
}

static double now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

void speed(void) {
  static struct desk d;
  static struct rule_record record;
  for (size_t n = 0; n < sizeof(cases) / sizeof(cases[0]); n++) {
    struct buf text = BUF_INIT(1 << 20);
    size_t done = 0;
    fill(&d, cases[n].queues);
    struct rule_view view = {&d.weights, d.queues, cases[n].queues, d.groups, cases[n].groups, d.items, cases[n].items};
    double begin = now_ns();
    while (now_ns() - begin < AT_LEAST_NS)
      for (size_t i = 0; i < BATCH; i++, done++) {
        rule_count(d.queues, view.queue_count, d.groups, view.group_count);
        if (rule_decide(&view, &record))
          return;
      }
    double took = (now_ns() - begin) / (double)done;
    if (rule_record_write(&record, &text) == 0)
      printf("%-60s %8.2f us, record %zu bytes\n", cases[n].what, took / 1000, text.len);
    buf_free(&text);
  }
}
