/* SPDX-License-Identifier: Apache-2.0 */
/* From an ask to the step's arguments, who may, and from its answer to ours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "route.h"
#include "step.h"

static struct arena *arena;
static const struct caller ana = {.agent = "ana", .role = ACCESS_AGENT};
static const struct caller boss = {.agent = "boss", .role = ACCESS_SUPERVISOR};

static int set_up(void **state) {
  (void)state;
  arena = arena_new(1024, 256 * 1024);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  arena_free(&arena);
  return 0;
}

static struct ask ask_of(const char *method, const char *path, const char *body) {
  char allow[ROUTE_ALLOW_MAX];
  struct ask ask;
  struct ask_fault fault;
  assert_int_equal(route_find(method, path, arena, &ask, allow), 0);
  assert_int_equal(ask_json(&ask, slice_text(body), arena, &fault), 0);
  return ask;
}

static struct holding holding(const char *state, const char *agent, const char *offered, bool serves) {
  return (struct holding){slice_text(state), slice_text(agent), SLICE("support"), slice_text(offered), serves};
}

/* The arguments after the tag, joined by '|'. */
static void expect_call(const struct caller *caller, const char *method, const char *path, const char *body,
                        const struct holding *h, const char *function, const char *arguments) {
  auto_clean(buf_free) struct buf got = BUF_INIT(10000);
  struct ask ask = ask_of(method, path, body);
  struct step_call c;
  assert_int_equal(step_call(&ask, caller, h, 1000, 45000, arena, &c), 0);
  assert_string_equal(c.argv[0], "FCALL");
  assert_string_equal(c.argv[1], function);
  assert_string_equal(c.argv[3], "{p00}");
  for (int i = 4; i < c.argc; i++) {
    buf_add(&got, c.argv[i], c.len[i]);
    buf_add_char(&got, '|');
  }
  assert_string_equal(got.at, arguments);
}

static void test_calls(void **state) {
  (void)state;
  const struct holding none = holding("", "", "", false), hers = holding("active", "ana", "", true);
  expect_call(&ana, "PUT", "/v1/me/presence", "{\"presence\":\"ready\",\"why\":\"x y\"}", &none, "deskbell_presence",
              "1000|ana|ready|45000|x y|");
  expect_call(&ana, "PUT", "/v1/me/presence", "{\"presence\":\"busy\",\"keep_s\":0}", &none, "deskbell_presence",
              "1000|ana|busy|0||");
  expect_call(&ana, "POST", "/v1/items/claim", "", &none, "deskbell_claim", "1000||ana|||");
  expect_call(&ana, "POST", "/v1/items/claim", "{\"queue\":\"support\",\"item\":\"w1\"}", &none, "deskbell_claim",
              "1000|support|ana|w1||");
  expect_call(&boss, "POST", "/v1/items/claim", "{\"agent\":\"ana\"}", &none, "deskbell_claim", "1000||ana|||");
  expect_call(&boss, "POST", "/v1/items/w1/take-over", "", &none, "deskbell_claim", "1000||boss|w1|1|");
  expect_call(&ana, "POST", "/v1/items/w1/accept", "", &none, "deskbell_accept", "1000|w1|ana|");
  expect_call(&ana, "POST", "/v1/items/w1/decline", "{\"why\":\"no\"}", &none, "deskbell_decline", "1000|w1|ana|no|");
  expect_call(&ana, "POST", "/v1/items/w1/done", "{\"seen\":3}", &hers, "deskbell_done", "1000|w1|ana|3|ana|");
  expect_call(&ana, "POST", "/v1/items/w1/done", "", &hers, "deskbell_done", "1000|w1|ana||ana|");
  expect_call(&ana, "POST", "/v1/items/w1/hold", "", &hers, "deskbell_item", "1000|w1|ana|hold|0||");
  expect_call(&ana, "POST", "/v1/items/w1/snooze", "{\"until\":\"1970-01-01T00:00:09Z\",\"why\":\"w\"}", &hers,
              "deskbell_item", "1000|w1|ana|snooze|9000|w|");
  expect_call(&ana, "POST", "/v1/items/w1/resume", "", &hers, "deskbell_item", "1000|w1|ana|resume|0||");
  expect_call(&ana, "POST", "/v1/items/w1/reopen", "", &hers, "deskbell_item", "1000|w1|ana|reopen|0||");
  expect_call(&ana, "POST", "/v1/items/w1/transfer", "{\"agent\":\"bo\",\"note\":\"a\\nb\"}", &hers, "deskbell_requeue",
              "1000|w1||bo|ana|a\nb|ana|");
}

