/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A day in virtual time: arrivals, ends of handling, customers who leave, a policy's own timers. The policy begins
 * items; everything else is the engine's. At one moment, what was planned first happens first; arrivals before all
 * else.
 */
#ifndef BENCH_ROUTING_ENGINE_H
#define BENCH_ROUTING_ENGINE_H

#include "day.h"

struct agent {
  int group, room;
  int64_t idle_since;         /* when it last ended something */
  double busy;                /* in full loads x ms */
  int open[DAY_QUEUES], open_all;
};

struct engine;

/* What a policy is called for; NULL: it does not care. */
struct policy {
  const char *name;
  void (*begin)(struct engine *e);
  void (*on_arrival)(struct engine *e, int item);
  void (*on_end)(struct engine *e, int item);             /* its handling is over; before on_release */
  void (*on_release)(struct engine *e, int agent, int queue);
  void (*on_timer)(struct engine *e, int what, int item); /* also when the item does not wait any more */
  void (*on_gone)(struct engine *e, int item);            /* it left, unserved */
  void (*end)(struct engine *e);
  const void *settings;
  const void *other;                                      /* the policy's */
};

struct agenda;

struct engine {
  const struct day *day;
  const struct policy *policy;
  struct item *items;
  size_t count;
  struct agent agents[DAY_AGENTS];
  int agent_count;
  int64_t now;
  int *waiting[DAY_QUEUES];   /* items, in no order */
  int waiting_count[DAY_QUEUES];
  int *place;                 /* of an item in its queue's waiting; -1 */
  size_t over, begun;
  struct agenda *agenda;
  void *own;                  /* the policy's */
};

/* Runs the day to the end of its last item and writes into the items what became of them. ret_busy: for each agent the
 * time he was full, ms; may be NULL. */
void engine_run(const struct day *d, const struct policy *p, struct item *items, size_t count, double *ret_busy);

/* ---- for policies */

void engine_begin(struct engine *e, int item, int agent);
void engine_timer(struct engine *e, int64_t at, int what, int item);
bool engine_can(const struct engine *e, int agent, int queue);

#endif
