/* SPDX-License-Identifier: Apache-2.0 */
/* Deciding again from a record. Compares to the bit: the same numbers in the same order leave no room for rounding. */
#include "dispatch/rule_internal.h"

static bool same(double a, double b) {
  return memcmp(&a, &b, sizeof(a)) == 0;
}

/* The item's score and set follow from its arrival, where that is known. */
static bool place_holds(const struct rule_record *r, const struct rule_item *item) {
  const struct rule_queue *q = &r->queues[item->queue];
  if (isnan(item->arrival_ms) || isnan(item->ln_value))
    return true;
  return same(item->score, rule_score(&r->weights, q, item->set, item->arrival_ms, item->ln_value));
}

static const char *item_differs(const struct rule_record *r, const struct rule_item_row *row) {
  if (row->item.queue >= RULE_QUEUES || !rule_has(r->seen, row->item.queue))
    return "an item's queue is not in the record";
  if (!place_holds(r, &row->item))
    return "an item's score";
  double index =
      (rule_index(&r->queues[row->item.queue], row->item.set, row->item.score) + row->ln_speed) + row->ln_known;
  return same(row->index, index) ? NULL : "an item's index";
}

static bool reserve_holds(const struct rule_record *r, const struct rule_item *item, size_t kept_for) {
  return item->set == RULE_PARKED && kept_for < RULE_QUEUES && rule_has(r->seen, kept_for) &&
         rule_keeps(&r->weights, &r->queues[kept_for], &r->queues[item->queue]);
}

static const char *items_differ(const struct rule_record *r) {
  const char *what;
  for (size_t i = 0; i < r->item_count; i++) {
    if ((what = item_differs(r, &r->items[i])))
      return what;
    if (r->items[i].kept_for != RULE_NO_QUEUE || (i && rule_item_order(&r->items[i - 1], &r->items[i]) > 0))
      return "the order of the items";
  }
  for (size_t i = 0; i < r->held_count; i++) {
    if ((what = item_differs(r, &r->held[i])))
      return what;
    if (!reserve_holds(r, &r->held[i].item, r->held[i].kept_for))
      return "an item that the reserve held";
  }
  return NULL;
}

/* Is an agent kept for any of what he would lose? */
static bool kept(const struct rule_record *r, const struct rule_item *item, rule_queues lost) {
  for (size_t q = 0; q < RULE_QUEUES; q++)
    if (rule_has(lost, q) && reserve_holds(r, item, q))
      return true;
  return false;
}

static const char *agent_differs(const struct rule_record *r, const struct rule_agent_row *row) {
  struct rule_agent_row again = *row;
  if (row->lost & ~r->seen)
    return "a queue that an agent would be lost for is not in the record";
  again.price = rule_price(r->queues, RULE_QUEUES, row->lost);
  again.cost = rule_cost(&r->weights, &again);
  if (!same(again.price, row->price))
    return "the price of an agent";
  if (!same(again.cost, row->cost))
    return "the cost of an agent";
  if (kept(r, &r->items[0].item, row->lost) != (row->kept_for != RULE_NO_QUEUE))
    return "an agent that the reserve kept";
  return NULL;
}

static const char *agents_differ(const struct rule_record *r) {
  const char *what;
  if ((r->agent_count == 0) != (r->item_count == 0))
    return "an item without an agent";
  for (size_t i = 0; i < r->agent_count; i++) {
    if ((what = agent_differs(r, &r->agents[i])))
      return what;
    if (i && rule_agent_order(&r->agents[i - 1], &r->agents[i]) > 0)
      return "the order of the agents";
  }
  for (size_t i = 0; i < r->spared_count; i++)
    if ((what = agent_differs(r, &r->spared[i])))
      return what;
  return NULL;
}

int rule_replay(const struct rule_record *r, const char **ret_what) {
  const char *what = items_differ(r);
  if (!what)
    what = agents_differ(r);
  if (what && ret_what)
    *ret_what = what;
  return what ? RULE_DIFFERS : 0;
}
