/* SPDX-License-Identifier: Apache-2.0 */
/* The arithmetic that deciding and replaying share. The order of operations is the contract of rule.h. */
#ifndef DISPATCH_RULE_INTERNAL_H
#define DISPATCH_RULE_INTERNAL_H

#include "dispatch/rule.h"

/* Does the reserve of `other` forbid a parked item of `own` to take an agent who would be lost for it? */
static inline bool rule_keeps(const struct rule_weights *w, const struct rule_queue *other,
                              const struct rule_queue *own) {
  return other->target_ms * w->reserve_ratio <= own->target_ms && other->able - 1 < other->keep;
}

static inline bool rule_has(rule_queues set, size_t queue) {
  return set >> queue & 1;
}

/* Of the queues that are lost, the real-time ones, in order. */
double rule_price(const struct rule_queue *queues, size_t count, rule_queues lost);
double rule_cost(const struct rule_weights *w, const struct rule_agent_row *row);
/* < 0: a goes before b. */
int rule_item_order(const struct rule_item_row *a, const struct rule_item_row *b);
int rule_agent_order(const struct rule_agent_row *a, const struct rule_agent_row *b);

#endif
