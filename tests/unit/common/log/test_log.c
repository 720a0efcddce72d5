/* SPDX-License-Identifier: Apache-2.0 */
/* common/log: what a stranger can put into a value, what a line looks like, how repeats are held back. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "log/line.h"
#include "log/throttle.h"

static const struct {
  const char *name;
  struct slice value;
  const char *expected;
} values[] = {
    {"plain", SLICE("shop"), "shop"},
    {"address", SLICE("127.0.0.1:80"), "127.0.0.1:80"},
    {"url", SLICE("unix:/run/a-b_c"), "unix:/run/a-b_c"},
    {"empty", SLICE(""), "\"\""},
    {"blank", SLICE("two words"), "\"two words\""},
    {"equals", SLICE("a=b"), "\"a=b\""},
    {"quote", SLICE("a\"b"), "\"a\\\"b\""},
    {"backslash", SLICE("a\\b"), "\"a\\\\b\""},
    {"line end", SLICE("a\r\nb\tc"), "\"a\\r\\nb\\tc\""},
    {"forged line", SLICE("x\n2026 error sms event=hacked"), "\"x\\n2026 error sms event=hacked\""},
    {"nul", SLICE("a\0b"), "\"a\\x00b\""},
    {"ansi", SLICE("\x1b[31mred"), "\"\\x1b[31mred\""},
    {"delete", SLICE("a\x7f"), "\"a\\x7f\""},
    {"c1 control", SLICE("a\xc2\x9b"), "\"a\\u{9b}\""},
    {"bidi override", SLICE("a\xe2\x80\xae"), "\"a\\u{202e}\""},
    {"bidi isolate", SLICE("\xe2\x81\xa6x"), "\"\\u{2066}x\""},
    {"arabic mark", SLICE("\xd8\x9c"), "\"\\u{61c}\""},
    {"zero width", SLICE("a\xe2\x80\x8b"), "\"a\\u{200b}\""},
    {"line separator", SLICE("\xe2\x80\xa8"), "\"\\u{2028}\""},
    {"byte order mark", SLICE("\xef\xbb\xbf"), "\"\\u{feff}\""},
    {"tag", SLICE("\xf3\xa0\x81\x81"), "\"\\u{e0041}\""},
    {"umlaut", SLICE("Bücher"), "\"Bücher\""},
    {"emoji", SLICE("\xf0\x9f\x98\x80"), "\"\xf0\x9f\x98\x80\""},
    {"stray byte", SLICE("a\xff" "b"), "\"a\\xffb\""},
    {"cut sequence", SLICE("a\xe2\x82"), "\"a\\xe2\\x82\""},
    {"overlong", SLICE("\xc0\xaf"), "\"\\xc0\\xaf\""},
    {"overlong nul", SLICE("\xe0\x80\x80"), "\"\\xe0\\x80\\x80\""},
    {"surrogate", SLICE("\xed\xa0\x80"), "\"\\xed\\xa0\\x80\""},
    {"beyond unicode", SLICE("\xf4\x90\x80\x80"), "\"\\xf4\\x90\\x80\\x80\""},
};

static void test_values(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
    auto_clean(buf_free) struct buf text = BUF_INIT(LOG_LINE_MAX);
    log_value(&text, values[i].value);
    if (strcmp(text.at, values[i].expected) != 0)
      fail_msg("%s: %s, not %s", values[i].name, text.at, values[i].expected);
  }
}

static void test_every_byte_stays_in_its_line(void **state) {
  (void)state;
  for (unsigned a = 0; a < 256; a++)
    for (unsigned b = 0; b < 256; b++) {
      const char pair[2] = {(char)a, (char)b};
      auto_clean(buf_free) struct buf text = BUF_INIT(LOG_LINE_MAX);
      log_value(&text, slice_of(pair, 2));
      assert_int_equal(strlen(text.at), text.len);
      for (size_t i = 0; i < text.len; i++)
        assert_true((unsigned char)text.at[i] >= ' ' && text.at[i] != 0x7f);
    }
}

static void test_long_value_is_cut(void **state) {
  (void)state;
  char *long_value = must_calloc(1, 100000);
  memset(long_value, 'x', 99999);
  auto_clean(buf_free) struct buf text = BUF_INIT(LOG_LINE_MAX);
  log_value(&text, slice_of(long_value, LOG_VALUE_MAX));
  assert_int_equal(text.len, LOG_VALUE_MAX);
  buf_clear(&text);
  log_value(&text, slice_of(long_value, 99999));
  assert_int_equal(text.len, LOG_VALUE_MAX + 2 + strlen("…"));
  assert_string_equal(text.at + text.len - 4, "…\"");
  free(long_value);
}

static void test_line(void **state) {
  (void)state;
  const struct log_field fields[] = {KV("channel", "shop"), KI("bytes", -7), KS("words", SLICE("a b")), KV("none", NULL)};
  auto_clean(buf_free) struct buf line = BUF_INIT(LOG_LINE_MAX);
  log_line(&line, 1795512600123, LOG_INFO, "sms", "taken", 0, fields, 4);
  assert_string_equal(line.at, "2026-11-24T09:30:00.123Z info sms event=taken channel=shop bytes=-7 words=\"a b\" "
                               "none=\"\"\n");
  buf_clear(&line);
  log_line(&line, 0, LOG_ERROR, "router", "lost", 12, fields, 1);
  assert_string_equal(line.at, "1970-01-01T00:00:00.000Z error router event=lost held_back=12 channel=shop\n");
}

/* All escapes: four bytes for one. The line must stay in its limit and still be one line. */
static void test_long_line_is_cut_between_fields(void **state) {
  (void)state;
  char bytes[LOG_VALUE_MAX];
  memset(bytes, 1, sizeof(bytes));
  struct log_field fields[8];
  for (size_t i = 0; i < 8; i++)
    fields[i] = i == 0 ? KV("first", "kept") : KS("more", slice_of(bytes, 400));
  auto_clean(buf_free) struct buf line = BUF_INIT(LOG_LINE_MAX);
  log_line(&line, 0, LOG_WARN, "email", "odd", 0, fields, 8);
  assert_false(line.full);
  assert_true(line.len <= LOG_LINE_MAX);
  assert_non_null(strstr(line.at, " first=kept more=\""));
  assert_string_equal(line.at + line.len - strlen("\" cut=true\n"), "\" cut=true\n");
  assert_ptr_equal(strchr(line.at, '\n'), line.at + line.len - 1);
}

