/* SPDX-License-Identifier: Apache-2.0 */
/* The loop of virtual time. At one moment arrivals come first, then what was planned first. */
#include "simulate/simulate.h"
#include "simulate/run.h"
#include <math.h>
#include <stdlib.h>

/* ---- taking and ending */

static double takes_ms(const struct run *r, uint32_t item, uint32_t agent, double ln_speed) {
  const struct agent *a = &r->agents[agent];
  int units = r->model.profiles[r->model.profile_of[agent]].units;
  double crowd = 1 + r->model.weights.slowdown * a->used / units;
  return (double)r->in->items[item].handling_ms / exp(ln_speed) * crowd;
}

static void note_taken(struct run *r, uint32_t item, uint32_t agent) {
  const struct waiting *w = &r->items[item];
  struct simulate_outcome *o = &r->result->outcomes[item];
  bool member = model_speed(&r->model, &r->model.desk->agents[agent], w->queue) > 0;
  o->waited_ms = wait_clock(r, w->queue) - w->arrival;
  o->wall_ms = r->now - r->in->items[item].arrival_ms;
  o->agent = agent;
  o->flags = (uint16_t)(o->flags | (member ? 0 : SIMULATE_OVERFLOWED) | (w->relaxed ? SIMULATE_RELAXED : 0) |
                        (agent == w->known ? SIMULATE_BY_KNOWN : 0));
}

/* What of the time falls into the run. */
static double busy_within(const struct run *r, int64_t end) {
  return (double)((end < r->in->to_ms ? end : r->in->to_ms) - r->now);
}

static void begin(struct run *r, uint32_t item, uint32_t agent) {
  struct waiting *w = &r->items[item];
  struct agent *a = &r->agents[agent];
  const struct line *l = r->model.lines[w->line];
  uint32_t profile = r->model.profile_of[agent];
  double ln_speed = (r->model.queues[w->queue].members_on_duty == 0 ? l->ln_stand_in : l->ln_speed)[profile];
  int64_t end = r->now + (int64_t)(takes_ms(r, item, agent, ln_speed) + 0.5) + r->model.queues[w->queue].queue->wrap_ms;
  note_taken(r, item, agent);
  wait_end(r, item);
  a->used += w->units;
  a->kind_used[w->kind] += w->units;
  assert(a->used <= r->model.profiles[profile].units);
  assert(a->kind_used[w->kind] <= r->model.profiles[profile].kind_units[w->kind]);
  r->result->agents[agent].busy_ms += busy_within(r, end) * w->units;
  r->result->agents[agent].items++;
  uint32_t customer = r->in->items[item].customer;
  if (customer != SIMULATE_NONE) {
    r->own_agent[customer] = agent;
    r->own_since[customer] = r->now;
  }
  agenda_add(&r->agenda, (struct agenda_event){.at = end, .kind = AGENDA_END, .what = item});
}

static void offer(struct run *r, uint32_t item) {
  uint32_t taken, agent;
  while (sight_decide(r, item, &taken, &agent) == 0) {
    begin(r, taken, agent);
    if (item != SIGHT_ALL)
      return;
  }
}

static void end(struct run *r, uint32_t item) {
  const struct waiting *w = &r->items[item];
  struct agent *a = &r->agents[r->result->outcomes[item].agent];
  a->used -= w->units;
  a->kind_used[w->kind] -= w->units;
  a->idle_since = r->now;
  r->pending |= a->on_duty;
}

/* ---- duty */

/* How many are kept free for a queue follows who is there. */
static void count_member(struct run *r, size_t queue, int change) {
  struct model_queue *q = &r->model.queues[queue];
  q->members_on_duty += change;
  if (q->base == SIMULATE_NONE)
    return;
  struct rule_queue *base = &r->model.lines[q->base]->rule, alone = *base;
  base->on_duty = alone.on_duty = q->members_on_duty;
  rule_prepare(&r->model.weights, &alone, 1);
  base->keep = alone.keep;
}

static void sign(struct run *r, uint32_t agent, bool in) {
  const struct desk_agent *a = &r->model.desk->agents[agent];
  r->agents[agent].on_duty = in;
  if (in)
    r->agents[agent].idle_since = r->now;
  for (size_t i = 0; i < a->queue_count; i++) {
    size_t queue = model_queue_named(&r->model, a->queues[i]);
    if (queue != MODEL_NO_QUEUE)
      count_member(r, queue, in ? 1 : -1);
  }
  r->pending = true; /* when the last member goes, others may stand in */
}

static void add_duty(struct run *r, uint32_t agent) {
  const struct calendar *duty = &r->in->duty[agent];
  r->result->agents[agent].duty_ms = (double)calendar_within(duty, r->in->from_ms, r->in->to_ms) *
                                     r->model.profiles[r->model.profile_of[agent]].units;
  if (duty->always)
    agenda_add(&r->agenda, (struct agenda_event){.at = r->in->from_ms, .kind = AGENDA_SIGN_IN, .what = agent});
  for (size_t i = 0; i < duty->count; i++) {
    if (duty->spans[i].to <= r->in->from_ms || duty->spans[i].from >= r->in->to_ms)
      continue;
    int64_t from = duty->spans[i].from > r->in->from_ms ? duty->spans[i].from : r->in->from_ms;
    agenda_add(&r->agenda, (struct agenda_event){.at = from, .kind = AGENDA_SIGN_IN, .what = agent});
    agenda_add(&r->agenda, (struct agenda_event){.at = duty->spans[i].to, .kind = AGENDA_SIGN_OUT, .what = agent});
  }
}

