/* SPDX-License-Identifier: Apache-2.0 */
/* What a contest says, for people. */
#ifndef BENCH_ROUTING_TABLE_H
#define BENCH_ROUTING_TABLE_H

#include "contest.h"

/* What stays of a contest for the tables over all days. */
struct summary {
  const char *day;
  struct interval j[POLICIES], sla[POLICIES]; /* of those that took part */
  bool has[POLICIES];
  char names[POLICIES][40];
  bool one_pool;
  struct interval best_j, best_sla;   /* the course of least J */
  struct interval j_less, sla_less;   /* ours less the best other's, of each of the two */
  size_t first_j, first_sla;          /* the best others */
};

/* Prints the kind of day. */
struct summary table_day(const struct contest *c);
/* Prints the two tables over all days, in Markdown. */
void table_all(const struct summary *s, size_t count);

#endif
