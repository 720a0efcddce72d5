/* SPDX-License-Identifier: Apache-2.0 */
/* Units are rows, read and written from the same table, so that what is printed always reads back. */
#include "config/value.h"
#include <stdio.h>

struct unit {
  const char *name;
  int64_t factor;
};

/* Smallest first. */
static const struct unit duration_units[] = {
    {"ms", 1}, {"s", 1000}, {"m", 60 * 1000}, {"h", 3600 * 1000}, {"d", 24LL * 3600 * 1000}, {NULL, 0}};
static const struct unit size_units[] = {
    {"B", 1}, {"KiB", 1LL << 10}, {"MiB", 1LL << 20}, {"GiB", 1LL << 30}, {NULL, 0}};

struct unit_words {
  const struct unit *units;
  const char *no_unit, *broken, *huge;
};

#define DURATIONS "250ms, 30s, 5m, 2h, 7d"
#define SIZES "512B, 64KiB, 10MiB, 1GiB"
static const struct unit_words duration_words = {
    duration_units, "needs a unit: " DURATIONS, "is not a duration: " DURATIONS, "is longer than any clock"};
static const struct unit_words size_words = {
    size_units, "needs a unit: " SIZES, "is not a size: " SIZES, "is larger than any disk"};

static size_t digits(struct slice s) {
  size_t n = 0;
  while (n < s.len && s.at[n] >= '0' && s.at[n] <= '9')
    n++;
  return n;
}

static const char *with_unit(struct slice text, const struct unit_words *words, int64_t *ret) {
  uint64_t number = 0;
  size_t n = digits(text);
  struct slice unit = slice_of(text.at + n, text.len - n);
  if (n == 0)
    return words->broken;
  int r = slice_to_u64(slice_of(text.at, n), INT64_MAX, &number);
  if (unit.len == 0 && (r || number))
    return words->no_unit;
  if (unit.len == 0) {
    *ret = 0;
    return NULL;
  }
  for (const struct unit *u = words->units; u->name; u++) {
    if (!slice_equal(unit, slice_text(u->name)))
      continue;
    int64_t value;
    if (r || __builtin_mul_overflow((int64_t)number, u->factor, &value))
      return words->huge;
    *ret = value;
    return NULL;
  }
  return words->broken;
}

const char *value_duration(struct slice text, int64_t *ret_ms) {
  return with_unit(text, &duration_words, ret_ms);
}

const char *value_size(struct slice text, int64_t *ret_bytes) {
  return with_unit(text, &size_words, ret_bytes);
}

const char *value_count(struct slice text, int64_t *ret) {
  uint64_t number;
  int r = slice_to_u64(text, INT64_MAX, &number);
  if (r)
    return r == -ERANGE ? "is too large a number" : "is not a whole number";
  *ret = (int64_t)number;
  return NULL;
}

const char *value_decimal(struct slice text, double *ret) {
  static const char broken[] = "is not a number such as 10 or 0.5";
  size_t whole = digits(text);
  size_t behind = 0;
  if (whole < text.len && text.at[whole] == '.') {
    behind = digits(slice_of(text.at + whole + 1, text.len - whole - 1));
    if (behind == 0)
      return broken;
  }
  if (whole == 0 || whole + (behind ? behind + 1 : 0) != text.len)
    return broken;
  if (whole > 9 || behind > 6)
    return "has too many digits: at most 9 before the point and 6 behind it";
  uint64_t micro = 0, scale = 1;
  for (size_t i = 0; i < text.len; i++)
    if (text.at[i] != '.')
      micro = micro * 10 + (uint64_t)(text.at[i] - '0');
  for (size_t i = 0; i < behind; i++)
    scale *= 10;
  *ret = (double)micro / (double)scale;
  return NULL;
}

const char *value_bool(struct slice text, bool *ret) {
  bool yes = slice_equal(text, SLICE("true"));
  if (!yes && !slice_equal(text, SLICE("false")))
    return "is not true or false";
  *ret = yes;
  return NULL;
}

static const char *unit_text(int64_t value, const struct unit *units, char ret[VALUE_LEN]) {
  const struct unit *best = units;
  for (const struct unit *u = units; u->name; u++)
    if (value % u->factor == 0)
      best = u;
  if (value == 0)
    snprintf(ret, VALUE_LEN, "0");
  else
    snprintf(ret, VALUE_LEN, "%lld%s", (long long)(value / best->factor), best->name);
  return ret;
}

const char *duration_text(int64_t ms, char ret[VALUE_LEN]) {
  return unit_text(ms, duration_units, ret);
}

const char *size_text(int64_t bytes, char ret[VALUE_LEN]) {
  return unit_text(bytes, size_units, ret);
}

const char *decimal_text(double value, char ret[VALUE_LEN]) {
  int len = snprintf(ret, VALUE_LEN, "%.6f", value);
  while (len > 0 && ret[len - 1] == '0')
    ret[--len] = '\0';
  if (len > 0 && ret[len - 1] == '.')
    ret[len - 1] = '\0';
  return ret;
}

/* Characters that YAML reads as line breaks or not at all; written as escapes. */
static const struct {
  const char *bytes, *escape;
} escapes[] = {
    {"\"", "\\\""},         {"\\", "\\\\"},         {"\n", "\\n"},          {"\t", "\\t"},
    {"\xE2\x80\xA8", "\\u2028"}, {"\xE2\x80\xA9", "\\u2029"}, {"\xEF\xBB\xBF", "\\uFEFF"},
    {"\xEF\xBF\xBE", "\\uFFFE"}, {"\xEF\xBF\xBF", "\\uFFFF"},
};

void quoted_text(struct buf *ret, const char *text) {
  buf_add_char(ret, '"');
  while (*text) {
    const char *escape = NULL;
    size_t len = 1;
    for (size_t i = 0; i < sizeof(escapes) / sizeof(escapes[0]) && !escape; i++) {
      size_t n = strlen(escapes[i].bytes);
      if (strncmp(text, escapes[i].bytes, n) == 0)
        escape = escapes[i].escape, len = n;
    }
    if (escape)
      buf_add_text(ret, escape);
    else
      buf_add(ret, text, 1);
    text += len;
  }
  buf_add_char(ret, '"');
}
