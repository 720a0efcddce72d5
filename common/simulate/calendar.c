/* SPDX-License-Identifier: Apache-2.0 */
#include "simulate/calendar.h"
#include <stdlib.h>

struct calendar calendar_always(void) {
  return (struct calendar){.always = true};
}

void calendar_free(struct calendar *c) {
  free(c->spans);
  free(c->before);
  *c = (struct calendar){0};
}

void calendar_add(struct calendar *c, int64_t from, int64_t to) {
  struct calendar_span *last = c->count ? &c->spans[c->count - 1] : NULL;
  if (c->always || from >= to)
    return;
  if (last && from <= last->to) {
    last->to = to > last->to ? to : last->to;
    return;
  }
  if (c->count == c->room) {
    c->room = c->room ? 2 * c->room : 16;
    c->spans = must_realloc(c->spans, c->room * sizeof(*c->spans));
    c->before = must_realloc(c->before, c->room * sizeof(*c->before));
  }
  c->before[c->count] = last ? c->before[c->count - 1] + (c->spans[c->count - 1].to - c->spans[c->count - 1].from) : 0;
  c->spans[c->count++] = (struct calendar_span){from, to};
}

struct calendar calendar_of_hours(const struct hours *h, int64_t from, int64_t to) {
  struct calendar c = {.always = !h};
  for (int64_t at = from; h && at < to;) {
    int64_t opens = hours_next(h, at);
    if (opens < 0 || opens >= to)
      break;
    int64_t ends = hours_end(h, opens);
    at = ends < 0 || ends > to ? to : ends;
    calendar_add(&c, opens, at);
  }
  return c;
}

struct calendar calendar_copy(const struct calendar *c) {
  struct calendar copy = {.always = c->always};
  for (size_t i = 0; i < c->count; i++)
    calendar_add(&copy, c->spans[i].from, c->spans[i].to);
  return copy;
}

struct calendar calendar_both(const struct calendar *a, const struct calendar *b) {
  struct calendar c = {0};
  if (a->always || b->always)
    return calendar_copy(a->always ? b : a);
  for (size_t i = 0, k = 0; i < a->count && k < b->count;) {
    const struct calendar_span *x = &a->spans[i], *y = &b->spans[k];
    calendar_add(&c, x->from > y->from ? x->from : y->from, x->to < y->to ? x->to : y->to);
    if (x->to < y->to)
      i++;
    else
      k++;
  }
  return c;
}

bool calendar_equal(const struct calendar *a, const struct calendar *b) {
  if (a->always != b->always || a->count != b->count)
    return false;
  for (size_t i = 0; i < a->count; i++)
    if (a->spans[i].from != b->spans[i].from || a->spans[i].to != b->spans[i].to)
      return false;
  return true;
}

/* How many spans begin at or before `at`. */
static size_t begun(const struct calendar *c, int64_t at) {
  size_t low = 0, high = c->count;
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (c->spans[middle].from <= at)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

bool calendar_open(const struct calendar *c, int64_t at) {
  size_t n = c->always ? 0 : begun(c, at);
  return c->always || (n > 0 && at < c->spans[n - 1].to);
}

int64_t calendar_clock(const struct calendar *c, int64_t at) {
  size_t n = c->always ? 0 : begun(c, at);
  if (n == 0)
    return c->always ? at : 0;
  const struct calendar_span *s = &c->spans[n - 1];
  return c->before[n - 1] + ((at < s->to ? at : s->to) - s->from);
}

int64_t calendar_reaches(const struct calendar *c, int64_t clock) {
  size_t low = 0, high = c->count;
  if (c->always)
    return clock;
  while (low < high) { /* the first span at whose end the clock shows it */
    size_t middle = (low + high) / 2;
    if (c->before[middle] + (c->spans[middle].to - c->spans[middle].from) < clock)
      low = middle + 1;
    else
      high = middle;
  }
  if (low == c->count)
    return CALENDAR_NEVER;
  int64_t in = clock - c->before[low];
  return c->spans[low].from + (in > 0 ? in : 0);
}

int64_t calendar_within(const struct calendar *c, int64_t from, int64_t to) {
  return from < to ? calendar_clock(c, to) - calendar_clock(c, from) : 0;
}
