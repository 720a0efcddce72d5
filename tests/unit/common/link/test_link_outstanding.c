/* SPDX-License-Identifier: Apache-2.0 */
/* What is confirmed when, over passes and holes, and against a simple model under chance. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "link/outstanding.h"
#include <stdio.h>
#include <stdlib.h>

static struct event_id id_of(uint64_t n) {
  struct event_id id = {.bytes = {0}};
  memcpy(id.bytes, &n, sizeof(n));
  return id;
}

static int add(struct outstanding *o, uint64_t seq) {
  struct event_id id = id_of(seq);
  return outstanding_add(o, seq, &id, 10);
}

static bool done(struct outstanding *o, uint64_t seq) {
  return outstanding_done(o, seq, LINK_ROUTED, SLICE(""));
}

static size_t ready(const struct outstanding *o) {
  size_t n = 0;
  while (outstanding_ready(o, n))
    n++;
  return n;
}

static void the_front_is_ready_as_far_as_it_is_done(void **state) {
  (void)state;
  struct outstanding o;
  outstanding_init(&o, 100, 10000);
  for (uint64_t seq = 1; seq <= 5; seq++)
    assert_int_equal(add(&o, seq), 0);
  assert_true(done(&o, 2));
  assert_true(done(&o, 4));
  assert_int_equal(ready(&o), 0);
  assert_true(done(&o, 1));
  assert_int_equal(ready(&o), 2);
  assert_int_equal(outstanding_ready(&o, 1)->seq, 2);
  outstanding_drop(&o, 2);
  assert_int_equal(ready(&o), 0);
  assert_true(done(&o, 3));
  assert_int_equal(ready(&o), 2);
  assert_false(done(&o, 3));
  assert_false(done(&o, 99));
  assert_int_equal(o.open, 1);
  assert_int_equal(o.open_bytes, 10);
  outstanding_clear(&o);
}

static void numbers_may_have_holes_and_must_rise(void **state) {
  (void)state;
  struct outstanding o;
  outstanding_init(&o, 1000, 100000);
  for (uint64_t i = 1; i <= 500; i++)
    assert_int_equal(add(&o, i * i), 0);
  assert_int_equal(add(&o, 500 * 500), OUTSTANDING_DISORDER);
  assert_int_equal(add(&o, 3), OUTSTANDING_DISORDER);
  for (uint64_t i = 500; i >= 1; i--)
    assert_true(done(&o, i * i));
  assert_false(done(&o, 5));
  assert_int_equal(ready(&o), 500);
  outstanding_clear(&o);
}

static void the_window_is_kept(void **state) {
  (void)state;
  struct outstanding o;
  struct event_id id = id_of(1);
  outstanding_init(&o, 3, 100);
  assert_int_equal(outstanding_add(&o, 1, &id, 500), 0); /* a lone one may be larger */
  assert_int_equal(outstanding_add(&o, 2, &id, 1), OUTSTANDING_FULL);
  assert_true(done(&o, 1));
  assert_int_equal(outstanding_add(&o, 2, &id, 1), OUTSTANDING_FULL); /* not confirmed yet */
  outstanding_drop(&o, 1);
  assert_int_equal(outstanding_add(&o, 2, &id, 50), 0);
  assert_int_equal(outstanding_add(&o, 3, &id, 51), OUTSTANDING_FULL);
  assert_int_equal(outstanding_add(&o, 3, &id, 50), 0);
  outstanding_clear(&o);
}

static void a_new_pass_knows_the_earlier_ones(void **state) {
  (void)state;
  struct outstanding o;
  outstanding_init(&o, 100, 10000);
  for (uint64_t seq = 1; seq <= 5; seq++)
    assert_int_equal(add(&o, seq), 0);
  assert_true(outstanding_done(&o, 2, LINK_QUARANTINED, SLICE("a reason that is freed")));
  outstanding_restart(&o);
  assert_int_equal(o.open, 4);
  assert_true(done(&o, 3)); /* done meanwhile: its repeat is handed on, Redis knows it */
  assert_int_equal(add(&o, 1), OUTSTANDING_KNOWN);
  assert_int_equal(add(&o, 2), 0);
  assert_int_equal(add(&o, 3), 0);
  assert_int_equal(add(&o, 4), OUTSTANDING_KNOWN);
  assert_int_equal(o.open, 5);
  assert_true(done(&o, 5)); /* not sent again yet */
  assert_int_equal(ready(&o), 0);
  assert_true(done(&o, 1));
  assert_int_equal(ready(&o), 1);
  outstanding_restart(&o);
  outstanding_restart(&o);
  assert_int_equal(o.open, 3);
  assert_int_equal(add(&o, 4), OUTSTANDING_KNOWN);
  outstanding_clear(&o);
}

