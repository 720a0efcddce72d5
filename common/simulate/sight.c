/* SPDX-License-Identifier: Apache-2.0 */
/* What the rule sees at one moment: agents with room in groups, lines that somebody could take from, their heads. */
#include "simulate/run.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { ITEMS_MOST = RULE_QUEUES * RULE_SETS + 64, ID_LEN = 10, KNOWN_MOST = 4 };

struct candidate {
  const struct line *line;
  double index;                /* of its most urgent */
};

struct sight {
  struct rule_view view;
  struct rule_record record;
  struct rule_queue queues[RULE_QUEUES];
  const struct line *lines[RULE_QUEUES]; /* beside them */
  size_t base_count;           /* the first of them are not there for items, but because agents are kept free for them */
  struct rule_item items[ITEMS_MOST];
  char ids[ITEMS_MOST][ID_LEN + 1];
  struct rule_group *groups;   /* at most one for an agent */
  uint32_t *one_of;            /* beside the groups: an agent of it */
  double *ln_speed;            /* groups x RULE_QUEUES */
  size_t *group_of;            /* for each agent; RULE_NOBODY: off duty, or no room */
  uint32_t *buckets;           /* hash of profile and load: group + 1 */
  size_t bucket_count;
  struct candidate *candidates;
  size_t candidate_count, candidate_room;
};

struct sight *sight_new(size_t agents) {
  struct sight *s = must_calloc(1, sizeof(*s));
  s->groups = must_calloc(agents + 1, sizeof(*s->groups));
  s->one_of = must_calloc(agents + 1, sizeof(*s->one_of));
  s->ln_speed = must_calloc((agents + 1) * RULE_QUEUES, sizeof(*s->ln_speed));
  s->group_of = must_calloc(agents + 1, sizeof(*s->group_of));
  for (s->bucket_count = 16; s->bucket_count < 2 * agents;)
    s->bucket_count *= 2;
  s->buckets = must_calloc(s->bucket_count, sizeof(*s->buckets));
  return s;
}

void sight_free(struct sight **s) {
  if (!*s)
    return;
  free((*s)->groups);
  free((*s)->one_of);
  free((*s)->ln_speed);
  free((*s)->group_of);
  free((*s)->buckets);
  free((*s)->candidates);
  free(*s);
  *s = NULL;
}

/* ---- agents */

static const struct desk_agent *agent_of(const struct run *r, size_t agent) {
  return &r->model.desk->agents[agent];
}

static const struct model_profile *profile_of(const struct run *r, size_t agent) {
  return &r->model.profiles[r->model.profile_of[agent]];
}

static int units_of(const struct run *r, size_t agent) {
  return profile_of(r, agent)->units;
}

/* What of the line he may take, his room aside. */
static double speed_in(const struct run *r, const struct line *l, size_t agent) {
  const struct model_queue *q = &r->model.queues[l->queue];
  bool reserved = l->only != SIMULATE_NONE && r->agents[l->only].on_duty;
  if (reserved && l->only != agent)
    return RULE_LACKS;
  return (q->members_on_duty == 0 ? l->ln_stand_in : l->ln_speed)[r->model.profile_of[agent]];
}

static bool could_take(const struct run *r, const struct line *l, size_t agent) {
  const struct agent *a = &r->agents[agent];
  unsigned kind = l->rule.kind;
  int room = units_of(r, agent) - a->used, kind_room = profile_of(r, agent)->kind_units[kind] - a->kind_used[kind];
  return a->on_duty && room >= l->rule.units && kind_room >= l->rule.units && speed_in(r, l, agent) > RULE_LACKS;
}

static uint64_t mix(uint64_t hash, uint64_t value) {
  return (hash ^ value) * 0x9e3779b97f4a7c15u ^ (hash >> 29);
}

/* While items wait for one agent alone, those who are waited for stand apart. */
static bool is_apart(const struct run *r, size_t agent) {
  return r->model.desk->dispatch.prefer_ms > 0 && r->agents[agent].knowing_count > 0;
}

