/* SPDX-License-Identifier: Apache-2.0 */
/* A message's way through the delivery store: tries, crashes at every step, orders, reports, limits. */
#include "outbound_world.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define MINUTE 60000LL

static struct world *w;

static int set_up(void **state) {
  (void)state;
  w = world_new();
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  world_free(&w);
  return 0;
}

static void take_it(struct world *world, const char *id, const outbound_message *m) {
  (void)m;
  world_answer(world, id, OUTBOUND_ACCEPTED, "250 queued");
}

static void defer(struct world *world, const char *id, const outbound_message *m) {
  (void)m;
  world_answer(world, id, OUTBOUND_DEFERRED, "451 try later");
}

static void refuse(struct world *world, const char *id, const outbound_message *m) {
  (void)m;
  world_answer(world, id, OUTBOUND_FAILED, "550 no such user");
}

static void no_answer(struct world *world, const char *id, const outbound_message *m) {
  (void)m;
  world_answer(world, id, OUTBOUND_UNSURE, "connection lost after the final dot");
}

static void unreachable(struct world *world, const char *id, const outbound_message *m) {
  const struct outbound_result r = {.outcome = OUTBOUND_DEFERRED, .why = "connection refused", .code = "",
                                    .destination_down = true};
  (void)m;
  outbound_done(world->o, id, &r);
}

static void one(const char *id, void (*next_system)(struct world *world, const char *id, const outbound_message *m)) {
  w->next_system = next_system;
  world_open(w);
  world_take(w, id, "ann@example.org");
  world_settle(w);
}

static void test_accepted(void **state) {
  (void)state;
  const char *id = world_id(1);
  one(id, take_it);
  assert_int_equal(w->answers[0], 0);
  assert_int_equal(world_told(w, id), DELIVERY_accepted);
  assert_string_equal(w->told[0].channel, "mail");
  assert_string_equal(w->told[0].why, "250 queued");
  assert_int_equal(w->told_count, 1);
}

static void test_taken_twice_is_tried_once(void **state) {
  (void)state;
  const char *id = world_id(1);
  one(id, take_it);
  world_take(w, id, "ann@example.org");
  world_settle(w);
  world_crash(w);
  world_open(w);
  world_take(w, id, "ann@example.org");
  world_settle(w);
  assert_int_equal(w->answer_count, 3);
  for (size_t i = 0; i < 3; i++)
    assert_int_equal(w->answers[i], 0);
  assert_int_equal(w->tried_count, 1);
}

static void test_refused(void **state) {
  (void)state;
  const char *id = world_id(1);
  one(id, refuse);
  assert_int_equal(world_told(w, id), DELIVERY_failed);
  world_now_ms += 10 * 24 * 60 * MINUTE;
  world_crash(w);
  world_open(w);
  world_settle(w);
  assert_int_equal(w->tried_count, 1);
}

static void test_deferred_by_the_schedule_until_it_is_over(void **state) {
  (void)state;
  const char *id = world_id(1);
  one(id, defer);
  assert_int_equal(world_told(w, id), DELIVERY_deferred);
  int64_t began = world_now_ms;
  for (int i = 0; i < 400 && world_told(w, id) != DELIVERY_failed; i++) {
    world_crash(w); /* the next try survives any number of restarts */
    world_now_ms += 70 * MINUTE;
    world_open(w);
    world_settle(w);
  }
  assert_int_equal(world_told(w, id), DELIVERY_failed);
  assert_true(w->tried_count > 90);
  assert_in_range((world_now_ms - began) / (60 * MINUTE), 4 * 24, 5 * 24 + 2);
  assert_int_equal(w->tried[w->tried_count - 1].attempt, w->tried_count);
}

/* Nothing was handed over yet: as if the try had not been. */
static void test_crash_before_committing(void **state) {
  (void)state;
  const char *id = world_id(1);
  one(id, NULL);
  assert_int_equal(w->tried_count, 1);
  world_crash(w);
  w->next_system = take_it;
  world_open(w);
  world_settle(w);
  assert_int_equal(w->tried_count, 2);
  assert_int_equal(world_told(w, id), DELIVERY_accepted);
}

static void on_ready(void *arg) {
  *(bool *)arg = true;
}

static void crash_after_committing(const char *id, bool resend) {
  bool ready = false;
  w->resend = resend;
  one(id, NULL);
  outbound_committing(w->o, id, on_ready, &ready);
  assert_false(ready); /* not before it is on disk */
  world_settle(w);
  assert_true(ready);
  world_crash(w);
  w->next_system = take_it;
  world_open(w);
  world_settle(w);
}

