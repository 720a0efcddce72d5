/* SPDX-License-Identifier: Apache-2.0 */
#include "ours.h"
#include <stdio.h>
#include <stdlib.h>

struct member {
  double score;
  int item;
};

/* A sorted set: by score, then by id, which are in order of the items here. */
struct sorted {
  struct member *members;
  size_t count, room;
};

/* KNOWN_MOST: as KNOWN_MAX of services/router/match.lua */
enum { KNOWN_MOST = 4, GROUPS_MOST = DAY_GROUPS * DAY_UNITS, ITEMS_MOST = DAY_QUEUES * RULE_SETS + KNOWN_MOST };

struct desk {
  struct rule_weights weights;
  struct rule_queue queues[DAY_QUEUES];
  double ln_speed[DAY_GROUPS][DAY_QUEUES];
  struct sorted sets[DAY_QUEUES][RULE_SETS];
  enum rule_set *in; /* for each item */
  char names[DAY_AGENTS][16];
  int *knowing[DAY_AGENTS], knowing_count[DAY_AGENTS]; /* waiting items of customers who know the agent, by due time */
  struct rule_record record;
  const struct ours_other *other; /* NULL: none */
  int released;                   /* the agent who has room again, whose own customers' items count; -1 */
};

struct ours_tally ours_tally;

/* ---- sorted sets */

static size_t sorted_place(const struct sorted *s, struct member m) {
  size_t low = 0, high = s->count;
  while (low < high) {
    size_t mid = (low + high) / 2;
    const struct member *o = &s->members[mid];
    if (o->score < m.score || (o->score <= m.score && o->item < m.item))
      low = mid + 1;
    else
      high = mid;
  }
  return low;
}

static void sorted_add(struct sorted *s, struct member m) {
  if (s->count == s->room)
    s->members = must_realloc(s->members, (s->room = s->room ? 2 * s->room : 64) * sizeof(m));
  size_t at = sorted_place(s, m);
  memmove(&s->members[at + 1], &s->members[at], (s->count++ - at) * sizeof(m));
  s->members[at] = m;
}

static void sorted_remove(struct sorted *s, struct member m) {
  size_t at = sorted_place(s, m);
  assert(at < s->count && s->members[at].item == m.item);
  memmove(&s->members[at], &s->members[at + 1], (--s->count - at) * sizeof(m));
}

static double ln_value(const struct engine *e, int item) {
  const struct desk *k = e->own;
  return rule_ln_value(&k->weights, e->items[item].value);
}

static struct member member_of(const struct engine *e, int item) {
  const struct desk *k = e->own;
  const struct item *w = &e->items[item];
  double score = rule_score(&k->weights, &k->queues[w->queue], k->in[item], (double)w->arrival, ln_value(e, item));
  return (struct member){score, item};
}

/* Puts the item into the set it belongs to now, and plans its way to the next. */
static void put(struct engine *e, int item) {
  struct desk *k = e->own;
  const struct item *w = &e->items[item];
  const struct rule_queue *q = &k->queues[w->queue];
  k->in[item] = rule_set_at(q, (double)w->arrival, (double)e->now);
  sorted_add(&k->sets[w->queue][k->in[item]], member_of(e, item));
  double leaves = rule_leaves(q, k->in[item], (double)w->arrival);
  if (leaves < RULE_NEVER)
    engine_timer(e, (int64_t)leaves, 0, item);
}

static void take(struct engine *e, int item) {
  struct desk *k = e->own;
  sorted_remove(&k->sets[e->items[item].queue][k->in[item]], member_of(e, item));
}

static void forget_knowing(struct desk *k, const struct item *w, int item) {
  if (w->known < 0)
    return;
  int *items = k->knowing[w->known], *count = &k->knowing_count[w->known], at = 0;
  while (items[at] != item)
    at++;
  memmove(items + at, items + at + 1, (size_t)(--*count - at) * sizeof(*items));
}

static int64_t due(const struct engine *e, int item) {
  return e->items[item].arrival + e->items[item].target;
}

/* Equal ones by id. */
static void remember_knowing(const struct engine *e, int agent, int item) {
  struct desk *k = e->own;
  int *items = k->knowing[agent], at = k->knowing_count[agent]++;
  for (; at > 0 && due(e, items[at - 1]) > due(e, item); at--)
    items[at] = items[at - 1];
  items[at] = item;
}

/* ---- what the rule sees */

struct sight {
  struct rule_group groups[GROUPS_MOST];
  struct rule_item items[ITEMS_MOST];
  size_t group_of[DAY_AGENTS]; /* RULE_NOBODY: no room */
  struct rule_view view;
};

