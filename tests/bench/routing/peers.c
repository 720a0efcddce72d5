/* SPDX-License-Identifier: Apache-2.0 */
#include "peers.h"
#include "base/fault.h"
#include <math.h>
#include <stdlib.h>

#define MINUTE_MS 60000
#define ROCKETCHAT_POLL_MS 5000
#define CHATWOOT_SWEEP_MS (30 * MINUTE_MS)
enum { TIMER_ELIGIBLE, TIMER_POLL };

static const struct peer *peer_of(const struct engine *e) {
  return e->policy->settings;
}

/* ---- which item: the lowest key first */

static double level(const struct engine *e, const struct item *w) {
  const struct day_queue *q = &e->day->queues[w->queue];
  switch (peer_of(e)->levels) {
  case LEVELS_VALUE_PER_SECOND: return floor(log2(w->value / q->target_s * 7200));
  case LEVELS_VALUE: return floor(2 * log2(w->value));
  default: return (q->real_time ? 2 : 0) + (w->tier == DAY_TIERS - 1 ? 1 : 0) + (q->target_s <= 30 ? 1 : 0);
  }
}

static double delay_ms(const struct engine *e, const struct item *w) {
  const struct peer *p = peer_of(e);
  return fmax(1000 * p->delay_s, p->delay_share * (double)w->target);
}

#define LEVEL_ABOVE_AGE 1e10 /* ms: no age outweighs a level */

static double item_key(const struct engine *e, const struct item *w) {
  double arrival = (double)w->arrival, target = (double)w->target, waited = (double)(e->now - w->arrival) + 1000;
  switch (peer_of(e)->kind) {
  case PEER_ROCKETCHAT:
  case PEER_TWILIO:
  case PEER_CONNECT: return arrival - LEVEL_ABOVE_AGE * level(e, w);
  case PEER_GENESYS: return arrival - 1000 * peer_of(e)->level_s * level(e, w);
  case PEER_EDF: return arrival + target;
  case PEER_RATIO: return -w->value * waited / target;
  case PEER_GCMU: return -log(w->value * waited / (e->day->queues[w->queue].handling_s * target * target));
  case PEER_STRICT: return -w->value / target;
  case PEER_ACCUMULATING: return -w->value * (waited - 1000);
  default: return arrival;
  }
}

/* ---- which agent */

/* The first that has room: compared by a few numbers, the lowest first. */
struct pair {
  int item, agent;
  double key, by_skill, idle_since;
  bool secondary;
};

static bool asks_for_known(const struct peer *p) {
  switch (p->kind) {
  case PEER_TWILIO:
  case PEER_GENESYS:
  case PEER_EDF:
  case PEER_RATIO: return true;
  default: return false;
  }
}

static bool asks_for_skill(const struct peer *p) {
  return p->kind == PEER_GENESYS || p->kind == PEER_EDF || p->kind == PEER_RATIO || p->kind == PEER_GCMU;
}

static struct pair pair_of(const struct engine *e, int item, int agent, double key) {
  const struct peer *p = peer_of(e);
  const struct item *w = &e->items[item];
  const struct agent *a = &e->agents[agent];
  const struct day_group *g = &e->day->groups[a->group];
  struct pair pair = {item, agent, key, 0, (double)a->idle_since, false};
  if (asks_for_skill(p))
    pair.by_skill = -g->speed[w->queue];
  if (asks_for_known(p) && w->known == agent)
    pair.by_skill = -INFINITY;
  if (p->kind == PEER_CONNECT)
    pair.secondary = !(g->primary >> w->queue & 1);
  if (p->kind == PEER_GCMU)
    pair.key += (w->known == agent ? log(e->day->known_gain) : 0) - log(g->speed[w->queue]);
  return pair;
}

static bool better(const struct pair *a, const struct pair *b) {
  if (b->item < 0 || a->secondary != b->secondary)
    return b->item < 0 || !a->secondary;
  if (a->key < b->key || a->key > b->key)
    return a->key < b->key;
  if (a->item != b->item)
    return a->item < b->item;
  if (a->by_skill < b->by_skill || a->by_skill > b->by_skill)
    return a->by_skill < b->by_skill;
  return a->idle_since < b->idle_since;
}

/* ---- those that offer as soon as they can */

