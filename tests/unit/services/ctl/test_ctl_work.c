/* SPDX-License-Identifier: Apache-2.0 */
/* Work items told to people: moments, entries of the journal, decisions, messages that nobody sent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/file.h"
#include "dispatch/record.h"
#include "instant.h"
#include "journal_work.h"
#include "record_show.h"
#include "try_message.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define NOW 1764000000000 /* 2025-11-24T16:00:00Z */

/* ---- moments */

static void test_moments_are_read(void **state) {
  (void)state;
  static const struct {
    const char *text;
    int64_t at_ms; /* -1: it is none */
  } rows[] = {{"2h", NOW + 7200000},
              {"30s", NOW + 30000},
              {"7d", NOW + 7 * 86400000ll},
              {"2025-11-24T18:30Z", NOW + 9000000},
              {"2025-11-24T18:30", NOW + 9000000},
              {"2025-11-24T19:30:00+01:00", NOW + 9000000},
              {"2025-11-24T18:30:05Z", NOW + 9005000},
              {"0", -1},
              {"0s", -1},
              {"3651d", -1},
              {"2", -1},
              {"tomorrow", -1},
              {"", -1},
              {"2025-11-24", -1},
              {"2025-13-24T18:30Z", -1},
              {"2025-11-24T18:30Zx", -1},
              {"1969-11-24T18:30Z", -1}};
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    int64_t at = -1;
    assert_int_equal(instant_ahead(rows[i].text, NOW, &at), rows[i].at_ms < 0 ? -EINVAL : 0);
    assert_int_equal(at, rows[i].at_ms);
  }
}

static void test_moments_are_told(void **state) {
  (void)state;
  static const struct {
    int64_t from_now;
    const char *words;
  } rows[] = {{30000, "2025-11-24T16:00:30Z (in 30 s)"},
              {-30000, "2025-11-24T15:59:30Z (30 s ago)"},
              {0, "2025-11-24T16:00:00Z (0 s ago)"},
              {48 * 60000, "2025-11-24T16:48:00Z (in 48 min)"},
              {14 * 3600000, "2025-11-25T06:00:00Z (in 14.0 h)"},
              {-3 * 86400000ll, "2025-11-21T16:00:00Z (3.0 days ago)"},
              {3000 * 86400000ll, "2034-02-10T16:00:00Z (in 3000.0 days)"}};
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    char text[INSTANT_LEN];
    assert_string_equal(instant_near(NOW + rows[i].from_now, NOW, text), rows[i].words);
  }
}

/* ---- entries */

static struct entry entry_of(const char *type, const char *agent, const char *evidence, const char *context) {
  struct entry e = {.cursor = "1-1", .type = slice_text(type), .event = SLICE("")};
  for (size_t i = 0; i < META_COUNT; i++)
    e.meta[i] = SLICE("");
  e.meta[META_QUEUE] = SLICE("billing");
  e.meta[META_AGENT] = slice_text(agent);
  e.meta[META_EVIDENCE] = slice_text(evidence);
  e.meta[META_CONTEXT] = slice_text(context);
  return e;
}

#define AT "1764000000000"
#define AT_TEXT "2025-11-24T16:00:00.000Z"

