/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "simulate/calendar.h"

#define HOUR 3600000LL
#define DAY (24 * HOUR)

static struct calendar two_spans(void) {
  struct calendar c = {0};
  calendar_add(&c, 100, 200);
  calendar_add(&c, 300, 450);
  return c;
}

static void test_the_clock_stands_while_closed(void **state) {
  (void)state;
  struct calendar c = two_spans();
  static const struct { int64_t at, clock; bool open; } rows[] = {
      {0, 0, false}, {100, 0, true}, {150, 50, true}, {199, 99, true}, {200, 100, false}, {299, 100, false},
      {300, 100, true}, {449, 249, true}, {450, 250, false}, {9999, 250, false}};
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    assert_int_equal(calendar_clock(&c, rows[i].at), rows[i].clock);
    assert_int_equal(calendar_open(&c, rows[i].at), rows[i].open);
  }
  assert_int_equal(calendar_within(&c, 150, 310), 60);
  assert_int_equal(calendar_within(&c, 310, 150), 0);
  calendar_free(&c);
}

static void test_when_the_clock_shows_it(void **state) {
  (void)state;
  struct calendar c = two_spans();
  assert_int_equal(calendar_reaches(&c, 0), 100);
  assert_int_equal(calendar_reaches(&c, 50), 150);
  assert_int_equal(calendar_reaches(&c, 100), 200);
  assert_int_equal(calendar_reaches(&c, 101), 301);
  assert_int_equal(calendar_reaches(&c, 250), 450);
  assert_true(calendar_reaches(&c, 251) == CALENDAR_NEVER);
  for (int64_t clock = 0; clock <= 250; clock++)
    assert_int_equal(calendar_clock(&c, calendar_reaches(&c, clock)), clock);
  calendar_free(&c);
}

static void test_always(void **state) {
  (void)state;
  struct calendar c = calendar_always(), never = {0};
  assert_true(calendar_open(&c, 5) && calendar_clock(&c, 5) == 5 && calendar_reaches(&c, 5) == 5);
  assert_false(calendar_open(&never, 5));
  assert_true(calendar_reaches(&never, 1) == CALENDAR_NEVER);
}

static void test_spans_that_touch_are_one(void **state) {
  (void)state;
  struct calendar c = two_spans();
  calendar_add(&c, 450, 500);
  calendar_add(&c, 480, 490);
  calendar_add(&c, 600, 600);
  assert_int_equal(c.count, 2);
  assert_int_equal(c.spans[1].to, 500);
  calendar_free(&c);
}

static void test_where_both_are_open(void **state) {
  (void)state;
  struct calendar a = two_spans(), b = {0}, always = calendar_always();
  calendar_add(&b, 150, 320);
  calendar_add(&b, 440, 500);
  struct calendar both = calendar_both(&a, &b), same = calendar_both(&always, &a), all = calendar_both(&always, &always);
  assert_int_equal(both.count, 3);
  assert_true(both.spans[0].from == 150 && both.spans[0].to == 200);
  assert_true(both.spans[1].from == 300 && both.spans[1].to == 320);
  assert_true(both.spans[2].from == 440 && both.spans[2].to == 450);
  assert_true(calendar_equal(&same, &a) && !calendar_equal(&both, &a) && all.always);
  calendar_free(&a);
  calendar_free(&b);
  calendar_free(&both);
  calendar_free(&same);
}

static void test_hours_over_a_change_of_the_clock(void **state) {
  (void)state;
  struct hours_span spans[] = {{9 * 60, 17 * 60}, {5 * 1440 + 22 * 60, 6 * 1440 + 4 * 60}}; /* Monday; Saturday night */
  struct hours h = {.name = (char *)"h", .zone = (char *)"Europe/Berlin", .spans = spans, .span_count = 2};
  int64_t monday = 1774224000000LL; /* 2026-03-23 00:00 UTC; summer time begins on the 29th */
  struct calendar c = calendar_of_hours(&h, monday, monday + 14 * DAY);
  assert_int_equal(c.count, 4);
  assert_int_equal(c.spans[0].from, monday + 8 * HOUR);
  assert_int_equal(c.spans[0].to, monday + 16 * HOUR);
  assert_int_equal(c.spans[1].to - c.spans[1].from, 5 * HOUR); /* one is left out in that night */
  assert_int_equal(c.spans[2].from, monday + 7 * DAY + 7 * HOUR);
  assert_int_equal(c.spans[3].to - c.spans[3].from, 6 * HOUR);
  calendar_free(&c);
  c = calendar_of_hours(&h, monday + 10 * HOUR, monday + 12 * HOUR);
  assert_true(c.count == 1 && c.spans[0].from == monday + 10 * HOUR && c.spans[0].to == monday + 12 * HOUR);
  calendar_free(&c);
}

int main(void) {
  static const struct CMUnitTest tests[] = {cmocka_unit_test(test_the_clock_stands_while_closed),
                                            cmocka_unit_test(test_when_the_clock_shows_it),
                                            cmocka_unit_test(test_always),
                                            cmocka_unit_test(test_spans_that_touch_are_one),
                                            cmocka_unit_test(test_where_both_are_open),
                                            cmocka_unit_test(test_hours_over_a_change_of_the_clock)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
