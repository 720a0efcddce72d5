/* SPDX-License-Identifier: Apache-2.0 */
/* The small pure parts: opt-out words, times, JSON as exact as it was written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "generic_item.h"
#include "json_read.h"
#include "opt_out.h"

static void test_opt_words(void **state) {
  (void)state;
  static const struct {
    enum opt opt;
    const char *text;
  } rows[] = {
      {OPT_OUT, "STOP"}, {OPT_OUT, "stop"}, {OPT_OUT, " Stop. "}, {OPT_OUT, "STOP!!!"}, {OPT_OUT, "stop ?"},
      {OPT_OUT, "StopAll"}, {OPT_OUT, "stop all"}, {OPT_OUT, "STOP \t ALL"}, {OPT_OUT, "unsubscribe"},
      {OPT_OUT, "Cancel"}, {OPT_OUT, "END"}, {OPT_OUT, "quit\n"}, {OPT_OUT, "Revoke,"}, {OPT_OUT, "OPTOUT"},
      {OPT_OUT, "opt-out"}, {OPT_IN, "START"}, {OPT_IN, "unstop."}, {OPT_NONE, "YES"}, {OPT_NONE, "HELP"},
      {OPT_NONE, "INFO"}, {OPT_NONE, ""}, {OPT_NONE, "..."}, {OPT_NONE, "please cancel my order"},
      {OPT_NONE, "stop it"}, {OPT_NONE, "don't stop"}, {OPT_NONE, "st op"}, {OPT_NONE, "stop."
      "................................................................ not"}, {OPT_NONE, ".stop"},
      {OPT_NONE, "opt out of what?"}, {OPT_NONE, "the end"},
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
    if (opt_of_text(slice_text(rows[i].text)) != rows[i].opt)
      fail_msg("%s", rows[i].text);
  assert_int_equal(opt_of_text(slice_of("stop\0x", 6)), OPT_NONE);
}

static void test_the_provider_knows_better(void **state) {
  (void)state;
  assert_int_equal(opt_of_provider(SLICE("STOP"), SLICE("arrêtez")), OPT_OUT);
  assert_int_equal(opt_of_provider(SLICE("START"), SLICE("YES")), OPT_IN);
  assert_int_equal(opt_of_provider(SLICE("HELP"), SLICE("stop")), OPT_NONE);
  assert_int_equal(opt_of_provider(SLICE(""), SLICE("stop")), OPT_OUT);
}

static void test_timestamps(void **state) {
  (void)state;
  static const struct {
    const char *text;
    int64_t ms; /* -1: refused */
  } rows[] = {
      {"2026-11-24T09:30:00Z", 1795512600000}, {"2026-11-24T09:30:00.123Z", 1795512600123},
      {"2026-11-24T09:30:00.1234567z", 1795512600123}, {"2026-11-24T10:30:00+01:00", 1795512600000},
      {"2026-11-24T04:00:00-05:30", 1795512600000}, {"2026-11-24 09:30:00Z", 1795512600000},
      {" 1795512600 ", 1795512600000}, {"1795512600.5", 1795512600500}, {"1795512600.123999", 1795512600123},
      {"1795512600123", 1795512600123}, {"0", 0}, {"2024-02-29T00:00:00Z", 1709164800000},
      {"2016-12-31T23:59:60Z", 1483228800000},
      {"2026-02-30T00:00:00Z", -1}, {"2026-02-29T12:00:00Z", -1}, {"2026-13-01T00:00:00Z", -1}, {"2026-11-24", -1}, {"2026-11-24T09:30Z", -1},
      {"2026-11-24T09:30:00", -1}, {"2026-11-24T09:30:00.Z", -1}, {"2026-11-24T09:30:00Zx", -1}, {"", -1},
      {"yesterday", -1}, {"-5", -1}, {"1.", -1}, {".5", -1}, {"1.x", -1}, {"1.1234x", -1}, {"1.123x", -1}, {"99999999999999999999", -1},
      {"1970-01-01T00:00:00+01:00", -1}, {"0001-01-01T00:00:00Z", -1},
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    int64_t ms = -1;
    int r = timestamp_parse(slice_text(rows[i].text), &ms);
    if ((r == 0) != (rows[i].ms >= 0) || (r == 0 && ms != rows[i].ms))
      fail_msg("%s: %d %lld", rows[i].text, r, (long long)ms);
  }
}

