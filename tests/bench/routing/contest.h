/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One kind of day, many times: the same days for our rule and for the rules of others, and the least they can cost
 * where that can be reckoned. Others are tuned for the kind of day, on days of other seeds, once for J and once for
 * value-SLA; ours has one setting.
 */
#ifndef BENCH_ROUTING_CONTEST_H
#define BENCH_ROUTING_CONTEST_H

#include "measure.h"
#include "ours.h"
#include "peers.h"

enum { SEEDS_MOST = 500, TEST_SEED = 100001, TRAINING_SEED = 1, TRAINING_DAYS = 20 };
enum { KINDS = 10, TUNED_MOST = 4, PEERS_MOST = KINDS + TUNED_MOST };
enum { INDEX_ONLY = PEERS_MOST, OURS, POLICIES }; /* places of policies; some of the peers' may be empty */

struct contest_options {
  size_t seeds, training;     /* training 0: others stay as an administrator usually leaves them */
  struct rule_weights weights;
};

struct contest {
  const struct day *day;
  size_t seeds;
  bool tuned;
  struct peer peers[PEERS_MOST];
  size_t peer_count;
  char names[TUNED_MOST][40];
  struct rule_weights weights[2];
  struct policy policies[POLICIES];
  double got[POLICIES][MEASURES][SEEDS_MOST];
  double best[OBJECTIVES][SEEDS_MOST]; /* of days of one pool: least J, and least share of value missed */
  double best_j_sla[SEEDS_MOST];       /* value-SLA of the course that has the least J */
  double items, load;                  /* sums */
};

/* Ends the program when something cannot be: better than the best, other beginnings in a pool where nobody idles. */
void contest_run(struct contest *c, const struct day *d, const struct contest_options *o);
bool contest_has(const struct contest *c, size_t policy);
bool contest_tuned(const struct peer *p);
/* One day under one policy. */
void contest_day(const struct day *d, const struct policy *p, struct item *items, size_t count, double ret[MEASURES]);
/* Ends the program with a message unless it holds. */
void require(bool holds, const char *what, const char *who);

#endif
