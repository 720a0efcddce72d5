/* SPDX-License-Identifier: Apache-2.0 */
/* The pure parts of the supervisor: when to restart, what a program reported, where everyone listens. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include "endpoints.h"
#include "report.h"
#include "restart.h"

static void test_restart_doubles(void **state) {
  (void)state;
  static const int64_t delays[] = {100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000};
  struct restart r = {0};
  for (size_t i = 0; i < sizeof(delays) / sizeof(delays[0]); i++) {
    assert_int_equal(restart_after(&r, 0, false), delays[i]);
    assert_int_equal(r.failed, i + 1);
  }
}

static void test_restart_forgets_after_a_long_life(void **state) {
  (void)state;
  struct restart r = {0};
  for (int i = 0; i < 6; i++)
    (void)restart_after(&r, 50, false);
  assert_int_equal(restart_after(&r, RESTART_FORGET_MS - 1, true), RESTART_MOST_MS);
  assert_int_equal(r.failed, 0);
  assert_int_equal(restart_after(&r, RESTART_FORGET_MS, true), RESTART_FIRST_MS);
  assert_int_equal(restart_after(&r, 1, true), 2 * RESTART_FIRST_MS);
  assert_int_equal(r.failed, 0);
  assert_int_equal(restart_after(&r, RESTART_FORGET_MS, false), RESTART_FIRST_MS);
  assert_int_equal(r.failed, 1);
}

struct reported {
  char text[8192];
};

static void note(void *arg, const char *name, const char *value) {
  struct reported *r = arg;
  size_t len = strlen(r->text);
  snprintf(r->text + len, sizeof(r->text) - len, "%s=%s;", name, value);
}

static const struct {
  const char *name;
  struct slice bytes;
  const char *endpoints;
  int result;
  unsigned bad;
} reports[] = {
    {"whole", SLICE("endpoint sms 127.0.0.1:80\nendpoint sms-health [::1]:9\nready\n"),
     "sms=127.0.0.1:80;sms-health=[::1]:9;", REPORT_READY, 0},
    {"only ready", SLICE("ready\n"), "", REPORT_READY, 0},
    {"nothing", SLICE(""), "", 0, 0},
    {"no line end", SLICE("ready"), "", 0, 0},
    {"after ready", SLICE("ready\nendpoint late 1\nready\n"), "", REPORT_READY, 0},
    {"empty line", SLICE("\nready\n"), "", REPORT_READY, 1},
    {"no value", SLICE("endpoint sms\nendpoint sms \nendpoint\nendpoint \nready\n"), "", REPORT_READY, 4},
    {"no name", SLICE("endpoint  1\n"), "", 0, 1},
    {"three words", SLICE("endpoint sms 1 2\n"), "", 0, 1},
    {"other word", SLICE("endpoints sms 1\nREADY\nready \n"), "", 0, 3},
    {"nul", SLICE("endpoint a\0b 1\nrea\0dy\n"), "", 0, 2},
    {"carriage return stays in the value", SLICE("ready\r\n"), "", 0, 1},
};

static void test_report(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof(reports) / sizeof(reports[0]); i++)
    for (size_t step = 1; step <= 64; step *= 4) { /* chunks of any size */
      struct report r = {0};
      struct reported got = {""};
      int result = 0;
      for (size_t at = 0; at < reports[i].bytes.len; at += step) {
        size_t len = reports[i].bytes.len - at < step ? reports[i].bytes.len - at : step;
        int now = report_feed(&r, slice_of(reports[i].bytes.at + at, len), note, &got);
        assert_true(now == 0 || result == 0); /* told once */
        result = now ? now : result;
      }
      if (result != reports[i].result || r.bad != reports[i].bad || strcmp(got.text, reports[i].endpoints) != 0)
        fail_msg("%s in steps of %zu: %d, %u bad, %s", reports[i].name, step, result, r.bad, got.text);
    }
}

