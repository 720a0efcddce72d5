/* SPDX-License-Identifier: Apache-2.0 */
/* A message in parts, and a message that is tried again on an operator's word: nothing the next system confirmed goes
 * twice. */
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

static void no_answer(struct world *world, const char *id, const outbound_message *m) {
  (void)m;
  world_answer(world, id, OUTBOUND_UNSURE, "connection lost after the final dot");
}

static void one(const char *id, void (*next_system)(struct world *world, const char *id, const outbound_message *m)) {
  w->next_system = next_system;
  world_open(w);
  world_take(w, id, "ann@example.org");
  world_settle(w);
}

/* ---- parts */

/* Takes all but the part that the test names, which is left open. */
static uint32_t open_part = 1;

static void take_but_one(struct world *world, const char *id, const outbound_message *m) {
  (void)m;
  if (outbound_part(world->o, id) != open_part)
    world_answer(world, id, OUTBOUND_ACCEPTED, "taken");
}

static void expect_parts(const char *id, const char *parts) {
  char made[100] = "";
  for (size_t i = 0; i < w->tried_count; i++)
    if (strcmp(w->tried[i].id, id) == 0)
      snprintf(made + strlen(made), sizeof(made) - strlen(made), "%u", w->tried[i].part);
  assert_string_equal(made, parts);
}

static const struct told *last_told(void) {
  assert_true(w->told_count > 0);
  return &w->told[w->told_count - 1];
}

static void test_parts_go_one_after_the_other(void **state) {
  (void)state;
  const char *id = world_id(1);
  w->parts = 3;
  one(id, take_it);
  expect_parts(id, "012");
  assert_int_equal(last_told()->state, DELIVERY_accepted);
  assert_int_equal(last_told()->attempt, 3);
  assert_string_equal(last_told()->provider_id, "P1\x1eP2\x1eP3");
  assert_true(last_told()->parts == 3 && last_told()->part == 3);
}

static void test_a_crash_between_parts(void **state) {
  (void)state;
  const char *id = world_id(1);
  w->parts = 3;
  one(id, take_but_one);
  world_crash(w);
  w->next_system = take_it;
  world_open(w);
  world_settle(w);
  expect_parts(id, "0112"); /* the second one's try had sent nothing */
  assert_string_equal(last_told()->provider_id, "P1\x1eP2\x1eP3");
}

static void ignore_ready(void *arg) {
  (void)arg;
}

static void test_a_crash_in_a_part(void **state) {
  (void)state;
  for (unsigned again = 0; again < 2; again++) {
    const char *id = world_id(1 + again);
    w->parts = 3;
    w->resend = again;
    w->next_system = take_but_one;
    world_open(w);
    world_take(w, id, "ann@example.org");
    world_settle(w);
    outbound_committing(w->o, id, ignore_ready, NULL);
    world_settle(w);
    world_crash(w);
    w->next_system = take_it;
    world_open(w);
    world_settle(w);
    assert_int_equal(last_told()->state, DELIVERY_unsure);
    assert_non_null(strstr(last_told()->why, "part 2 of 3: "));
    assert_string_equal(last_told()->provider_id, "P1");
    expect_parts(id, "01");
    world_order(w, id, "retry");
    world_settle(w);
    expect_parts(id, "0112");
    assert_int_equal(world_told(w, id), DELIVERY_accepted);
    world_crash(w);
  }
  world_open(w);
}

static void test_a_part_is_put_off(void **state) {
  (void)state;
  const char *id = world_id(1);
  w->parts = 3;
  one(id, take_but_one);
  world_answer(w, id, OUTBOUND_DEFERRED, "429");
  world_settle(w);
  assert_int_equal(last_told()->state, DELIVERY_deferred);
  assert_string_equal(last_told()->why, "part 2 of 3: 429");
  assert_string_equal(last_told()->provider_id, "P1");
  world_now_ms += 6 * MINUTE; /* as after a first try */
  w->next_system = take_it;
  world_take(w, world_id(2), "bo@example.org"); /* anything that makes it look */
  world_settle(w);
  expect_parts(id, "0112");
}