static const struct {
  const char *type, *agent, *evidence, *context, *words, *data;
} entries[] = {
    {"offer", "ana bo", AT, "", "offered to ana bo; until " AT_TEXT, "{\"agents\":[\"ana\",\"bo\"],\"until\":\"" AT_TEXT "\"}"},
    {"offer_end", "ana", "declined at lunch", "", "declined by ana: at lunch", "{\"how\":\"declined at lunch\"}"},
    {"offer_end", "ana", "declined", "", "declined by ana", "{\"how\":\"declined\"}"},
    {"offer_end", "ana", "ignored", "", "ana did not answer in time", "{\"how\":\"ignored\"}"},
    {"offer_end", "ana", "gone", "", "ana is not there any more", "{\"how\":\"gone\"}"},
    {"offer_end", "ana", "withdrawn", "", "withdrawn from ana", "{\"how\":\"withdrawn\"}"},
    {"offer_end", "ana", "lost", "", "another one was faster than ana", "{\"how\":\"lost\"}"},
    {"offer_end", "ana", "odd words", "", "ana: odd words", "{\"how\":\"odd words\"}"},
    {"claim", "ana", "", "", "held by ana", "{}"},
    {"claim", "ana", "agent", "", "ana goes on", "{\"how\":\"agent\"}"},
    {"claim", "ana", "taken from bo", "", "held by ana (taken from bo)", "{\"how\":\"taken from bo\"}"},
    {"requeue", "ana", "billing", "", "back from ana to queue billing", "{\"evidence\":\"billing\",\"from\":\"billing\"}"},
    {"requeue", "", "support to=eve by=the boss", "knows the case",
     "back from the operator to queue billing out of support, for eve, by the boss; note: knows the case",
     "{\"evidence\":\"support to=eve by=the boss\",\"from\":\"support\",\"to\":\"eve\",\"by\":\"the boss\",\"note\":\"knows the case\"}"},
    {"requeue", "ana", "billing lease", "", "back from ana to queue billing: the agent disappeared",
     "{\"evidence\":\"billing lease\",\"from\":\"billing\",\"lease\":true}"},
    {"hold", "ana", AT " asked for the number", "", "ana waits for the customer until " AT_TEXT ": asked for the number",
     "{\"until\":\"" AT_TEXT "\",\"why\":\"asked for the number\"}"},
    {"hold", "ana", "0", "", "ana waits for the customer", "{}"},
    {"snooze", "ana", AT, "", "put aside by ana until " AT_TEXT, "{\"until\":\"" AT_TEXT "\"}"},
    {"wrap", "ana", AT, "", "ana finishes up until " AT_TEXT, "{\"until\":\"" AT_TEXT "\"}"},
    {"resume", "ana", "reply", "", "waits again: the customer wrote", "{\"how\":\"reply\"}"},
    {"resume", "ana", "time", "", "waits again: its time has come", "{\"how\":\"time\"}"},
    {"resume", "", "failed", "", "waits again: failed", "{\"how\":\"failed\"}"},
    {"reopen", "", "w4m9rj7k2x0q8v5c3 by mistake", "", "opened again by the operator: by mistake", "{\"why\":\"by mistake\"}"},
    {"deadline", "", "warn first " AT, "", "first answer is soon due: it is due " AT_TEXT,
     "{\"grade\":\"warn\",\"target\":\"first\",\"due\":\"" AT_TEXT "\"}"},
    {"deadline", "ana", "late resolve " AT, "", "end is late: it was due " AT_TEXT,
     "{\"grade\":\"late\",\"target\":\"resolve\",\"due\":\"" AT_TEXT "\"}"},
    {"presence", "ana", "ready away 3 offers ignored", "", "ana is away, was ready: 3 offers ignored",
     "{\"was\":\"ready\",\"presence\":\"away\",\"why\":\"3 offers ignored\"}"},
};

static void test_entries_in_words_and_as_data(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
    struct entry e = entry_of(entries[i].type, entries[i].agent, entries[i].evidence, entries[i].context);
    struct buf words = BUF_INIT(4096);
    json_t *data = json_object();
    assert_non_null(work_type_of(&e));
    buf_add_text(&words, "");
    work_words(&e, &words);
    work_set(data, &e);
    char *text = json_dumps(data, JSON_COMPACT | JSON_PRESERVE_ORDER);
    assert_string_equal(words.at, entries[i].words);
    assert_string_equal(text, entries[i].data);
    free(text);
    json_decref(data);
    buf_free(&words);
  }
}

/* What stands there is never trusted: an odd entry is told as it is, or not. */
static void test_odd_entries(void **state) {
  (void)state;
  static const char *const evidences[] = {"", " ", "   ", "99999999999999999999", "to= by= lease", "late", "late first", "=", "w"};
  struct entry outbound = entry_of("reopen", "", "o4m9rj7k2x0q8v5c3 failed", ""), event = entry_of("event", "", "", "");
  assert_null(work_type_of(&outbound));
  assert_null(work_type_of(&event));
  for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++)
    for (size_t k = 0; k < sizeof(evidences) / sizeof(evidences[0]); k++) {
      struct entry e = entry_of(entries[i].type, "", evidences[k], "");
      struct buf words = BUF_INIT(4096);
      json_t *data = json_object();
      work_words(&e, &words);
      work_set(data, &e);
      json_decref(data);
      buf_free(&words);
    }
}

/* ---- a decision */

/* One item, two agents, one of them with half of his room used. */
static void decide(struct buf *text, int expected) {
  static const double speeds[] = {0}, slow[] = {-0.5};
  struct rule_weights w = rule_weights_standard();
  struct rule_queue q = {.name = SLICE("billing"), .target_ms = 3600000, .handling_ms = 600000, .units = 1, .on_duty = 2,
                         .now_ms = NOW};
  struct rule_group groups[] = {
      {.ln_speed = speeds, .units = 4, .room = 2, .kind_room = {2}, .crowded = rule_crowded(&w, 2, 4), .agent = SLICE("ana"),
       .idle_since_ms = NOW - 60000, .count = 1},
      {.ln_speed = slow, .units = 4, .room = 4, .kind_room = {4}, .agent = SLICE("bo"), .idle_since_ms = NOW - 9000, .count = 1}};
  rule_prepare(&w, &q, 1);
  struct rule_item item = {.id = SLICE("w1"), .set = RULE_ON_TIME, .known_group = RULE_NOBODY, .arrival_ms = NOW - 60000,
                           .ln_value = rule_ln_value(&w, 2), .needs = SLICE("zh >= 3")};
  item.set = rule_set_at(&q, item.arrival_ms, NOW);
  item.score = rule_score(&w, &q, item.set, item.arrival_ms, item.ln_value);
  struct rule_view view = {.weights = &w, .queues = &q, .queue_count = 1, .groups = groups,
                           .group_count = expected == 0 ? 2 : 0, .items = &item, .item_count = 1};
  struct rule_record *r = must_calloc(1, sizeof(*r));
  assert_int_equal(rule_decide(&view, r), expected);
  assert_int_equal(rule_record_write(r, text), 0);
  free(r);
}

