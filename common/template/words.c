/* SPDX-License-Identifier: Apache-2.0 */
/* Durations, opening hours and openings as people say them, from the rows of words.def. */
#include "base/buf.h"
#include "base/clock.h"
#include "hours/hours.h"
#include "template/template.h"
#include "hours/zone.h"
#include <stdio.h>

#define MINUTE_MS (60LL * 1000)
#define HOUR_MINUTES 60
#define DAY_HOURS 24
#define WEEK_DAYS 7
#define DAY_SECONDS (24 * 3600)
#define TEXT_MAX 2000 /* more than 70 spans need, which is more than can be seven different days of ten */

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

enum rule { ONE_MANY, POLISH, RUSSIAN, SAME };

struct language {
  const char *tag;
  enum rule rule;
  const char *minutes[3], *hours[3], *days[3], *weeks[3];
  const char *short_days[WEEK_DAYS], *long_days[WEEK_DAYS];
  const char *at, *after;
};

static const struct language languages[] = {
#define UNIT(one, few, many) {one, few, many}
#define DAYS(...) {__VA_ARGS__}
#define LANGUAGE(...) {__VA_ARGS__},
#include "template/words.def"
#undef LANGUAGE
#undef DAYS
#undef UNIT
};

/* ---- languages */

static bool tag_split(struct slice *rest, struct slice *ret) {
  for (size_t i = 0; i < rest->len; i++)
    if (rest->at[i] == '_' || rest->at[i] == '-') {
      *ret = slice_of(rest->at, i);
      *rest = slice_of(rest->at + i + 1, rest->len - i - 1);
      return true;
    }
  *ret = *rest;
  *rest = slice_of("", 0);
  return ret->len > 0;
}

/* Chinese in the other script: said, or by where it is written. */
static bool traditional(struct slice subtags) {
  static const char *const marks[] = {"hant", "tw", "hk", "mo"};
  struct slice part;
  while (tag_split(&subtags, &part))
    for (size_t i = 0; i < COUNT(marks); i++)
      if (slice_equal_nocase(part, slice_text(marks[i])))
        return true;
  return false;
}

static const struct language *language_of(struct slice tag) {
  struct slice rest = tag, primary = {"", 0};
  tag_split(&rest, &primary);
  if (slice_equal_nocase(primary, SLICE("zh")) && traditional(rest))
    primary = SLICE("zh-hant");
  for (size_t i = 0; i < COUNT(languages); i++)
    if (slice_equal_nocase(primary, slice_text(languages[i].tag)))
      return &languages[i];
  return &languages[0];
}

/* Which form a number takes: 0 one, 1 few, 2 many. */
static int form_of(enum rule rule, int64_t n) {
  bool few = n % 10 >= 2 && n % 10 <= 4 && (n % 100 < 12 || n % 100 > 14);
  switch (rule) {
  case ONE_MANY:
    return n == 1 ? 0 : 2;
  case POLISH:
    return n == 1 ? 0 : few ? 1 : 2;
  case RUSSIAN:
    return n % 10 == 1 && n % 100 != 11 ? 0 : few ? 1 : 2;
  case SAME:
    break;
  }
  return 0;
}

static char *counted(struct arena *a, const struct language *l, int64_t n, const char *const forms[3]) {
  return arena_printf(a, "%lld%s", (long long)n, forms[form_of(l->rule, n)]);
}

/* ---- durations */

static int64_t up(int64_t n, int64_t unit) {
  return n / unit + (n % unit > 0);
}

char *template_duration(struct arena *a, struct slice language, int64_t ms) {
  static const int rounded[] = {5, 10, 15, 20, 30, 45}; /* minutes people speak of */
  const struct language *l = language_of(language);
  int64_t minutes = ms > 0 ? up(ms, MINUTE_MS) : 0, hours = up(minutes, HOUR_MINUTES), days = up(hours, DAY_HOURS);
  for (size_t i = 0; i < COUNT(rounded); i++)
    if (minutes <= rounded[i])
      return counted(a, l, rounded[i], l->minutes);
  if (hours <= DAY_HOURS / 2)
    return counted(a, l, hours, l->hours);
  if (days <= 2 * WEEK_DAYS)
    return counted(a, l, days, l->days);
  return counted(a, l, up(days, WEEK_DAYS), l->weeks);
}