/* A supervisor acts on what an agent has in that agent's name. */
static void test_a_supervisor_acts_for_its_holder(void **state) {
  (void)state;
  const struct holding hers = holding("active", "ana", "", true), done = holding("done", "ana", "", true);
  expect_call(&boss, "POST", "/v1/items/w1/hold", "", &hers, "deskbell_item", "1000|w1|ana|hold|0||");
  expect_call(&boss, "POST", "/v1/items/w1/done", "", &hers, "deskbell_done", "1000|w1|ana||ana|");
  expect_call(&boss, "POST", "/v1/items/w1/reopen", "", &done, "deskbell_item", "1000|w1|boss|reopen|0||");
}

static void test_who_may(void **state) {
  (void)state;
  static const struct {
    const char *state, *agent, *offered;
    bool serves, may;
  } rows[] = {
      {"active", "ana", "", false, true},    {"active", "bo", "", true, false},  {"on_hold", "ana", "", false, true},
      {"on_hold", "bo", "", true, false},    {"waiting", "", "", true, true},    {"waiting", "", "", false, false},
      {"offered", "", "bo ana", false, true}, {"offered", "", "bo", true, false}, {"offered", "", "anatol", true, false},
      {"done", "bo", "", true, true},        {"done", "bo", "", false, false},   {"done", "ana", "", false, true},
      {"wrapping", "bo", "", true, false},   {"", "", "", true, false},
  };
  struct ask ask = ask_of("POST", "/v1/items/w1/done", "");
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    const struct holding h = holding(rows[i].state, rows[i].agent, rows[i].offered, rows[i].serves);
    enum problem problem;
    assert_int_equal(step_may(&ask, &ana, &h, &problem), rows[i].may ? 0 : 1);
    assert_int_equal(step_may(&ask, &boss, &h, &problem), rows[i].state[0] ? 0 : 1);
    if (!rows[i].state[0])
      assert_int_equal(problem, PROBLEM_NOT_FOUND);
  }
}

static void expect_result(const char *method, const char *path, const char *word, const char *detail, unsigned status,
                          const char *body) {
  auto_clean(buf_free) struct buf got = BUF_INIT(10000);
  struct ask ask = ask_of(method, path, "");
  struct result r = step_result(&ask, &ana, slice_text(word), slice_text(detail));
  assert_int_equal(r.status, status);
  assert_true(result_write(&r, &got));
  if (!strstr(got.at, body))
    fail_msg("%s is not in %s", body, got.at);
  result_free(&r);
}

static void test_answers(void **state) {
  (void)state;
  expect_result("POST", "/v1/items/claim", "OK", "w7", 200, "\"item\":\"w7\"");
  expect_result("POST", "/v1/items/claim", "NONE", "", 200, "{\"item\":null}");
  expect_result("POST", "/v1/items/claim", "FULL", "", 409, "\"code\":\"full\"");
  expect_result("POST", "/v1/items/claim", "TAKEN", "bo", 409, "\"agent\":\"bo\"");
  expect_result("POST", "/v1/items/claim", "UNFIT", "", 409, "\"code\":\"unfit\"");
  expect_result("POST", "/v1/items/claim", "GONE", "", 404, "\"code\":\"not-found\"");
  expect_result("POST", "/v1/items/w1/accept", "OK", "", 200, "{\"item\":\"w1\",\"already\":false}");
  expect_result("POST", "/v1/items/w1/accept", "NOT", "", 409, "\"code\":\"not-offered\"");
  expect_result("POST", "/v1/items/w1/done", "DONE", "", 200, "\"already\":true");
  expect_result("POST", "/v1/items/w1/done", "NEWS", "", 409, "\"code\":\"news\"");
  expect_result("POST", "/v1/items/w1/hold", "ILLEGAL", "waiting", 409, "\"state\":\"waiting\"");
  expect_result("POST", "/v1/items/w1/hold", "DONE", "", 409, "\"code\":\"done\"");
  expect_result("POST", "/v1/items/w1/reopen", "TAKEN", "w9", 409, "\"item\":\"w9\"");
  expect_result("POST", "/v1/items/w1/transfer", "WAITS", "", 200, "\"already\":true");
  expect_result("POST", "/v1/items/w1/transfer", "UNKNOWN", "", 422, "\"code\":\"unknown\"");
  expect_result("PUT", "/v1/me/presence", "SAME", "", 200, "\"already\":true");
  expect_result("PUT", "/v1/me/presence", "UNKNOWN", "", 409, "\"code\":\"not-an-agent\"");
  expect_result("PUT", "/v1/desk", "STALE", "8", 412, "\"version\":8");
  expect_result("POST", "/v1/items/w1/accept", "SURPRISE", "", 500, "\"code\":\"internal\"");
  expect_result("POST", "/v1/items/w1/accept", "", "", 500, "\"type\":\"urn:deskbell:problem:internal\"");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_calls, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_a_supervisor_acts_for_its_holder, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_who_may, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_answers, set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
