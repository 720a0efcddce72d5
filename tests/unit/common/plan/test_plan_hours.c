/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calendars of a plan against hours_open() asked every minute, around dates at which clocks change, years turn and days
 * are closed: the spans say the same in every minute, and the clock that stands while they are closed counts the same.
 */
#include "tests/unit/common/desk/documents.h"
#include "plan/plan.h"
#include <time.h>

#define MINUTE_MS 60000LL
#define DAY_MINUTES (24 * 60)
#define DAY_MS (DAY_MINUTES * MINUTE_MS)
#define SPANS_MAX 20000
#define DAYS 5              /* looked at from each date on */

struct span {
  int64_t from, to;
};

struct calendar {
  struct span spans[SPANS_MAX];
  size_t count;
};

static int64_t at_ms(const char *utc) {
  struct tm t = {0};
  assert_non_null(strptime(utc, "%Y-%m-%d", &t));
  return (int64_t)timegm(&t) * 1000;
}

static struct desk *desk_with(const char *zone, const char *hours) {
  struct buf yaml = BUF_INIT(1 << 16);
  buf_printf(&yaml, "queues: [{name: q}]\ndefault: {queue: q}\nhours: [{name: h, zone: %s, %s}]\n", zone, hours);
  struct desk *d = good(yaml.at);
  buf_free(&yaml);
  return d;
}

/* "H US h US from to from to … RS" */
static void read_calendar(const struct desk *d, int64_t now_ms, struct calendar *ret) {
  struct buf text = BUF_INIT(PLAN_MAX_BYTES);
  static const char head[] = "H\x1fh\x1f";
  assert_int_equal(plan_write_hours(d, now_ms, &text), 0);
  assert_memory_equal(text.at, head, sizeof(head) - 1);
  assert_int_equal(text.at[text.len - 1], '\x1e');
  ret->count = 0;
  for (char *at = text.at + sizeof(head) - 1; *at != '\x1e';) {
    struct span *s = &ret->spans[ret->count++];
    s->from = strtoll(at, &at, 10);
    assert_int_equal(*at, ' ');
    s->to = strtoll(at, &at, 10);
    at += *at == ' ';
    assert_true(s->from < s->to && ret->count < SPANS_MAX);
    assert_true(ret->count == 1 || s[-1].to < s->from);
  }
  buf_free(&text);
}

static bool in_spans(const struct calendar *c, int64_t at) {
  for (size_t i = 0; i < c->count; i++)
    if (at >= c->spans[i].from && at < c->spans[i].to)
      return true;
  return false;
}

/* The clock that stands while they are closed. */
static int64_t open_before(const struct calendar *c, int64_t at) {
  int64_t open = 0;
  for (size_t i = 0; i < c->count && c->spans[i].from < at; i++)
    open += (c->spans[i].to < at ? c->spans[i].to : at) - c->spans[i].from;
  return open;
}

#define OFFICE "open: {mon-fri: \"09:00-17:00\"}"
#define NIGHTS "open: {mon-sun: \"22:00-06:00\"}"
#define EARLY "open: {mon-sun: [\"00:00-01:30\", \"01:45-02:30\", \"02:40-03:20\", \"23:15-23:45\"]}"
#define ALWAYS "open: {mon-sun: \"00:00-24:00\"}"
#define HOLIDAYS OFFICE ", closed: [\"2026-12-24..2027-01-01\", \"2026-03-30\"]"
#define SHUT_NIGHTS NIGHTS ", closed: [\"2026-03-28\", \"2026-10-25\", \"2026-12-31\"]"

