/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A day of a desk: what arrives when, how long it takes, who works. The same seed gives the same day to every policy.
 * Times of an item are whole milliseconds from the beginning of the day.
 */
#ifndef BENCH_ROUTING_DAY_H
#define BENCH_ROUTING_DAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DAY_QUEUES = 8, DAY_GROUPS = 8, DAY_AGENTS = 128, DAY_TIERS = 3, DAY_UNITS = 4 };

struct day_queue {
  const char *name;
  double per_hour, handling_s, target_s;
  double patience_s;          /* mean of an exponential; 0: nobody leaves */
  int units;                  /* of an agent's capacity */
  bool real_time;
  double value;               /* times the customer's */
  double cv;                  /* of handling times (lognormal); 0: exponential */
};

struct day_group {
  const char *name;
  int agents, units;
  double speed[DAY_QUEUES];   /* 1 usual, 0 lacks the skill */
  unsigned primary;           /* bits: the queues they are meant for (peers with routing profiles) */
};

struct day {
  const char *name, *what;
  int queue_count, group_count;
  struct day_queue queues[DAY_QUEUES];
  struct day_group groups[DAY_GROUPS];
  double hours;
  bool humps;                 /* two busy times, else an even day */
  double busyness_cv;         /* from day to day */
  int burst_queue;            /* -1 none */
  double burst_at_h, burst_h, burst_factor;
  double known_share, known_gain; /* customers with an agent of their own; handling time with that agent */
  double slowdown;            /* handling time at full load is 1 + this times as long */
  double tier_share[DAY_TIERS], tier_value[DAY_TIERS];
  bool one_pool;              /* all alike, one law of handling times, nobody leaves: the optimum can be reckoned */
};

enum item_state { ITEM_WAITS, ITEM_SERVED, ITEM_LEFT };

struct item {
  char id[24];
  int queue, tier, known;     /* known: agent, or -1 */
  int64_t arrival, target, patience; /* patience INT64_MAX: for ever */
  double work, value;         /* work: handling time at usual speed */
  /* what became of it */
  enum item_state state;
  int agent, owner;           /* owner: pushed to before it was begun; -1 */
  int64_t end_of_wait;
};

extern const struct day days[];
extern const size_t days_count;

int day_agents(const struct day *d);
int day_group_of(const struct day *d, int agent);
/* Gives the items by arrival; the caller frees them. */
struct item *day_make(const struct day *d, uint64_t seed, size_t *ret_count);

#endif
