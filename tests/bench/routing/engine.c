/* SPDX-License-Identifier: Apache-2.0 */
/* The loop of a simulated day. */
#include "engine.h"
#include "base/fault.h"
#include <stdlib.h>

enum kind { END_OF_HANDLING, CUSTOMER_LEAVES, POLICY_TIMER };

struct event {
  int64_t at;
  uint64_t order;
  enum kind kind;
  int item, what;
};

/* A binary heap. */
struct plan {
  struct event *events;
  size_t count, room;
  uint64_t planned;
};

static bool sooner(const struct event *a, const struct event *b) {
  return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void plan_add(struct plan *p, struct event event) {
  if (p->count == p->room)
    p->events = must_realloc(p->events, (p->room = p->room ? 2 * p->room : 256) * sizeof(event));
  event.order = p->planned++;
  size_t at = p->count++;
  for (size_t above; at > 0 && sooner(&event, &p->events[above = (at - 1) / 2]); at = above)
    p->events[at] = p->events[above];
  p->events[at] = event;
}

static struct event plan_take(struct plan *p) {
  struct event first = p->events[0], moved = p->events[--p->count];
  size_t at = 0;
  for (;;) {
    size_t below = 2 * at + 1;
    if (below + 1 < p->count && sooner(&p->events[below + 1], &p->events[below]))
      below++;
    if (below >= p->count || !sooner(&p->events[below], &moved))
      break;
    p->events[at] = p->events[below];
    at = below;
  }
  p->events[at] = moved;
  return first;
}

/* ---- waiting */

static void wait_add(struct engine *e, int item) {
  int queue = e->items[item].queue;
  e->place[item] = e->waiting_count[queue]++;
  e->waiting[queue][e->place[item]] = item;
}

static void wait_remove(struct engine *e, int item) {
  int queue = e->items[item].queue, last = e->waiting[queue][--e->waiting_count[queue]];
  e->waiting[queue][e->place[item]] = last;
  e->place[last] = e->place[item];
  e->place[item] = -1;
}

/* ---- for policies */

bool engine_can(const struct engine *e, int agent, int queue) {
  const struct agent *a = &e->agents[agent];
  return e->day->groups[a->group].speed[queue] > 0 && a->room >= e->day->queues[queue].units;
}

void engine_timer(struct engine *e, int64_t at, int what, int item) {
  plan_add(e->plan, (struct event){.at = at, .kind = POLICY_TIMER, .what = what, .item = item});
}

/* In a pool of one law the n-th to begin takes the n-th handling time: then when something begins is the same under
 * every policy that lets nobody idle, and only who begins then is its choice (optimum.h). */
static double handling(const struct engine *e, int item, int agent) {
  const struct item *w = &e->items[item];
  const struct agent *a = &e->agents[agent];
  const struct day_group *g = &e->day->groups[a->group];
  double work = e->day->one_pool ? e->items[e->begun].work : w->work;
  double load = 1 - (double)a->room / g->units;
  return work / g->speed[w->queue] * (w->known == agent ? e->day->known_gain : 1) * (1 + e->day->slowdown * load);
}

void engine_begin(struct engine *e, int item, int agent) {
  struct item *w = &e->items[item];
  struct agent *a = &e->agents[agent];
  int units = e->day->queues[w->queue].units;
  assert(w->state == ITEM_WAITS && engine_can(e, agent, w->queue));
  double takes = handling(e, item, agent);
  wait_remove(e, item);
  w->state = ITEM_SERVED;
  w->agent = agent;
  w->end_of_wait = e->now;
  a->room -= units;
  a->busy += takes * units / e->day->groups[a->group].units;
  if (w->owner < 0) {
    a->open[w->queue]++;
    a->open_all++;
  }
  e->begun++;
  plan_add(e->plan, (struct event){.at = e->now + (int64_t)takes, .kind = END_OF_HANDLING, .item = item});
}

/* ---- the loop */

static void arrive(struct engine *e, int item) {
  struct item *w = &e->items[item];
  e->now = w->arrival;
  wait_add(e, item);
  if (w->patience < INT64_MAX)
    plan_add(e->plan, (struct event){.at = w->arrival + w->patience, .kind = CUSTOMER_LEAVES, .item = item});
  e->policy->on_arrival(e, item);
}

static void forget_open(struct engine *e, int agent, int queue) {
  e->agents[agent].open[queue]--;
  e->agents[agent].open_all--;
}

static void end_handling(struct engine *e, int item) {
  const struct item *w = &e->items[item];
  struct agent *a = &e->agents[w->agent];
  a->room += e->day->queues[w->queue].units;
  a->idle_since = e->now;
  forget_open(e, w->agent, w->queue);
  e->over++;
  if (e->policy->on_end)
    e->policy->on_end(e, item);
  if (e->policy->on_release)
    e->policy->on_release(e, w->agent, w->queue);
}

static void leave(struct engine *e, int item) {
  struct item *w = &e->items[item];
  if (w->state != ITEM_WAITS)
    return;
  wait_remove(e, item);
  w->state = ITEM_LEFT;
  w->end_of_wait = e->now;
  if (w->owner >= 0)
    forget_open(e, w->owner, w->queue);
  e->over++;
  if (e->policy->on_gone)
    e->policy->on_gone(e, item);
}

static void happen(struct engine *e, const struct event *event) {
  e->now = event->at;
  switch (event->kind) {
  case END_OF_HANDLING: end_handling(e, event->item); break;
  case CUSTOMER_LEAVES: leave(e, event->item); break;
  case POLICY_TIMER: e->policy->on_timer(e, event->what, event->item); break;
  }
}

static void set_up(struct engine *e) {
  e->agent_count = day_agents(e->day);
  for (int a = 0; a < e->agent_count; a++) {
    int group = day_group_of(e->day, a);
    e->agents[a] = (struct agent){.group = group, .room = e->day->groups[group].units, .idle_since = a - DAY_AGENTS};
  }
  for (int q = 0; q < e->day->queue_count; q++)
    e->waiting[q] = must_calloc(e->count + 1, sizeof(int));
  e->place = must_calloc(e->count + 1, sizeof(int));
  for (size_t i = 0; i < e->count; i++) {
    e->items[i].state = ITEM_WAITS;
    e->items[i].agent = e->items[i].owner = -1;
  }
}

void engine_run(const struct day *d, const struct policy *p, struct item *items, size_t count, double *ret_busy) {
  struct plan plan = {0};
  struct engine e = {.day = d, .policy = p, .items = items, .count = count, .plan = &plan};
  set_up(&e);
  if (p->begin)
    p->begin(&e);
  for (size_t next = 0; e.over < count;) {
    if (next < count && (plan.count == 0 || items[next].arrival <= plan.events[0].at)) {
      arrive(&e, (int)next++);
    } else {
      struct event event = plan_take(&plan);
      happen(&e, &event);
    }
  }
  if (p->end)
    p->end(&e);
  for (int a = 0; ret_busy && a < e.agent_count; a++)
    ret_busy[a] = e.agents[a].busy;
  for (int q = 0; q < d->queue_count; q++)
    free(e.waiting[q]);
  free(e.place);
  free(plan.events);
}
