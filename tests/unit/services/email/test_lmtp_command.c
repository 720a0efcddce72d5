/* SPDX-License-Identifier: Apache-2.0 */
#include "lmtp_command.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

static void test_verbs(void **state) {
  (void)state;
  static const struct {
    const char *line;
    enum lmtp_verb verb;
    const char *argument;
  } cases[] = {
      {"LHLO me", VERB_LHLO, "me"}, {"lhlo  me ", VERB_LHLO, "me"}, {"EHLO me", VERB_HELO, "me"},
      {"MAIL FROM:<>", VERB_MAIL, "FROM:<>"}, {"Rcpt To:<x>", VERB_RCPT, "To:<x>"}, {"DATA", VERB_DATA, ""},
      {"QUIT now", VERB_QUIT, "now"}, {"", VERB_UNKNOWN, ""}, {" NOOP", VERB_UNKNOWN, "NOOP"},
      {"NOOPS", VERB_UNKNOWN, ""}, {"MAIL\tFROM:<>", VERB_UNKNOWN, ""}, {"GET / HTTP/1.1", VERB_FOREIGN, "/ HTTP/1.1"},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    struct lmtp_command c;
    lmtp_command_read(slice_text(cases[i].line), &c);
    assert_int_equal(c.verb, cases[i].verb);
    assert_true(slice_equal(c.argument, slice_text(cases[i].argument)));
  }
}

static void test_mail(void **state) {
  (void)state;
  static const struct {
    const char *argument;
    int result;
    const char *path;
    uint64_t size;
    bool utf8, eight;
  } cases[] = {
      {"FROM:<a@b>", 0, "a@b", 0, false, false},
      {"from:<>", 0, "", 0, false, false},
      {"FROM: <a@b>  SIZE=12   BODY=8bitmime", 0, "a@b", 12, false, true},
      {"FROM:<a@b> SMTPUTF8 BODY=7BIT", 0, "a@b", 0, true, false},
      {"FROM:<\"a>b\"@c> SIZE=1", 0, "\"a>b\"@c", 1, false, false},
      {"FROM:<\"a\\\">b c\"@d>", 0, "\"a\\\">b c\"@d", 0, false, false},
      {"FROM:<@one,@two:a@b>", 0, "a@b", 0, false, false},
      {"FROM:<\xc3\xa4@b>", 0, "\xc3\xa4@b", 0, false, false},
      {"FROM:<a@b> SIZE=18446744073709551616", 0, "a@b", UINT64_MAX, false, false},
      {"FROM:<\xff@b>", LMTP_SYNTAX, 0, 0, 0, 0},
      {"FROM:<a\x01@b>", LMTP_SYNTAX, 0, 0, 0, 0},
      {"FROM:<a\x7f@b>", LMTP_SYNTAX, 0, 0, 0, 0},
      {"FROM:", LMTP_SYNTAX, 0, 0, 0, 0},
      {"FROM:<", LMTP_SYNTAX, 0, 0, 0, 0},
      {"FROM:<\"a>", LMTP_SYNTAX, 0, 0, 0, 0},
      {"FROM:<a\\", LMTP_SYNTAX, 0, 0, 0, 0},
      {"FROM <a@b>", LMTP_SYNTAX, 0, 0, 0, 0},
      {"FROM:a@b", LMTP_SYNTAX, 0, 0, 0, 0},
      {"FROM:<a@b>SIZE=1", LMTP_SYNTAX, 0, 0, 0, 0},
      {"FROM:<a@b> SIZE", LMTP_SYNTAX, 0, 0, 0, 0},
      {"FROM:<a@b> SIZE=", LMTP_SYNTAX, 0, 0, 0, 0},
      {"FROM:<a@b> SIZE=-1", LMTP_SYNTAX, 0, 0, 0, 0},
      {"FROM:<a@b> BODY", LMTP_PARAMETER, 0, 0, 0, 0},
      {"FROM:<a@b> BODY=BINARYMIME", LMTP_PARAMETER, 0, 0, 0, 0},
      {"FROM:<a@b> SMTPUTF8=", LMTP_PARAMETER, 0, 0, 0, 0},
      {"FROM:<a@b> AUTH=<>", LMTP_PARAMETER, 0, 0, 0, 0},
      {"FROM:<a@b> =", LMTP_PARAMETER, 0, 0, 0, 0},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    struct lmtp_sender s = {.size = 77};
    int r = lmtp_read_mail(slice_text(cases[i].argument), &s);
    if (r != cases[i].result)
      fail_msg("%s: %d", cases[i].argument, r);
    if (r) {
      assert_int_equal(s.size, 77); /* nothing written */
      continue;
    }
    assert_true(slice_equal(s.path, slice_text(cases[i].path)));
    assert_true(s.size == cases[i].size && s.smtputf8 == cases[i].utf8 && s.eight_bit == cases[i].eight);
  }
}

static void test_rcpt(void **state) {
  (void)state;
  struct slice path;
  assert_int_equal(lmtp_read_rcpt(SLICE("TO:<support+token@example.com>"), &path), 0);
  assert_true(slice_equal(path, SLICE("support+token@example.com")));
  assert_int_equal(lmtp_read_rcpt(SLICE("TO:<Postmaster>"), &path), 0);
  assert_int_equal(lmtp_read_rcpt(SLICE("TO:<x@y> "), &path), 0);
  assert_int_equal(lmtp_read_rcpt(SLICE("TO:<>"), &path), LMTP_SYNTAX);
  assert_int_equal(lmtp_read_rcpt(SLICE("TO:<@r:>"), &path), LMTP_SYNTAX);
  assert_int_equal(lmtp_read_rcpt(SLICE("FROM:<x@y>"), &path), LMTP_SYNTAX);
  assert_int_equal(lmtp_read_rcpt(SLICE("TO:<x@y> NOTIFY=NEVER"), &path), LMTP_PARAMETER);
}

static void test_longest_path(void **state) {
  (void)state;
  for (int len = LMTP_PATH_MAX; len <= LMTP_PATH_MAX + 1; len++) {
    char argument[LMTP_PATH_MAX + 16];
    struct slice path;
    snprintf(argument, sizeof(argument), "TO:<%0*d>", len, 0);
    assert_int_equal(lmtp_read_rcpt(slice_text(argument), &path), len > LMTP_PATH_MAX ? LMTP_SYNTAX : 0);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_verbs),
      cmocka_unit_test(test_mail),
      cmocka_unit_test(test_rcpt),
      cmocka_unit_test(test_longest_path),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