static void test_levels(void **state) {
  (void)state;
  enum log_level level;
  for (int i = LOG_ERROR; i <= LOG_DEBUG; i++) {
    assert_int_equal(log_level_parse(log_level_text((enum log_level)i), &level), 0);
    assert_int_equal(level, i);
  }
  assert_int_equal(log_level_parse("INFO", &level), -EINVAL);
  assert_int_equal(log_level_parse("", &level), -EINVAL);
}

static void test_throttle_counts_what_it_holds_back(void **state) {
  (void)state;
  struct throttle t = {0};
  uint64_t held = 99;
  for (int i = 0; i < THROTTLE_PER_SECOND; i++) {
    assert_true(throttle_pass(&t, "noise", 1000 + i, &held));
    assert_int_equal(held, 0);
  }
  for (int i = 0; i < 500; i++)
    assert_false(throttle_pass(&t, "noise", 1500, &held));
  assert_true(throttle_pass(&t, "other", 1500, &held)); /* names do not share */
  assert_int_equal(held, 0);
  assert_false(throttle_pass(&t, "noise", 1999, &held));
  assert_true(throttle_pass(&t, "noise", 2000, &held));
  assert_int_equal(held, 501);
  assert_true(throttle_pass(&t, "noise", 2001, &held));
  assert_int_equal(held, 0);
}

static void test_throttle_survives_a_clock_set_back(void **state) {
  (void)state;
  struct throttle t = {0};
  uint64_t held;
  for (int i = 0; i < THROTTLE_PER_SECOND + 3; i++)
    (void)throttle_pass(&t, "noise", 1000000, &held);
  assert_true(throttle_pass(&t, "noise", 5, &held));
  assert_int_equal(held, 3);
}

/* More names than slots: still bounded, and one that holds something back is not forgotten for a quiet one. */
static void test_throttle_table_is_bounded(void **state) {
  (void)state;
  struct throttle t = {0};
  uint64_t held;
  for (int i = 0; i < THROTTLE_PER_SECOND + 7; i++)
    (void)throttle_pass(&t, "noise", 1000, &held);
  for (int i = 0; i < 10 * THROTTLE_SLOTS; i++) {
    char name[32];
    snprintf(name, sizeof(name), "name_%d", i);
    assert_true(throttle_pass(&t, name, 1100 + i, &held));
  }
  assert_int_equal(t.used, THROTTLE_SLOTS);
  assert_true(throttle_pass(&t, "noise", 9000, &held));
  assert_int_equal(held, 7);
}

static void test_long_names_are_one_slot(void **state) {
  (void)state;
  struct throttle t = {0};
  uint64_t held;
  char name[200];
  memset(name, 'n', sizeof(name) - 1);
  name[sizeof(name) - 1] = '\0';
  assert_true(throttle_pass(&t, name, 0, &held));
  assert_true(throttle_pass(&t, name, 0, &held));
  assert_int_equal(t.used, 1);
}

/* Through the real descriptor. */
static void test_write(void **state) {
  (void)state;
  char path[] = "/tmp/deskbell-log-XXXXXX";
  int fd = mkstemp(path), keep = dup(STDERR_FILENO);
  assert_true(fd >= 0 && keep >= 0);
  dup2(fd, STDERR_FILENO);
  log_open("unit", LOG_INFO);
  errno = ERANGE;
  log_debug("hidden", KI("n", 1));
  for (int i = 0; i < 3 * THROTTLE_PER_SECOND; i++)
    log_warn("repeated", KI("n", i));
  log_error("seen", KS("from_outside", SLICE("a\nb")));
  int after = errno;
  dup2(keep, STDERR_FILENO);
  close(keep);
  assert_int_equal(after, ERANGE); /* a log line may stand between a failure and its handling */
  char text[16384] = "";
  ssize_t got = pread(fd, text, sizeof(text) - 1, 0);
  assert_true(got > 0);
  int lines = 0;
  for (ssize_t i = 0; i < got; i++)
    lines += text[i] == '\n';
  assert_null(strstr(text, "hidden"));
  assert_true(lines > THROTTLE_PER_SECOND); /* more when the machine stalled for a second meanwhile */
  assert_non_null(strstr(text, " error unit event=seen from_outside=\"a\\nb\"\n"));
  close(fd);
  unlink(path);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_values),
      cmocka_unit_test(test_every_byte_stays_in_its_line),
      cmocka_unit_test(test_long_value_is_cut),
      cmocka_unit_test(test_line),
      cmocka_unit_test(test_long_line_is_cut_between_fields),
      cmocka_unit_test(test_levels),
      cmocka_unit_test(test_throttle_counts_what_it_holds_back),
      cmocka_unit_test(test_throttle_survives_a_clock_set_back),
      cmocka_unit_test(test_throttle_table_is_bounded),
      cmocka_unit_test(test_long_names_are_one_slot),
      cmocka_unit_test(test_write),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
