/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "http/bucket.h"

static void test_burst_then_wait(void **state) {
  (void)state;
  struct bucket_table *t = bucket_table_new(8, 2, 3);
  for (int i = 0; i < 3; i++)
    assert_int_equal(bucket_take(t, SLICE("a"), 1000), 0);
  assert_int_equal(bucket_take(t, SLICE("a"), 1000), 500);
  assert_int_equal(bucket_take(t, SLICE("a"), 1400), 100);
  assert_int_equal(bucket_take(t, SLICE("a"), 1500), 0); /* the wait that was said is enough */
  assert_int_equal(bucket_take(t, SLICE("a"), 1500), 500);
  bucket_table_free(&t);
  bucket_table_free(&t);
}

static void test_keys_do_not_share(void **state) {
  (void)state;
  struct bucket_table *t = bucket_table_new(8, 1, 1);
  assert_int_equal(bucket_take(t, SLICE("a"), 0), 0);
  assert_int_equal(bucket_take(t, SLICE("b"), 0), 0);
  assert_true(bucket_take(t, SLICE("a"), 0) > 0);
  assert_int_equal(bucket_take(t, SLICE(""), 0), 0);
  bucket_table_free(&t);
}

static void test_never_more_than_the_burst(void **state) {
  (void)state;
  struct bucket_table *t = bucket_table_new(4, 100, 2);
  assert_int_equal(bucket_take(t, SLICE("a"), 0), 0);
  assert_int_equal(bucket_take(t, SLICE("a"), 1000000), 0);
  assert_int_equal(bucket_take(t, SLICE("a"), 1000000), 0);
  assert_int_equal(bucket_take(t, SLICE("a"), 1000000), 10);
  bucket_table_free(&t);
}

static void test_a_clock_that_goes_back_gives_nothing(void **state) {
  (void)state;
  struct bucket_table *t = bucket_table_new(4, 1, 1);
  assert_int_equal(bucket_take(t, SLICE("a"), 5000), 0);
  assert_true(bucket_take(t, SLICE("a"), 0) > 0);
  assert_true(bucket_take(t, SLICE("a"), 5500) > 0);
  assert_int_equal(bucket_take(t, SLICE("a"), 6000), 0);
  bucket_table_free(&t);
}

static void test_no_refill(void **state) {
  (void)state;
  struct bucket_table *t = bucket_table_new(1, 0, 1);
  assert_int_equal(bucket_take(t, SLICE("a"), 0), 0);
  assert_true(bucket_take(t, SLICE("a"), 1000000) == INT64_MAX);
  bucket_table_free(&t);
}

static void test_the_stalest_makes_room(void **state) {
  (void)state;
  struct bucket_table *t = bucket_table_new(2, 0.001, 1);
  assert_int_equal(bucket_take(t, SLICE("old"), 1), 0);
  assert_int_equal(bucket_take(t, SLICE("new"), 2), 0);
  assert_int_equal(bucket_take(t, SLICE("third"), 3), 0); /* takes the place of "old" */
  assert_true(bucket_take(t, SLICE("new"), 4) > 0);
  assert_true(bucket_take(t, SLICE("third"), 4) > 0);
  assert_int_equal(bucket_take(t, SLICE("old"), 5), 0);
  bucket_table_free(&t);
}

static void test_a_flood_of_keys_is_bounded(void **state) {
  (void)state;
  struct bucket_table *t = bucket_table_new(64, 1, 1);
  char key[32];
  for (int i = 0; i < 100000; i++)
    assert_int_equal(bucket_take(t, slice_of(key, (size_t)snprintf(key, sizeof(key), "10.0.%d", i)), i), 0);
  bucket_table_free(&t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_burst_then_wait),
      cmocka_unit_test(test_keys_do_not_share),
      cmocka_unit_test(test_never_more_than_the_burst),
      cmocka_unit_test(test_a_clock_that_goes_back_gives_nothing),
      cmocka_unit_test(test_no_refill),
      cmocka_unit_test(test_the_stalest_makes_room),
      cmocka_unit_test(test_a_flood_of_keys_is_bounded),
  };
  return cmocka_run_group_tests_name("bucket", tests, NULL, NULL);
}
