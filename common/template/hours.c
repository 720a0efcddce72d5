/* SPDX-License-Identifier: Apache-2.0 */
/*
 * On the wall's clock everything is arithmetic: minutes since 1970-01-01 00:00 as the wall shows them. Only how far the
 * wall is from UTC is asked of the zone, and between two changes of that the wall runs like any clock.
 */
#include "template/hours.h"
#include "template/zone.h"

#define MINUTE 60
#define DAY_SECONDS (24 * 3600)
#define WEEK_MINUTES (7 * DESK_DAY_MINUTES)
#define EPOCH_WEEKDAY 3           /* 1970-01-01 was a Thursday; Monday is 0 */
#define STRIDE (12 * 3600)        /* no zone changes its clock twice in this */

static int64_t floor_div(int64_t a, int64_t b) {
  return a / b - (a % b < 0);
}

static int weekday(int64_t day) {
  return (int)((day + EPOCH_WEEKDAY) - 7 * floor_div(day + EPOCH_WEEKDAY, 7));
}

static bool closed(const struct desk_hours *h, int64_t day) {
  for (size_t i = 0; i < h->closed_count; i++)
    if (day >= h->closed[i].first && day <= h->closed[i].last)
      return true;
  return false;
}

/* Open in this second of the wall? Each span is of the day it begins on, today or yesterday. */
static bool open_on_wall(const struct desk_hours *h, int64_t wall_s) {
  int64_t minute = floor_div(wall_s, MINUTE), day = floor_div(minute, DESK_DAY_MINUTES);
  if (closed(h, day))
    return false;
  for (int back = 0; back <= 1; back++) {
    int64_t begin = day - back;
    if (back && closed(h, begin))
      break;
    int64_t in_week = weekday(begin) * DESK_DAY_MINUTES + (minute - begin * DESK_DAY_MINUTES);
    for (size_t i = 0; i < h->span_count; i++)
      if (h->spans[i].from / DESK_DAY_MINUTES == weekday(begin) && in_week >= h->spans[i].from &&
          in_week < h->spans[i].to)
        return true;
  }
  return false;
}

/* The first second of the wall after `wall_s` at which a span begins, at most at `limit`; else `limit`. Openings are
 * only there: what a closed day cuts off does not begin again. */
static int64_t next_on_wall(const struct desk_hours *h, int64_t wall_s, int64_t limit) {
  for (int64_t day = floor_div(wall_s, DAY_SECONDS); day * DAY_SECONDS < limit; day++) {
    if (closed(h, day))
      continue;
    for (size_t i = 0; i < h->span_count; i++) {
      int64_t from = day * DAY_SECONDS + (int64_t)(h->spans[i].from % DESK_DAY_MINUTES) * MINUTE;
      if (h->spans[i].from / DESK_DAY_MINUTES == weekday(day) && from > wall_s)
        return from < limit ? from : limit;
    }
  }
  return limit;
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

/* Second by second would be the same, in strides: to the next opening as long as the wall's clock runs evenly. */
static int64_t next_second(const struct desk_hours *h, int64_t at, int64_t end) {
  while (at <= end) {
    int64_t offset = zone_offset(h->zone, at);
    if (open_on_wall(h, at + offset))
      return at;
    int64_t to = next_on_wall(h, at + offset, at + offset + STRIDE) - offset;
    at = zone_offset(h->zone, to) == offset ? to : change_between(h->zone, at, to);
  }
  return -1;
}

bool hours_open(const struct desk_hours *h, int64_t at_ms) {
  int64_t at = floor_div(at_ms, 1000);
  return zone_known(h->zone) && open_on_wall(h, at + zone_offset(h->zone, at));
}

int64_t hours_next(const struct desk_hours *h, int64_t at_ms) {
  if (!zone_known(h->zone))
    return -1;
  if (hours_open(h, at_ms))
    return at_ms;
  int64_t at = floor_div(at_ms, 1000);
  int64_t next = next_second(h, at, at + (int64_t)HOURS_FAR_DAYS * DAY_SECONDS);
  return next < 0 ? -1 : next * 1000;
}
