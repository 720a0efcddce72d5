/* SPDX-License-Identifier: Apache-2.0 */
#include "repeats.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

static struct event_id id(unsigned n) {
  return event_id_make(SLICE("shop"), SLICE("form"), slice_of(&n, sizeof(n)), SLICE(""));
}

static void test_life_of_a_submission(void **state) {
  (void)state;
  struct repeats *r = repeats_new();
  struct event_id key = id(1), event = id(2), other = id(3), before = {{0}};
  assert_int_equal(repeats_look(r, &key, &event, &before), REPEAT_NEW);
  repeats_begin(r, &key, &event);
  assert_int_equal(repeats_look(r, &key, &event, NULL), REPEAT_UNDER_WAY);
  assert_int_equal(repeats_look(r, &key, &other, &before), REPEAT_OTHER);
  assert_memory_equal(&before, &event, sizeof(event));
  repeats_end(r, &key, &event, true);
  assert_int_equal(repeats_look(r, &key, &event, NULL), REPEAT_TAKEN);
  assert_int_equal(repeats_look(r, &key, &other, NULL), REPEAT_OTHER);
  assert_int_equal(repeats_look(r, &event, &event, NULL), REPEAT_NEW);
  repeats_free(&r);
  assert_null(r);
  repeats_free(&r);
}

static void test_what_was_not_taken_is_forgotten(void **state) {
  (void)state;
  struct repeats *r = repeats_new();
  struct event_id key = id(1), event = id(2);
  repeats_begin(r, &key, &event);
  repeats_end(r, &key, &event, false);
  assert_int_equal(repeats_look(r, &key, &event, NULL), REPEAT_NEW);
  /* five at the same time, of which only the third becomes durable */
  for (int i = 0; i < 5; i++)
    repeats_begin(r, &key, &event);
  for (int i = 0; i < 5; i++)
    repeats_end(r, &key, &event, i == 2);
  assert_int_equal(repeats_look(r, &key, &event, NULL), REPEAT_TAKEN);
  /* five at the same time, none */
  struct event_id late = id(9);
  for (int i = 0; i < 5; i++)
    repeats_begin(r, &late, &event);
  for (int i = 0; i < 5; i++) {
    assert_int_equal(repeats_look(r, &late, &event, NULL), REPEAT_UNDER_WAY);
    repeats_end(r, &late, &event, false);
  }
  assert_int_equal(repeats_look(r, &late, &event, NULL), REPEAT_NEW);
  repeats_end(r, &late, &event, false); /* of one that is gone: nothing happens */
  repeats_free(&r);
}

static void test_a_flood_drops_the_oldest(void **state) {
  (void)state;
  struct repeats *r = repeats_new();
  enum { FLOOD = 200000 };
  for (unsigned n = 0; n < FLOOD; n++) {
    struct event_id key = id(n);
    repeats_begin(r, &key, &key);
    repeats_end(r, &key, &key, true);
  }
  unsigned known = 0;
  for (unsigned n = 0; n < FLOOD; n++) {
    struct event_id key = id(n);
    known += repeats_look(r, &key, &key, NULL) == REPEAT_TAKEN;
  }
  assert_int_equal(known, 4096 * 4);
  for (unsigned n = FLOOD - 1000; n < FLOOD; n++) {
    struct event_id key = id(n);
    assert_int_equal(repeats_look(r, &key, &key, NULL), REPEAT_TAKEN);
  }
  repeats_free(&r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_life_of_a_submission),
      cmocka_unit_test(test_what_was_not_taken_is_forgotten),
      cmocka_unit_test(test_a_flood_drops_the_oldest),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
