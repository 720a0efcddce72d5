/* SPDX-License-Identifier: Apache-2.0 */
/* Zones are believed as the calendar explains them; the names are worth nothing without, and no file can be asked. */
#include "mime/calendar_time.h"
#include "mime/date.h"
#include <stdio.h>

#define DAY 86400

static int64_t digits(struct slice s, size_t at, size_t count) {
  int64_t value = 0;
  if (at + count > s.len)
    return -1;
  for (size_t i = at; i < at + count; i++) {
    if (s.at[i] < '0' || s.at[i] > '9')
      return -1;
    value = value * 10 + (s.at[i] - '0');
  }
  return value;
}

/* "20261201", "20261201T100000", with a Z or without. */
static bool read_moment(struct slice s, int64_t *ret_local, bool *ret_date_only, bool *ret_utc) {
  int64_t year = digits(s, 0, 4), month = digits(s, 4, 2), day = digits(s, 6, 2);
  if (year < 1 || month < 1 || day < 1 || !date_exists(year, (unsigned)month, (unsigned)day))
    return false;
  *ret_local = date_days(year, (unsigned)month, (unsigned)day) * DAY;
  *ret_date_only = s.len == 8;
  *ret_utc = false;
  if (s.len == 8)
    return true;
  int64_t hour = digits(s, 9, 2), minute = digits(s, 11, 2), second = digits(s, 13, 2);
  if (s.at[8] != 'T' || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60)
    return false;
  *ret_local += hour * 3600 + minute * 60 + second;
  *ret_utc = s.len == 16 && s.at[15] == 'Z';
  return s.len == 15 || *ret_utc;
}

/* --- zones --- */

static bool read_offset(struct slice s, int64_t *ret) {
  int64_t hours = digits(s, 1, 2), minutes = digits(s, 3, 2), seconds = s.len >= 7 ? digits(s, 5, 2) : 0;
  if (s.len < 5 || (s.at[0] != '+' && s.at[0] != '-') || hours < 0 || hours > 23 || minutes < 0 || minutes > 59 ||
      seconds < 0)
    return false;
  *ret = (s.at[0] == '-' ? -1 : 1) * (hours * 3600 + minutes * 60 + seconds);
  return true;
}

static int weekday_of(struct slice s) {
  static const char names[] = "SUMOTUWETHFRSA";
  for (int i = 0; s.len == 2 && i < 7; i++)
    if (memcmp(s.at, names + 2 * i, 2) == 0)
      return i;
  return -1;
}

/* "-1SU", "SU" */
static void read_by_day(struct calendar_observance *o, struct slice s) {
  bool minus = s.len && s.at[0] == '-', sign = s.len && (s.at[0] == '-' || s.at[0] == '+');
  s = slice_of(s.at + sign, s.len - sign);
  o->week = s.len == 3 ? (int)digits(s, 0, 1) : s.len == 2 ? 1 : 0;
  if (minus)
    o->week = -o->week;
  o->weekday = s.len >= 2 ? weekday_of(slice_of(s.at + s.len - 2, 2)) : -1;
  o->unusable |= o->weekday < 0 || o->week == 0 || o->week > 5 || o->week < -5;
}

/* Of a list the first day: "8,9,10,11,12,13,14" with a weekday is the first such day from the 8th on. */
static void read_month_day(struct calendar_observance *o, struct slice s) {
  int64_t day = s.len >= 2 && s.at[1] != ',' ? digits(s, 0, 2) : digits(s, 0, 1);
  o->month_day = day >= 1 && day <= 31 ? (unsigned)day : 0;
  o->unusable |= !o->month_day;
}

static void read_rule(struct calendar_observance *o, struct slice rule) {
  struct slice one, key;
  bool date_only, utc;
  while (slice_split(&rule, ';', &one)) {
    struct slice value = one;
    if (!slice_split(&value, '=', &key) || !value.at)
      continue;
    if (slice_equal_nocase(key, SLICE("FREQ")))
      o->yearly = slice_equal_nocase(value, SLICE("YEARLY"));
    else if (slice_equal_nocase(key, SLICE("BYMONTH")))
      o->month = (unsigned)(value.len == 2 ? digits(value, 0, 2) : value.len == 1 ? digits(value, 0, 1) : 0);
    else if (slice_equal_nocase(key, SLICE("BYDAY")))
      read_by_day(o, value);
    else if (slice_equal_nocase(key, SLICE("BYMONTHDAY")))
      read_month_day(o, value);
    else if (slice_equal_nocase(key, SLICE("UNTIL")))
      o->unusable |= !read_moment(value, &o->until, &date_only, &utc);
    else if (!slice_equal_nocase(key, SLICE("WKST")) &&
             !(slice_equal_nocase(key, SLICE("INTERVAL")) && slice_equal(value, SLICE("1"))))
      o->unusable = true;
  }
  o->unusable |= !o->yearly || o->month > 12;
}