/* Of each kind of agents with room the longest idle; the known agent of an item is looked at apart. */
static int agents_to_ask(const struct engine *e, int ret[DAY_AGENTS]) {
  int best[DAY_GROUPS][DAY_UNITS + 1], count = 0;
  for (int g = 0; g < DAY_GROUPS; g++)
    for (int r = 0; r <= DAY_UNITS; r++)
      best[g][r] = -1;
  for (int n = 0; n < e->agent_count; n++) {
    const struct agent *a = &e->agents[n];
    int *b = &best[a->group][a->room];
    if (a->room > 0 && (*b < 0 || a->idle_since < e->agents[*b].idle_since))
      *b = n;
  }
  for (int g = 0; g < DAY_GROUPS; g++)
    for (int r = 1; r <= DAY_UNITS; r++)
      if (best[g][r] >= 0)
        ret[count++] = best[g][r];
  return count;
}

static bool may_ask(const struct engine *e, const struct item *w, int agent) {
  if (!engine_can(e, agent, w->queue))
    return false;
  if (peer_of(e)->kind != PEER_CONNECT || e->day->groups[e->agents[agent].group].primary >> w->queue & 1)
    return true;
  return (double)(e->now - w->arrival) >= delay_ms(e, w);
}

static void consider(const struct engine *e, int item, const int *agents, int count, struct pair *best) {
  const struct item *w = &e->items[item];
  double key = item_key(e, w);
  bool know = asks_for_known(peer_of(e)) || peer_of(e)->kind == PEER_GCMU;
  for (int i = -1; i < count; i++) {
    int agent = i < 0 ? w->known : agents[i];
    if (agent < 0 || (i < 0 && !know) || !may_ask(e, w, agent))
      continue;
    struct pair pair = pair_of(e, item, agent, key);
    if (better(&pair, best))
      *best = pair;
  }
}

static bool any_can(const struct engine *e, int queue, const int *agents, int count) {
  for (int i = 0; i < count; i++)
    if (engine_can(e, agents[i], queue))
      return true;
  return false;
}

static void offer(struct engine *e) {
  for (;;) {
    int agents[DAY_AGENTS], count = agents_to_ask(e, agents);
    struct pair best = {.item = -1};
    for (int q = 0; count && q < e->day->queue_count; q++)
      if (e->waiting_count[q] && any_can(e, q, agents, count))
        for (int i = 0; i < e->waiting_count[q]; i++)
          consider(e, e->waiting[q][i], agents, count, &best);
    if (best.item < 0)
      return;
    engine_begin(e, best.item, best.agent);
  }
}

static void offer_on_arrival(struct engine *e, int item) {
  const struct item *w = &e->items[item];
  if (peer_of(e)->kind == PEER_CONNECT)
    engine_timer(e, w->arrival + (int64_t)ceil(delay_ms(e, w)), TIMER_ELIGIBLE, item);
  offer(e);
}

static void offer_on_release(struct engine *e, int agent, int queue) {
  (void)agent, (void)queue;
  offer(e);
}

static void offer_on_timer(struct engine *e, int what, int item) {
  (void)what;
  if (e->items[item].state == ITEM_WAITS)
    offer(e);
}

/* ---- those that give in turns of their own */

static int first_of(const struct engine *e, int queue, bool unowned) {
  int first = -1;
  double least = INFINITY;
  for (int i = 0; i < e->waiting_count[queue]; i++) {
    int item = e->waiting[queue][i];
    double key = item_key(e, &e->items[item]);
    if ((unowned && e->items[item].owner >= 0) || key > least || (key >= least && item > first))
      continue;
    least = key;
    first = item;
  }
  return first;
}

struct turns {
  int next[DAY_QUEUES];
};

static void turns_begin(struct engine *e) {
  e->own = must_calloc(1, sizeof(struct turns));
}

static void turns_end(struct engine *e) {
  free(e->own);
}

/* The next in turn with the skill. */
static int in_turn(struct engine *e, int queue) {
  struct turns *t = e->own;
  for (int i = 0; i < e->agent_count; i++) {
    int agent = (t->next[queue] + i) % e->agent_count;
    if (e->day->groups[e->agents[agent].group].speed[queue] > 0) {
      t->next[queue] = agent + 1;
      return agent;
    }
  }
  return -1;
}