static bool alike(const struct run *r, size_t a, size_t b) {
  return r->model.profile_of[a] == r->model.profile_of[b] && !is_apart(r, a) && !is_apart(r, b) &&
         memcmp(r->agents[a].kind_used, r->agents[b].kind_used, sizeof(r->agents[a].kind_used)) == 0;
}

/* The agent's group; a new one's number when nobody was like him. */
static size_t group_for(const struct run *r, struct sight *s, size_t agent) {
  uint64_t hash = mix(7, r->model.profile_of[agent]);
  for (size_t k = 0; k < RULE_KINDS; k++)
    hash = mix(hash, (uint64_t)r->agents[agent].kind_used[k]);
  if (is_apart(r, agent))
    hash = mix(hash, agent);
  size_t at = (hash >> 20) & (s->bucket_count - 1);
  while (s->buckets[at] && !alike(r, s->one_of[s->buckets[at] - 1], agent))
    at = (at + 1) & (s->bucket_count - 1);
  if (!s->buckets[at])
    s->buckets[at] = (uint32_t)s->view.group_count + 1;
  return s->buckets[at] - 1;
}

static struct rule_group group_of(const struct run *r, size_t agent, double *ln_speed) {
  const struct agent *a = &r->agents[agent];
  int units = units_of(r, agent);
  struct rule_group g = {.ln_speed = ln_speed,
                         .units = units,
                         .room = units - a->used,
                         .crowded = rule_crowded(&r->model.weights, a->used, units),
                         .agent = slice_text(agent_of(r, agent)->name),
                         .idle_since_ms = (double)a->idle_since,
                         .count = 1};
  for (size_t k = 0; k < RULE_KINDS; k++)
    g.kind_room[k] = profile_of(r, agent)->kind_units[k] - a->kind_used[k];
  return g;
}

/* Of those who are equally long idle the first by name, as a sorted set has them. */
static bool goes_first(const struct run *r, size_t agent, const struct rule_group *g) {
  double since = (double)r->agents[agent].idle_since;
  if (since < g->idle_since_ms || since > g->idle_since_ms)
    return since < g->idle_since_ms;
  return strcmp(agent_of(r, agent)->name, g->agent.at) < 0;
}

static void see_agents(const struct run *r, struct sight *s) {
  s->view.group_count = 0;
  memset(s->buckets, 0, s->bucket_count * sizeof(*s->buckets));
  for (size_t n = 0; n < r->model.desk->agent_count; n++) {
    s->group_of[n] = RULE_NOBODY;
    if (!r->agents[n].on_duty || r->agents[n].used >= units_of(r, n))
      continue;
    size_t number = group_for(r, s, n);
    struct rule_group *g = &s->groups[number];
    if (number == s->view.group_count) {
      *g = group_of(r, n, &s->ln_speed[number * RULE_QUEUES]);
      s->one_of[number] = (uint32_t)n;
      s->view.group_count++;
    } else {
      g->count++;
      if (goes_first(r, n, g)) {
        g->agent = slice_text(agent_of(r, n)->name);
        g->idle_since_ms = (double)r->agents[n].idle_since;
      }
    }
    s->group_of[n] = number;
  }
}

/* ---- lines */

static bool anybody_could_take(const struct run *r, const struct sight *s, const struct line *l) {
  for (size_t g = 0; g < s->view.group_count; g++)
    if (could_take(r, l, s->one_of[g]))
      return true;
  return false;
}

/* As items see their own line: nobody is kept free for it. */
static struct rule_queue now_of(const struct run *r, const struct line *l) {
  struct rule_queue q = l->rule;
  q.now_ms = (double)wait_clock(r, l->queue);
  q.real_time = false;
  q.on_duty = q.keep = 0;
  q.scarcity = 0;
  return q;
}

