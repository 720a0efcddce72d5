/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Spans of time, as hours of a queue or the duty of an agent, and the clock that runs inside them and stands outside.
 * Pure but for the zones of hours (hours/zone.h). Times are Unix ms; a span is [from, to).
 */
#ifndef SIMULATE_CALENDAR_H
#define SIMULATE_CALENDAR_H

#include "desk/desk.h"

#define CALENDAR_NEVER INT64_MAX

struct calendar_span {
  int64_t from, to;
};

struct calendar {
  bool always;                 /* no spans: the clock is that of the wall */
  struct calendar_span *spans; /* ascending, none touches another */
  int64_t *before;             /* open time before each span */
  size_t count, room;
};

struct calendar calendar_always(void);
/* The spans of `h` within [from, to); NULL: always. */
struct calendar calendar_of_hours(const struct hours *h, int64_t from, int64_t to);
void calendar_free(struct calendar *c);

/* A span that begins no earlier than the last one did; one that touches or overlaps it makes it longer. */
void calendar_add(struct calendar *c, int64_t from, int64_t to);
/* Where both are open. */
struct calendar calendar_both(const struct calendar *a, const struct calendar *b);
struct calendar calendar_copy(const struct calendar *c);
bool calendar_equal(const struct calendar *a, const struct calendar *b);

bool calendar_open(const struct calendar *c, int64_t at);
/* What the clock shows: open ms before `at`. */
int64_t calendar_clock(const struct calendar *c, int64_t at);
/* The first moment at which the clock shows this; CALENDAR_NEVER. */
int64_t calendar_reaches(const struct calendar *c, int64_t clock);
/* Open ms in [from, to). */
int64_t calendar_within(const struct calendar *c, int64_t from, int64_t to);

#endif