static struct rule_group group_of(const struct engine *e, const struct desk *k, int agent) {
  const struct agent *a = &e->agents[agent];
  int units = e->day->groups[a->group].units;
  struct rule_group g = {.ln_speed = k->ln_speed[a->group],
                         .room = a->room,
                         .units = units,
                         .agent = slice_text(k->names[agent]),
                         .idle_since_ms = (double)a->idle_since,
                         .count = 1};
  for (size_t kind = 0; kind < RULE_KINDS; kind++)
    g.kind_room[kind] = a->room;
  g.crowded = rule_crowded(&k->weights, units - a->room, units);
  return g;
}

static void see_agents(const struct engine *e, const struct desk *k, struct sight *s) {
  size_t at[DAY_GROUPS][DAY_UNITS + 1];
  memset(at, 0xff, sizeof(at)); /* RULE_NOBODY */
  s->view.group_count = 0;
  for (int n = 0; n < e->agent_count; n++) {
    const struct agent *a = &e->agents[n];
    s->group_of[n] = RULE_NOBODY;
    if (a->room == 0)
      continue;
    size_t *group = &at[a->group][a->room];
    if (*group == RULE_NOBODY) {
      *group = s->view.group_count++;
      s->groups[*group] = group_of(e, k, n);
    } else {
      struct rule_group *g = &s->groups[*group];
      g->count++;
      if ((double)a->idle_since < g->idle_since_ms) {
        g->agent = slice_text(k->names[n]);
        g->idle_since_ms = (double)a->idle_since;
      }
    }
    s->group_of[n] = *group;
  }
}

static void see_item(const struct engine *e, const struct desk *k, struct sight *s, int item, bool behind) {
  const struct item *w = &e->items[item];
  struct rule_item *i = &s->items[s->view.item_count++];
  *i = (struct rule_item){.id = slice_text(w->id),
                          .queue = (size_t)w->queue,
                          .set = k->in[item],
                          .score = member_of(e, item).score,
                          .known_group = RULE_NOBODY,
                          .behind = behind,
                          .arrival_ms = (double)w->arrival,
                          .ln_value = ln_value(e, item)};
  if (w->known < 0 || s->group_of[w->known] == RULE_NOBODY)
    return;
  i->known = slice_text(k->names[w->known]);
  i->known_group = s->group_of[w->known];
  i->known_idle_ms = (double)e->agents[w->known].idle_since;
  i->ln_known = k->weights.known_bonus - log(e->day->known_gain);
}

static bool is_head(const struct desk *k, const struct item *w, int item) {
  return k->sets[w->queue][k->in[item]].members[0].item == item;
}

/* Those behind the heads count for their own agent when he has room again, those that are due first, as dispatch
 * looks at them. */
static void see_items(const struct engine *e, const struct desk *k, struct sight *s) {
  s->view.item_count = 0;
  for (int q = 0; q < e->day->queue_count; q++)
    for (int set = 0; set < RULE_SETS; set++)
      if (k->sets[q][set].count)
        see_item(e, k, s, k->sets[q][set].members[0].item, false);
  int n = k->released;
  for (int i = 0; n >= 0 && s->group_of[n] != RULE_NOBODY && i < k->knowing_count[n] && i < KNOWN_MOST; i++) {
    int item = k->knowing[n][i];
    if (!is_head(k, &e->items[item], item) && s->view.item_count < ITEMS_MOST)
      see_item(e, k, s, item, true);
  }
}

/* ---- decisions */

static int agent_named(const struct desk *k, const struct engine *e, struct slice name) {
  int agent = 0;
  while (agent < e->agent_count && !slice_equal(name, slice_text(k->names[agent])))
    agent++;
  assert(agent < e->agent_count);
  return agent;
}

static void check_replay(const struct rule_record *r) {
  ours_tally.replayed++;
  if (rule_replay(r, NULL))
    ours_tally.differing++;
}

/* What goes next, and to whom; -1 nothing. */
static void decide(struct engine *e, int *ret_item, int *ret_agent) {
  struct desk *k = e->own;
  struct sight s = {.view = {.weights = &k->weights, .queues = k->queues, .queue_count = (size_t)e->day->queue_count}};
  s.view.groups = s.groups;
  s.view.items = s.items;
  *ret_item = *ret_agent = -1;
  see_agents(e, k, &s);
  if (s.view.group_count == 0)
    return;
  see_items(e, k, &s);
  if (s.view.item_count == 0)
    return;
  for (int q = 0; q < e->day->queue_count; q++)
    k->queues[q].now_ms = (double)e->now;
  rule_count(k->queues, (size_t)e->day->queue_count, s.groups, s.view.group_count);
  int r = rule_decide(&s.view, &k->record);
  check_replay(&k->record);
  if (r == RULE_WAIT) {
    ours_tally.waits++;
    return;
  }
  ours_tally.decisions++;
  *ret_item = (int)strtol(k->record.items[0].item.id.at + 1, NULL, 10);
  *ret_agent = agent_named(k, e, k->record.agents[0].agent);
}

