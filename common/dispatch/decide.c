/* SPDX-License-Identifier: Apache-2.0 */
/* A decision: the items judged, then the agents for the first of them. What is seen is written into the record. */
#include "dispatch/rule_internal.h"

static bool has_room(const struct rule_group *g, const struct rule_queue *q) {
  return g->room >= q->units && g->kind_room[q->kind] >= q->units;
}

static bool has_room_beside(const struct rule_group *g, const struct rule_queue *q, const struct rule_queue *taken) {
  int kind_room = g->kind_room[q->kind] - (q->kind == taken->kind ? taken->units : 0);
  return g->room - taken->units >= q->units && kind_room >= q->units;
}

static bool fits(const struct rule_view *v, const struct rule_item *item, size_t group) {
  const struct rule_group *g = &v->groups[group];
  return g->ln_speed[item->queue] > RULE_LACKS && has_room(g, &v->queues[item->queue]) &&
         !(item->barred && item->barred[group]);
}

/* Two lines of one queue. */
static bool alike(const struct rule_queue *a, const struct rule_queue *b) {
  return a->name.len && slice_equal(a->name, b->name);
}

static rule_queues lost_queues(const struct rule_view *v, size_t group, size_t taken) {
  const struct rule_group *g = &v->groups[group];
  const struct rule_queue *own = &v->queues[taken];
  rule_queues lost = 0;
  for (size_t n = 0; n < v->queue_count; n++) {
    const struct rule_queue *q = &v->queues[n];
    if ((q->real_time || q->keep > 0) && n != taken && !alike(q, own) && g->ln_speed[n] > RULE_LACKS && has_room(g, q) && !has_room_beside(g, q, own))
      lost |= (rule_queues)1 << n;
  }
  return lost;
}

/* The first queue that an agent of the group must be kept for; RULE_NO_QUEUE. */
static size_t kept_for(const struct rule_view *v, const struct rule_item *item, size_t group) {
  if (item->set != RULE_PARKED)
    return RULE_NO_QUEUE;
  rule_queues lost = lost_queues(v, group, item->queue);
  for (size_t q = 0; q < v->queue_count; q++)
    if (rule_has(lost, q) && rule_keeps(v->weights, &v->queues[q], &v->queues[item->queue]))
      return q;
  return RULE_NO_QUEUE;
}

/* ---- which item */

/* Best pair with anybody who may take it. False when nobody fits; kept_for is set when all who fit are kept. */
static bool judge_item(const struct rule_view *v, const struct rule_item *item, struct rule_item_row *ret) {
  double plain = rule_index(&v->queues[item->queue], item->set, item->score);
  bool fit = false;
  *ret = (struct rule_item_row){.item = *item, .index = -INFINITY, .kept_for = RULE_NO_QUEUE};
  for (size_t g = 0; g < v->group_count; g++) {
    bool known = g == item->known_group;
    if ((item->behind && !known) || !fits(v, item, g))
      continue;
    fit = true;
    size_t kept = kept_for(v, item, g);
    if (kept != RULE_NO_QUEUE) {
      if (ret->kept_for == RULE_NO_QUEUE)
        ret->kept_for = kept;
      continue;
    }
    double index = plain + v->groups[g].ln_speed[item->queue];
    if (index > ret->index)
      *ret = (struct rule_item_row){*item, index, v->groups[g].ln_speed[item->queue], 0, ret->kept_for};
    index = index + item->ln_known;
    if (known && index > ret->index)
      *ret = (struct rule_item_row){*item, index, v->groups[g].ln_speed[item->queue], item->ln_known, ret->kept_for};
  }
  if (ret->index > -INFINITY)
    ret->kept_for = RULE_NO_QUEUE;
  else
    ret->index = plain;
  return fit;
}

/* A table that stays sorted, best first; the worst of too many falls off and is counted. */
struct table {
  void *rows;
  size_t row_size, most, *count, *left;
  int (*order)(const void *a, const void *b);
};

static int item_order(const void *a, const void *b) {
  return rule_item_order(a, b);
}

static int agent_order(const void *a, const void *b) {
  return rule_agent_order(a, b);
}

