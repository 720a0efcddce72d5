/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening hours: the days of the week with their spans, and the days on which nobody answers. Spans become minutes of
 * one week in order, so that who asks "open?" needs no more than a walk over them.
 */
#include "config/forms.h"
#include "desk/when.h"
#include "hours/zone.h"
#include <stdlib.h>
#include <time.h>

#define WEEK_DAYS 7
#define WEEK_MINUTES (WEEK_DAYS * HOURS_DAY_MINUTES)
#define SPANS_A_DAY 10
#define CLOSED_MAX 400
#define DATE_LEN 10
#define TIME_LEN 5
#define DAY_LEN 3

/* ---- spans */

/* "09:00" in minutes; -1: none. "24:00" is the end of a day. */
static int clock_minutes(struct slice text) {
  uint64_t hour, minute;
  if (text.len != TIME_LEN || text.at[2] != ':' || slice_to_u64(slice_of(text.at, 2), 24, &hour) ||
      slice_to_u64(slice_of(text.at + 3, 2), 59, &minute) || (hour == 24 && minute))
    return -1;
  return (int)(hour * 60 + minute);
}

static bool span_of(struct slice text, struct hours_span *ret) {
  const char *dash = text.len ? memchr(text.at, '-', text.len) : NULL;
  if (!dash)
    return false;
  int from = clock_minutes(slice_trim(slice_of(text.at, (size_t)(dash - text.at))));
  int to = clock_minutes(slice_trim(slice_of(dash + 1, text.len - (size_t)(dash + 1 - text.at))));
  if (from < 0 || from == HOURS_DAY_MINUTES || to < 0 || to == from)
    return false;
  ret->from = from;
  ret->to = to < from ? to + HOURS_DAY_MINUTES : to; /* over midnight */
  return true;
}

static bool overlap(const struct hours_span *a, const struct hours_span *b) {
  return a->from < b->to && b->from < a->to;
}

/* A span of Sunday may reach into Monday, so each is looked at once more a week later and a week before. */
static bool overlap_in_weeks(const struct hours_span *a, const struct hours_span *b) {
  struct hours_span later = {a->from + WEEK_MINUTES, a->to + WEEK_MINUTES};
  struct hours_span before = {a->from - WEEK_MINUTES, a->to - WEEK_MINUTES};
  return overlap(a, b) || overlap(&later, b) || overlap(&before, b);
}

static int add_span(struct reading *r, const struct node *value, struct hours *h, int day,
                    const struct hours_span *of_day) {
  struct hours_span span = {day * HOURS_DAY_MINUTES + of_day->from, day * HOURS_DAY_MINUTES + of_day->to};
  size_t at = h->span_count;
  for (size_t i = 0; i < h->span_count; i++)
    if (overlap_in_weeks(&span, &h->spans[i]))
      return complain_value(r, value, "overlaps with hours that were given before it");
  while (at > 0 && h->spans[at - 1].from > span.from)
    at--;
  memmove(&h->spans[at + 1], &h->spans[at], (h->span_count - at) * sizeof(span));
  h->spans[at] = span;
  h->span_count++;
  return 0;
}

static int read_span(struct reading *r, const struct node *value, struct hours *h, int first, int last) {
  struct hours_span span;
  if (value->kind != NODE_TEXT || node_is_null(value) || !span_of(value->text, &span))
    return complain_value(r, value, "is no opening time: \"09:00-17:00\", over midnight \"22:00-02:00\", a whole day "
                                    "\"00:00-24:00\"");
  for (int day = first;; day = (day + 1) % WEEK_DAYS) {
    int fault = add_span(r, value, h, day, &span);
    if (fault || day == last)
      return fault;
  }
}

/* ---- days */

static int day_of(struct slice text) {
  static const char *const days[WEEK_DAYS] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
  for (int i = 0; i < WEEK_DAYS; i++)
    if (slice_equal(text, slice_text(days[i])))
      return i;
  return -1;
}

/* "mon" or "mon-fri"; "sat-mon" goes over the end of the week. */
static bool days_of(struct slice text, int *ret_first, int *ret_last) {
  bool run = text.len == 2 * DAY_LEN + 1 && text.at[DAY_LEN] == '-';
  *ret_first = day_of(run ? slice_of(text.at, DAY_LEN) : text);
  *ret_last = run ? day_of(slice_of(text.at + DAY_LEN + 1, DAY_LEN)) : *ret_first;
  return *ret_first >= 0 && *ret_last >= 0 && (!run || *ret_first != *ret_last);
}

static int read_day(struct reading *r, const struct node *value, struct hours *h) {
  int first, last, fault = 0;
  if (!days_of(value->key->text, &first, &last))
    return complain_value(r, value->key, "is no day: mon, tue, wed, thu, fri, sat, sun, or a run of them: mon-fri");
  if (value->kind != NODE_LIST)
    return read_span(r, value, h, first, last);
  if (value->count > SPANS_A_DAY)
    return document_complain(&r->document, value, "'%s' has %zu spans; at most %d are allowed", value->key->text.at,
                             value->count, SPANS_A_DAY);
  if (value->count == 0)
    return document_complain(&r->document, value, "'%s' needs at least one entry; leave out a day that is closed",
                             value->key->text.at);
  for (const struct node *n = value->first; n && !fault; n = n->next)
    fault = read_span(r, n, h, first, last);
  return fault;
}

static int hours_open_days(struct reading *r, const struct node *value, void *into) {
  struct hours *h = into;
  if (value->kind != NODE_MAP || value->count == 0)
    return document_complain(&r->document, value, "'open' must be a map of days: {mon-fri: \"09:00-17:00\"}");
  /* One run of days names seven at most. */
  h->spans = must_calloc(value->count * WEEK_DAYS * SPANS_A_DAY + 1, sizeof(*h->spans));
  for (const struct node *n = value->first; n; n = n->next) {
    int fault = read_day(r, n, h);
    if (fault)
      return fault;
  }
  h->spans = must_realloc(h->spans, h->span_count * sizeof(*h->spans));
  return 0;
}

