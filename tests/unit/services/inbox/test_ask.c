/* SPDX-License-Identifier: Apache-2.0 */
/* Routes and what is said with a request: every row of the table, and what is not in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "route.h"

static struct arena *arena;
static struct ask ask;
static struct ask_fault fault;
static char allow[ROUTE_ALLOW_MAX];

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

static int route(const char *method, const char *path) {
  return route_find(method, path, arena, &ask, allow);
}

static void test_every_row_is_found(void **state) {
  (void)state;
  for (size_t i = 0; i < VERB_COUNT; i++) {
    const struct verb_row *row = verb_row((enum verb)i);
    auto_clean(buf_free) struct buf path = BUF_INIT(1000);
    for (const char *at = row->path; *at; at++) {
      if (*at == '{') {
        buf_add_text(&path, strncmp(at, "{version}", 9) == 0 ? "17" : "w0123456789abcdef");
        at = strchr(at, '}');
      } else {
        buf_add_char(&path, *at);
      }
    }
    assert_int_equal(route(row->method, path.at), 0);
    assert_int_equal(ask.verb, i);
    if (strchr(row->path, '{') && !strstr(row->path, "{version}"))
      assert_string_equal(ask.text[strstr(row->path, "{item}") ? FIELD_ITEM : FIELD_QUEUE].at, "w0123456789abcdef");
    assert_int_equal(route("DELETE", path.at), ROUTE_NO_METHOD);
    assert_non_null(strstr(allow, row->method));
  }
}

static void test_no_such_path(void **state) {
  (void)state;
  static const char *const paths[] = {
      "", "/", "/v1", "/v1/", "/v1/me/", "/v1//me", "//v1/me", "v1/me", "/V1/me", "/v1/items", "/v1/items/",
      "/v1/items/w1/", "/v1/items/w1/accept/", "/v1/items//accept", "/v1/items/../me", "/v1/items/w%31/accept",
      "/v1/items/w1/why/not", "/v1/queues/Billing/items", "/v1/items/w1;x/accept", "/v2/me", "/v1/me?x",
      "/v1/items/w1\n/why",
      "/v1/items/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/why",
  };
  for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
    assert_int_equal(route("GET", paths[i]), ROUTE_NO_PATH);
  assert_int_equal(route("GET", "/v1/items/claim"), ROUTE_NO_METHOD);
  assert_string_equal(allow, "POST");
  assert_int_equal(route("get", "/v1/me"), ROUTE_NO_METHOD);
}

static int json(const char *method, const char *path, const char *body) {
  int r = route(method, path);
  assert_int_equal(r, 0);
  r = ask_json(&ask, slice_text(body), arena, &fault);
  return r ? r : ask_complete(&ask, &fault);
}

static void test_bodies(void **state) {
  (void)state;
  assert_int_equal(json("PUT", "/v1/me/presence", "{\"presence\":\"ready\",\"keep_s\":60,\"why\":\"back\"}"), 0);
  assert_string_equal(ask.text[FIELD_PRESENCE].at, "ready");
  assert_int_equal(ask.number[FIELD_KEEP], 60);
  assert_string_equal(ask.text[FIELD_WHY].at, "back");
  assert_int_equal(json("POST", "/v1/items/claim", ""), 0);
  assert_false(ask_has(&ask, FIELD_QUEUE));
  assert_int_equal(json("POST", "/v1/items/claim", " \r\n "), 0);
  assert_int_equal(json("POST", "/v1/items/claim", "{\"queue\":null,\"unknown\":[1,{\"x\":2}]}"), 0);
  assert_false(ask_has(&ask, FIELD_QUEUE));
  assert_int_equal(json("POST", "/v1/items/w1/snooze", "{\"until\":\"2026-11-27T18:30:00+01:00\"}"), 0);
  assert_int_equal(ask.number[FIELD_UNTIL], 1795800600000);
  assert_int_equal(json("POST", "/v1/items/w1/transfer", "{\"note\":\"two\\nlines\",\"agent\":\"bo\"}"), 0);
}

static void test_a_body_names_no_other_item(void **state) {
  (void)state;
  assert_int_equal(json("POST", "/v1/items/w1/done", "{\"item\":\"w2\",\"agent\":\"bo\"}"), 0);
  assert_string_equal(ask.text[FIELD_ITEM].at, "w1");
  assert_false(ask_has(&ask, FIELD_AGENT));
}

static void test_wrong_bodies(void **state) {
  (void)state;
  static const struct {
    const char *method, *path, *body, *field;
    bool syntax;
  } rows[] = {
      {"PUT", "/v1/me/presence", "{}", "presence", false},
      {"PUT", "/v1/me/presence", "", "presence", false},
      {"PUT", "/v1/me/presence", "{\"presence\":\"asleep\"}", "presence", false},
      {"PUT", "/v1/me/presence", "{\"presence\":1}", "presence", false},
      {"PUT", "/v1/me/presence", "{\"presence\":[\"ready\"]}", "presence", false},
      {"PUT", "/v1/me/presence", "{\"presence\":\"ready\",\"keep_s\":-1}", "keep_s", false},
      {"PUT", "/v1/me/presence", "{\"presence\":\"ready\",\"keep_s\":86401}", "keep_s", false},
      {"PUT", "/v1/me/presence", "{\"presence\":\"ready\",\"keep_s\":1.5}", "keep_s", false},
      {"PUT", "/v1/me/presence", "{\"presence\":\"ready\",\"keep_s\":\"60\"}", "keep_s", false},
      {"PUT", "/v1/me/presence", "{\"presence\":\"ready\",\"why\":\"two\\nlines\"}", "why", false},
      {"PUT", "/v1/me/presence", "{\"presence\":\"ready\",\"why\":\"\\u001f\"}", "why", false},
      {"PUT", "/v1/me/presence", "{\"presence\":\"ready\"", "", true},
      {"PUT", "/v1/me/presence", "{\"presence\":\"ready\",\"presence\":\"away\"}", "", true},
      {"PUT", "/v1/me/presence", "\xff\xfe", "", true},
      {"PUT", "/v1/me/presence", "{\"presence\":\"ready\\u0000\"}", "", true},
      {"POST", "/v1/items/claim", "[]", "", true},
      {"POST", "/v1/items/claim", "\"x\"", "", true},
      {"POST", "/v1/items/claim", "{\"queue\":\"Billing\"}", "queue", false},
      {"POST", "/v1/items/claim", "{\"queue\":\"\"}", "queue", false},
      {"POST", "/v1/items/claim", "{\"item\":\"w1 w2\"}", "item", false},
      {"POST", "/v1/items/w1/snooze", "{}", "until", false},
      {"POST", "/v1/items/w1/snooze", "{\"until\":\"tomorrow\"}", "until", false},
      {"POST", "/v1/items/w1/snooze", "{\"until\":\"2026-02-30T00:00:00Z\"}", "until", false},
      {"POST", "/v1/items/w1/snooze", "{\"until\":1795804200}", "until", false},
      {"POST", "/v1/items/w1/transfer", "{\"note\":\"\\u001e\"}", "note", false},
      {"POST", "/v1/items/w1/done", "{\"seen\":99999999999999999999}", "", true},
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    assert_int_equal(json(rows[i].method, rows[i].path, rows[i].body), ASK_WRONG);
    assert_string_equal(fault.field, rows[i].field);
    assert_int_equal(fault.syntax, rows[i].syntax);
  }
}

static void test_too_long(void **state) {
  (void)state;
  auto_clean(buf_free) struct buf body = BUF_INIT(20000);
  buf_add_text(&body, "{\"note\":\"");
  for (int i = 0; i < 4001; i++)
    buf_add_char(&body, 'x');
  buf_add_text(&body, "\"}");
  assert_int_equal(json("POST", "/v1/items/w1/transfer", body.at), ASK_WRONG);
  assert_string_equal(fault.field, "note");
}

static int query(const char *path, const char *text) {
  int r = route("GET", path);
  assert_int_equal(r, 0);
  return ask_query(&ask, slice_text(text), arena, &fault);
}

static void test_queries(void **state) {
  (void)state;
  assert_int_equal(query("/v1/offers", "wait=30&known=w1%2Cw2&other=%zz&queue=x"), 0);
  assert_int_equal(ask.number[FIELD_WAIT], 30);
  assert_string_equal(ask.text[FIELD_KNOWN].at, "w1,w2");
  assert_false(ask_has(&ask, FIELD_QUEUE));
  assert_int_equal(query("/v1/offers", ""), 0);
  assert_int_equal(query("/v1/offers", "&&=&wait=0&"), 0);
  assert_int_equal(query("/v1/offers", "wait"), ASK_WRONG);
  assert_int_equal(query("/v1/offers", "wait=61"), ASK_WRONG);
  assert_int_equal(query("/v1/offers", "wait=-1"), ASK_WRONG);
  assert_int_equal(query("/v1/offers", "known=w1,,w2"), ASK_WRONG);
  assert_int_equal(query("/v1/queues/support/items", "limit=501"), ASK_WRONG);
  assert_int_equal(query("/v1/queues/support/items", "limit=0"), ASK_WRONG);
  char *large = calloc(1, ASK_QUERY_MAX + 2);
  memset(large, 'a', ASK_QUERY_MAX + 1);
  assert_int_equal(query("/v1/offers", large), ASK_WRONG);
  assert_true(fault.syntax);
  free(large);
}

static void test_etags(void **state) {
  (void)state;
  static const struct {
    const char *value;
    int64_t version; /* -1: wrong */
  } rows[] = {
      {"\"7\"", 7}, {"  \"7\" ", 7}, {"\"0\"", 0}, {"7", -1}, {"\"7", -1}, {"7\"", -1}, {"\"\"", -1}, {"\"", -1}, {"", -1},
      {"*", -1}, {"W/\"7\"", -1}, {"\"7\", \"8\"", -1}, {"\"-7\"", -1}, {"\"7x\"", -1}, {"\" 7\"", -1},
      {"\"9007199254740991\"", 9007199254740991}, {"\"9007199254740992\"", -1}, {"\"9223372036854775807\"", -1},
      {"\"07\"", -1}, {"\"00\"", -1},
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    ask = ask_new(VERB_DESK_APPLY);
    int r = ask_etag(&ask, slice_text(rows[i].value), &fault);
    assert_int_equal(r, rows[i].version < 0 ? ASK_WRONG : 0);
    assert_int_equal(ask_has(&ask, FIELD_EXPECTED), r == 0);
    if (r == 0)
      assert_int_equal(ask.number[FIELD_EXPECTED], rows[i].version);
    else
      assert_string_equal(fault.field, "If-Match");
  }
}