static void take_own(struct engine *e, int agent) {
  for (;;) {
    int oldest = -1;
    for (int q = 0; q < e->day->queue_count; q++)
      for (int i = 0; i < e->waiting_count[q]; i++) {
        int item = e->waiting[q][i];
        if (e->items[item].owner == agent && engine_can(e, agent, q) && (oldest < 0 || item < oldest))
          oldest = item;
      }
    if (oldest < 0)
      return;
    engine_begin(e, oldest, agent);
  }
}

static void push_on_arrival(struct engine *e, int item) {
  struct item *w = &e->items[item];
  w->owner = in_turn(e, w->queue);
  e->agents[w->owner].open[w->queue]++;
  e->agents[w->owner].open_all++;
  take_own(e, w->owner);
}

static void push_on_release(struct engine *e, int agent, int queue) {
  (void)queue;
  take_own(e, agent);
}

static int fewest_of_inbox(struct engine *e, int queue) {
  struct turns *t = e->own;
  int best = -1;
  for (int i = 0; i < e->agent_count; i++) {
    int agent = (t->next[queue] + i) % e->agent_count;
    if (engine_can(e, agent, queue) && (best < 0 || e->agents[agent].open[queue] < e->agents[best].open[queue]))
      best = agent;
  }
  if (best >= 0)
    t->next[queue] = best + 1;
  return best;
}

static void balance(struct engine *e, int queue) {
  int item, agent;
  while ((item = first_of(e, queue, true)) >= 0 && (agent = fewest_of_inbox(e, queue)) >= 0)
    engine_begin(e, item, agent);
}

static void balance_on_arrival(struct engine *e, int item) {
  balance(e, e->items[item].queue);
}

static void balance_on_release(struct engine *e, int agent, int queue) {
  (void)agent;
  balance(e, queue);
}

static void balance_begin(struct engine *e) {
  turns_begin(e);
  engine_timer(e, CHATWOOT_SWEEP_MS, TIMER_POLL, -1);
}

static void balance_on_timer(struct engine *e, int what, int item) {
  (void)what, (void)item;
  for (int q = 0; q < e->day->queue_count; q++)
    balance(e, q);
  engine_timer(e, e->now + CHATWOOT_SWEEP_MS, TIMER_POLL, -1);
}

static int fewest_open(const struct engine *e, int queue) {
  int best = -1;
  for (int n = 0; n < e->agent_count; n++) {
    const struct agent *a = &e->agents[n], *b = &e->agents[best < 0 ? n : best];
    if (engine_can(e, n, queue) &&
        (best < 0 || a->open_all < b->open_all || (a->open_all == b->open_all && a->idle_since < b->idle_since)))
      best = n;
  }
  return best;
}

static void poll_begin(struct engine *e) {
  engine_timer(e, ROCKETCHAT_POLL_MS, TIMER_POLL, -1);
}

static void poll_on_timer(struct engine *e, int what, int item) {
  (void)what, (void)item;
  for (int q = 0; q < e->day->queue_count; q++) {
    int first = first_of(e, q, false), agent = first < 0 ? -1 : fewest_open(e, q);
    if (agent >= 0)
      engine_begin(e, first, agent);
  }
  engine_timer(e, e->now + ROCKETCHAT_POLL_MS, TIMER_POLL, -1);
}

static void nothing_on_arrival(struct engine *e, int item) {
  (void)e, (void)item;
}

struct policy peer_policy(const struct peer *p) {
  switch (p->kind) {
  case PEER_CHATWOOT_PUSH:
    return (struct policy){.name = p->name,
                           .begin = turns_begin,
                           .on_arrival = push_on_arrival,
                           .on_release = push_on_release,
                           .end = turns_end,
                           .settings = p};
  case PEER_CHATWOOT_BALANCED:
    return (struct policy){.name = p->name,
                           .begin = balance_begin,
                           .on_arrival = balance_on_arrival,
                           .on_release = balance_on_release,
                           .on_timer = balance_on_timer,
                           .end = turns_end,
                           .settings = p};
  case PEER_ROCKETCHAT:
    return (struct policy){.name = p->name,
                           .begin = poll_begin,
                           .on_arrival = nothing_on_arrival,
                           .on_timer = poll_on_timer,
                           .settings = p};
  default:
    return (struct policy){.name = p->name,
                           .on_arrival = offer_on_arrival,
                           .on_release = offer_on_release,
                           .on_timer = offer_on_timer,
                           .settings = p};
  }
}
