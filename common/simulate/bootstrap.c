/* SPDX-License-Identifier: Apache-2.0 */
/* Which difference could be chance: days are drawn anew. Both runs saw the same day, so a day is drawn for both. */
#include "simulate/measure_internal.h"
#include <math.h>
#include <stdlib.h>

enum { BINS = 512, LAST_BIN = BINS - 1, BINS_PER_E = 32 };
enum spread { SPREAD_WAIT, SPREAD_WALL, SPREAD_RATIO, SPREADS };

#define DAY_MS 86400000

static const double least[SPREADS] = {1000, 1000, 1e-4}; /* what is less is nothing */

/* A run's share of a day. */
struct day {
  struct sums sums;
  uint32_t bins[SPREADS][BINS];
};

struct days {
  struct day *of[2];
  size_t count;
  uint16_t used[SPREADS][BINS]; /* bins in which there is anything at all, ascending */
  size_t used_count[SPREADS];
};

struct totals {
  struct sums sums;
  double bins[SPREADS][BINS];
};

static size_t bin_of(enum spread s, double x) {
  if (!(x >= least[s]))
    return 0;
  size_t bin = 1 + (size_t)(log(x / least[s]) * BINS_PER_E);
  return bin < LAST_BIN ? bin : LAST_BIN;
}

static double of_bin(enum spread s, size_t bin) {
  return bin == 0 ? 0 : least[s] * exp(((double)bin - 0.5) / BINS_PER_E);
}

static double quantile(const struct days *days, const struct totals *t, enum spread s, double share) {
  double all = 0, seen = 0;
  for (size_t i = 0; i < days->used_count[s]; i++)
    all += t->bins[s][days->used[s][i]];
  for (size_t i = 0; i < days->used_count[s]; i++) {
    seen += t->bins[s][days->used[s][i]];
    if (all > 0 && seen >= share * all)
      return of_bin(s, days->used[s][i]);
  }
  return NAN;
}

static void day_add(struct day *d, const struct simulate_outcome *o, double worth) {
  double ratio = measure_of_target(o);
  sums_add(&d->sums, o, worth);
  d->bins[SPREAD_WAIT][bin_of(SPREAD_WAIT, (double)o->waited_ms)]++;
  d->bins[SPREAD_WALL][bin_of(SPREAD_WALL, (double)o->wall_ms)]++;
  if (!isnan(ratio))
    d->bins[SPREAD_RATIO][bin_of(SPREAD_RATIO, ratio)]++;
}

static void totals_add(struct totals *t, const struct days *days, const struct day *d) {
  sums_join(&t->sums, &d->sums);
  for (size_t s = 0; s < SPREADS; s++)
    for (size_t i = 0; i < days->used_count[s]; i++)
      t->bins[s][days->used[s][i]] += d->bins[s][days->used[s][i]];
}

static void totals_figures(const struct days *days, const struct totals *t, double ret[MEASURES]) {
  sums_figures(&t->sums, ret);
  ret[MEASURE_WAIT_MEDIAN] = quantile(days, t, SPREAD_WAIT, 0.5);
  ret[MEASURE_WAIT_P95] = quantile(days, t, SPREAD_WAIT, 0.95);
  ret[MEASURE_WALL_MEDIAN] = quantile(days, t, SPREAD_WALL, 0.5);
  ret[MEASURE_WALL_P95] = quantile(days, t, SPREAD_WALL, 0.95);
  ret[MEASURE_OF_TARGET_P95] = quantile(days, t, SPREAD_RATIO, 0.95);
}

/* ---- days */

static void begin_day(struct days *days, size_t *room) {
  if (days->count == *room) {
    *room = *room ? 2 * *room : 16;
    for (size_t k = 0; k < 2; k++)
      days->of[k] = must_realloc(days->of[k], *room * sizeof(struct day));
  }
  for (size_t k = 0; k < 2; k++)
    memset(&days->of[k][days->count], 0, sizeof(struct day));
  days->count++;
}

static void find_used(struct days *days) {
  for (size_t s = 0; s < SPREADS; s++)
    for (size_t b = 0; b < BINS; b++) {
      bool any = false;
      for (size_t d = 0; d < days->count; d++)
        any = any || days->of[0][d].bins[s][b] || days->of[1][d].bins[s][b];
      if (any)
        days->used[s][days->used_count[s]++] = (uint16_t)b;
    }
}

/* Days on which nothing came do not count: nothing is known of them. */
static void split(const struct comparing *c, const struct both_queues *only, struct days *days) {
  int64_t last = INT64_MIN;
  size_t room = 0;
  for (size_t i = 0; i < c->in[0]->count; i++) {
    int64_t day = (c->in[0]->items[i].arrival_ms + c->day_offset_ms) / DAY_MS;
    for (size_t k = 0; k < 2; k++) {
      const struct simulate_outcome *o = &c->result[k]->outcomes[i];
      if (only && o->queue != only->of[k])
        continue;
      if (day != last)
        begin_day(days, &room);
      last = day;
      day_add(&days->of[k][days->count - 1], o, c->in[1]->places[i].worth);
    }
  }
  find_used(days);
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
      totals_add(&room[k], days, &days->of[k][day]);
  }
  for (size_t k = 0; k < 2; k++)
    totals_figures(days, &room[k], figures[k]);
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

size_t bootstrap(const struct comparing *c, const struct both_queues *only, struct measured figures[MEASURES]) {
  struct days *days = must_calloc(1, sizeof(*days));
  uint64_t state = 20261127;
  double (*samples)[MEASURE_RESAMPLES] = must_calloc(MEASURES, sizeof(*samples));
  struct totals *room = must_calloc(2, sizeof(*room));
  split(c, only, days);
  size_t count = days->count;
  for (size_t n = 0; count > 1 && n < MEASURE_RESAMPLES; n++) {
    double differences[MEASURES];
    resample(days, &state, room, differences);
    for (size_t m = 0; m < MEASURES; m++)
      samples[m][n] = differences[m];
  }
  for (size_t m = 0; count > 1 && m < MEASURES; m++)
    if (measures_about[m].interval)
      interval(samples[m], MEASURE_RESAMPLES, &figures[m]);
  for (size_t k = 0; k < 2; k++)
    free(days->of[k]);
  free(days);
  free(samples);
  free(room);
  return count;
}
