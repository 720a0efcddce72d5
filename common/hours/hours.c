/* SPDX-License-Identifier: Apache-2.0 */
/*
 * On the wall's clock everything is arithmetic: minutes since 1970-01-01 00:00 as the wall shows them. Only how far the
 * wall is from UTC is asked of the zone, and between two changes of that the wall runs like any clock.
 */
#include "hours/hours.h"
#include "hours/zone.h"

#define MINUTE 60
#define DAY_SECONDS (24 * 3600)
#define WEEK_MINUTES (7 * HOURS_DAY_MINUTES)
#define EPOCH_WEEKDAY 3           /* 1970-01-01 was a Thursday; Monday is 0 */
#define STRIDE (12 * 3600)        /* no zone changes its clock twice in this */

static int64_t floor_div(int64_t a, int64_t b) {
  return a / b - (a % b < 0);
}

static int weekday(int64_t day) {
  return (int)((day + EPOCH_WEEKDAY) - 7 * floor_div(day + EPOCH_WEEKDAY, 7));
}

static bool closed(const struct hours *h, int64_t day) {
  for (size_t i = 0; i < h->closed_count; i++)
    if (day >= h->closed[i].first && day <= h->closed[i].last)
      return true;
  return false;
}

/* Open in this second of the wall? Each span is of the day it begins on, today or yesterday. */
static bool open_on_wall(const struct hours *h, int64_t wall_s) {
  int64_t minute = floor_div(wall_s, MINUTE), day = floor_div(minute, HOURS_DAY_MINUTES);
  if (closed(h, day))
    return false;
  for (int back = 0; back <= 1; back++) {
    int64_t begin = day - back;
    if (back && closed(h, begin))
      break;
    int64_t in_week = weekday(begin) * HOURS_DAY_MINUTES + (minute - begin * HOURS_DAY_MINUTES);
    for (size_t i = 0; i < h->span_count; i++)
      if (h->spans[i].from / HOURS_DAY_MINUTES == weekday(begin) && in_week >= h->spans[i].from &&
          in_week < h->spans[i].to)
        return true;
  }
  return false;
}

/* The first second of the wall after `wall_s` at which anything can begin or end: a day, or a span of any week; at most
 * at `limit`. */
static int64_t boundary(const struct hours *h, int64_t wall_s, int64_t limit) {
  int64_t day = floor_div(wall_s, DAY_SECONDS), week = (day - weekday(day)) * DAY_SECONDS, next = limit;
  if ((day + 1) * DAY_SECONDS < next)
    next = (day + 1) * DAY_SECONDS;
  for (size_t i = 0; i < h->span_count; i++)
    for (int back = 0; back <= 1; back++) { /* that of a Sunday reaches into the next week */
      int64_t from = week + (h->spans[i].from - back * WEEK_MINUTES) * (int64_t)MINUTE;
      int64_t to = week + (h->spans[i].to - back * WEEK_MINUTES) * (int64_t)MINUTE;
      if (from > wall_s && from < next)
        next = from;
      if (to > wall_s && to < next)
        next = to;
    }
  return next;
}

/* The first second in (from, to] whose offset is not that of `from`. */
static int64_t change_between(const char *zone, int64_t from, int64_t to) {
  int64_t offset = zone_offset(zone, from);
  while (to - from > 1) {
    int64_t middle = from + (to - from) / 2;
    if (zone_offset(zone, middle) == offset)
      from = middle;
    else
      to = middle;
  }
  return to;
}

/* The first second from `at` to `end` at which they are open, or are not; -1: none. Second by second would be the same,
 * in strides: from boundary to boundary as long as the wall's clock runs evenly. */
static int64_t next_second(const struct hours *h, int64_t at, int64_t end, bool open) {
  while (at <= end) {
    int64_t offset = zone_offset(h->zone, at);
    if (open_on_wall(h, at + offset) == open)
      return at;
    int64_t to = boundary(h, at + offset, at + offset + STRIDE) - offset;
    at = zone_offset(h->zone, to) == offset ? to : change_between(h->zone, at, to);
  }
  return -1;
}

static int64_t next_ms(const struct hours *h, int64_t at_ms, bool open) {
  int64_t at = floor_div(at_ms, 1000);
  int64_t next = next_second(h, at, at + (int64_t)HOURS_FAR_DAYS * DAY_SECONDS, open);
  return next < 0 ? -1 : next * 1000;
}

bool hours_open(const struct hours *h, int64_t at_ms) {
  int64_t at = floor_div(at_ms, 1000);
  return zone_known(h->zone) && open_on_wall(h, at + zone_offset(h->zone, at));
}

int64_t hours_next(const struct hours *h, int64_t at_ms) {
  if (!zone_known(h->zone))
    return -1;
  if (hours_open(h, at_ms))
    return at_ms;
  return next_ms(h, at_ms, true);
}

int64_t hours_end(const struct hours *h, int64_t at_ms) {
  return hours_open(h, at_ms) ? next_ms(h, at_ms, false) : at_ms;
}
