/* SPDX-License-Identifier: Apache-2.0 */
/* Too low an answer costs repeats, too high a one loses events: so each case asks for "never too high". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "spool/confirm_marks.h"

enum { KEEP = 64 * 1000, START = 1000 * 1000 };

static struct confirm_marks started(uint64_t upto) {
  struct confirm_marks m;
  confirm_marks_init(&m, KEEP, START, upto);
  return m;
}

static void what_was_before_the_start_is_confirmed_at_the_start(void **state) {
  (void)state;
  struct confirm_marks m = started(40);
  assert_int_equal(confirm_marks_before(&m, START), 0);
  assert_int_equal(confirm_marks_before(&m, START + 1), 40);
  assert_int_equal(confirm_marks_old(&m), 0);
}

static void goes_back_to_what_was_confirmed_by_then(void **state) {
  (void)state;
  struct confirm_marks m = started(0);
  for (int64_t second = 1; second <= 100; second++)
    for (int64_t part = 0; part < 10; part++)
      confirm_marks_add(&m, START + second * 1000 + part * 100, (uint64_t)(second * 10 + part));
  for (int64_t second = 2; second <= 100; second++) {
    uint64_t before = confirm_marks_before(&m, START + second * 1000);
    assert_in_range(before, (uint64_t)(second - 1) * 10, (uint64_t)second * 10 - 1);
  }
  uint64_t old = confirm_marks_old(&m); /* the last confirm was at 100.9 s */
  assert_in_range(old, 360, 369);
}

static void nothing_grows_old_while_nothing_is_confirmed(void **state) {
  (void)state;
  struct confirm_marks m = started(5);
  confirm_marks_add(&m, START + 10 * 1000, 9);
  assert_int_equal(confirm_marks_old(&m), 0);
  confirm_marks_add(&m, START + 3600 * 1000, 10); /* an hour's outage */
  assert_int_equal(confirm_marks_old(&m), 9);
  assert_int_equal(confirm_marks_before(&m, START + 10 * 1000 - 10 * 1000), 0);
}

static void the_ring_forgets_the_oldest(void **state) {
  (void)state;
  struct confirm_marks m = started(0);
  for (uint64_t i = 1; i <= 1000; i++)
    confirm_marks_add(&m, START + (int64_t)i * 1000, i);
  assert_int_equal(m.count, CONFIRM_MARKS);
  assert_int_equal(confirm_marks_before(&m, START + 500 * 1000), 0);
  assert_int_equal(confirm_marks_before(&m, START + 1000 * 1000), 999);
  assert_int_equal(confirm_marks_old(&m), 1000 - KEEP / 1000);
}

static void a_clock_set_back_only_repeats_more(void **state) {
  (void)state;
  struct confirm_marks m = started(0);
  for (uint64_t i = 1; i <= 50; i++)
    confirm_marks_add(&m, START + (int64_t)i * 1000, i);
  confirm_marks_add(&m, START + 20 * 1000, 60);
  assert_int_equal(confirm_marks_before(&m, START + 20 * 1000), 19);
  assert_int_equal(confirm_marks_before(&m, START + 20 * 1000 + 1), 60);
  confirm_marks_add(&m, 5, 61); /* 1970 */
  assert_int_equal(confirm_marks_before(&m, 5), 0);
  assert_int_equal(confirm_marks_old(&m), 0);
}

static void without_keeping_all_is_old_at_once(void **state) {
  (void)state;
  struct confirm_marks m;
  confirm_marks_init(&m, 0, START, 3);
  assert_int_equal(confirm_marks_old(&m), 3);
  for (uint64_t i = 4; i < 1000; i++) {
    confirm_marks_add(&m, START + (int64_t)i / 100, i);
    assert_int_equal(confirm_marks_old(&m), i);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_was_before_the_start_is_confirmed_at_the_start),
      cmocka_unit_test(goes_back_to_what_was_confirmed_by_then),
      cmocka_unit_test(nothing_grows_old_while_nothing_is_confirmed),
      cmocka_unit_test(the_ring_forgets_the_oldest),
      cmocka_unit_test(a_clock_set_back_only_repeats_more),
      cmocka_unit_test(without_keeping_all_is_old_at_once),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
