/* SPDX-License-Identifier: Apache-2.0 */
#include "small_desk.h"
#include <math.h>

static char *kinds[] = {(char *)"email", (char *)"sms"};
const struct simulate_customer small_classes[] = {
    {"", "", "", "", NAN, 0},
    {"|gold|", "de-at", "ana", "|news|", 500, 1},
    {"|vip|", "zh", "bo", "|sms|news|", 5000, 2}};
static char *names[] = {(char *)"ana", (char *)"bo", (char *)"eve", (char *)"gone"};

void small_desk(struct small_desk *s) {
  *s = (struct small_desk){.units = {{kinds[0], 1}, {kinds[1], 2}}};
  s->desk = (struct desk){.queues = s->queues, .agents = s->agents, .rules = s->rules};
  s->desk.dispatch = (struct desk_dispatch){.known_ms = 30 * DAY, .units = s->units, .unit_count = 2,
                                            .weights = rule_weights_standard()};
}

struct desk_queue *small_queue(struct small_desk *s, const char *name, int answer_minutes) {
  size_t n = s->desk.queue_count++;
  s->desk.rule_count++;
  s->queues[n] = (struct desk_queue){.name = (char *)name, .priority = 5, .handling_ms = 10 * MINUTE,
                                     .answer_within_ms = (int64_t)answer_minutes * MINUTE,
                                     .next_within_ms = (int64_t)answer_minutes * MINUTE, .offer_to = 1, .offer_ms = 30000};
  s->rules[n] = (struct desk_rule){.name = (char *)name, .queue = (char *)name, .priority = 5, .skills = (char *)"",
                                   .customer = (char *)""};
  return &s->queues[n];
}

struct desk_agent *small_agent(struct small_desk *s, const char *name, int capacity) {
  size_t n = s->desk.agent_count++;
  for (size_t q = 0; q < s->desk.queue_count; q++) {
    s->member_of[n][q] = s->queues[q].name;
    s->speeds[n][q] = 1;
  }
  s->agents[n] = (struct desk_agent){.name = (char *)name, .queues = s->member_of[n], .speeds = s->speeds[n],
                                     .queue_count = s->desk.queue_count, .capacity = capacity, .skills = s->skills[n]};
  return &s->agents[n];
}

void small_skill(struct small_desk *s, struct desk_agent *a, const char *name, int level) {
  (void)s;
  a->skills[a->skill_count++] = (struct desk_skill){(char *)name, level};
}

void small_run_begin(struct small_run *r, struct small_desk *desk, int minutes) {
  memset(r, 0, sizeof(*r));
  r->desk = desk;
  r->in = (struct simulate_input){.desk = &desk->desk, .items = r->items, .places = r->places, .classes = small_classes,
                                  .kinds = kinds, .kind_count = 2, .names = names, .name_count = 4, .duty = r->duty,
                                  .from_ms = MONDAY, .to_ms = MONDAY + (int64_t)minutes * MINUTE};
  for (size_t a = 0; a < desk->desk.agent_count; a++)
    calendar_add(&r->duty[a], MONDAY, r->in.to_ms);
}

struct simulate_item *small_item(struct small_run *r, int at, int queue, int handling_minutes) {
  size_t n = r->in.count++;
  r->items[n] = (struct simulate_item){.arrival_ms = MONDAY + (int64_t)at * MINUTE,
                                       .handling_ms = (int64_t)handling_minutes * MINUTE,
                                       .customer = SIMULATE_NONE, .known = SIMULATE_NONE};
  r->places[n] = (struct simulate_place){(uint16_t)queue, 1};
  return &r->items[n];
}

void small_run_play(struct small_run *r) {
  simulate_run(&r->in, &r->result);
}

void small_run_end(struct small_run *r) {
  simulate_result_free(&r->result);
  for (size_t a = 0; a < SMALL_AGENTS; a++)
    calendar_free(&r->duty[a]);
}

int small_waited(const struct small_run *r, size_t item) {
  const struct simulate_outcome *o = &r->result.outcomes[item];
  return o->agent == SIMULATE_NONE ? -1 : (int)(o->waited_ms / MINUTE);
}

const char *small_taker(const struct small_run *r, size_t item) {
  uint32_t agent = r->result.outcomes[item].agent;
  return agent == SIMULATE_NONE ? "" : r->in.desk->agents[agent].name;
}
