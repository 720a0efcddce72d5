/* SPDX-License-Identifier: Apache-2.0 */
/* Figures of one run. */
#include "simulate/measure_internal.h"
#include <math.h>
#include <stdlib.h>

const struct measure_about measures_about[MEASURES] = {
#define MEASURE(id, name, words, unit, good, interval) {name, words, UNIT_##unit, good, interval},
#include "simulate/measures.def"
};

const char *measure_word_text(enum measure_word w) {
  static const char *const words[] = {[WORD_NONE] = "",
                                      [WORD_SAME] = "the same",
                                      [WORD_CHANCE] = "no difference that is more than chance",
                                      [WORD_BETTER] = "better",
                                      [WORD_WORSE] = "worse",
                                      [WORD_OTHER] = "different"};
  return words[w];
}

enum measure_word measure_word(enum measure m, const struct measured *f) {
  double difference = f->changed - f->old;
  if (isnan(difference))
    return WORD_NONE;
  if (fabs(difference) < 1e-9)
    return WORD_SAME;
  if (!isnan(f->low) && f->low <= 0 && f->high >= 0)
    return WORD_CHANCE;
  if (measures_about[m].good == 0)
    return WORD_OTHER;
  return (difference > 0) == (measures_about[m].good > 0) ? WORD_BETTER : WORD_WORSE;
}

/* ---- sums */

void sums_add(struct sums *s, const struct simulate_outcome *o, double worth) {
  bool taken = o->agent != SIMULATE_NONE, known = o->flags & SIMULATE_KNOWN;
  s->items++;
  s->unanswered += !taken;
  s->overflowed += taken && (o->flags & SIMULATE_OVERFLOWED);
  s->relaxed += taken && (o->flags & SIMULATE_RELAXED);
  s->diverted += (o->flags & SIMULATE_DIVERTED) != 0;
  s->known += taken && known;
  s->by_known += (o->flags & SIMULATE_BY_KNOWN) != 0;
  if (o->target_ms == 0)
    return;
  bool late = o->waited_ms > o->target_ms;
  s->due += taken || late;
  s->in_time += taken && !late;
  s->due_worth += taken || late ? worth : 0;
  s->in_time_worth += taken && !late ? worth : 0;
}

void sums_join(struct sums *s, const struct sums *more) {
  s->items += more->items;
  s->unanswered += more->unanswered;
  s->overflowed += more->overflowed;
  s->relaxed += more->relaxed;
  s->diverted += more->diverted;
  s->known += more->known;
  s->by_known += more->by_known;
  s->due += more->due;
  s->in_time += more->in_time;
  s->due_worth += more->due_worth;
  s->in_time_worth += more->in_time_worth;
}

static double share(double part, double whole) {
  return whole > 0 ? part / whole : NAN;
}

void sums_figures(const struct sums *s, double ret[MEASURES]) {
  for (size_t m = 0; m < MEASURES; m++)
    ret[m] = NAN;
  ret[MEASURE_ITEMS] = s->items;
  ret[MEASURE_WITHIN] = share(s->in_time, s->due);
  ret[MEASURE_WITHIN_WORTH] = share(s->in_time_worth, s->due_worth);
  ret[MEASURE_UNANSWERED] = s->unanswered;
  ret[MEASURE_OVERFLOWED] = s->overflowed;
  ret[MEASURE_RELAXED] = s->relaxed;
  ret[MEASURE_DIVERTED] = s->diverted;
  ret[MEASURE_KNOWN] = share(s->by_known, s->known);
}

/* ---- quantiles */

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Of sorted ones: the least that so many are at most. */
static double quantile(const double *sorted, size_t count, double share_below) {
  if (count == 0)
    return NAN;
  size_t at = (size_t)ceil(share_below * (double)count);
  return sorted[at > 0 ? at - 1 : 0];
}

static size_t collect(const struct simulate_result *r, size_t count, const size_t queue, double *to,
                      double (*of)(const struct simulate_outcome *o)) {
  size_t n = 0;
  for (size_t i = 0; i < count; i++)
    if (queue == MEASURE_ALL || r->outcomes[i].queue == queue) {
      double x = of(&r->outcomes[i]);
      if (!isnan(x))
        to[n++] = x;
    }
  if (n)
    qsort(to, n, sizeof(*to), ascending);
  return n;
}

static double waited(const struct simulate_outcome *o) {
  return (double)o->waited_ms;
}

static double on_the_wall(const struct simulate_outcome *o) {
  return (double)o->wall_ms;
}

double measure_of_target(const struct simulate_outcome *o) {
  return o->target_ms > 0 ? (double)o->waited_ms / (double)o->target_ms : NAN;
}

void measure_quantiles(const struct simulate_result *r, size_t count, size_t queue, double *room,
                       double ret[MEASURES]) {
  size_t n = collect(r, count, queue, room, waited);
  ret[MEASURE_WAIT_MEDIAN] = quantile(room, n, 0.5);
  ret[MEASURE_WAIT_P95] = quantile(room, n, 0.95);
  ret[MEASURE_WAIT_LONGEST] = quantile(room, n, 1);
  n = collect(r, count, queue, room, on_the_wall);
  ret[MEASURE_WALL_MEDIAN] = quantile(room, n, 0.5);
  ret[MEASURE_WALL_P95] = quantile(room, n, 0.95);
  n = collect(r, count, queue, room, measure_of_target);
  ret[MEASURE_OF_TARGET_P95] = quantile(room, n, 0.95);
}