/* Reads {"v": text} and gives the member as text. */
static const char *exact(const char *number, struct arena *a) {
  char body[256];
  bool duplicates;
  json_t *json;
  snprintf(body, sizeof(body), "{\"v\": %s}", number);
  if (json_read(slice_text(body), a, &json, &duplicates) != 0)
    return "(refused)";
  struct slice text = json_member_text(json, "v", a);
  char *copy = arena_copy(a, text);
  json_decref(json);
  return copy;
}

static void test_numbers_are_exact(void **state) {
  (void)state;
  static const char *const same[] = {"0", "-1", "9007199254740993", "9223372036854775807", "9223372036854775808",
                                     "123456789012345678901234567890", "-99999999999999999999", "1.10", "0.1",
                                     "1e999", "1E-5", "-0.0", "1.5e+3"};
  static const char *const bad[] = {"01", "1.", ".5", "1e", "1e+", "-", "+1", "1.2.3", "0x10", "1_000", "NaN",
                                    "Infinity", "1234567890123456789012.", "00000000000000000000001", "--1"};
  struct arena *a = arena_new(1024, 1 << 20);
  for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
    assert_string_equal(exact(same[i], a), same[i]);
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
    assert_string_equal(exact(bad[i], a), "(refused)");
  assert_string_equal(exact("\"12345678901234567890.5 \\\" 1.5\"", a), "12345678901234567890.5 \" 1.5");
  assert_string_equal(exact("true", a), "");
  arena_free(&a);
}

static int read_only(const char *body, size_t len, bool *duplicates) {
  struct arena *a = arena_new(1024, 1 << 20);
  json_t *json;
  int r = json_read(slice_of(body, len), a, &json, duplicates);
  if (r == 0)
    json_decref(json);
  arena_free(&a);
  return r;
}

static void test_json_limits(void **state) {
  (void)state;
  bool duplicates = false;
  static const char *const bad[] = {"", " ", "{", "{\"a\":1}x", "{\"a\":\"\xff\"}", "{\"a\":\"\xc0\xaf\"}",
                                    "{\"a\":\"\\ud800\"}", "{\"a\":\"\n\"}", "{'a':1}", "{\"a\":1,}", "\"", "\"\\",
                                    "[1 2]", "{\"\\u0000\":1}", "nul", "]"};
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
    if (read_only(bad[i], strlen(bad[i]), &duplicates) != JSON_BAD)
      fail_msg("%s", bad[i]);
  char deep[200];
  for (size_t depth = 63; depth <= 66; depth++) {
    memset(deep, '[', depth);
    memset(deep + depth, ']', depth);
    assert_int_equal(read_only(deep, 2 * depth, &duplicates), depth > 64 ? JSON_TOO_DEEP : 0);
  }
  static const char brackets[] = "{\"a\":\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"}";
  assert_int_equal(read_only(brackets, strlen(brackets), &duplicates), 0); /* inside a string is not depth */
  assert_false(duplicates);
  assert_int_equal(read_only("{\"a\":1,\"a\":2}", 13, &duplicates), 0);
  assert_true(duplicates);
}

static void test_the_last_key_wins(void **state) {
  (void)state;
  struct arena *a = arena_new(1024, 1 << 20);
  json_t *json;
  bool duplicates;
  assert_int_equal(json_read(SLICE("{\"a\":1.5,\"a\":2.5}"), a, &json, &duplicates), 0);
  assert_true(slice_equal(json_member_text(json, "a", a), SLICE("2.5")));
  json_decref(json);
  arena_free(&a);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_opt_words),
      cmocka_unit_test(test_the_provider_knows_better),
      cmocka_unit_test(test_timestamps),
      cmocka_unit_test(test_numbers_are_exact),
      cmocka_unit_test(test_json_limits),
      cmocka_unit_test(test_the_last_key_wins),
  };
  return cmocka_run_group_tests_name("sms words", tests, NULL, NULL);
}
