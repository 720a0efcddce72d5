/* SPDX-License-Identifier: Apache-2.0 */
#include "form_token.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#define SECRET SLICE("0123456789abcdef0123456789abcdef")
#define NOW 1700000000000
#define HOUR 3600000

static const uint8_t submission[SUBMISSION_BYTES] = {0xde, 0xad, [15] = 0x01};

static void test_round_trip(void **state) {
  (void)state;
  char text[FORM_TOKEN_MAX];
  struct form_token token;
  form_token_make(SECRET, "shop", NOW, submission, text);
  assert_int_equal(form_token_check(SECRET, "shop", slice_text(text), NOW + 5, HOUR, &token), 0);
  assert_true(token.issued_ms == NOW);
  assert_string_equal(token.submission, "dead0000000000000000000000000001");
}

static void test_age(void **state) {
  (void)state;
  static const struct {
    int64_t now, max;
    int outcome;
  } cases[] = {
      {NOW, HOUR, 0},
      {NOW + HOUR, HOUR, 0},
      {NOW + HOUR + 1, HOUR, FORM_TOKEN_EXPIRED},
      {NOW + 1000 * (int64_t)HOUR, 0, 0},         /* 0: never */
      {NOW - 60000, HOUR, 0},                     /* a clock set back a little */
      {NOW - 60001, HOUR, FORM_TOKEN_EXPIRED},
  };
  char text[FORM_TOKEN_MAX];
  struct form_token token;
  form_token_make(SECRET, "shop", NOW, submission, text);
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
    assert_int_equal(form_token_check(SECRET, "shop", slice_text(text), cases[i].now, cases[i].max, &token),
                     cases[i].outcome);
}

static void test_every_changed_byte_breaks_it(void **state) {
  (void)state;
  char text[FORM_TOKEN_MAX], changed[FORM_TOKEN_MAX];
  struct form_token token;
  form_token_make(SECRET, "shop", NOW, submission, text);
  size_t len = strlen(text);
  for (size_t i = 0; i < len; i++) {
    memcpy(changed, text, len);
    changed[i] = changed[i] == '1' ? '2' : '1';
    assert_int_equal(form_token_check(SECRET, "shop", slice_of(changed, len), NOW, 0, &token), FORM_TOKEN_BROKEN);
    assert_int_equal(form_token_check(SECRET, "shop", slice_of(text, i), NOW, 0, &token), FORM_TOKEN_BROKEN);
  }
  assert_int_equal(form_token_check(SECRET, "shop2", slice_text(text), NOW, 0, &token), FORM_TOKEN_BROKEN);
  assert_int_equal(form_token_check(SLICE("another secret"), "shop", slice_text(text), NOW, 0, &token),
                   FORM_TOKEN_BROKEN);
}

static void test_garbage(void **state) {
  (void)state;
  static const char *const texts[] = {"", ".", "..", "...", "a.b.c", "1700000000000", "1700000000000.dead",
                                      "-1.dead.beef", "%n%n%n.%s.%s"};
  struct form_token token;
  for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
    assert_int_equal(form_token_check(SECRET, "shop", slice_text(texts[i]), NOW, 0, &token), FORM_TOKEN_BROKEN);
  char long_text[100000];
  memset(long_text, '.', sizeof(long_text));
  assert_int_equal(form_token_check(SECRET, "shop", slice_of(long_text, sizeof(long_text)), NOW, 0, &token),
                   FORM_TOKEN_BROKEN);
}

static void test_thanks_proof(void **state) {
  (void)state;
  char proof[THANKS_PROOF_LEN + 1];
  struct slice reference = SLICE("7kq2-m9xd-4tab");
  thanks_proof_make(SECRET, "shop", reference, proof);
  assert_true(thanks_proof_holds(SECRET, "shop", reference, slice_text(proof)));
  assert_false(thanks_proof_holds(SECRET, "shop", SLICE("7kq2-m9xd-4tac"), slice_text(proof)));
  assert_false(thanks_proof_holds(SECRET, "help", reference, slice_text(proof)));
  assert_false(thanks_proof_holds(SECRET, "shop", reference, SLICE("")));
  assert_false(thanks_proof_holds(SECRET, "shop", reference, slice_of(proof, THANKS_PROOF_LEN - 1)));
  /* a token proves nothing here, nor the other way round */
  char token[FORM_TOKEN_MAX];
  form_token_make(SECRET, "shop", NOW, submission, token);
  assert_false(thanks_proof_holds(SECRET, "shop", slice_of(token, 46), slice_of(token + 47, THANKS_PROOF_LEN)));
  char long_text[300];
  memset(long_text, 'x', sizeof(long_text));
  assert_false(thanks_proof_holds(SECRET, "shop", slice_of(long_text, sizeof(long_text)), slice_text(proof)));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_round_trip),
      cmocka_unit_test(test_age),
      cmocka_unit_test(test_every_changed_byte_breaks_it),
      cmocka_unit_test(test_garbage),
      cmocka_unit_test(test_thanks_proof),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
