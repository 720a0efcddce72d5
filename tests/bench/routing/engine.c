/* SPDX-License-Identifier: Apache-2.0 */
/* The loop of a simulated day. */
#include "engine.h"
#include "base/agenda.h"
#include "base/fault.h"
#include <stdlib.h>

enum kind { END_OF_HANDLING, CUSTOMER_LEAVES, POLICY_TIMER };

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
  agenda_add(e->agenda, (struct agenda_event){
                            .at = at, .kind = POLICY_TIMER, .what = (uint32_t)item, .detail = (uint32_t)what});
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
  agenda_add(e->agenda, (struct agenda_event){.at = e->now + (int64_t)takes, .kind = END_OF_HANDLING, .what = (uint32_t)item});
}

/* ---- the loop */

static void arrive(struct engine *e, int item) {
  struct item *w = &e->items[item];
  e->now = w->arrival;
  wait_add(e, item);
  if (w->patience < INT64_MAX)
    agenda_add(e->agenda, (struct agenda_event){.at = w->arrival + w->patience, .kind = CUSTOMER_LEAVES, .what = (uint32_t)item});
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

static void happen(struct engine *e, const struct agenda_event *event) {
  e->now = event->at;
  switch (event->kind) {
  case END_OF_HANDLING: end_handling(e, (int)event->what); break;
  case CUSTOMER_LEAVES: leave(e, (int)event->what); break;
  case POLICY_TIMER: e->policy->on_timer(e, (int)event->detail, (int)event->what); break;
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
  struct agenda agenda = {0};
  struct engine e = {.day = d, .policy = p, .items = items, .count = count, .agenda = &agenda};
  set_up(&e);
  if (p->begin)
    p->begin(&e);
  for (size_t next = 0; e.over < count;) {
    if (next < count && (agenda.count == 0 || items[next].arrival <= agenda.events[0].at)) {
      arrive(&e, (int)next++);
    } else {
      struct agenda_event event = agenda_take(&agenda);
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
  agenda_free(&agenda);
}
