/* SPDX-License-Identifier: Apache-2.0 */
#include "measure.h"
#include "base/fault.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BROKEN 4.0
#define LEFT 4.0

static double pain(double x) {
  return x <= 1 ? x * x : 2 * x - 1;
}

double item_cost(const struct item *w, double waited_ms, enum objective o) {
  double x = waited_ms / (double)w->target;
  double missed = x > 1 ? 1 : 0;
  return w->value * (o == OBJECTIVE_MISSED ? missed : pain(x) + BROKEN * missed);
}

static int by_size(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double unfairness(const struct day *d, const double *busy) {
  double sum = 0, agents = 0;
  for (int g = 0; g < d->group_count; busy += d->groups[g++].agents) {
    int n = d->groups[g].agents;
    double mean = 0, square = 0;
    for (int a = 0; a < n; a++)
      mean += busy[a] / n;
    for (int a = 0; a < n; a++)
      square += (busy[a] - mean) * (busy[a] - mean) / n;
    if (n < 2 || mean <= 0)
      continue;
    sum += n * sqrt(square) / mean;
    agents += n;
  }
  return agents > 0 ? sum / agents : 0;
}

struct sums {
  double value, in_time_value, cost, in_time, left, known, by_known, most;
  double queue_in_time[DAY_QUEUES], queue[DAY_QUEUES];
};

static void add_item(struct sums *s, const struct item *w, double *ret_share) {
  double waited = (double)(w->end_of_wait - w->arrival);
  bool served = w->state == ITEM_SERVED, in_time = served && waited <= (double)w->target;
  *ret_share = waited / (double)w->target;
  s->value += w->value;
  s->in_time_value += in_time ? w->value : 0;
  s->cost += w->value * (pain(*ret_share) + (in_time ? 0 : BROKEN) + (served ? 0 : LEFT));
  s->in_time += in_time;
  s->left += !served;
  s->known += served && w->known >= 0;
  s->by_known += served && w->known >= 0 && w->known == w->agent;
  s->most = fmax(s->most, *ret_share);
  s->queue_in_time[w->queue] += in_time;
  s->queue[w->queue]++;
}

void measure_day(const struct day *d, const struct item *items, size_t count, const double *busy,
                 double ret[MEASURES]) {
  struct sums s = {0};
  double *shares = must_calloc(count + 1, sizeof(double));
  for (size_t i = 0; i < count; i++)
    add_item(&s, &items[i], &shares[i]);
  qsort(shares, count, sizeof(double), by_size);
  memset(ret, 0, MEASURES * sizeof(double));
  ret[MEASURE_J] = s.cost / s.value;
  ret[MEASURE_VALUE_SLA] = s.in_time_value / s.value;
  ret[MEASURE_SLA] = s.in_time / (double)count;
  ret[MEASURE_P95] = shares[(size_t)(0.95 * (double)(count - 1))];
  ret[MEASURE_MAX] = s.most;
  ret[MEASURE_LEFT] = s.left / (double)count;
  ret[MEASURE_KNOWN] = s.known > 0 ? s.by_known / s.known : 0;
  ret[MEASURE_UNFAIR] = unfairness(d, busy);
  for (int q = 0; q < d->queue_count; q++)
    ret[MEASURE_QUEUE + q] = s.queue[q] > 0 ? s.queue_in_time[q] / s.queue[q] : 0;
  free(shares);
}

/* Student's t, two-sided 95 %, by degrees of freedom; beyond the table it falls as 1.96 + 2.4/df. */
static double student(size_t df) {
  static const double t[] = {INFINITY, 12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228};
  if (df < sizeof(t) / sizeof(t[0]))
    return t[df];
  double n = (double)df;
  return 1.95996 + 2.37227 / n + 2.8225 / (n * n) + 2.5558 / (n * n * n); /* Cornish and Fisher's series */
}

struct interval interval_of(const double *samples, size_t count) {
  struct interval i = {0, 0};
  double square = 0;
  for (size_t n = 0; n < count; n++)
    i.mean += samples[n] / (double)count;
  for (size_t n = 0; n < count; n++)
    square += (samples[n] - i.mean) * (samples[n] - i.mean);
  if (count > 1)
    i.half = student(count - 1) * sqrt(square / (double)(count - 1) / (double)count);
  return i;
}
