/* SPDX-License-Identifier: Apache-2.0 */
#include "text/strip_date.h"

struct number {
  size_t at, len;
  unsigned value;
};

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/* The next run of digits from `at` on; runs longer than four are read to their end and count as none. */
static bool next_number(struct slice s, size_t at, struct number *ret) {
  while (at < s.len) {
    if (!is_digit(s.at[at])) {
      at++;
      continue;
    }
    *ret = (struct number){.at = at};
    for (; at < s.len && is_digit(s.at[at]); at++, ret->len++)
      ret->value = ret->len < 4 ? ret->value * 10 + (unsigned)(s.at[at] - '0') : ret->value;
    if (ret->len <= 4)
      return true;
  }
  return false;
}

static char sign_behind(struct slice s, const struct number *n) {
  size_t at = n->at + n->len;
  return at < s.len ? s.at[at] : '\0';
}

/* The number directly behind `n` and one separating sign. */
static bool joined(struct slice s, const struct number *n, struct number *ret) {
  size_t at = n->at + n->len + 1;
  return at < s.len && is_digit(s.at[at]) && next_number(s, at, ret) && ret->at == at;
}

static bool is_date(struct slice s, const struct number *day) {
  struct number month, year;
  char sign = sign_behind(s, day);
  return (sign == '.' || sign == '/' || sign == '-') && day->len <= 2 && day->value <= 31 && joined(s, day, &month) &&
         month.len <= 2 && month.value <= 31 && sign_behind(s, &month) == sign && joined(s, &month, &year) &&
         (year.len == 2 || year.len == 4);
}

bool strip_has_date(struct slice s) {
  struct number n;
  for (size_t at = 0; next_number(s, at, &n); at = n.at + n.len)
    if ((n.len == 4 && n.value >= 1970 && n.value < 2100) || is_date(s, &n))
      return true;
  return false;
}

static bool is_time(struct slice s, const struct number *hour) {
  struct number minute;
  char sign = sign_behind(s, hour);
  bool dotted = sign == '.';
  if ((sign != ':' && sign != 'h' && !dotted) || hour->len > 2 || hour->value > 24 || !joined(s, hour, &minute))
    return false;
  if (minute.len != 2 || minute.value > 59)
    return false;
  size_t end = minute.at + minute.len;
  bool goes_on = end + 1 < s.len && s.at[end] == '.' && is_digit(s.at[end + 1]);
  return !dotted || (!goes_on && (hour->at == 0 || s.at[hour->at - 1] != '.'));
}

bool strip_has_time(struct slice s) {
  struct number n;
  for (size_t at = 0; next_number(s, at, &n); at = n.at + n.len)
    if (is_time(s, &n))
      return true;
  return false;
}
