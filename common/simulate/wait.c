/* SPDX-License-Identifier: Apache-2.0 */
/* An item waits: which queue, line and set, when it moves. */
#include "simulate/run.h"
#include <math.h>
#include <stdlib.h>

int64_t wait_clock(const struct run *r, size_t queue) {
  return calendar_clock(r->model.queues[queue].hours, r->now);
}

bool queue_takes(const struct run *r, size_t queue) {
  const struct model_queue *q = &r->model.queues[queue];
  return q->queue->after == AFTER_TAKE || calendar_open(q->hours, r->now);
}

/* ---- where to */

/* Closed doors and limits send it on; in a circle of those it stays where it is. */
static size_t queue_for(const struct run *r, size_t queue) {
  const struct model *m = &r->model;
  for (size_t hops = 0; hops < m->desk->queue_count; hops++) {
    const struct model_queue *q = &m->queues[queue];
    if (q->limit_queue != MODEL_NO_QUEUE && q->waiting >= (size_t)q->queue->limit)
      queue = q->limit_queue;
    else if (q->after_queue != MODEL_NO_QUEUE && !calendar_open(q->hours, r->now))
      queue = q->after_queue;
    else
      break;
  }
  return queue;
}

/* Who answered the customer last, in this run or before it. */
static uint32_t known_agent(struct run *r, const struct simulate_item *i) {
  if (i->customer == SIMULATE_NONE)
    return SIMULATE_NONE;
  uint32_t *own = &r->own_agent[i->customer];
  if (r->own_since[i->customer] == 0) { /* the first we see of this customer */
    *own = i->known == SIMULATE_NONE ? SIMULATE_NONE : r->desk_agent[i->known];
    r->own_since[i->customer] = r->now;
  }
  int64_t keeps = r->model.desk->dispatch.known_ms;
  return keeps > 0 && r->now - r->own_since[i->customer] > keeps ? SIMULATE_NONE : *own;
}

static void know(struct run *r, uint32_t item) {
  struct waiting *w = &r->items[item];
  if (w->known == SIMULATE_NONE)
    return;
  struct agent *a = &r->agents[w->known];
  if (a->knowing_count == a->knowing_room) {
    a->knowing_room = a->knowing_room ? 2 * a->knowing_room : 8;
    a->knowing = must_realloc(a->knowing, a->knowing_room * sizeof(*a->knowing));
  }
  w->known_place = (uint32_t)a->knowing_count;
  a->knowing[a->knowing_count++] = item;
}

static void forget(struct run *r, uint32_t item) {
  const struct waiting *w = &r->items[item];
  if (w->known == SIMULATE_NONE)
    return;
  struct agent *a = &r->agents[w->known];
  uint32_t last = a->knowing[--a->knowing_count];
  a->knowing[w->known_place] = last;
  r->items[last].known_place = w->known_place;
}

/* ---- its line and set */

static const struct desk_rule *rule_of(const struct run *r, uint32_t item) {
  return &r->model.desk->rules[r->in->places[item].rule];
}

/* Nobody waits for an agent who must not take it anyway. */
static bool may_take(struct run *r, struct line_wish wish, uint32_t agent) {
  bool relaxed;
  wish.only = SIMULATE_NONE;
  return r->model.lines[model_line(&r->model, &wish, &relaxed)]->ln_speed[r->model.profile_of[agent]] > RULE_LACKS;
}

/* By the wall's clock. */
static int64_t prefers_until(const struct run *r, uint32_t item) {
  return r->in->items[item].arrival_ms + r->model.desk->dispatch.prefer_ms;
}

static void find_line(struct run *r, uint32_t item) {
  struct waiting *w = &r->items[item];
  const struct simulate_item *i = &r->in->items[item];
  int64_t waited = wait_clock(r, w->queue) - w->arrival;
  w->prefers = w->prefers && r->now < prefers_until(r, item);
  struct line_wish wish = {.queue = w->queue,
                           .kind = r->model.kinds[i->kind],
                           .target_ms = r->result->outcomes[item].target_ms,
                           .skills = rule_of(r, item)->skills,
                           .language = r->in->classes[i->class].language,
                           .waited_ms = waited,
                           .only = SIMULATE_NONE};
  w->prefers = w->prefers && may_take(r, wish, w->known);
  if (w->prefers)
    wish.only = w->known;
  w->line = model_line(&r->model, &wish, &w->relaxed);
}

