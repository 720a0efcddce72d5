/* SPDX-License-Identifier: Apache-2.0 */
/* Who hears what, how many, and how long a connection keeps its agent's presence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <stdio.h>

#include <cmocka.h>

#include "listeners.h"

enum { MOST = 3, KEEP_MS = 45000 };

static struct listeners *all;
static struct {
  unsigned renewed;
  char agent[64];
  int64_t keep_ms;
} lease;

struct ear {
  struct listener *listener;
  unsigned heard, told;
  const char *why;
  bool leaves;               /* when it hears */
};

static void on_renew(void *arg, const char *agent, int64_t keep_ms) {
  (void)arg;
  lease.renewed++;
  snprintf(lease.agent, sizeof(lease.agent), "%s", agent);
  lease.keep_ms = keep_ms;
}

static void on_hear(void *arg, struct notice *n) {
  struct ear *e = arg;
  (void)n;
  e->heard++;
  if (e->leaves)
    listener_remove(&e->listener);
}

static void on_told(void *arg, const char *why) {
  struct ear *e = arg;
  e->told++;
  e->why = why;
  if (strcmp(why, "lost") != 0)
    listener_remove(&e->listener);
}

static bool add(struct ear *e, const char *agent, enum access_role role, int64_t now_ms) {
  struct access_row row = {.role = role};
  const struct listener_user user = {.hear = on_hear, .told = on_told, .arg = e};
  snprintf(row.agent, sizeof(row.agent), "%s", agent);
  row.digest[0] = (uint8_t)agent[0];
  e->listener = listener_add(all, &row, &user, now_ms);
  return e->listener != NULL;
}

static int set_up(void **state) {
  (void)state;
  memset(&lease, 0, sizeof(lease));
  all = listeners_new(&(struct listeners_options){.most = MOST, .keep_ms = KEEP_MS, .renew = on_renew});
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  listeners_free(&all);
  return 0;
}

static void tell(const char *agent) {
  struct notice n = {.event = "offer", .cursor = "1-1"};
  if (agent[0]) {
    n.agents[0] = slice_text(agent);
    n.agent_count = 1;
  }
  listeners_tell(all, &n);
}

static void test_who_hears(void **state) {
  (void)state;
  struct ear ana = {0}, ana2 = {0}, bo = {0}, boss = {0};
  assert_true(add(&ana, "ana", ACCESS_AGENT, 1) && add(&ana2, "ana", ACCESS_AGENT, 1) && add(&bo, "bo", ACCESS_AGENT, 1) &&
              add(&boss, "boss", ACCESS_SUPERVISOR, 1));
  tell("ana");
  tell("cy");
  tell("");
  tell("boss");
  assert_int_equal(ana.heard, 1);
  assert_int_equal(ana2.heard, 1);
  assert_int_equal(bo.heard, 0);
  assert_int_equal(boss.heard, 4); /* each once, also what is about herself */
  listener_remove(&ana.listener);
  listener_remove(&ana2.listener);
  listener_remove(&bo.listener);
  listener_remove(&boss.listener);
  assert_int_equal(listeners_count(all), 0);
}

static void test_one_that_leaves_while_it_hears(void **state) {
  (void)state;
  struct ear ears[MOST] = {{.leaves = true}, {.leaves = false}, {.leaves = true}};
  for (size_t i = 0; i < MOST; i++)
    assert_true(add(&ears[i], "ana", i ? ACCESS_AGENT : ACCESS_SUPERVISOR, 1));
  tell("ana");
  assert_int_equal(listeners_count(all), 1);
  tell("ana");
  assert_int_equal(ears[1].heard, 2);
  assert_int_equal(ears[0].heard, 1);
  listener_remove(&ears[1].listener);
}

static void test_too_many(void **state) {
  (void)state;
  struct ear ears[MOST + 1] = {{0}};
  for (size_t i = 0; i < MOST; i++)
    assert_true(add(&ears[i], "ana", ACCESS_AGENT, 1));
  assert_false(add(&ears[MOST], "ana", ACCESS_AGENT, 1));
  struct ear bo = {0};
  assert_true(add(&bo, "bo", ACCESS_AGENT, 1));
  listener_remove(&ears[0].listener);
  assert_true(add(&ears[MOST], "ana", ACCESS_AGENT, 1));
  listener_remove(&bo.listener);
  for (size_t i = 1; i <= MOST; i++)
    listener_remove(&ears[i].listener);
}

