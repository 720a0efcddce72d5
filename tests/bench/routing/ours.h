/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rule of common/dispatch, driven as `dispatch` will drive it: three sorted sets for each queue, timers for what
 * leaves a set, a decision at each arrival, release and timer – and each decision made again from its record.
 */
#ifndef BENCH_ROUTING_OURS_H
#define BENCH_ROUTING_OURS_H

#include "dispatch/rule.h"
#include "engine.h"

/* settings: a struct rule_weights, borrowed; slowdown is the day's. */
struct policy ours(const char *name, const struct rule_weights *w);

/* Of all days so far. */
struct ours_tally {
  uint64_t decisions, waits, replayed, differing;
};
extern struct ours_tally ours_tally;

#endif