static void test_an_offer_is_told_with_its_decision(void **state) {
  (void)state;
  struct buf text = BUF_INIT(65536), words = BUF_INIT(4096);
  decide(&text, 0);
  struct entry e = entry_of("offer", "ana", AT, "");
  e.event = buf_slice(&text);
  work_words(&e, &words);
  assert_ptr_equal(strstr(words.at, "offered to ana: zh >= 3"), words.at);
  assert_non_null(strstr(words.at, "also fit: bo"));
  assert_non_null(strstr(words.at, "; until " AT_TEXT));
  json_t *data = json_object();
  work_set(data, &e);
  const json_t *decision = json_object_get(data, "decision");
  assert_true(json_is_true(json_object_get(decision, "reproduced")));
  const json_t *item = json_array_get(json_object_get(decision, "items"), 0);
  assert_string_equal(json_string_value(json_object_get(item, "queue")), "billing");
  double factors = json_real_value(json_object_get(item, "value")) * json_real_value(json_object_get(item, "clock")) *
                   json_real_value(json_object_get(item, "speed")) * json_real_value(json_object_get(item, "known"));
  assert_true(json_real_value(json_object_get(item, "value")) > 1.999 && json_real_value(json_object_get(item, "value")) < 2.001);
  /* All factors multiply: they are the urgency, but for the queue's 1 / (p T). */
  assert_true(fabs(log(factors) - log(600000. * 3600000.) - json_real_value(json_object_get(item, "index"))) < 1e-6);
  assert_int_equal(json_array_size(json_object_get(decision, "agents")), 2);
  json_decref(data);
  buf_free(&text);
  buf_free(&words);
}

static void test_a_changed_record_is_found_out(void **state) {
  (void)state;
  struct buf text = BUF_INIT(65536);
  struct rule_record *r = must_calloc(1, sizeof(*r));
  decide(&text, 0);
  assert_int_equal(rule_record_read(buf_slice(&text), r), 0);
  r->agents[0].cost += 1;
  json_t *j = record_json(r);
  assert_true(json_is_false(json_object_get(j, "reproduced")));
  assert_true(json_string_length(json_object_get(j, "differs")) > 0);
  json_decref(j);
  free(r);
  buf_free(&text);
}

static void test_waiting_is_told(void **state) {
  (void)state;
  struct buf text = BUF_INIT(65536), words = BUF_INIT(4096);
  struct rule_record *r = must_calloc(1, sizeof(*r));
  decide(&text, RULE_WAIT);
  assert_int_equal(rule_record_read(buf_slice(&text), r), 0);
  record_words(r, &words);
  assert_string_equal(words.at, "waits: nobody who fits has room");
  json_t *j = record_json(r);
  assert_int_equal(json_integer_value(json_object_get(j, "unfit")), 1);
  assert_int_equal(json_array_size(json_object_get(j, "items")), 0);
  json_decref(j);
  free(r);
  buf_free(&text);
  buf_free(&words);
}

/* ---- a message that nobody sent */

static void test_a_message_out_of_an_event(void **state) {
  (void)state;
  static const char event[] =
      "{\"specversion\":\"1.0\",\"data\":{\"channel\":\"mail\",\"channel_kind\":\"email\",\"from\":{\"address\":\"ann@example.org\"},"
      "\"to\":[{\"address\":\"support@example.com\"},{\"address\":\"b@example.com\"}],\"subject\":\"S\",\"text\":\"T\","
      "\"language\":\"de\",\"automatic\":{\"kind\":\"bulk\"},\"suspected\":\"spam\"}}\n{\"more\":\"lines\"}\n";
  char path[] = "/tmp/deskbell-try-XXXXXX";
  int fd = mkstemp(path);
  assert_true(fd >= 0 && write(fd, event, sizeof(event) - 1) == sizeof(event) - 1);
  close(fd);
  struct ctl_command command = {.name = "dispatch"};
  struct ctl ctl = {.command = &command};
  struct try_message m = {.channel = ""};
  assert_int_equal(try_message_read(&ctl, path, &m), CTL_OK);
  assert_string_equal(m.channel, "mail");
  assert_string_equal(m.channel_kind, "email");
  assert_string_equal(m.from, "ann@example.org");
  assert_string_equal(m.language, "de");
  assert_string_equal(m.automatic, "bulk");
  assert_true(m.suspected && m.to_count == 2);
  assert_string_equal(m.to[1], "b@example.com");
  try_message_free(&m);
  unlink(path);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_moments_are_read),
      cmocka_unit_test(test_moments_are_told),
      cmocka_unit_test(test_entries_in_words_and_as_data),
      cmocka_unit_test(test_odd_entries),
      cmocka_unit_test(test_an_offer_is_told_with_its_decision),
      cmocka_unit_test(test_a_changed_record_is_found_out),
      cmocka_unit_test(test_waiting_is_told),
      cmocka_unit_test(test_a_message_out_of_an_event),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
