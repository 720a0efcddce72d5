/* SPDX-License-Identifier: Apache-2.0 */
/* Times, durations and zones of iCalendar (RFC 5545 3.3.5, 3.3.6, 3.6.5). Inside common/mime only. Pure. */
#ifndef MIME_CALENDAR_TIME_H
#define MIME_CALENDAR_TIME_H

#include "mime/calendar_line.h"

enum { CALENDAR_OBSERVANCES_MAX = 64, CALENDAR_ZONE_NAME_MAX = 100 };

/* One rule of one zone: from when on which offset holds. */
struct calendar_observance {
  char zone[CALENDAR_ZONE_NAME_MAX];
  int64_t offset_from, offset_to; /* seconds east of UTC */
  int64_t begins;                 /* local seconds since 1970 */
  int64_t until;                  /* INT64_MAX: for ever */
  bool yearly, unusable;
  unsigned month, month_day;      /* of the rule; 0: not said */
  int week, weekday;              /* -1, 0: the last Sunday; week 0: not said */
};

struct calendar_zones {
  struct calendar_observance list[CALENDAR_OBSERVANCES_MAX];
  size_t count;
  char name[CALENDAR_ZONE_NAME_MAX]; /* of the zone being read */
};

struct calendar_time {
  int64_t local;   /* seconds since 1970 by the clock on the wall */
  int64_t offset;
  bool date_only, zoned;
  bool known;      /* one of the two forms of RFC 3339 can be made of it */
};

/* A line within a VTIMEZONE. */
void calendar_zone_line(struct calendar_zones *z, const struct calendar_line *line);
/* DTSTART and the like. False when it is no time; ret->known is false when its zone is not. */
bool calendar_time_read(const struct calendar_zones *z, const struct calendar_line *line, struct calendar_time *ret);
/* "PT1H30M", "P1D", "P2W" in seconds; false when it is none or negative. */
bool calendar_duration_read(struct slice value, int64_t *ret);
#define CALENDAR_TIME_LEN 32
/* "2026-12-01T10:00:00+01:00", "2026-12-01" */
void calendar_time_text(const struct calendar_time *t, char ret[CALENDAR_TIME_LEN + 1]);

#endif