static struct calendar_observance *newest(struct calendar_zones *z) {
  return z->count ? &z->list[z->count - 1] : NULL;
}

static void begin_observance(struct calendar_zones *z) {
  if (z->count == CALENDAR_OBSERVANCES_MAX)
    return;
  struct calendar_observance *o = &z->list[z->count++];
  *o = (struct calendar_observance){.until = INT64_MAX};
  memcpy(o->zone, z->name, sizeof(o->zone));
}

void calendar_zone_line(struct calendar_zones *z, const struct calendar_line *line) {
  struct calendar_observance *o = newest(z);
  bool date_only, utc;
  if (calendar_is(line, "TZID"))
    snprintf(z->name, sizeof(z->name), "%.*s", (int)(line->value.len < 99 ? line->value.len : 99), line->value.at);
  else if (calendar_is(line, "BEGIN") && !slice_equal_nocase(line->value, SLICE("VTIMEZONE")))
    begin_observance(z);
  else if (!o)
    return;
  else if (calendar_is(line, "TZOFFSETTO"))
    o->unusable |= !read_offset(line->value, &o->offset_to);
  else if (calendar_is(line, "TZOFFSETFROM"))
    o->unusable |= !read_offset(line->value, &o->offset_from);
  else if (calendar_is(line, "DTSTART"))
    o->unusable |= !read_moment(line->value, &o->begins, &date_only, &utc);
  else if (calendar_is(line, "RRULE"))
    read_rule(o, line->value);
  else if (calendar_is(line, "RDATE"))
    o->unusable = true;
}

static int64_t year_of(int64_t local) {
  int64_t days = local / DAY - (local % DAY < 0), year = 1970 + days * 400 / 146097;
  while (date_days(year, 1, 1) > days)
    year--;
  while (date_days(year + 1, 1, 1) <= days)
    year++;
  return year;
}

static unsigned month_length(int64_t year, unsigned month) {
  unsigned day = 31;
  while (!date_exists(year, month, day))
    day--;
  return day;
}

/* When the rule comes into force in a year, local time. */
static int64_t onset(const struct calendar_observance *o, int64_t year) {
  int64_t start_day = o->begins / DAY - (o->begins % DAY < 0), clock = o->begins - start_day * DAY;
  int64_t start_year = year_of(o->begins);
  unsigned month = o->month, day = o->month_day;
  if (!month) {
    month = 1;
    while (month < 12 && date_days(start_year, month + 1, 1) <= start_day)
      month++;
  }
  if (!o->week && !day)
    day = (unsigned)(start_day - date_days(start_year, month, 1)) + 1;
  unsigned last = month_length(year, month);
  if (o->week) {
    int64_t from = date_days(year, month, o->week > 0 ? (day ? day : 1) : last);
    int64_t weekday = (from + 4) % 7; /* 1970-01-01 was a Thursday */
    weekday += weekday < 0 ? 7 : 0;
    int64_t step = o->week > 0 ? (o->weekday - weekday + 7) % 7 : -((weekday - o->weekday + 7) % 7);
    return (from + step + 7 * (o->week > 0 ? o->week - 1 : o->week + 1)) * DAY + clock;
  }
  return date_days(year, month, day <= last && day ? day : last) * DAY + clock;
}

/* The last time before `local` that the rule came into force; false when it did not yet. */
static bool latest_onset(const struct calendar_observance *o, int64_t local, int64_t *ret) {
  if (local < o->begins)
    return false;
  *ret = o->begins;
  if (!o->yearly)
    return true;
  int64_t last = local < o->until ? local : o->until;
  for (int64_t year = year_of(last), i = 0; i < 2; i++, year--) {
    int64_t at = onset(o, year);
    if (at <= last && at > *ret) {
      *ret = at;
      break;
    }
  }
  return true;
}

