/* SPDX-License-Identifier: Apache-2.0 */
#include "token/token.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define SECRET SLICE("0123456789abcdef0123456789abcdef")
#define CONVERSATION SLICE("v7kq2m9xd4tabcdef")

static void upper(char *s) {
  for (; *s; s++)
    if (*s >= 'a' && *s <= 'z')
      *s = (char)(*s - 32);
}

static void test_reply_token(void **state) {
  (void)state;
  char token[TOKEN_REPLY_LEN + 1], id[CONVERSATION_ID_LEN + 1];
  token_reply_make(SECRET, SLICE("mail"), CONVERSATION, token);
  assert_int_equal(strlen(token), TOKEN_REPLY_LEN);
  assert_int_equal(token_reply_check(SECRET, SLICE("mail"), slice_text(token), id), 0);
  assert_string_equal(id, CONVERSATION.at);
  assert_int_equal(token_reply_check(SECRET, SLICE("mail2"), slice_text(token), id), TOKEN_NOT_OURS);
  assert_int_equal(token_reply_check(SLICE("another secret"), SLICE("mail"), slice_text(token), id), TOKEN_NOT_OURS);
  for (size_t i = 0; i < TOKEN_REPLY_LEN; i++) { /* every single character counts */
    char forged[TOKEN_REPLY_LEN + 1];
    memcpy(forged, token, sizeof(forged));
    forged[i] = forged[i] == '0' ? '1' : '0';
    assert_int_equal(token_reply_check(SECRET, SLICE("mail"), slice_text(forged), id), TOKEN_NOT_OURS);
  }
  upper(token); /* mail systems change case */
  assert_int_equal(token_reply_check(SECRET, SLICE("mail"), slice_text(token), id), 0);
  assert_int_equal(token_reply_check(SECRET, SLICE("mail"), slice_of(token, TOKEN_REPLY_LEN - 1), id), TOKEN_NOT_OURS);
  assert_int_equal(token_reply_check(SECRET, SLICE("mail"), SLICE(""), id), TOKEN_NOT_OURS);
}

static void test_message_id(void **state) {
  (void)state;
  char text[TOKEN_MESSAGE_ID_MAX + 1], id[CONVERSATION_ID_LEN + 1];
  const uint8_t unique[10] = "unique   9";
  assert_int_equal(token_message_id_make(SECRET, SLICE("mail"), CONVERSATION, unique, SLICE("desk.example"), text), 0);
  assert_int_equal(token_message_id_check(SECRET, SLICE("mail"), slice_text(text), id), 0);
  assert_string_equal(id, CONVERSATION.at);
  size_t local = strcspn(text, "@");
  for (size_t i = 0; i <= local; i++) {
    char forged[TOKEN_MESSAGE_ID_MAX + 1];
    memcpy(forged, text, sizeof(forged));
    forged[i] = forged[i] == '0' ? '1' : '0';
    assert_int_equal(token_message_id_check(SECRET, SLICE("mail"), slice_text(forged), id), TOKEN_NOT_OURS);
  }
  assert_int_equal(token_message_id_check(SECRET, SLICE("other"), slice_text(text), id), TOKEN_NOT_OURS);
  upper(text);
  assert_int_equal(token_message_id_check(SECRET, SLICE("mail"), slice_text(text), id), 0);
  static const char *foreign[] = {"", "@", "x@example.org", "db.@example.org", "db.0000000000000000.@desk.example"};
  for (size_t i = 0; i < sizeof(foreign) / sizeof(*foreign); i++)
    assert_int_equal(token_message_id_check(SECRET, SLICE("mail"), slice_text(foreign[i]), id), TOKEN_NOT_OURS);
  char long_domain[300];
  memset(long_domain, 'd', sizeof(long_domain));
  assert_int_equal(token_message_id_make(SECRET, SLICE("mail"), CONVERSATION, unique,
                                         slice_of(long_domain, sizeof(long_domain)), text), -ENAMETOOLONG);
}

/* A token of one purpose is none of the other. */
static void test_purposes_do_not_mix(void **state) {
  (void)state;
  char a[TOKEN_REPLY_LEN + 1], text[TOKEN_MESSAGE_ID_MAX + 1];
  const uint8_t unique[10] = {0};
  token_reply_make(SECRET, SLICE("mail"), CONVERSATION, a);
  assert_int_equal(token_message_id_make(SECRET, SLICE("mail"), CONVERSATION, unique, SLICE("d"), text), 0);
  assert_null(strstr(text, a + 16));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_reply_token),
      cmocka_unit_test(test_message_id),
      cmocka_unit_test(test_purposes_do_not_mix),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
