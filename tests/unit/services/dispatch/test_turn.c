/* SPDX-License-Identifier: Apache-2.0 */
/* When the step is called: each rule by itself, then a random life in which no rule is ever broken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "turn.h"
#include <stdlib.h>

static void test_down_nothing_is_called(void **state) {
  (void)state;
  struct turn t = {0};
  turn_woken(&t);
  assert_false(turn_take(&t, 5000));
  assert_int_equal(turn_wait_ms(&t, 5000), -1);
}

static void test_coming_up_calls_at_once(void **state) {
  (void)state;
  struct turn t = {0};
  turn_up(&t, 100);
  assert_int_equal(turn_wait_ms(&t, 100), 0);
  assert_true(turn_take(&t, 100));
  assert_false(turn_take(&t, 100));
  assert_int_equal(turn_wait_ms(&t, 9000), -1); /* the answer comes, or the connection goes */
}

/* Up at 0, one call answered at `at`. */
static struct turn answered(int64_t at, bool more, int64_t due_in) {
  struct turn t = {0};
  turn_up(&t, 0);
  assert_true(turn_take(&t, 0));
  turn_answered(&t, at, more, due_in);
  return t;
}

static void test_after_an_answer(void **state) {
  (void)state;
  static const struct {
    bool more;
    int64_t due_in, wait;
  } rows[] = {
      {false, TURN_NOTHING_DUE, TURN_SAFETY_MS},
      {false, 300, 300},
      {false, TURN_SAFETY_MS + 1, TURN_SAFETY_MS}, /* the safety net comes first */
      {false, 86400000, TURN_SAFETY_MS},
      {false, 1, 10}, /* late is not at once, or a step that cannot do what is due would be called in a circle */
      {false, 0, 10},
      {false, -50000, 10},
      {false, INT64_MIN, 10},
      {true, TURN_NOTHING_DUE, 0},
      {true, 700, 0}};
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    struct turn t = answered(1000, rows[i].more, rows[i].due_in);
    assert_int_equal(turn_wait_ms(&t, 1000), rows[i].wait);
    assert_int_equal(turn_take(&t, 1000 + rows[i].wait - 1), false);
    assert_true(turn_take(&t, 1000 + rows[i].wait));
  }
}

static void test_woken_while_under_way_is_one_call_more(void **state) {
  (void)state;
  struct turn t = {0};
  turn_up(&t, 0);
  assert_true(turn_take(&t, 0));
  for (int i = 0; i < 5; i++)
    turn_woken(&t);
  assert_false(turn_take(&t, 1));
  turn_answered(&t, 2, false, TURN_NOTHING_DUE);
  assert_true(turn_take(&t, 2));
  turn_answered(&t, 3, false, TURN_NOTHING_DUE);
  assert_false(turn_take(&t, 3));
}

static void test_refusals_pause_longer_and_longer(void **state) {
  (void)state;
  static const int64_t pauses[] = {50, 100, 200, 400, 800, 1000, 1000};
  struct turn t = {0};
  int64_t now = 0;
  turn_up(&t, now);
  for (size_t i = 0; i < sizeof(pauses) / sizeof(pauses[0]); i++) {
    assert_true(turn_take(&t, now));
    turn_woken(&t);
    turn_refused(&t, now);
    turn_woken(&t);
    assert_int_equal(turn_wait_ms(&t, now), pauses[i]); /* who wakes it does not make Redis willing */
    assert_false(turn_take(&t, now + pauses[i] - 1));
    now += pauses[i];
  }
  assert_true(turn_take(&t, now));
  turn_answered(&t, now, false, TURN_NOTHING_DUE);
  turn_woken(&t);
  assert_true(turn_take(&t, now)); /* all is well again */
}

static void test_a_lost_call_is_made_again_with_the_connection(void **state) {
  (void)state;
  struct turn t = {0};
  turn_up(&t, 0);
  assert_true(turn_take(&t, 0));
  turn_down(&t);
  assert_false(turn_take(&t, 100));
  turn_up(&t, 200);
  assert_true(turn_take(&t, 200));
}

/* Whatever happens: never two at once, never longer idle than the safety net, and what was marked is looked at by a
 * call that began after it. */
static void live(unsigned seed) {
  struct turn t = {0};
  int64_t now = 0, idle_since = 0;
  bool under_way = false, marked = false, up = false, refused = false;
  for (int i = 0; i < 20000; i++) {
    switch (rand_r(&seed) % 8) {
    case 0:
      marked = true;
      turn_woken(&t);
      break;
    case 1:
      if (rand_r(&seed) % 20)
        break;
      up = !up;
      under_way = refused = false;
      idle_since = now;
      if (up)
        turn_up(&t, now);
      else
        turn_down(&t);
      break;
    case 2:
    case 3:
      if (!under_way)
        break;
      refused = rand_r(&seed) % 4 == 0;
      if (refused)
        turn_refused(&t, now);
      else
        turn_answered(&t, now, rand_r(&seed) % 3 == 0, (int64_t)(rand_r(&seed) % 5000) - 1000);
      under_way = false;
      idle_since = now;
      break;
    default:
      now += rand_r(&seed) % 100;
    }
    int64_t wait = turn_wait_ms(&t, now);
    assert_true(up && !under_way ? wait >= 0 && wait <= TURN_SAFETY_MS : wait == -1);
    if (wait >= 0 && marked && !refused)
      assert_int_equal(wait, 0);
    bool taken = turn_take(&t, now);
    assert_int_equal(taken, wait == 0);
    if (taken) {
      under_way = true;
      marked = refused = false;
    } else if (up && !under_way) {
      assert_true(now - idle_since <= TURN_SAFETY_MS + 100);
    }
  }
}

static void test_a_random_life(void **state) {
  (void)state;
  for (unsigned seed = 1; seed <= 50; seed++)
    live(seed);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_down_nothing_is_called),
      cmocka_unit_test(test_coming_up_calls_at_once),
      cmocka_unit_test(test_after_an_answer),
      cmocka_unit_test(test_woken_while_under_way_is_one_call_more),
      cmocka_unit_test(test_refusals_pause_longer_and_longer),
      cmocka_unit_test(test_a_lost_call_is_made_again_with_the_connection),
      cmocka_unit_test(test_a_random_life),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