static const struct {
  const char *zone, *hours, *from;
} rows[] = {
    /* Europe: 2026-03-29 and 2026-10-25 */
    {"Europe/Berlin", OFFICE, "2026-03-27"},
    {"Europe/Berlin", OFFICE, "2026-10-23"},
    {"Europe/Berlin", NIGHTS, "2026-03-27"},
    {"Europe/Berlin", NIGHTS, "2026-10-23"},
    {"Europe/Berlin", EARLY, "2026-03-27"},
    {"Europe/Berlin", EARLY, "2026-10-23"},
    {"Europe/Berlin", ALWAYS, "2026-03-27"},
    {"Europe/Berlin", ALWAYS, "2026-10-23"},
    {"Europe/Berlin", HOLIDAYS, "2026-03-27"},
    {"Europe/Berlin", HOLIDAYS, "2026-12-22"},
    {"Europe/Berlin", HOLIDAYS, "2026-12-31"},
    {"Europe/Berlin", SHUT_NIGHTS, "2026-03-26"},
    {"Europe/Berlin", SHUT_NIGHTS, "2026-10-23"},
    {"Europe/Berlin", SHUT_NIGHTS, "2026-12-29"},
    {"Europe/London", EARLY, "2026-03-27"},
    {"Europe/London", EARLY, "2026-10-23"},
    {"Europe/London", NIGHTS, "2026-03-27"},
    {"Europe/Dublin", EARLY, "2026-10-23"},
    {"Europe/Lisbon", OFFICE, "2026-10-24"},
    /* America: 2026-03-08 and 2026-11-01 */
    {"America/New_York", OFFICE, "2026-03-06"},
    {"America/New_York", EARLY, "2026-03-06"},
    {"America/New_York", EARLY, "2026-10-30"},
    {"America/New_York", NIGHTS, "2026-10-30"},
    {"America/St_Johns", EARLY, "2026-03-06"},
    {"America/St_Johns", EARLY, "2026-10-30"},
    {"America/Santiago", EARLY, "2026-04-03"},
    {"America/Santiago", EARLY, "2026-09-04"},
    {"America/Havana", EARLY, "2026-03-06"},
    {"America/Havana", EARLY, "2026-10-30"},
    {"America/Phoenix", OFFICE, "2026-03-06"},
    {"America/Sao_Paulo", NIGHTS, "2026-02-14"},
    /* the southern half, half hours, far ends of the day */
    {"Australia/Sydney", EARLY, "2026-04-03"},
    {"Australia/Sydney", EARLY, "2026-10-02"},
    {"Australia/Lord_Howe", EARLY, "2026-04-03"},
    {"Australia/Lord_Howe", EARLY, "2026-10-02"},
    {"Pacific/Auckland", NIGHTS, "2026-04-03"},
    {"Pacific/Auckland", NIGHTS, "2026-09-25"},
    {"Pacific/Chatham", EARLY, "2026-04-03"},
    {"Pacific/Chatham", EARLY, "2026-09-25"},
    {"Pacific/Apia", EARLY, "2011-12-28"}, /* a day that never was */
    {"Pacific/Apia", ALWAYS, "2011-12-28"},
    {"Pacific/Kiritimati", OFFICE, "2026-12-30"},
    {"Pacific/Marquesas", OFFICE, "2026-07-03"},
    /* Asia and Africa */
    {"Asia/Kolkata", OFFICE, "2026-07-03"},
    {"Asia/Kathmandu", NIGHTS, "2026-07-03"},
    {"Asia/Tokyo", HOLIDAYS, "2026-12-30"},
    {"Asia/Jerusalem", EARLY, "2026-03-26"},
    {"Asia/Jerusalem", EARLY, "2026-10-24"},
    {"Asia/Beirut", EARLY, "2026-03-28"},
    {"Africa/Cairo", EARLY, "2026-04-23"},
    {"Africa/Cairo", EARLY, "2026-10-28"},
    {"Africa/Casablanca", EARLY, "2026-02-13"},
    {"Africa/Casablanca", EARLY, "2026-03-20"},
    {"Antarctica/Troll", EARLY, "2026-03-28"}, /* two hours */
    {"Antarctica/Troll", EARLY, "2026-10-24"},
    /* leap day, end of a year, no zone */
    {"UTC", OFFICE, "2028-02-28"},
    {"UTC", NIGHTS, "2026-12-30"},
    {"UTC", ALWAYS, "2026-12-30"},
    {"UTC", HOLIDAYS, "2026-12-23"},
};

static void look_at_row(size_t row, struct calendar *c) {
  struct desk *d = desk_with(rows[row].zone, rows[row].hours);
  const struct hours *h = &d->hours[0];
  int64_t begin = at_ms(rows[row].from), open = 0;
  read_calendar(d, begin + 12 * 60 * MINUTE_MS + 1, c); /* from the last midnight on */
  for (int minute = 0; minute < DAYS * DAY_MINUTES; minute++) {
    int64_t at = begin + minute * MINUTE_MS;
    if (hours_open(h, at) != in_spans(c, at) || open_before(c, at) != open)
      fail_msg("%s {%s} from %s, minute %d: %d, clock %lld, not %lld", rows[row].zone, rows[row].hours, rows[row].from,
               minute, in_spans(c, at), (long long)open_before(c, at), (long long)open);
    if (hours_open(h, at))
      open += MINUTE_MS;
    if (minute % 61 == 0) {
      int64_t end = hours_end(h, at);
      bool ends = end > at && !hours_open(h, end) && hours_open(h, end - 1);
      assert_true(hours_open(h, at) ? end == -1 || ends : end == at);
    }
  }
  desk_free(&d);
}

static void test_minute_by_minute(void **state) {
  (void)state;
  struct calendar *c = must_calloc(1, sizeof(*c));
  assert_true(COUNT(rows) >= 40);
  for (size_t i = 0; i < COUNT(rows); i++)
    look_at_row(i, c);
  free(c);
}

/* The whole of a calendar, to its last day: sampled, because every change of it would be found above. */
static void test_whole_length(void **state) {
  (void)state;
  static const char *const zones[] = {"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"};
  struct calendar *c = must_calloc(1, sizeof(*c));
  int64_t begin = at_ms("2026-11-27"), end = begin + PLAN_DAYS * DAY_MS;
  for (size_t i = 0; i < COUNT(zones); i++) {
    struct desk *d = desk_with(zones[i], NIGHTS);
    read_calendar(d, begin, c);
    for (int64_t at = begin; at < end; at += 37 * MINUTE_MS)
      if (hours_open(&d->hours[0], at) != in_spans(c, at))
        fail_msg("%s at %lld", zones[i], (long long)at);
    assert_true(c->spans[0].from >= begin && c->spans[c->count - 1].to <= end);
    desk_free(&d);
  }
  free(c);
}

static void test_always_and_never(void **state) {
  (void)state;
  struct calendar *c = must_calloc(1, sizeof(*c));
  struct desk *d = desk_with("Europe/Berlin", ALWAYS);
  read_calendar(d, at_ms("2026-11-27") + 5, c);
  assert_int_equal(c->count, 1);
  assert_true(c->spans[0].from == at_ms("2026-11-27") && c->spans[0].to == at_ms("2026-11-27") + PLAN_DAYS * DAY_MS);
  desk_free(&d);
  d = desk_with("UTC", OFFICE ", closed: [\"2020-01-01..2040-01-01\"]");
  read_calendar(d, at_ms("2026-11-27"), c);
  assert_int_equal(c->count, 0);
  desk_free(&d);
  d = desk_with("Mars/Olympus", ALWAYS); /* not a zone of this system */
  read_calendar(d, at_ms("2026-11-27"), c);
  assert_int_equal(c->count, 0);
  desk_free(&d);
  free(c);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_minute_by_minute),
      cmocka_unit_test(test_whole_length),
      cmocka_unit_test(test_always_and_never),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
