/* SPDX-License-Identifier: Apache-2.0 */
/* Entries of the journal as news: what they say, whom they concern; and as server-sent events. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "notice.h"
#include "sse.h"

static struct notice n;

static const char *text;

static bool read(const char *type, const char *agent, const char *evidence, const char *context) {
  struct entry e = {.cursor = "1795804200000-3", .type = slice_text(type), .event = SLICE("")};
  static char dumped[4096];
  for (size_t i = 0; i < META_COUNT; i++)
    e.meta[i] = SLICE("");
  e.meta[META_WORK_ITEM] = SLICE("w1");
  e.meta[META_CONVERSATION] = SLICE("v1");
  e.meta[META_QUEUE] = SLICE("support");
  e.meta[META_DESK] = SLICE("12");
  e.meta[META_AT] = SLICE("1795804200000");
  e.meta[META_AGENT] = slice_text(agent);
  e.meta[META_EVIDENCE] = slice_text(evidence);
  e.meta[META_CONTEXT] = slice_text(context);
  if (!notice_read(&e, &n))
    return false;
  char *all = json_dumps(n.data, JSON_COMPACT | JSON_SORT_KEYS);
  snprintf(dumped, sizeof(dumped), "%s", all);
  free(all);
  text = dumped;
  return true;
}

static void expect(const char *type, const char *agent, const char *evidence, const char *context, const char *json) {
  assert_true(read(type, agent, evidence, context));
  assert_string_equal(n.event, type);
  if (!strstr(text, json))
    fail_msg("%s is not in %s", json, text);
  assert_non_null(strstr(text, "\"item\":\"w1\""));
  assert_non_null(strstr(text, "\"at\":\"2026-11-27T18:30:00.000Z\""));
  notice_free(&n);
}

static void test_every_type(void **state) {
  (void)state;
  expect("offer", "ana bo", "1795804230000", "", "\"until\":\"2026-11-27T18:30:30.000Z\"");
  expect("offer", "ana bo", "1795804230000", "", "\"agents\":[\"ana\",\"bo\"]");
  expect("offer_end", "ana", "declined too hard for me", "", "\"how\":\"declined\"");
  expect("offer_end", "ana", "declined too hard for me", "", "\"why\":\"too hard for me\"");
  expect("offer_end", "ana", "ignored", "", "\"how\":\"ignored\"");
  expect("claim", "ana", "pulled", "", "\"how\":\"pulled\"");
  expect("claim", "ana", "taken from bo", "", "\"from\":\"bo\"");
  expect("requeue", "ana", "billing to=bo by=ana", "look at this", "\"to\":\"bo\"");
  expect("requeue", "ana", "billing to=bo by=ana", "look at this", "\"from_queue\":\"billing\"");
  expect("requeue", "ana", "billing to=bo by=ana", "look at this", "\"note\":\"look at this\"");
  expect("requeue", "ana", "billing lease", "", "\"lease\":true");
  expect("hold", "ana", "0 asked for the invoice", "", "\"why\":\"asked for the invoice\"");
  expect("snooze", "ana", "1795804230000", "", "\"until\":\"2026-11-27T18:30:30.000Z\"");
  expect("resume", "ana", "reply", "", "\"by\":\"reply\"");
  expect("wrap", "ana", "1795804230000", "", "\"until\":\"2026-11-27T18:30:30.000Z\"");
  expect("done", "ana", "", "", "\"agent\":\"ana\"");
  expect("reopen", "ana", "w1 the customer called", "", "\"why\":\"the customer called\"");
  expect("reopen", "", "o1 the reply was not delivered", "", "\"why\":\"the reply was not delivered\"");
  expect("deadline", "ana", "late first 1795804200000", "", "\"target\":\"first\"");
  expect("deadline", "", "warn next 1795804200000", "", "\"what\":\"warn\"");
  expect("presence", "ana", "ready away ignored 3 offers", "", "\"why\":\"ignored 3 offers\"");
  expect("desk", "", "cho", "", "\"by\":\"cho\"");
  expect("desk", "", "cho", "", "\"version\":12");
}

static void test_whom_it_concerns(void **state) {
  (void)state;
  assert_true(read("offer", "ana bo", "1", ""));
  assert_true(notice_concerns(&n, SLICE("ana")) && notice_concerns(&n, SLICE("bo")) && !notice_concerns(&n, SLICE("b")));
  notice_free(&n);
  assert_true(read("claim", "ana", "taken from bo", ""));
  assert_true(notice_concerns(&n, SLICE("ana")) && notice_concerns(&n, SLICE("bo")));
  notice_free(&n);
  assert_true(read("requeue", "", "billing to=cy", ""));
  assert_int_equal(n.agent_count, 1);
  assert_true(notice_concerns(&n, SLICE("cy")));
  notice_free(&n);
  assert_true(read("deadline", "", "warn next 1", ""));
  assert_int_equal(n.agent_count, 0);
  notice_free(&n);
  /* more agents than anybody offers to */
  assert_true(read("offer", "a b c d e f g h i j k l m n o p", "1", ""));
  assert_int_equal(n.agent_count, NOTICE_AGENTS);
  notice_free(&n);
}

static void test_what_is_none(void **state) {
  (void)state;
  static const char *const types[] = {"event", "outbound", "desks", "", "offers", "offer_", "acknowledge", "outbound_state"};
  for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
    assert_false(read(types[i], "ana", "x", ""));
}

static void test_odd_evidence(void **state) {
  (void)state;
  static const char *const types[] = {"offer", "offer_end", "claim", "requeue", "hold", "resume", "deadline", "presence", "desk"};
  static const char *const odd[] = {"", " ", "  x  y ", "\xff\xfe \xc0", "to= by= =", "99999999999999999999999", "-1", "taken from"};
  for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
    for (size_t k = 0; k < sizeof(odd) / sizeof(odd[0]); k++) {
      assert_true(read(types[i], odd[k], odd[k], odd[k]));
      notice_free(&n);
    }
}

static void test_framing(void **state) {
  (void)state;
  auto_clean(buf_free) struct buf b = BUF_INIT(1000);
  assert_int_equal(sse_event(&b, "1-2", "offer", SLICE("{\"a\":1}")), 0);
  assert_string_equal(b.at, "id: 1-2\nevent: offer\ndata: {\"a\":1}\n\n");
  buf_clear(&b);
  assert_int_equal(sse_event(&b, "", "reset", SLICE("{}")), 0);
  assert_string_equal(b.at, "event: reset\ndata: {}\n\n");
  struct slice beat = sse_heartbeat();
  assert_true(beat.len == 3 && memcmp(beat.at, ":\n\n", 3) == 0);
  auto_clean(buf_free) struct buf small = BUF_INIT(10);
  assert_int_equal(sse_event(&small, "1-2", "offer", SLICE("{}")), BUF_FULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_type), cmocka_unit_test(test_whom_it_concerns), cmocka_unit_test(test_what_is_none),
      cmocka_unit_test(test_odd_evidence), cmocka_unit_test(test_framing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