/* What stands in a header, or is the whole body, cannot be said in a JSON body as well. */
static void test_header_and_document_are_no_members(void **state) {
  (void)state;
  ask = ask_new(VERB_DESK_ROLLBACK);
  assert_int_equal(ask_json(&ask, SLICE("{\"If-Match\": 7, \"document\": \"x\", \"version\": 9}"), arena, &fault), 0);
  assert_int_equal(ask.given, 0);
  assert_int_equal(ask_complete(&ask, &fault), ASK_WRONG);
  ask = ask_new(VERB_DESK_CHECK);
  ask_document(&ask, SLICE(""));
  assert_int_equal(ask_complete(&ask, &fault), ASK_WRONG);
  assert_string_equal(fault.field, "document");
  ask_document(&ask, SLICE("queues: []"));
  assert_int_equal(ask_complete(&ask, &fault), 0);
}

static void test_roles_are_sets(void **state) {
  (void)state;
  assert_null(verb_refuses(VERB_ME, ACCESS_AGENT));
  assert_null(verb_refuses(VERB_ME, ACCESS_SUPERVISOR));
  assert_string_equal(verb_refuses(VERB_ME, ACCESS_OPERATOR), "Only for agents and supervisors.");
  assert_string_equal(verb_refuses(VERB_AGENTS, ACCESS_AGENT), "Only for supervisors.");
  assert_string_equal(verb_refuses(VERB_AGENTS, ACCESS_OPERATOR), "Only for supervisors.");
  assert_string_equal(verb_refuses(VERB_DESK_APPLY, ACCESS_SUPERVISOR), "Only for operators.");
  assert_null(verb_refuses(VERB_DESK_APPLY, ACCESS_OPERATOR));
  assert_string_equal(verb_refuses(VERB_DESK, ACCESS_AGENT), "Only for supervisors and operators.");
  assert_null(verb_refuses(VERB_DESK, ACCESS_SUPERVISOR));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_every_row_is_found, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_no_such_path, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_bodies, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_a_body_names_no_other_item, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_wrong_bodies, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_too_long, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_queries, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_etags, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_header_and_document_are_no_members, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_roles_are_sets, set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