/* ---- opening hours */

static int day_of(const struct hours_span *s) {
  return s->from / HOURS_DAY_MINUTES;
}

/* The spans of a day, which stand together. */
static struct day {
  const struct hours_span *first;
  size_t count;
} spans_of(const struct hours *h, int day) {
  size_t begin = 0, end;
  while (begin < h->span_count && day_of(&h->spans[begin]) < day)
    begin++;
  for (end = begin; end < h->span_count && day_of(&h->spans[end]) == day; end++)
    ;
  return (struct day){&h->spans[begin], end - begin};
}

static bool same_hours(const struct hours *h, int day, int other) {
  struct day a = spans_of(h, day), b = spans_of(h, other);
  int apart = (other - day) * HOURS_DAY_MINUTES;
  for (size_t i = 0; a.count == b.count && i < a.count; i++)
    if (a.first[i].from + apart != b.first[i].from || a.first[i].to + apart != b.first[i].to)
      return false;
  return a.count == b.count;
}

/* "09:00"; the end of a day is 24:00, what is later is of the next morning. */
static void add_time(struct buf *b, int minutes, bool end) {
  int day = HOURS_DAY_MINUTES, shown = end && minutes % day == 0 ? day : minutes % day;
  buf_printf(b, "%02d:%02d", shown / HOUR_MINUTES, shown % HOUR_MINUTES);
}

static void add_days(struct buf *b, const struct language *l, const struct hours *h, int first, int last) {
  struct day day = spans_of(h, first);
  buf_printf(b, "%s%s", b->len ? ", " : "", l->short_days[first]);
  if (last > first)
    buf_printf(b, "-%s", l->short_days[last]);
  for (size_t i = 0; i < day.count; i++) {
    buf_add_text(b, i ? ", " : " ");
    add_time(b, day.first[i].from, false);
    buf_add_char(b, '-');
    add_time(b, day.first[i].to, true);
  }
}

char *template_opening(struct arena *a, struct slice language, const struct hours *h) {
  auto_clean(buf_free) struct buf text = BUF_INIT(TEXT_MAX);
  const struct language *l = language_of(language);
  for (int day = 0, last; day < WEEK_DAYS; day = last + 1) {
    for (last = day; last + 1 < WEEK_DAYS && same_hours(h, day, last + 1); last++)
      ;
    if (spans_of(h, day).count > 0)
      add_days(&text, l, h, day, last);
  }
  return arena_copy(a, buf_slice(&text));
}

/* ---- the next opening */

/* What the wall's clock shows, as seconds since 1970-01-01. */
static int64_t wall(const struct hours *h, int64_t at_ms) {
  int64_t at = at_ms / 1000;
  return at + zone_offset(h->zone, at);
}

char *template_next_open(struct arena *a, struct slice language, const struct hours *h, int64_t now_ms) {
  const struct language *l = language_of(language);
  int64_t next_ms = hours_next(h, now_ms);
  if (next_ms < 0 || next_ms == now_ms)
    return arena_copy(a, SLICE(""));
  int64_t next = wall(h, next_ms), day = next / DAY_SECONDS, minutes = next % DAY_SECONDS / 60;
  char date[RFC3339_LEN + 1], shown[20] = "";
  clock_rfc3339(next * 1000, date);
  if (day - wall(h, now_ms) / DAY_SECONDS >= WEEK_DAYS) /* another Monday than the next one */
    snprintf(shown, sizeof(shown), " (%.10s)", date);
  return arena_printf(a, "%s%s%s%02d:%02d%s", l->long_days[(day + 3) % WEEK_DAYS], shown, l->at, (int)minutes / 60,
                      (int)minutes % 60, l->after);
}