/* False when the calendar does not explain the zone. */
static bool offset_at(const struct calendar_zones *z, struct slice zone, int64_t local, int64_t *ret) {
  const struct calendar_observance *best = NULL, *first = NULL;
  int64_t at, best_at = 0;
  for (size_t i = 0; i < z->count; i++) {
    const struct calendar_observance *o = &z->list[i];
    if (!slice_equal(slice_text(o->zone), zone))
      continue;
    if (o->unusable)
      return false;
    if (!first || o->begins < first->begins)
      first = o;
    if (latest_onset(o, local, &at) && (!best || at > best_at)) {
      best = o;
      best_at = at;
    }
  }
  if (!first)
    return false;
  *ret = best ? best->offset_to : first->offset_from;
  return true;
}

/* --- times --- */

static bool is_utc(struct slice zone) {
  static const struct slice names[] = {{"UTC", 3}, {"GMT", 3}, {"Etc/UTC", 7}, {"Etc/GMT", 7}, {"Z", 1}};
  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
    if (slice_equal_nocase(zone, names[i]))
      return true;
  return false;
}

bool calendar_time_read(const struct calendar_zones *z, const struct calendar_line *line, struct calendar_time *ret) {
  struct slice zone = calendar_parameter(line, "TZID");
  bool utc = false;
  *ret = (struct calendar_time){0};
  if (!read_moment(slice_trim(line->value), &ret->local, &ret->date_only, &utc))
    return false;
  if (zone.len > CALENDAR_ZONE_NAME_MAX - 1)
    zone.len = CALENDAR_ZONE_NAME_MAX - 1;
  ret->zoned = utc || (!ret->date_only && zone.len && offset_at(z, zone, ret->local, &ret->offset));
  if (!utc && !ret->zoned && !ret->date_only)
    ret->zoned = is_utc(zone);
  ret->known = ret->date_only || ret->zoned;
  return true;
}

bool calendar_duration_read(struct slice s, int64_t *ret) {
  static const struct {
    char unit;
    int64_t seconds;
  } units[] = {{'W', 7 * DAY}, {'D', DAY}, {'H', 3600}, {'M', 60}, {'S', 1}};
  int64_t total = 0, number = -1;
  size_t at = s.len && s.at[0] == '+' ? 1 : 0;
  if (at >= s.len || s.at[at] != 'P')
    return false;
  for (at++; at < s.len; at++) {
    char c = s.at[at];
    if (c >= '0' && c <= '9') {
      number = (number < 0 ? 0 : number) * 10 + (c - '0');
      if (number > 1000000)
        return false;
      continue;
    }
    size_t i = 0;
    while (i < sizeof(units) / sizeof(units[0]) && units[i].unit != c)
      i++;
    if (c == 'T')
      continue;
    if (i == sizeof(units) / sizeof(units[0]) || number < 0)
      return false;
    total += number * units[i].seconds;
    number = -1;
  }
  *ret = total;
  return number < 0;
}

void calendar_time_text(const struct calendar_time *t, char ret[CALENDAR_TIME_LEN + 1]) {
  int64_t days = t->local / DAY - (t->local % DAY < 0), clock = t->local - days * DAY, year = year_of(t->local);
  unsigned month = 1;
  while (month < 12 && date_days(year, month + 1, 1) <= days)
    month++;
  int len = snprintf(ret, CALENDAR_TIME_LEN + 1, "%04d-%02u-%02d", (int)(year % 10000), month % 100,
                     (int)(days - date_days(year, month, 1)) + 1);
  if (t->date_only)
    return;
  len += snprintf(ret + len, CALENDAR_TIME_LEN + 1 - (size_t)len, "T%02d:%02d:%02d", (int)(clock / 3600),
                  (int)(clock / 60 % 60), (int)(clock % 60));
  int64_t minutes = (t->offset < 0 ? -t->offset : t->offset) / 60;
  if (minutes == 0)
    snprintf(ret + len, CALENDAR_TIME_LEN + 1 - (size_t)len, "Z");
  else
    snprintf(ret + len, CALENDAR_TIME_LEN + 1 - (size_t)len, "%c%02d:%02d", t->offset < 0 ? '-' : '+',
             (int)(minutes / 60 % 24), (int)(minutes % 60));
}
