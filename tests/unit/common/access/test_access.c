/* SPDX-License-Identifier: Apache-2.0 */
/* The file of tokens: what lets in, what does not, and that changing it keeps what is there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "access/access.h"
#include "base/file.h"

static char path[64];

static int set_up(void **state) {
  (void)state;
  snprintf(path, sizeof(path), "/tmp/test_access_%d", (int)getpid());
  unlink(path);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  unlink(path);
  return 0;
}

static struct access_list list;

static void parse(const char *text) {
  access_list_free(&list);
  access_parse(slice_text(text), &list);
}

#define DIGEST "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void test_lines(void **state) {
  (void)state;
  parse("# a comment\n\nana agent " DIGEST "\n  bo\tsupervisor\t" DIGEST "  \r\ncho operator " DIGEST);
  assert_int_equal(list.count, 3);
  assert_int_equal(list.bad, 0);
  assert_string_equal(list.rows[0].agent, "ana");
  assert_int_equal(list.rows[0].role, ACCESS_AGENT);
  assert_string_equal(list.rows[1].agent, "bo");
  assert_int_equal(list.rows[1].role, ACCESS_SUPERVISOR);
  assert_int_equal(list.rows[2].role, ACCESS_OPERATOR);
  access_list_free(&list);
}

static void test_wrong_lines_let_nobody_in(void **state) {
  (void)state;
  static const char *const wrong[] = {
      "ana",
      "ana agent",
      "ana agent 0123",
      "ana boss " DIGEST,
      "ana Agent " DIGEST,
      "Ana agent " DIGEST,
      "-ana agent " DIGEST,
      "an/a agent " DIGEST,
      "ana agent " DIGEST "0",
      "ana agent " DIGEST " more",
      "ana agent x123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
      "abcdefghijabcdefghijabcdefghijabc agent " DIGEST,
  };
  for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
    auto_clean(buf_free) struct buf text = BUF_INIT(10000);
    buf_printf(&text, "bo agent " DIGEST "\n%s\ncy agent " DIGEST "\n", wrong[i]);
    parse(text.at);
    assert_int_equal(list.count, 2);
    assert_int_equal(list.bad, 1);
    assert_int_equal(list.first_bad, 2);
  }
  access_list_free(&list);
}

static void test_a_token_lets_in(void **state) {
  (void)state;
  char token[ACCESS_TOKEN_LEN + 1], other[ACCESS_TOKEN_LEN + 1];
  struct access_row row, another;
  struct complaint c;
  access_token_make("ana", ACCESS_SUPERVISOR, token, &row);
  access_token_make("ana", ACCESS_AGENT, other, &another);
  assert_int_equal(strlen(token), ACCESS_TOKEN_LEN);
  assert_string_not_equal(token, other);
  assert_int_equal(access_add(path, &row, &c), 0);
  struct stat s;
  assert_int_equal(stat(path, &s), 0);
  assert_int_equal(s.st_mode & 0777, 0600);
  assert_int_equal(access_read(path, &list, &c), 0);
  const struct access_row *found = access_find(&list, slice_text(token));
  assert_non_null(found);
  assert_string_equal(found->agent, "ana");
  assert_int_equal(found->role, ACCESS_SUPERVISOR);
  assert_null(access_find(&list, slice_text(other)));
  assert_null(access_find(&list, SLICE("")));
  assert_null(access_find(&list, slice_of(token, ACCESS_TOKEN_LEN - 1)));
  token[20] ^= 1;
  assert_null(access_find(&list, slice_text(token)));
  access_list_free(&list);
}

static void test_the_token_is_nowhere_in_the_file(void **state) {
  (void)state;
  auto_clean(buf_free) struct buf text = BUF_INIT(10000);
  char token[ACCESS_TOKEN_LEN + 1];
  struct access_row row;
  struct complaint c;
  access_token_make("ana", ACCESS_AGENT, token, &row);
  assert_int_equal(access_add(path, &row, &c), 0);
  assert_int_equal(file_read(path, &text), 0);
  assert_null(strstr(text.at, token + 4));
}

static void test_removing_keeps_the_others(void **state) {
  (void)state;
  auto_clean(buf_free) struct buf text = BUF_INIT(10000);
  char token[ACCESS_TOKEN_LEN + 1], id[ACCESS_ID_LEN + 1];
  struct access_row first, second, third;
  struct complaint c;
  assert_int_equal(file_write_atomic(path, SLICE("# mine\nnonsense\n"), 0600), 0);
  access_token_make("ana", ACCESS_AGENT, token, &first);
  access_token_make("ana", ACCESS_AGENT, token, &second);
  access_token_make("bo", ACCESS_AGENT, token, &third);
  assert_int_equal(access_add(path, &first, &c), 0);
  assert_int_equal(access_add(path, &second, &c), 0);
  assert_int_equal(access_add(path, &third, &c), 0);
  access_row_id(&first, id);
  assert_int_equal(access_remove(path, slice_text(id), &c), 1);
  assert_int_equal(access_remove(path, SLICE("cy"), &c), 0);
  assert_int_equal(access_read(path, &list, &c), 0);
  assert_int_equal(list.count, 2);
  assert_int_equal(list.bad, 1);
  assert_int_equal(access_remove(path, SLICE("ana"), &c), 1);
  assert_int_equal(file_read(path, &text), 0);
  assert_int_equal(strncmp(text.at, "# mine\nnonsense\nbo agent ", 25), 0);
  access_list_free(&list);
}

static void test_others_must_not_read_it(void **state) {
  (void)state;
  struct complaint c;
  assert_int_equal(access_read(path, &list, &c), -ENOENT);
  static const unsigned modes[] = {0640, 0604, 0660, 0602};
  for (size_t i = 0; i < 4; i++) {
    assert_int_equal(file_write_atomic(path, SLICE("ana agent " DIGEST "\n"), 0600), 0);
    assert_int_equal(chmod(path, modes[i]), 0);
    assert_int_equal(access_read(path, &list, &c), -EPERM);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_lines, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_wrong_lines_let_nobody_in, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_a_token_lets_in, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_the_token_is_nowhere_in_the_file, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_removing_keeps_the_others, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_others_must_not_read_it, set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
