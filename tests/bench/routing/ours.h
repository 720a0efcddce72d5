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

/* Another program of the rule that sees the same day: it is told what happens and decides after this one has, from the
 * same state. Its decision counts. */
struct ours_other {
  void (*begin)(struct engine *e, const struct rule_queue *queues, const struct rule_weights *w);
  void (*arrived)(struct engine *e, int item);
  void (*ended)(struct engine *e, int item);
  void (*gone)(struct engine *e, int item);
  /* -1: nothing can be taken. `record` is that of the decision given. */
  void (*decide)(struct engine *e, const struct rule_record *record, int *item, int *agent);
};
struct policy ours_beside(const char *name, const struct rule_weights *w, const struct ours_other *other);

/* Of all days so far. */
struct ours_tally {
  uint64_t decisions, waits, replayed, differing;
};
extern struct ours_tally ours_tally;

#endif