static void test_crash_after_committing_is_unsure(void **state) {
  (void)state;
  const char *id = world_id(1);
  crash_after_committing(id, false);
  assert_int_equal(world_told(w, id), DELIVERY_unsure);
  assert_non_null(strstr(w->told[0].why, "before the answer came"));
  world_now_ms += 24 * 60 * MINUTE;
  world_crash(w);
  world_open(w);
  world_settle(w);
  assert_int_equal(w->tried_count, 1); /* it asks; nobody sends it twice by himself */
  world_order(w, id, "retry");
  world_settle(w);
  assert_int_equal(w->tried_count, 2);
  assert_int_equal(world_told(w, id), DELIVERY_accepted);
}

static void test_crash_after_committing_is_sent_again_by_policy(void **state) {
  (void)state;
  const char *id = world_id(1);
  crash_after_committing(id, true);
  assert_int_equal(world_told(w, id), DELIVERY_unsure);
  world_now_ms += 10 * MINUTE;
  world_crash(w);
  world_open(w);
  world_settle(w);
  assert_int_equal(world_told(w, id), DELIVERY_accepted);
  assert_int_equal(w->tried_count, 2);
}

static void test_no_answer_is_unsure(void **state) {
  (void)state;
  const char *id = world_id(1);
  one(id, no_answer);
  assert_int_equal(world_told(w, id), DELIVERY_unsure);
  struct outbound_state s;
  outbound_state(w->o, &s);
  assert_int_equal(s.unsure, 1);
  assert_int_equal(s.waiting, 0);
}

/* Every status event is told until the spool has it. */
static void test_reports_survive(void **state) {
  (void)state;
  const char *id = world_id(1);
  w->forget_reports = true;
  one(id, take_it);
  assert_int_equal(w->told_count, 1);
  world_crash(w);
  world_open(w);
  world_settle(w);
  assert_int_equal(w->told_count, 2);
  assert_int_equal(w->told[1].state, DELIVERY_accepted);
  w->forget_reports = false;
  world_crash(w);
  world_open(w);
  world_settle(w);
  world_crash(w);
  world_open(w);
  world_settle(w);
  assert_int_equal(w->told_count, 3);
  assert_int_equal(w->tried_count, 1);
}

static void test_orders(void **state) {
  (void)state;
  const char *id = world_id(1);
  one(id, defer);
  world_order(w, id, "hold");
  world_settle(w);
  assert_int_equal(world_told(w, id), DELIVERY_held);
  world_now_ms += 60 * MINUTE;
  world_crash(w);
  world_open(w);
  world_settle(w);
  assert_int_equal(w->tried_count, 1);
  world_order(w, id, "release");
  world_settle(w);
  assert_int_equal(w->tried_count, 2);
  world_order(w, id, "cancel");
  world_settle(w);
  assert_int_equal(world_told(w, id), DELIVERY_failed);
  w->next_system = take_it;
  world_order(w, id, "retry"); /* the message is still there */
  world_settle(w);
  assert_int_equal(world_told(w, id), DELIVERY_accepted);
  size_t before = w->answer_count;
  world_order(w, id, "cancel");
  world_order(w, world_id(2), "cancel");
  world_order(w, id, "explode");
  world_settle(w);
  assert_int_equal(w->answers[before], OUTBOUND_ILLEGAL);
  assert_int_equal(w->answers[before + 1], OUTBOUND_UNKNOWN);
  assert_int_equal(w->answers[before + 2], OUTBOUND_ILLEGAL);
}

static void test_orders_during_a_try(void **state) {
  (void)state;
  const char *id = world_id(1);
  one(id, NULL);
  world_order(w, id, "cancel");
  world_answer(w, id, OUTBOUND_DEFERRED, "451");
  world_settle(w);
  assert_int_equal(world_told(w, id), DELIVERY_failed);
  const char *other = world_id(2);
  world_take(w, other, "bo@example.org");
  world_settle(w);
  world_order(w, other, "cancel");
  world_answer(w, other, OUTBOUND_ACCEPTED, "250"); /* too late, and that is what is said */
  world_settle(w);
  assert_int_equal(world_told(w, other), DELIVERY_accepted);
}

static void test_a_dead_destination_slows_nobody(void **state) {
  (void)state;
  w->next_system = unreachable;
  world_open(w);
  for (unsigned i = 0; i < 50; i++)
    world_take(w, world_id(i), "ann@dead.example");
  world_settle(w);
  assert_int_equal(w->tried_count, 1); /* then it is left alone */
  w->next_system = take_it;
  for (unsigned i = 100; i < 150; i++)
    world_take(w, world_id(i), "bo@live.example");
  world_settle(w);
  assert_int_equal(w->tried_count, 51);
  struct outbound_state s;
  outbound_state(w->o, &s);
  assert_int_equal(s.destinations_down, 1);
  assert_int_equal(s.waiting, 50);
  w->next_system = NULL;
  world_now_ms += MINUTE;
  world_take(w, world_id(200), "cy@live.example"); /* anything that makes it look */
  world_settle(w);
  assert_int_equal(w->tried_count, 53); /* one finds out; the others wait for it */
  world_answer(w, w->tried[51].id, OUTBOUND_ACCEPTED, "");
  world_answer(w, w->tried[52].id, OUTBOUND_ACCEPTED, "");
  world_settle(w);
  assert_int_equal(w->tried_count, 57);
}