/* When the next set or line is right; its queue's hours may never come to that. */
static void add_move(struct run *r, uint32_t item) {
  struct waiting *w = &r->items[item];
  const struct line *l = r->model.lines[w->line];
  int64_t waited = wait_clock(r, w->queue) - w->arrival;
  int64_t due = model_next_step(&r->model, w->queue, waited);
  double leaves = rule_leaves(&l->rule, w->set, (double)w->arrival);
  due = due == CALENDAR_NEVER ? due : w->arrival + due;
  if (leaves < (double)due)
    due = (int64_t)leaves;
  int64_t at = due == CALENDAR_NEVER ? due : calendar_reaches(r->model.queues[w->queue].hours, due);
  if (w->prefers && prefers_until(r, item) < at)
    at = prefers_until(r, item);
  w->stamp++;
  if (at < r->in->to_ms)
    agenda_add(&r->agenda, (struct agenda_event){.at = at, .kind = AGENDA_TIMER, .what = item, .detail = w->stamp});
}

static void stand(struct run *r, uint32_t item) {
  struct waiting *w = &r->items[item];
  find_line(r, item);
  struct line *l = r->model.lines[w->line];
  w->set = (uint8_t)rule_set_at(&l->rule, (double)w->arrival, (double)wait_clock(r, w->queue));
  w->score = rule_score(&r->model.weights, &l->rule, w->set, (double)w->arrival, w->ln_value);
  line_add(&r->model, l, w->set, r->place, w->score, item);
  add_move(r, item);
}

static void leave(struct run *r, uint32_t item) {
  const struct waiting *w = &r->items[item];
  line_remove(&r->model, r->model.lines[w->line], w->set, r->place, item);
}

/* ---- the item */

void wait_begin(struct run *r, uint32_t item) {
  struct waiting *w = &r->items[item];
  const struct simulate_item *i = &r->in->items[item];
  const struct desk_rule *rule = rule_of(r, item);
  struct simulate_outcome *o = &r->result->outcomes[item];
  size_t named = model_queue_named(&r->model, rule->queue), queue = queue_for(r, named);
  double value = r->in->places[item].worth * pow(2, (5 - rule->priority) / 2.0);
  *w = (struct waiting){.queue = (uint16_t)queue,
                        .waits = true,
                        .known = known_agent(r, i),
                        .units = r->model.kinds[i->kind].units,
                        .kind = (int)r->model.kinds[i->kind].number,
                        .arrival = wait_clock(r, queue),
                        .ln_value = rule_ln_value(&r->model.weights, value)};
  w->prefers = w->known != SIMULATE_NONE && r->agents[w->known].on_duty;
  *o = (struct simulate_outcome){.agent = SIMULATE_NONE, .queue = (uint16_t)queue, .value = (float)exp(w->ln_value)};
  o->target_ms = simulate_target(r->model.desk, queue, rule, i->next, &r->in->classes[i->class]);
  o->flags = (uint16_t)((queue == named ? 0 : SIMULATE_DIVERTED) | (w->known == SIMULATE_NONE ? 0 : SIMULATE_KNOWN));
  r->model.queues[queue].waiting++;
  if (model_learn_arrival(&r->model.queues[queue], r->model.kinds[i->kind], r->now) &&
      r->model.queues[queue].base != SIMULATE_NONE)
    r->pending = true;
  stand(r, item);
  know(r, item);
}

void wait_move(struct run *r, uint32_t item) {
  leave(r, item);
  stand(r, item);
}

void wait_end(struct run *r, uint32_t item) {
  leave(r, item);
  forget(r, item);
  r->items[item].waits = false;
  r->items[item].stamp++;
  r->model.queues[r->items[item].queue].waiting--;
}
