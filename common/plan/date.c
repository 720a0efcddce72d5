/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/date.h"

/* What is left to read. */
struct reader {
  const char *at, *end;
};

/* Exactly `count` digits, at most `most`. */
static bool number(struct reader *r, int count, int most, int *ret) {
  int value = 0;
  if (r->end - r->at < count)
    return false;
  for (int i = 0; i < count; i++, r->at++) {
    if (*r->at < '0' || *r->at > '9')
      return false;
    value = value * 10 + (*r->at - '0');
  }
  *ret = value;
  return value <= most;
}

static bool one_of(struct reader *r, const char *characters) {
  if (r->at == r->end || *r->at == '\0' || !strchr(characters, *r->at))
    return false;
  r->at++;
  return true;
}

static int days_in(int year, int month) {
  static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : days[month - 1];
}

/* Of the proleptic Gregorian calendar; a year begins with March here, so that the leap day is its last. */
static int64_t days_since_1970(int year, int month, int day) {
  int64_t y = month <= 2 ? year - 1 : year, from_march = (month + 9) % 12;
  int64_t era = (y >= 0 ? y : y - 399) / 400, of_era = y - era * 400;
  int64_t of_year = (153 * from_march + 2) / 5 + day - 1;
  return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static bool day(struct reader *r, int64_t *ret_days) {
  int y, m, d;
  if (!number(r, 4, 9999, &y) || !one_of(r, "-") || !number(r, 2, 12, &m) || !one_of(r, "-") || !number(r, 2, 31, &d) ||
      m == 0 || d == 0 || d > days_in(y, m))
    return false;
  *ret_days = days_since_1970(y, m, d);
  return true;
}

/* ".123", or nothing */
static bool fraction(struct reader *r) {
  if (!one_of(r, "."))
    return true;
  const char *begin = r->at;
  while (r->at < r->end && *r->at >= '0' && *r->at <= '9')
    r->at++;
  return r->at > begin;
}

static bool clock_time(struct reader *r, int64_t *ret_seconds) {
  int hours, minutes, seconds = 0;
  if (!number(r, 2, 23, &hours) || !one_of(r, ":") || !number(r, 2, 59, &minutes))
    return false;
  if (one_of(r, ":") && (!number(r, 2, 60, &seconds) || !fraction(r)))
    return false;
  *ret_seconds = hours * 3600 + minutes * 60 + seconds;
  return true;
}

/* Seconds that the zone's clock is ahead of UTC. */
static bool zone(struct reader *r, int64_t *ret_seconds) {
  int hours, minutes;
  bool west = r->at < r->end && *r->at == '-';
  *ret_seconds = 0;
  if (r->at == r->end || one_of(r, "Zz"))
    return true;
  if (!one_of(r, "+-") || !number(r, 2, 23, &hours) || !one_of(r, ":") || !number(r, 2, 59, &minutes))
    return false;
  *ret_seconds = (hours * 3600 + minutes * 60) * (west ? -1 : 1);
  return true;
}

bool date_seconds(struct slice text, int64_t *ret) {
  struct reader r = {text.at, text.at + text.len};
  int64_t days, seconds = 0, ahead = 0;
  if (!day(&r, &days))
    return false;
  if (r.at < r.end && (!one_of(&r, "Tt ") || !clock_time(&r, &seconds) || !zone(&r, &ahead)))
    return false;
  if (r.at != r.end)
    return false;
  *ret = days * 86400 + seconds - ahead;
  return true;
}