static void consider(const struct run *r, struct sight *s, const struct line *l) {
  if (s->candidate_count == s->candidate_room) {
    s->candidate_room = s->candidate_room ? 2 * s->candidate_room : 64;
    s->candidates = must_realloc(s->candidates, s->candidate_room * sizeof(*s->candidates));
  }
  struct candidate *c = &s->candidates[s->candidate_count++];
  struct rule_queue q = now_of(r, l);
  *c = (struct candidate){l, -INFINITY};
  for (size_t set = 0; set < RULE_SETS; set++)
    if (l->sets[set].count)
      c->index = fmax(c->index, rule_index(&q, (enum rule_set)set, l->sets[set].members[0].score));
}

static int most_urgent_first(const void *a, const void *b) {
  const struct candidate *x = a, *y = b;
  if (x->index < y->index || x->index > y->index)
    return x->index < y->index ? 1 : -1;
  return (x->line > y->line) - (x->line < y->line);
}

/* Whoever only stands in for a queue is none of the agents that are kept free for it. */
static void see_base(const struct run *r, struct sight *s, const struct line *l) {
  size_t number = s->view.queue_count++;
  const struct model_queue *q = &r->model.queues[l->queue];
  s->lines[number] = l;
  s->queues[number] = l->rule;
  s->queues[number].real_time = true;
  s->queues[number].kind = q->kind.number;
  s->queues[number].units = q->kind.units;
  s->queues[number].now_ms = (double)wait_clock(r, l->queue);
  s->queues[number].scarcity = model_rate(q, r->now) * q->handling_ms / (q->members_on_duty > 0 ? q->members_on_duty : 1);
  for (size_t g = 0; g < s->view.group_count; g++)
    s->ln_speed[g * RULE_QUEUES + number] = l->ln_speed[r->model.profile_of[s->one_of[g]]];
}

static void see_line(const struct run *r, struct sight *s, const struct line *l) {
  size_t number = s->view.queue_count++;
  s->lines[number] = l;
  s->queues[number] = now_of(r, l);
  for (size_t g = 0; g < s->view.group_count; g++)
    s->ln_speed[g * RULE_QUEUES + number] = speed_in(r, l, s->one_of[g]);
}

/* First those that agents are kept free for. Returns false when not all that matter found a place. */
static bool see_lines(const struct run *r, struct sight *s) {
  s->view.queue_count = 0;
  for (size_t i = 0; i < r->model.base_count; i++)
    if (queue_takes(r, r->model.lines[r->model.bases[i]]->queue))
      see_base(r, s, r->model.lines[r->model.bases[i]]);
  s->base_count = s->view.queue_count;
  size_t room = RULE_QUEUES - s->base_count;
  if (s->candidate_count > room)
    qsort(s->candidates, s->candidate_count, sizeof(*s->candidates), most_urgent_first);
  for (size_t i = 0; i < s->candidate_count && i < room; i++)
    see_line(r, s, s->candidates[i].line);
  return s->candidate_count <= room;
}

/* ---- items */

/* Ten digits, so that ids are in the order of arrival. */
static struct slice id_of(uint32_t item, char room[ID_LEN + 1]) {
  for (int i = ID_LEN; i-- > 0; item /= 10)
    room[i] = (char)('0' + item % 10);
  return slice_of(room, ID_LEN);
}

static void see_item(const struct run *r, struct sight *s, uint32_t item, size_t queue, bool behind) {
  const struct waiting *w = &r->items[item];
  size_t at = s->view.item_count++;
  s->items[at] = (struct rule_item){.id = id_of(item, s->ids[at]), .queue = queue, .set = (enum rule_set)w->set,
                                    .score = w->score, .known_group = RULE_NOBODY, .behind = behind,
                                    .arrival_ms = (double)w->arrival, .ln_value = w->ln_value};
  if (w->known == SIMULATE_NONE || s->group_of[w->known] == RULE_NOBODY)
    return;
  s->items[at].known = slice_text(agent_of(r, w->known)->name);
  s->items[at].known_group = s->group_of[w->known];
  s->items[at].known_idle_ms = (double)r->agents[w->known].idle_since;
  s->items[at].ln_known = r->model.weights.known_bonus;
}