static void test_limits_of_tries(void **state) {
  (void)state;
  w->per_destination = 3;
  w->in_all = 5;
  world_open(w);
  for (unsigned i = 0; i < 10; i++)
    world_take(w, world_id(i), i % 2 ? "ann@a.example" : "bo@b.example");
  world_settle(w);
  assert_int_equal(w->tried_count, 5);
  for (size_t i = 0; i < w->tried_count && i < 10; i++) {
    world_answer(w, w->tried[i].id, OUTBOUND_ACCEPTED, "");
    world_settle(w);
  }
  assert_int_equal(w->tried_count, 10);
}

static void test_full_says_later_and_loses_nothing(void **state) {
  (void)state;
  w->size = 1024 * 1024;
  world_open(w);
  size_t taken = 0;
  for (unsigned i = 0; i < WORLD_MOST - 10; i++) {
    world_take(w, world_id(i), "ann@example.org");
    if (i % 64 == 0)
      world_settle(w);
  }
  world_settle(w);
  assert_int_equal(w->answer_count, WORLD_MOST - 10);
  for (size_t i = 0; i < w->answer_count; i++) {
    assert_true(w->answers[i] == 0 || w->answers[i] == OUTBOUND_FULL);
    taken += w->answers[i] == 0;
  }
  assert_in_range(taken, 500, WORLD_MOST - 100);
  struct outbound_state s;
  outbound_state(w->o, &s);
  assert_true(s.full);
  world_crash(w);
  w->tried_count = 0;
  w->next_system = take_it;
  w->in_all = 64;
  w->per_destination = 64;
  world_open(w);
  world_settle(w);
  assert_int_equal(w->tried_count, taken);
  outbound_state(w->o, &s);
  assert_int_equal(s.waiting, 0);
}

static void test_nonsense_is_refused(void **state) {
  (void)state;
  world_open(w);
  world_take(w, world_id(1), "nowhere"); /* no destination */
  world_take(w, "short", "ann@example.org");
  world_settle(w);
  assert_int_equal(w->answers[0], OUTBOUND_UNREADABLE);
  assert_int_equal(w->answers[1], 0);
  assert_int_equal(world_told(w, world_id(1)), DELIVERY_failed);
  assert_int_equal(w->tried_count, 0);
}

/* The spool is full: the state is told later, and not forgotten. */
static void test_a_full_spool(void **state) {
  (void)state;
  const char *id = world_id(1);
  w->spool = 1;
  one(id, take_it);
  assert_int_equal(w->told_count, 0);
  w->spool = 0;
  world_crash(w);
  world_open(w);
  world_settle(w);
  assert_int_equal(world_told(w, id), DELIVERY_accepted);
}

/* What is under way ends, and is on disk; nothing else begins. */
static void test_drain(void **state) {
  (void)state;
  bool drained = false;
  const char *id = world_id(1), *later = world_id(2);
  one(id, NULL);
  outbound_drain(w->o, on_ready, &drained);
  world_take(w, later, "bo@example.org");
  world_settle(w);
  assert_false(drained);
  assert_int_equal(w->tried_count, 1);
  world_answer(w, id, OUTBOUND_ACCEPTED, "250");
  assert_false(drained);
  world_settle(w);
  assert_true(drained);
  assert_int_equal(w->answers[1], 0);
  w->next_system = take_it;
  world_crash(w);
  world_open(w);
  world_settle(w);
  assert_int_equal(w->tried_count, 2);
  assert_int_equal(world_told(w, later), DELIVERY_accepted);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
  const struct CMUnitTest tests[] = {
      TEST(test_accepted),
      TEST(test_taken_twice_is_tried_once),
      TEST(test_refused),
      TEST(test_deferred_by_the_schedule_until_it_is_over),
      TEST(test_crash_before_committing),
      TEST(test_crash_after_committing_is_unsure),
      TEST(test_crash_after_committing_is_sent_again_by_policy),
      TEST(test_no_answer_is_unsure),
      TEST(test_reports_survive),
      TEST(test_orders),
      TEST(test_orders_during_a_try),
      TEST(test_a_dead_destination_slows_nobody),
      TEST(test_limits_of_tries),
      TEST(test_full_says_later_and_loses_nothing),
      TEST(test_nonsense_is_refused),
      TEST(test_a_full_spool),
      TEST(test_drain),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