static void test_report_line_is_bounded(void **state) {
  (void)state;
  struct report r = {0};
  struct reported got = {""};
  char x[REPORT_LINE_MAX];
  memset(x, 'x', sizeof(x));
  for (int i = 0; i < 100; i++)
    assert_int_equal(report_feed(&r, slice_of(x, sizeof(x)), note, &got), 0);
  assert_int_equal(report_feed(&r, SLICE("\nendpoint a 1\n"), note, &got), 0);
  assert_int_equal(r.bad, 1);
  assert_string_equal(got.text, "a=1;");
  /* Exactly the longest line is taken, one more is not. */
  for (size_t len = REPORT_LINE_MAX; len <= REPORT_LINE_MAX + 1; len++) {
    got.text[0] = '\0';
    report_feed(&r, SLICE("endpoint a "), note, &got);
    report_feed(&r, slice_of(x, len - strlen("endpoint a ")), note, &got);
    report_feed(&r, SLICE("\n"), note, &got);
    assert_int_equal(strlen(got.text), len == REPORT_LINE_MAX ? REPORT_LINE_MAX - strlen("endpoint a ") + 3 : 0);
  }
  assert_int_equal(r.bad, 2);
}

static void test_endpoints(void **state) {
  (void)state;
  struct endpoint_table *t = must_calloc(1, sizeof(*t));
  assert_int_equal(endpoints_set(t, "sms", "sms", "127.0.0.1:1"), 0);
  assert_int_equal(endpoints_set(t, "sms", "sms", "127.0.0.1:1"), ENDPOINT_SAME);
  assert_int_equal(endpoints_set(t, "sms", "sms", "127.0.0.1:2"), 0);
  assert_int_equal(endpoints_set(t, "email", "sms", "127.0.0.1:3"), -EEXIST);
  assert_int_equal(endpoints_set(t, "email", "lmtp", "unix:/a \"b\"\\c"), 0);
  auto_clean(buf_free) struct buf text = BUF_INIT(1 << 16);
  assert_int_equal(endpoints_json(t, &text), 0);
  assert_string_equal(text.at, "{\n  \"sms\": \"127.0.0.1:2\",\n  \"lmtp\": \"unix:/a \\\"b\\\"\\\\c\"\n}\n");
  endpoints_forget(t, "sms");
  endpoints_forget(t, "nobody");
  buf_clear(&text);
  assert_int_equal(endpoints_json(t, &text), 0);
  assert_string_equal(text.at, "{\n  \"lmtp\": \"unix:/a \\\"b\\\"\\\\c\"\n}\n");
  endpoints_forget(t, "email");
  buf_clear(&text);
  assert_int_equal(endpoints_json(t, &text), 0);
  assert_string_equal(text.at, "{}\n");
  endpoints_free(t);
  free(t);
}

static void test_endpoints_are_bounded(void **state) {
  (void)state;
  struct endpoint_table *t = must_calloc(1, sizeof(*t));
  char name[64];
  for (int i = 0; i < ENDPOINTS_MAX; i++) {
    snprintf(name, sizeof(name), "channel.n%d", i);
    assert_int_equal(endpoints_set(t, i % 2 ? "p" : "q", name, "value"), 0);
  }
  assert_int_equal(endpoints_set(t, "p", "one-more", "v"), -ENOSPC);
  assert_int_equal(endpoints_set(t, "q", "channel.n0", "v"), 0);
  auto_clean(buf_free) struct buf small = BUF_INIT(16), large = BUF_INIT(1 << 20);
  assert_int_equal(endpoints_json(t, &small), -EINVAL);
  assert_int_equal(endpoints_json(t, &large), 0);
  assert_int_equal(endpoints_set(t, "q", "channel.n0", "\xff"), 0);
  assert_int_equal(endpoints_json(t, &large), -EINVAL);
  endpoints_forget(t, "q");
  assert_int_equal(t->count, ENDPOINTS_MAX / 2);
  endpoints_free(t);
  endpoints_free(t);
  assert_int_equal(t->count, 0);
  free(t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_restart_doubles),
      cmocka_unit_test(test_restart_forgets_after_a_long_life),
      cmocka_unit_test(test_report),
      cmocka_unit_test(test_report_line_is_bounded),
      cmocka_unit_test(test_endpoints),
      cmocka_unit_test(test_endpoints_are_bounded),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