static void add_openings(struct run *r) {
  for (size_t h = 0; h < r->model.desk->hours_count; h++)
    for (size_t i = 0; i < r->model.hours[h].count; i++)
      agenda_add(&r->agenda, (struct agenda_event){.at = r->model.hours[h].spans[i].from, .kind = AGENDA_OPENING});
}

/* ---- the loop */

static void happen(struct run *r, const struct agenda_event *e) {
  r->now = e->at;
  switch (e->kind) {
  case AGENDA_END: end(r, e->what); break;
  case AGENDA_SIGN_IN: sign(r, e->what, true); break;
  case AGENDA_SIGN_OUT: sign(r, e->what, false); break;
  case AGENDA_OPENING: r->pending = true; break;
  case AGENDA_TIMER:
    if (r->items[e->what].waits && r->items[e->what].stamp == e->detail) {
      wait_move(r, e->what);
      if (!r->pending)
        offer(r, e->what);
    }
    break;
  }
}

/* Whoever signs in at one moment is there before anything is decided. */
static void settle(struct run *r) {
  if (r->pending && (r->agenda.count == 0 || r->agenda.events[0].at > r->now)) {
    r->pending = false;
    offer(r, SIGHT_ALL);
  }
}

static void loop(struct run *r) {
  for (size_t next = 0;;) {
    settle(r);
    bool arrives = next < r->in->count && (r->agenda.count == 0 || r->in->items[next].arrival_ms <= r->agenda.events[0].at);
    if (arrives) {
      r->now = r->in->items[next].arrival_ms;
      wait_begin(r, (uint32_t)next);
      offer(r, (uint32_t)next++);
    } else if (r->agenda.count > 0 && r->agenda.events[0].at < r->in->to_ms) {
      struct agenda_event e = agenda_take(&r->agenda);
      happen(r, &e);
    } else {
      break;
    }
  }
  r->now = r->in->to_ms;
}

static void note_waiting(struct run *r) {
  for (size_t i = 0; i < r->in->count; i++) {
    struct waiting *w = &r->items[i];
    struct simulate_outcome *o = &r->result->outcomes[i];
    if (!w->waits)
      continue;
    o->waited_ms = wait_clock(r, w->queue) - w->arrival;
    o->wall_ms = r->now - r->in->items[i].arrival_ms;
  }
}

/* ---- a run */

static void find_agents(struct run *r) {
  const struct desk *d = r->model.desk;
  for (size_t i = 0; i < d->agent_count; i++)
    names_add(&r->agent_numbers, slice_text(d->agents[i].name), (uint32_t)i);
  r->desk_agent = must_calloc(r->in->name_count + 1, sizeof(*r->desk_agent));
  for (size_t i = 0; i < r->in->name_count; i++)
    r->desk_agent[i] = names_find(&r->agent_numbers, slice_text(r->in->names[i]));
}

static void set_up(struct run *r) {
  size_t agents = r->model.desk->agent_count;
  for (size_t i = 0; i < r->in->count; i++)
    if (r->in->items[i].customer != SIMULATE_NONE && r->in->items[i].customer >= r->customer_count)
      r->customer_count = r->in->items[i].customer + (size_t)1;
  r->agents = must_calloc(agents + 1, sizeof(*r->agents));
  r->items = must_calloc(r->in->count + 1, sizeof(*r->items));
  r->place = must_calloc(r->in->count + 1, sizeof(*r->place));
  r->own_agent = must_calloc(r->customer_count + 1, sizeof(*r->own_agent));
  r->own_since = must_calloc(r->customer_count + 1, sizeof(*r->own_since));
  r->result->outcomes = must_calloc(r->in->count + 1, sizeof(*r->result->outcomes));
  r->result->agents = must_calloc(agents + 1, sizeof(*r->result->agents));
  r->sight = sight_new(agents);
  find_agents(r);
  for (size_t i = 0; i < agents; i++)
    add_duty(r, (uint32_t)i);
  add_openings(r);
}

static void clean_up(struct run *r) {
  for (size_t i = 0; i < r->model.desk->agent_count; i++)
    free(r->agents[i].knowing);
  sight_free(&r->sight);
  free(r->agents);
  free(r->items);
  free(r->place);
  free(r->own_agent);
  free(r->own_since);
  free(r->desk_agent);
  agenda_free(&r->agenda);
  names_free(&r->agent_numbers);
  model_free(&r->model);
}

void simulate_run(const struct simulate_input *in, struct simulate_result *ret) {
  static_assert(SIMULATE_NONE == NAMES_NONE, "what is not found is nobody");
  struct run r = {.in = in, .result = ret};
  *ret = (struct simulate_result){0};
  model_make(&r.model, in);
  set_up(&r);
  loop(&r);
  note_waiting(&r);
  clean_up(&r);
}

void simulate_result_free(struct simulate_result *r) {
  free(r->outcomes);
  free(r->agents);
  *r = (struct simulate_result){0};
}
