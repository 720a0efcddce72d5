/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a day cost. An item of value v, target T, first answered after w:
 *
 *   v * (pain(w/T) + 4 [not answered in time] + 4 [customer left])    pain(x) = x^2 up to the target, then its tangent
 *
 * J is the mean, weighted by value; so is value-SLA, the share answered in time. Who left was not answered in time.
 */
#ifndef BENCH_ROUTING_MEASURE_H
#define BENCH_ROUTING_MEASURE_H

#include "day.h"

enum objective { OBJECTIVE_J, OBJECTIVE_MISSED, OBJECTIVES };

enum measure {
  MEASURE_J, MEASURE_VALUE_SLA, MEASURE_SLA, MEASURE_P95, MEASURE_MAX, MEASURE_LEFT, MEASURE_KNOWN, MEASURE_UNFAIR,
  MEASURE_QUEUE,              /* SLA of the first queue, then of the others */
  MEASURES = MEASURE_QUEUE + DAY_QUEUES
};

/* Not weighted by anything but the item's value; after `waited` ms, served. */
double item_cost(const struct item *w, double waited_ms, enum objective o);
/* busy: of each agent (engine_run()). unfair: coefficient of variation of busy time inside groups. */
void measure_day(const struct day *d, const struct item *items, size_t count, const double *busy, double ret[MEASURES]);

struct interval {
  double mean, half;          /* half the width of the 95 % interval */
};

/* Of independent samples. */
struct interval interval_of(const double *samples, size_t count);

#endif