/* ---- closed */

static int days_since_1970(struct slice date) {
  uint64_t year = 1970, month = 1, day = 1;
  if (slice_to_u64(slice_of(date.at, 4), 9999, &year) || slice_to_u64(slice_of(date.at + 5, 2), 12, &month) ||
      slice_to_u64(slice_of(date.at + 8, 2), 31, &day))
    assert(!"form_date() holds");
  struct tm t = {.tm_year = (int)year - 1900, .tm_mon = (int)month - 1, .tm_mday = (int)day};
  return (int)(timegm(&t) / (HOURS_DAY_MINUTES * 60));
}

static bool closed_of(struct slice text, struct hours_closed *ret) {
  struct slice first = text, last = text;
  if (text.len == 2 * DATE_LEN + 2 && memcmp(text.at + DATE_LEN, "..", 2) == 0) {
    first = slice_of(text.at, DATE_LEN);
    last = slice_of(text.at + DATE_LEN + 2, DATE_LEN);
  }
  if (!form_date(first) || !form_date(last))
    return false;
  ret->first = days_since_1970(first);
  ret->last = days_since_1970(last);
  return true;
}

static int hours_closed(struct reading *r, const struct node *value, void *into) {
  struct hours *h = into;
  int fault = read_list_shape(r, value, "closed", CLOSED_MAX);
  if (fault)
    return fault;
  h->closed = must_calloc(value->count + 1, sizeof(*h->closed));
  for (const struct node *n = value->first; n; n = n->next) {
    struct hours_closed *closed = &h->closed[h->closed_count];
    if (n->kind != NODE_TEXT || !closed_of(n->text, closed))
      return complain_value(r, n, "is no day: \"2026-12-25\", or both ends of a run \"2026-12-24..2027-01-02\"");
    if (closed->last < closed->first)
      return complain_value(r, n, "ends before it begins");
    h->closed_count++;
  }
  return 0;
}

/* ---- the section */

static int hours_name(struct reading *r, const struct node *value, void *into) {
  return read_name(r, value, &((struct hours *)into)->name);
}

static int hours_zone(struct reading *r, const struct node *value, void *into) {
  struct hours *h = into;
  if (value->kind != NODE_TEXT || node_is_null(value) || !zone_form(value->text))
    return complain_value(r, value, "is no name of a time zone: Europe/Berlin, America/New_York, UTC");
  h->zone = must_strdup(value->text.at);
  h->zone_place = place_of(value);
  return 0;
}

static const struct field hours_fields[] = {{"name", true, hours_name},
                                            {"zone", false, hours_zone},
                                            {"open", true, hours_open_days},
                                            {"closed", false, hours_closed}};

/* ---- who asks for hours */

static int complain_hours(struct reading *r, const struct node *value, struct slice name, bool sides) {
  const char *defined[DESK_MAX_HOURS];
  char shown[SHOWN_MAX];
  slice_shown(name, shown);
  for (size_t i = 0; i < r->desk->hours_count; i++)
    defined[i] = r->desk->hours[i].name;
  const char *near = nearest_name(name, defined, r->desk->hours_count);
  if (!near)
    return document_complain(&r->document, value, "hours '%s' are not defined under 'hours'", shown);
  if (!sides)
    return document_complain(&r->document, value, "hours '%s' are not defined under 'hours'; did you mean '%s'?", shown,
                             near);
  return document_complain(&r->document, value, "hours '%s' are not defined under 'hours'; did you mean '%s' or "
                           "'not %s'?", shown, near, near);
}

int read_hours_name(struct reading *r, const struct node *value, const struct hours **ret) {
  if (value->kind != NODE_TEXT || node_is_null(value))
    return document_complain(&r->document, value, "the name of hours is needed here");
  *ret = desk_hours_named(r->desk, value->text);
  return *ret ? 0 : complain_hours(r, value, value->text, false);
}

int read_hours_side(struct reading *r, const struct node *value, const struct hours **ret, bool *ret_outside) {
  struct slice name = value->text;
  if (value->kind != NODE_TEXT || node_is_null(value))
    return document_complain(&r->document, value, "the name of hours is needed here: office, or \"not office\"");
  *ret_outside = slice_starts_nocase(name, SLICE("not "));
  if (*ret_outside)
    name = slice_trim(slice_of(name.at + 4, name.len - 4));
  *ret = desk_hours_named(r->desk, name);
  return *ret ? 0 : complain_hours(r, value, name, true);
}

int read_hours(struct reading *r, const struct node *list) {
  int fault = read_list_shape(r, list, "hours", DESK_MAX_HOURS);
  if (fault)
    return fault;
  r->desk->hours = must_calloc(list->count + 1, sizeof(*r->desk->hours));
  for (const struct node *n = list->first; n; n = n->next) {
    size_t index = r->desk->hours_count++;
    struct hours *h = &r->desk->hours[index];
    h->place = place_of(n);
    fault = read_fields(r, n, hours_fields, COUNT(hours_fields), "an entry of 'hours'", h);
    if (fault)
      return fault;
    if (!names_add(&r->hours, slice_text(h->name), (uint32_t)index))
      return document_complain(&r->document, node_member(n, "name"), "hours '%s' are defined twice", h->name);
    if (!h->zone)
      h->zone = must_strdup("UTC");
  }
  return 0;
}

void hours_clear(struct hours *h) {
  free(h->name);
  free(h->zone);
  free(h->spans);
  free(h->closed);
}
