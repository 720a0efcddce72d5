/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Are people there, and when next? By the clock on the wall of the hours' zone: a span that begins in the hour which a
 * change to summer time leaves out begins when the clock goes on, one in the hour that comes twice is open both times.
 * A span over midnight belongs to the day it begins on. On a closed day nobody is there: neither in the spans that
 * begin on it, to their end, nor in what reaches into it from the day before.
 *
 * Hours in a zone that the system does not know are never open, and hours_next() is -1.
 * Not for several threads (hours/zone.h).
 */
#ifndef HOURS_HOURS_H
#define HOURS_HOURS_H

#include "base/slice.h"

#define HOURS_FAR_DAYS 400
#define HOURS_DAY_MINUTES (24 * 60)

/* Open from … to, in minutes since Monday 00:00 of the zone's own clock. A span over midnight belongs to the day on
 * which it begins; that of a Sunday ends after the week does. */
struct hours_span {
  int from, to;            /* 0 <= from < 7 days; from < to <= from + 24 hours */
};

/* Days since 1970-01-01, both included. */
struct hours_closed {
  int first, last;
};

struct hours {
  char *name;
  char *zone;              /* IANA name, well-formed (zone_form); whether the system knows it: zone_known() */
  struct hours_span *spans; /* by `from`, none overlaps another; at least one */
  size_t span_count;
  struct hours_closed *closed;
  size_t closed_count;
  struct complaint_place place, zone_place; /* in the desk definition */
};

bool hours_open(const struct hours *h, int64_t at_ms);
/* The first millisecond at or after `at_ms` at which they are open; -1: none within HOURS_FAR_DAYS. */
int64_t hours_next(const struct hours *h, int64_t at_ms);
/* The first millisecond at or after `at_ms` at which they are not; -1: open for HOURS_FAR_DAYS. */
int64_t hours_end(const struct hours *h, int64_t at_ms);

#endif
