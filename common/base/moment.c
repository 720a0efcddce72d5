/* SPDX-License-Identifier: Apache-2.0 */
#include "base/moment.h"
#include <time.h>

static bool take_number(struct slice *s, size_t count, unsigned least, unsigned most, int *ret) {
  uint64_t value;
  if (s->len < count || slice_to_u64(slice_of(s->at, count), most, &value) != 0 || value < least)
    return false;
  *ret = (int)value;
  *s = slice_of(s->at + count, s->len - count);
  return true;
}

static bool take_char(struct slice *s, const char *any) {
  if (s->len == 0 || !s->at[0] || !strchr(any, s->at[0]))
    return false;
  *s = slice_of(s->at + 1, s->len - 1);
  return true;
}

static bool take_fraction(struct slice *s, int *ret_ms) {
  int scale = 100;
  *ret_ms = 0;
  if (!take_char(s, "."))
    return true;
  size_t count = 0;
  for (; s->len && s->at[0] >= '0' && s->at[0] <= '9'; count++, scale /= 10) {
    *ret_ms += (s->at[0] - '0') * scale;
    *s = slice_of(s->at + 1, s->len - 1);
  }
  return count > 0;
}

static bool take_zone(struct slice *s, int *ret_minutes) {
  int hours, minutes;
  *ret_minutes = 0;
  if (take_char(s, "Zz"))
    return true;
  bool west = s->len && s->at[0] == '-';
  if (!take_char(s, "+-") || !take_number(s, 2, 0, 23, &hours) || !take_char(s, ":") ||
      !take_number(s, 2, 0, 59, &minutes))
    return false;
  *ret_minutes = (hours * 60 + minutes) * (west ? -1 : 1);
  return true;
}

int moment_parse(struct slice s, int64_t *ret_ms) {
  struct tm t = {0};
  int milliseconds, zone;
  if (!take_number(&s, 4, 1970, 9999, &t.tm_year) || !take_char(&s, "-") || !take_number(&s, 2, 1, 12, &t.tm_mon) ||
      !take_char(&s, "-") || !take_number(&s, 2, 1, 31, &t.tm_mday) || !take_char(&s, "Tt ") ||
      !take_number(&s, 2, 0, 23, &t.tm_hour) || !take_char(&s, ":") || !take_number(&s, 2, 0, 59, &t.tm_min) ||
      !take_char(&s, ":") || !take_number(&s, 2, 0, 60, &t.tm_sec) || !take_fraction(&s, &milliseconds) ||
      !take_zone(&s, &zone) || s.len)
    return -EINVAL;
  int day = t.tm_mday, second = t.tm_sec;
  t.tm_year -= 1900;
  t.tm_mon -= 1;
  int64_t seconds = timegm(&t);
  if (t.tm_mday != day && second != 60) /* February 30th: timegm() has moved it; a leap second may pass midnight */
    return -EINVAL;
  *ret_ms = (seconds - zone * 60) * 1000 + milliseconds;
  return *ret_ms < 0 ? -EINVAL : 0;
}