static bool is_head(const struct run *r, uint32_t item) {
  return r->model.lines[r->items[item].line]->sets[r->items[item].set].members[0].item == item;
}

static size_t place_of(const struct sight *s, const struct line *l) {
  size_t at = s->base_count;
  while (at < s->view.queue_count && s->lines[at] != l)
    at++;
  return at;
}

static void see_heads(const struct run *r, struct sight *s) {
  for (size_t q = s->base_count; q < s->view.queue_count; q++)
    for (size_t set = 0; set < RULE_SETS; set++)
      if (s->lines[q]->sets[set].count)
        see_item(r, s, s->lines[q]->sets[set].members[0].item, q, false);
}

static double due(const struct run *r, uint32_t item) {
  const struct waiting *w = &r->items[item];
  return (double)w->arrival + r->model.lines[w->line]->rule.target_ms;
}

static bool due_before(const struct run *r, uint32_t a, uint32_t b) {
  double x = due(r, a), y = due(r, b);
  return x < y || (!(y < x) && a < b);
}

/* The agent's own customers' items that are due first, as many as the steps look at. */
static size_t first_known(const struct run *r, const struct agent *a, uint32_t ret[KNOWN_MOST]) {
  size_t count = 0;
  for (size_t i = 0; i < a->knowing_count; i++) {
    size_t at = count < KNOWN_MOST ? count++ : KNOWN_MOST;
    for (; at > 0 && due_before(r, a->knowing[i], ret[at - 1]); at--)
      if (at < KNOWN_MOST)
        ret[at] = ret[at - 1];
    if (at < KNOWN_MOST)
      ret[at] = a->knowing[i];
  }
  return count;
}

/* Items that stand behind others, and know an agent who has room. */
static void see_behind(const struct run *r, struct sight *s) {
  uint32_t known[KNOWN_MOST];
  for (size_t n = 0; n < r->model.desk->agent_count; n++) {
    size_t count = s->group_of[n] == RULE_NOBODY ? 0 : first_known(r, &r->agents[n], known);
    for (size_t i = 0; i < count; i++) {
      size_t queue = place_of(s, r->model.lines[r->items[known[i]].line]);
      if (queue < s->view.queue_count && !is_head(r, known[i]) && s->view.item_count < ITEMS_MOST)
        see_item(r, s, known[i], queue, true);
    }
  }
}

/* ---- a decision */

static bool see(struct run *r, struct sight *s, uint32_t item) {
  const struct line *l = item == SIGHT_ALL ? NULL : r->model.lines[r->items[item].line];
  s->candidate_count = s->view.item_count = 0;
  if (l && !queue_takes(r, l->queue))
    return false;
  see_agents(r, s);
  for (size_t i = 0; !l && i < r->model.active_count; i++)
    if (queue_takes(r, r->model.active[i]->queue) && anybody_could_take(r, s, r->model.active[i]))
      consider(r, s, r->model.active[i]);
  if (l && anybody_could_take(r, s, l))
    consider(r, s, l);
  if (s->candidate_count == 0)
    return false;
  r->result->cut += !see_lines(r, s);
  if (l) {
    see_item(r, s, item, place_of(s, l), !is_head(r, item));
  } else {
    see_heads(r, s);
    see_behind(r, s);
  }
  return true;
}

int sight_decide(struct run *r, uint32_t item, uint32_t *ret_item, uint32_t *ret_agent) {
  struct sight *s = r->sight;
  if (!see(r, s, item))
    return RULE_WAIT;
  s->view.weights = &r->model.weights;
  s->view.queues = s->queues;
  s->view.groups = s->groups;
  s->view.items = s->items;
  rule_count(s->queues, s->view.queue_count, s->groups, s->view.group_count);
  r->result->decisions++;
  int outcome = rule_decide(&s->view, &s->record);
  if (outcome != 0)
    return outcome;
  *ret_item = (uint32_t)strtoul(s->record.items[0].item.id.at, NULL, 10);
  *ret_agent = names_find(&r->agent_numbers, s->record.agents[0].agent);
  return 0;
}