static void another_event_under_a_known_number_is_noticed(void **state) {
  (void)state;
  struct outstanding o;
  struct event_id other = id_of(4711);
  outstanding_init(&o, 100, 10000);
  assert_int_equal(add(&o, 1), 0);
  outstanding_restart(&o);
  assert_int_equal(outstanding_add(&o, 1, &other, 10), OUTSTANDING_OTHER);
  assert_int_equal(o.open, 1);
  assert_int_equal(o.count, 0);
  outstanding_clear(&o);
}

static void passes_do_not_add_up_without_end(void **state) {
  (void)state;
  struct outstanding o;
  uint64_t seq = 1;
  int r = 0;
  outstanding_init(&o, 10, 1000);
  while (r == 0 && seq < 1000) { /* a peer that names ever new numbers */
    outstanding_restart(&o);
    for (int i = 0; i < 10 && r == 0; i++)
      r = add(&o, seq++);
  }
  assert_int_equal(r, OUTSTANDING_FULL);
  assert_int_equal(o.open, 40);
  outstanding_clear(&o);
}

static void a_long_reason_is_cut(void **state) {
  (void)state;
  struct outstanding o;
  char reason[1000];
  memset(reason, 'x', sizeof(reason));
  outstanding_init(&o, 10, 1000);
  assert_int_equal(add(&o, 1), 0);
  assert_true(outstanding_done(&o, 1, LINK_QUARANTINED, slice_of(reason, sizeof(reason))));
  assert_int_equal(strlen(outstanding_ready(&o, 0)->reason), 200);
  outstanding_clear(&o);
}

/* A program and Redis played by chance. What the confirms of a pass cover must be durable: that is the whole promise. */
static void nothing_is_confirmed_that_is_not_durable(void **state) {
  (void)state;
  enum { NUMBERS = 400, WINDOW = 16 };
  for (unsigned seed = 1; seed <= 50; seed++) {
    struct outstanding o;
    bool durable[NUMBERS + 1] = {false};
    size_t with_user[NUMBERS + 1] = {0};
    uint64_t confirmed = 0, next = 1;
    srand(seed);
    outstanding_init(&o, WINDOW, WINDOW * 10);
    for (unsigned step = 0; confirmed < NUMBERS; step++) {
      assert_true(step < 1000000);
      int what = rand() % 20;
      if (what < 10 && next <= NUMBERS && next - confirmed <= WINDOW) {
        int r = add(&o, next);
        assert_true(r == 0 || r == OUTSTANDING_KNOWN);
        assert_true(r == 0 || with_user[next] > 0);
        assert_true(r != 0 || with_user[next] == 0);
        with_user[next] += r == 0;
        next++;
      } else if (what < 17) {
        uint64_t seq = confirmed + 1 + (uint64_t)rand() % (2 * WINDOW);
        if (seq <= NUMBERS && with_user[seq]) {
          with_user[seq] = 0;
          durable[seq] = true;
          assert_true(done(&o, seq));
        }
      } else if (what < 19) {
        size_t n = ready(&o);
        if (n) {
          confirmed = outstanding_ready(&o, n - 1)->seq;
          outstanding_drop(&o, n);
          for (uint64_t seq = 1; seq <= confirmed; seq++)
            assert_true(durable[seq]);
        }
      } else {
        outstanding_restart(&o);
        next = confirmed + 1;
      }
    }
    outstanding_clear(&o);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_front_is_ready_as_far_as_it_is_done),
      cmocka_unit_test(numbers_may_have_holes_and_must_rise),
      cmocka_unit_test(the_window_is_kept),
      cmocka_unit_test(a_new_pass_knows_the_earlier_ones),
      cmocka_unit_test(another_event_under_a_known_number_is_noticed),
      cmocka_unit_test(passes_do_not_add_up_without_end),
      cmocka_unit_test(a_long_reason_is_cut),
      cmocka_unit_test(nothing_is_confirmed_that_is_not_durable),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
