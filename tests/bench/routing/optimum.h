/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The least a day of one pool can cost, for a policy that knows all of it beforehand and lets nobody idle while
 * somebody waits. In such a day the n-th item to begin takes the n-th handling time (engine.c), so when something
 * begins is the same under all of them and they differ in who begins then: an assignment of items to beginnings, and
 * the cheapest one is found. A policy that lets people idle on purpose may be below it.
 */
#ifndef BENCH_ROUTING_OPTIMUM_H
#define BENCH_ROUTING_OPTIMUM_H

#include "measure.h"

struct optimum {
  double cost;                /* sum of item_cost() for the objective */
  double missed;              /* value of the items answered late in that course of the day */
};

/* items by arrival; begins: the beginnings, ascending, as many. */
struct optimum optimum(const struct item *items, const int64_t *begins, size_t count, enum objective o);
/* Cheapest perfect matching of n rows and n columns; cost[row * n + column]. ret_row_of: for each column. */
double cheapest_assignment(const double *cost, size_t n, size_t *ret_row_of);

#endif
