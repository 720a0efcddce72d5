/* SPDX-License-Identifier: Apache-2.0 */
/* Private to the module. */
#ifndef SIMULATE_MEASURE_INTERNAL_H
#define SIMULATE_MEASURE_INTERNAL_H

#include "simulate/measure.h"

#define MEASURE_ALL SIZE_MAX

struct sums {
  double items, unanswered, overflowed, relaxed, diverted, known, by_known, due, in_time, due_worth, in_time_worth;
};

void sums_add(struct sums *s, const struct simulate_outcome *o, double worth);
void sums_join(struct sums *s, const struct sums *more);
void sums_figures(const struct sums *s, double ret[MEASURES]);
double measure_of_target(const struct simulate_outcome *o);
/* Of a queue's items, or MEASURE_ALL. room: for `count` numbers. */
void measure_quantiles(const struct simulate_result *r, size_t count, size_t queue, double *room,
                       double ret[MEASURES]);

/* ---- bootstrap.c: fills low and high of the figures that have them; of all items, or of a queue's (MEASURE_ALL: it
 * is not there). Returns on how many days something came. */
struct both_queues {
  size_t of[2];
};
size_t bootstrap(const struct comparing *c, const struct both_queues *only, struct measured figures[MEASURES]);

#endif