static void test_the_lease(void **state) {
  (void)state;
  struct ear one = {0}, two = {0};
  int64_t now = 100000;
  assert_true(add(&one, "ana", ACCESS_AGENT, now));
  assert_int_equal(lease.renewed, 1);
  assert_string_equal(lease.agent, "ana");
  assert_int_equal(lease.keep_ms, KEEP_MS);
  assert_true(add(&two, "ana", ACCESS_AGENT, now + 10)); /* one lease for both */
  assert_int_equal(lease.renewed, 1);
  listeners_tick(all, now + KEEP_MS / 3 - 1);
  assert_int_equal(lease.renewed, 1);
  listeners_tick(all, now + KEEP_MS / 3);
  assert_int_equal(lease.renewed, 2);
  listener_remove(&one.listener);
  listeners_tick(all, now + KEEP_MS);
  assert_int_equal(lease.renewed, 3);
  listener_remove(&two.listener);
  listeners_tick(all, now + 2 * KEEP_MS);
  listeners_tick(all, now + 9 * KEEP_MS);
  assert_int_equal(lease.renewed, 3); /* nobody is there: nothing is renewed */
  assert_true(add(&one, "ana", ACCESS_AGENT, now + 10 * KEEP_MS));
  assert_int_equal(lease.renewed, 4);
  listener_remove(&one.listener);
}

/* Polls that follow each other do not write each time. */
static void test_polls(void **state) {
  (void)state;
  for (int64_t now = 1000; now < 1000 + 2 * KEEP_MS; now += 100) {
    struct ear poll = {0};
    assert_true(add(&poll, "ana", ACCESS_AGENT, now));
    listener_remove(&poll.listener);
    listeners_tick(all, now);
  }
  assert_in_range(lease.renewed, 6, 7);
}

static void test_kept_as_long_as_they_say(void **state) {
  (void)state;
  struct ear one = {0};
  assert_true(add(&one, "ana", ACCESS_AGENT, 1000));
  listeners_keep(all, "ana", 9000);
  listeners_keep(all, "nobody", 1);
  listeners_tick(all, 1000 + 3000);
  assert_int_equal(lease.renewed, 2);
  assert_int_equal(lease.keep_ms, 9000);
  listeners_keep(all, "ana", 0); /* for ever */
  listeners_tick(all, 1000 + 100 * KEEP_MS);
  assert_int_equal(lease.renewed, 2);
  listener_remove(&one.listener);
}

static bool is_b(void *arg, const struct access_row *row) {
  (void)arg;
  return row->digest[0] == 'b';
}

static void test_told(void **state) {
  (void)state;
  struct ear ana = {0}, bo = {0};
  assert_true(add(&ana, "ana", ACCESS_AGENT, 1) && add(&bo, "bo", ACCESS_AGENT, 1));
  listeners_say(all, "lost", NULL, NULL);
  assert_true(ana.told == 1 && bo.told == 1);
  listeners_say(all, "signed-out", is_b, NULL);
  assert_true(ana.told == 2 && bo.told == 1 && !ana.listener && bo.listener);
  listeners_say(all, "stopping", NULL, NULL);
  assert_int_equal(listeners_count(all), 0);
}

static void test_renewed_when_redis_is_back(void **state) {
  (void)state;
  struct ear ana = {0}, bo = {0};
  assert_true(add(&ana, "ana", ACCESS_AGENT, 1000) && add(&bo, "bo", ACCESS_AGENT, 1000));
  listener_remove(&bo.listener);
  lease.renewed = 0;
  listeners_renew(all, 1001);
  assert_int_equal(lease.renewed, 1);
  assert_string_equal(lease.agent, "ana");
  listener_remove(&ana.listener);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_who_hears, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_one_that_leaves_while_it_hears, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_too_many, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_the_lease, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_polls, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_kept_as_long_as_they_say, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_renewed_when_redis_is_back, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_told, set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