/* One offer, taken at once. */
static bool offer_one(struct engine *e) {
  struct desk *k = e->own;
  int item, agent;
  decide(e, &item, &agent);
  if (k->other)
    k->other->decide(e, &k->record, &item, &agent);
  if (item < 0)
    return false;
  take(e, item);
  forget_knowing(k, &e->items[item], item);
  engine_begin(e, item, agent);
  return true;
}

static void offer(struct engine *e, int released) {
  struct desk *k = e->own;
  k->released = released;
  while (offer_one(e))
    continue;
}

static void on_arrival(struct engine *e, int item) {
  struct desk *k = e->own;
  int known = e->items[item].known;
  put(e, item);
  if (known >= 0)
    remember_knowing(e, known, item);
  if (k->other)
    k->other->arrived(e, item);
  offer(e, -1);
}

static void on_end(struct engine *e, int item) {
  const struct desk *k = e->own;
  if (k->other)
    k->other->ended(e, item);
}

static void on_release(struct engine *e, int agent, int queue) {
  (void)queue;
  offer(e, agent);
}

static void on_timer(struct engine *e, int what, int item) {
  (void)what;
  if (e->items[item].state != ITEM_WAITS)
    return;
  take(e, item);
  put(e, item);
  offer(e, -1);
}

static void on_gone(struct engine *e, int item) {
  const struct desk *k = e->own;
  take(e, item);
  forget_knowing(e->own, &e->items[item], item);
  if (k->other)
    k->other->gone(e, item);
}

/* ---- a day */

/* Offered load over the capacity that is able to serve it. */
static double scarcity(const struct day *d, int queue) {
  const struct day_queue *q = &d->queues[queue];
  double capacity = 0;
  for (int g = 0; g < d->group_count; g++)
    capacity += d->groups[g].agents * d->groups[g].units * d->groups[g].speed[queue];
  return q->per_hour / 3600 * q->handling_s * q->units / capacity;
}

static struct rule_queue queue_of(const struct day *d, int queue) {
  const struct day_queue *q = &d->queues[queue];
  struct rule_queue ret = {.name = slice_text(q->name),
                           .target_ms = 1000 * q->target_s,
                           .units = q->units,
                           .handling_ms = 1000 * q->handling_s,
                           .real_time = q->real_time,
                           .scarcity = scarcity(d, queue)};
  for (int g = 0; g < d->group_count; g++)
    ret.on_duty += d->groups[g].speed[queue] > 0 ? d->groups[g].agents : 0;
  return ret;
}

static void begin(struct engine *e) {
  struct desk *k = must_calloc(1, sizeof(*k));
  const struct day *d = e->day;
  e->own = k;
  k->weights = *(const struct rule_weights *)e->policy->settings;
  k->weights.slowdown = d->slowdown;
  for (int q = 0; q < d->queue_count; q++)
    k->queues[q] = queue_of(d, q);
  rule_prepare(&k->weights, k->queues, (size_t)d->queue_count);
  for (int g = 0; g < d->group_count; g++)
    for (int q = 0; q < d->queue_count; q++)
      k->ln_speed[g][q] = d->groups[g].speed[q] > 0 ? log(d->groups[g].speed[q]) : RULE_LACKS;
  k->in = must_calloc(e->count + 1, sizeof(*k->in));
  for (int a = 0; a < e->agent_count; a++) {
    snprintf(k->names[a], sizeof(k->names[a]), "a%03d", a);
    k->knowing[a] = must_calloc(e->count + 1, sizeof(int));
  }
  k->other = e->policy->other;
  if (k->other)
    k->other->begin(e, k->queues, &k->weights);
}

static void end(struct engine *e) {
  struct desk *k = e->own;
  for (int q = 0; q < DAY_QUEUES; q++)
    for (int set = 0; set < RULE_SETS; set++)
      free(k->sets[q][set].members);
  for (int a = 0; a < e->agent_count; a++)
    free(k->knowing[a]);
  free(k->in);
  free(k);
}

struct policy ours(const char *name, const struct rule_weights *w) {
  return (struct policy){.name = name,
                         .begin = begin,
                         .on_arrival = on_arrival,
                         .on_end = on_end,
                         .on_release = on_release,
                         .on_timer = on_timer,
                         .on_gone = on_gone,
                         .end = end,
                         .settings = w};
}

struct policy ours_beside(const char *name, const struct rule_weights *w, const struct ours_other *other) {
  struct policy p = ours(name, w);
  p.other = other;
  return p;
}