static void insert(const struct table *t, const void *row) {
  char *rows = t->rows;
  size_t at = *t->count;
  while (at > 0 && t->order(row, rows + (at - 1) * t->row_size) < 0)
    at--;
  if (*t->count == t->most)
    (*t->left)++;
  else
    (*t->count)++;
  if (at == t->most)
    return;
  memmove(rows + (at + 1) * t->row_size, rows + at * t->row_size, (*t->count - at - 1) * t->row_size);
  memcpy(rows + at * t->row_size, row, t->row_size);
}

#define TABLE(name, most, count, left, order)                                                                          \
  { name, sizeof(name[0]), most, &(count), &(left), order }

static void judge_items(const struct rule_view *v, struct rule_record *r) {
  struct table items = TABLE(r->items, RULE_RECORD_ITEMS, r->item_count, r->items_left, item_order);
  struct table held = TABLE(r->held, RULE_RECORD_HELD, r->held_count, r->held_left, item_order);
  for (size_t i = 0; i < v->item_count; i++) {
    struct rule_item_row row;
    if (!judge_item(v, &v->items[i], &row)) {
      r->unfit++;
    } else if (row.kept_for == RULE_NO_QUEUE) {
      insert(&items, &row);
    } else {
      insert(&held, &row);
    }
  }
}

/* ---- which agent */

static void judge_agent(const struct rule_view *v, struct rule_agent_row row, struct rule_record *r) {
  struct table agents = TABLE(r->agents, RULE_RECORD_AGENTS, r->agent_count, r->agents_left, agent_order);
  struct table spared = TABLE(r->spared, RULE_RECORD_HELD, r->spared_count, r->spared_left, agent_order);
  row.price = rule_price(v->queues, v->queue_count, row.lost);
  row.cost = rule_cost(v->weights, &row);
  insert(row.kept_for == RULE_NO_QUEUE ? &agents : &spared, &row);
}

/* A group is its longest idle agent, and apart from him the one the customer knows. */
static void judge_group(const struct rule_view *v, const struct rule_item *item, size_t group, struct rule_record *r) {
  const struct rule_group *g = &v->groups[group];
  struct rule_agent_row row = {.agent = g->agent,
                               .ln_speed = g->ln_speed[item->queue],
                               .crowded = g->crowded,
                               .used = g->units - g->room,
                               .units = g->units,
                               .idle_since_ms = g->idle_since_ms,
                               .lost = lost_queues(v, group, item->queue),
                               .kept_for = kept_for(v, item, group),
                               .alike = g->count};
  if (group == item->known_group) {
    struct rule_agent_row known = row;
    known.agent = item->known;
    known.ln_known = item->ln_known;
    known.idle_since_ms = item->known_idle_ms;
    known.alike = 1;
    judge_agent(v, known, r);
    row.alike--;
    if (slice_equal(item->known, g->agent))
      return;
  }
  judge_agent(v, row, r);
}

/* ---- the queues that the rows of the record name */

static rule_queues queues_of_items(const struct rule_item_row *rows, size_t count) {
  rule_queues set = 0;
  for (size_t i = 0; i < count; i++) {
    set |= (rule_queues)1 << rows[i].item.queue;
    if (rows[i].kept_for != RULE_NO_QUEUE)
      set |= (rule_queues)1 << rows[i].kept_for;
  }
  return set;
}

static rule_queues queues_of_agents(const struct rule_agent_row *rows, size_t count) {
  rule_queues set = 0;
  for (size_t i = 0; i < count; i++)
    set |= rows[i].lost;
  return set;
}

static void see_queues(const struct rule_view *v, struct rule_record *r) {
  r->seen = queues_of_items(r->items, r->item_count) | queues_of_items(r->held, r->held_count) |
            queues_of_agents(r->agents, r->agent_count) | queues_of_agents(r->spared, r->spared_count);
  for (size_t q = 0; q < v->queue_count; q++)
    if (rule_has(r->seen, q))
      r->queues[q] = v->queues[q];
}

int rule_decide(const struct rule_view *v, struct rule_record *ret) {
  struct rule_record *r = ret;
  assert(v->queue_count <= RULE_QUEUES);
  r->weights = *v->weights;
  r->item_count = r->held_count = r->items_left = r->held_left = r->unfit = 0;
  r->agent_count = r->spared_count = r->agents_left = r->spared_left = 0;
  judge_items(v, r);
  for (size_t g = 0; r->item_count && g < v->group_count; g++)
    if (fits(v, &r->items[0].item, g))
      judge_group(v, &r->items[0].item, g, r);
  see_queues(v, r);
  return r->item_count ? 0 : RULE_WAIT;
}
