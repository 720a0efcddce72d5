/* SPDX-License-Identifier: Apache-2.0 */
/* Which difference could be chance: days are drawn anew. Both runs saw the same day, so a day is drawn for both. */
#include "simulate/measure_internal.h"
#include <math.h>
#include <stdlib.h>

enum { BINS = 512, LAST_BIN = BINS - 1, BINS_PER_E = 32 };

#define LEAST_WAIT_MS 1000
#define LEAST_RATIO 1e-4
#define DAY_MS 86400000

/* A run's share of a day. */
struct day {
  struct sums sums;
  uint32_t waits[BINS], ratios[BINS];
};

struct totals {
  struct sums sums;
  double waits[BINS], ratios[BINS];
};

static size_t bin_of(double x, double least) {
  if (!(x >= least))
    return 0;
  size_t bin = 1 + (size_t)(log(x / least) * BINS_PER_E);
  return bin < LAST_BIN ? bin : LAST_BIN;
}

static double of_bin(size_t bin, double least) {
  return bin == 0 ? 0 : least * exp(((double)bin - 0.5) / BINS_PER_E);
}

static double quantile(const double *bins, double share, double least) {
  double all = 0, seen = 0;
  for (size_t b = 0; b < BINS; b++)
    all += bins[b];
  for (size_t b = 0; b < BINS; b++) {
    seen += bins[b];
    if (all > 0 && seen >= share * all)
      return of_bin(b, least);
  }
  return NAN;
}

static void day_add(struct day *d, const struct simulate_outcome *o, double worth) {
  double ratio = measure_of_target(o);
  sums_add(&d->sums, o, worth);
  d->waits[bin_of((double)o->waited_ms, LEAST_WAIT_MS)]++;
  if (!isnan(ratio))
    d->ratios[bin_of(ratio, LEAST_RATIO)]++;
}

static void totals_add(struct totals *t, const struct day *d) {
  t->sums.due += d->sums.due;
  t->sums.in_time += d->sums.in_time;
  t->sums.due_worth += d->sums.due_worth;
  t->sums.in_time_worth += d->sums.in_time_worth;
  for (size_t b = 0; b < BINS; b++) {
    t->waits[b] += d->waits[b];
    t->ratios[b] += d->ratios[b];
  }
}

static void totals_figures(const struct totals *t, double ret[MEASURES]) {
  sums_figures(&t->sums, ret);
  ret[MEASURE_WAIT_MEDIAN] = quantile(t->waits, 0.5, LEAST_WAIT_MS);
  ret[MEASURE_WAIT_P95] = quantile(t->waits, 0.95, LEAST_WAIT_MS);
  ret[MEASURE_OF_TARGET_P95] = quantile(t->ratios, 0.95, LEAST_RATIO);
}

/* ---- days */

struct days {
  struct day *of[2];
  size_t count;
};

/* Days on which nothing came do not count: nothing is known of them. */
static struct days split(const struct comparing *c) {
  struct days days = {0};
  int64_t last = INT64_MIN;
  size_t room = 0;
  for (size_t i = 0; i < c->in[0]->count; i++) {
    int64_t day = (c->in[0]->items[i].arrival_ms + c->day_offset_ms) / DAY_MS;
    if (day != last && days.count++ == room) {
      room = room ? 2 * room : 16;
      for (size_t k = 0; k < 2; k++)
        days.of[k] = must_realloc(days.of[k], room * sizeof(struct day));
    }
    for (size_t k = 0; k < 2; k++) {
      struct day *d = &days.of[k][days.count - 1];
      if (day != last)
        memset(d, 0, sizeof(*d));
      day_add(d, &c->result[k]->outcomes[i], c->in[1]->places[i].worth);
    }
    last = day;
  }
  return days;
}

/* ---- drawing */

/* splitmix64: the same days are drawn whenever the same is asked. */
static uint64_t draw(uint64_t *state) {
  uint64_t z = (*state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

static void resample(const struct days *days, uint64_t *state, struct totals *room, double ret[MEASURES]) {
  double figures[2][MEASURES];
  memset(room, 0, 2 * sizeof(*room));
  for (size_t n = 0; n < days->count; n++) {
    size_t day = draw(state) % days->count;
    for (size_t k = 0; k < 2; k++)
      totals_add(&room[k], &days->of[k][day]);
  }
  for (size_t k = 0; k < 2; k++)
    totals_figures(&room[k], figures[k]);
  for (size_t m = 0; m < MEASURES; m++)
    ret[m] = figures[1][m] - figures[0][m];
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void interval(double *samples, size_t count, struct measured *f) {
  size_t kept = 0;
  for (size_t i = 0; i < count; i++)
    if (!isnan(samples[i]))
      samples[kept++] = samples[i];
  if (kept < count / 2)
    return;
  qsort(samples, kept, sizeof(*samples), ascending);
  f->low = samples[(size_t)(0.025 * (double)(kept - 1))];
  f->high = samples[(size_t)(0.975 * (double)(kept - 1) + 0.5)];
}

size_t bootstrap(const struct comparing *c, struct measured figures[MEASURES]) {
  struct days days = split(c);
  uint64_t state = 20261127;
  double (*samples)[MEASURE_RESAMPLES] = must_calloc(MEASURES, sizeof(*samples));
  struct totals *room = must_calloc(2, sizeof(*room));
  for (size_t n = 0; days.count > 1 && n < MEASURE_RESAMPLES; n++) {
    double differences[MEASURES];
    resample(&days, &state, room, differences);
    for (size_t m = 0; m < MEASURES; m++)
      samples[m][n] = differences[m];
  }
  for (size_t m = 0; days.count > 1 && m < MEASURES; m++)
    if (measures_about[m].interval)
      interval(samples[m], MEASURE_RESAMPLES, &figures[m]);
  free(samples);
  free(room);
  for (size_t k = 0; k < 2; k++)
    free(days.of[k]);
  return days.count;
}