static void test_a_part_is_refused(void **state) {
  (void)state;
  const char *id = world_id(1);
  w->parts = 3;
  one(id, take_but_one);
  world_answer(w, id, OUTBOUND_FAILED, "no such number");
  world_settle(w);
  assert_int_equal(last_told()->state, DELIVERY_failed);
  assert_string_equal(last_told()->why, "part 2 of 3: no such number");
  w->next_system = take_it;
  world_retry(w, id, "ann@example.org", 3);
  world_settle(w);
  expect_parts(id, "0112"); /* what is through is not sent again */
  assert_int_equal(world_told(w, id), DELIVERY_accepted);
}

static void test_orders_between_parts(void **state) {
  (void)state;
  const char *id = world_id(1);
  w->parts = 3;
  open_part = 0;
  one(id, take_but_one);
  world_order(w, id, "hold");
  world_answer(w, id, OUTBOUND_ACCEPTED, "taken");
  world_settle(w);
  open_part = 1;
  assert_int_equal(world_told(w, id), DELIVERY_held);
  expect_parts(id, "0");
  w->next_system = take_it;
  world_order(w, id, "release");
  world_settle(w);
  expect_parts(id, "012");
}

/* ---- again, on an operator's word */

static void answered_gone(void *arg, const char *id, int outcome) {
  (void)id;
  *(int *)arg = outcome;
}

static void test_what_was_accepted_is_sent_again_once(void **state) {
  (void)state;
  const char *id = world_id(1);
  int gone = 0;
  one(id, take_it);
  world_order(w, id, "retry"); /* of a router that does not say which try */
  world_order(w, id, "cancel");
  assert_int_equal(w->answers[1], OUTBOUND_ILLEGAL);
  assert_int_equal(w->answers[2], OUTBOUND_ILLEGAL);
  outbound_take(w->o, id, SLICE(""), "retry", 2, answered_gone, &gone);
  assert_int_equal(gone, OUTBOUND_TEXT_GONE);
  world_retry(w, id, "ann@example.org", 2);
  world_retry(w, id, "ann@example.org", 2);
  world_settle(w);
  assert_int_equal(world_tries(w, id), 2);
  world_retry(w, id, "ann@example.org", 2); /* the router died and asks again */
  world_settle(w);
  world_crash(w);
  world_open(w);
  world_retry(w, id, "ann@example.org", 2);
  world_settle(w);
  assert_int_equal(world_tries(w, id), 2);
  assert_int_equal(last_told()->state, DELIVERY_accepted);
  assert_int_equal(last_told()->attempt, 2);
  for (size_t i = 3; i < w->answer_count; i++)
    assert_int_equal(w->answers[i], 0);
}

static void test_a_retry_that_came_back_survives_a_crash(void **state) {
  (void)state;
  const char *id = world_id(1);
  one(id, take_it);
  w->next_system = NULL;
  world_retry(w, id, "ann@example.org", 2);
  world_settle(w);
  assert_int_equal(world_tries(w, id), 2);
  world_crash(w);
  w->next_system = take_it;
  world_open(w);
  world_settle(w);
  assert_int_equal(world_tries(w, id), 3); /* the try had sent nothing */
  assert_int_equal(world_told(w, id), DELIVERY_accepted);
}

static void test_unsure_is_tried_once_for_one_order(void **state) {
  (void)state;
  const char *id = world_id(1);
  one(id, no_answer);
  world_retry(w, id, "ann@example.org", 2);
  world_settle(w);
  world_retry(w, id, "ann@example.org", 2);
  world_settle(w);
  assert_int_equal(world_tries(w, id), 2);
  world_retry(w, id, "ann@example.org", 3);
  world_settle(w);
  assert_int_equal(world_tries(w, id), 3);
}

/* A store that was lost goes on with the number of the order, so that its reports are not of an earlier try. */
static void test_a_retry_of_what_was_lost(void **state) {
  (void)state;
  const char *id = world_id(1);
  w->next_system = take_it;
  world_open(w);
  world_deliver(w, id, "ann@example.org", 4);
  world_settle(w);
  assert_int_equal(last_told()->attempt, 4);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
  const struct CMUnitTest tests[] = {
      TEST(test_parts_go_one_after_the_other),
      TEST(test_a_crash_between_parts),
      TEST(test_a_crash_in_a_part),
      TEST(test_a_part_is_put_off),
      TEST(test_a_part_is_refused),
      TEST(test_orders_between_parts),
      TEST(test_what_was_accepted_is_sent_again_once),
      TEST(test_a_retry_that_came_back_survives_a_crash),
      TEST(test_unsure_is_tried_once_for_one_order),
      TEST(test_a_retry_of_what_was_lost),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
