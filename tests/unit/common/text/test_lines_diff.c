/* SPDX-License-Identifier: Apache-2.0 */
/* Differences as `diff -u` shows them: known ones, and random texts that come out again when they are applied. */
#include "text/lines_diff.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define HEAD "--- a\n+++ b\n"

static const struct {
  const char *old, *new, *want;
} cases[] = {
    {"", "", ""},
    {"a\n", "a\n", ""},
    {"a\nb\nc\n", "a\nx\nc\n", HEAD "@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n"},
    {"", "a\n", HEAD "@@ -0,0 +1 @@\n+a\n"},
    {"a\n", "", HEAD "@@ -1 +0,0 @@\n-a\n"},
    {"a\n", "a", HEAD "@@ -1 +1 @@\n-a\n+a\n\\ No newline at end of file\n"},
    {"a\nb", "a\nb\nc", HEAD "@@ -1,2 +1,3 @@\n a\n-b\n\\ No newline at end of file\n+b\n+c\n\\ No newline at end of file\n"},
    {"1\n2\n3\n4\n5\n6\n7\n8\n", "1\n2\n3\n4\nx\n5\n6\n7\n8\n", HEAD "@@ -2,6 +2,7 @@\n 2\n 3\n 4\n+x\n 5\n 6\n 7\n"},
    /* six lines between: one run; seven: two */
    {"a\n1\n2\n3\n4\n5\n6\nb\n", "A\n1\n2\n3\n4\n5\n6\nB\n",
     HEAD "@@ -1,8 +1,8 @@\n-a\n+A\n 1\n 2\n 3\n 4\n 5\n 6\n-b\n+B\n"},
    {"a\n1\n2\n3\n4\n5\n6\n7\nb\n", "A\n1\n2\n3\n4\n5\n6\n7\nB\n",
     HEAD "@@ -1,4 +1,4 @@\n-a\n+A\n 1\n 2\n 3\n@@ -6,4 +6,4 @@\n 5\n 6\n 7\n-b\n+B\n"},
    {"a\nb\nc\na\nb\nb\na\n", "c\nb\na\nb\na\nc\n", /* of the paper */
     HEAD "@@ -1,7 +1,6 @@\n-a\n-b\n c\n+b\n a\n b\n-b\n a\n+c\n"},
};

static void test_cases(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct buf got = BUF_INIT(1 << 16);
    buf_add_text(&got, "");
    assert_int_equal(lines_diff(slice_text(cases[i].old), "a", slice_text(cases[i].new), "b", &got), 0);
    assert_string_equal(got.at, cases[i].want);
    buf_free(&got);
  }
}

/* ---- applied */

static void take_line(struct slice *text, struct slice *ret) {
  const char *end = text->len ? memchr(text->at, '\n', text->len) : NULL;
  size_t len = end ? (size_t)(end + 1 - text->at) : text->len;
  *ret = slice_of(text->at, len);
  *text = slice_of(text->at + len, text->len - len);
}

/* What the difference makes of `old`. Every line of it that must be in `old` is. */
static void apply(struct slice old, struct slice diff, struct buf *ret) {
  struct slice line, was;
  size_t at = 1;
  for (int i = 0; i < 2 && diff.len; i++)
    take_line(&diff, &line);
  while (diff.len) {
    unsigned from, count = 1;
    take_line(&diff, &line);
    assert_int_equal(line.at[0], '@');
    assert_true(sscanf(line.at, "@@ -%u,%u", &from, &count) >= 1);
    for (from += count == 0; at < from; at++) {
      take_line(&old, &was);
      buf_add_slice(ret, was);
    }
    while (diff.len && diff.at[0] != '@') {
      take_line(&diff, &line);
      struct slice text = slice_of(line.at + 1, line.len - 1);
      if (diff.len && diff.at[0] == '\\') { /* the line has no end */
        take_line(&diff, &was);
        text.len--;
      }
      if (line.at[0] != '+') {
        take_line(&old, &was);
        at++;
        assert_true(slice_equal(was, text));
      }
      if (line.at[0] != '-')
        buf_add_slice(ret, text);
    }
  }
  buf_add_slice(ret, old);
}

static uint64_t dice = 7;

static unsigned roll(unsigned sides) {
  dice = dice * 6364136223846793005u + 1442695040888963407u;
  return (unsigned)((dice >> 33) % sides);
}

static void random_text(struct buf *b, unsigned most) {
  unsigned lines = roll(most + 1), letters = 1 + roll(4);
  for (unsigned i = 0; i < lines; i++)
    buf_printf(b, "%c%s", 'a' + (int)roll(letters), i + 1 == lines && roll(3) == 0 ? "" : "\n");
}

static void check(struct slice old, struct slice new, size_t most_changes) {
  struct buf diff = BUF_INIT(1 << 24), made = BUF_INIT(1 << 24);
  assert_int_equal(lines_diff(old, "a", new, "b", &diff), 0);
  assert_int_equal(diff.len == 0, slice_equal(old, new));
  apply(old, buf_slice(&diff), &made);
  assert_true(slice_equal(buf_slice(&made), new));
  size_t changes = 0;
  for (size_t i = 1; i < diff.len; i++)
    changes += diff.at[i - 1] == '\n' && (diff.at[i] == '-' || diff.at[i] == '+');
  assert_true(changes <= most_changes + 1); /* one of the head */
  buf_free(&diff);
  buf_free(&made);
}

static void test_random(void **state) {
  (void)state;
  for (int i = 0; i < 3000; i++) {
    struct buf old = BUF_INIT(1 << 16), new = BUF_INIT(1 << 16);
    random_text(&old, 40);
    random_text(&new, 40);
    check(buf_slice(&old), buf_slice(&new), 80);
    buf_free(&old);
    buf_free(&new);
  }
}

/* A large document: a few changes stay a few; when all of it is another it is one block. */
static void test_large(void **state) {
  (void)state;
  struct buf old = BUF_INIT(1 << 21), few = BUF_INIT(1 << 21), other = BUF_INIT(1 << 21);
  for (int i = 0; i < 50000; i++) {
    buf_printf(&old, "line %d\n", i);
    buf_printf(&few, i % 5000 == 77 ? "changed %d\n" : "line %d\n", i);
    buf_printf(&other, "other %d\n", i);
  }
  check(buf_slice(&old), buf_slice(&few), 20);
  check(buf_slice(&old), buf_slice(&other), 100000);
  struct buf small = BUF_INIT(100);
  assert_int_equal(lines_diff(buf_slice(&old), "a", buf_slice(&other), "b", &small), BUF_FULL);
  buf_free(&small);
  buf_free(&old);
  buf_free(&few);
  buf_free(&other);
}

/* Texts as large as they may be, whose lines are as short as they can be, or change as often as is followed. */
static void test_the_room_is_enough(void **state) {
  (void)state;
  const size_t most = 1 << 20;
  struct buf empty = BUF_INIT(most), dots = BUF_INIT(most), few = BUF_INIT(most), room = BUF_INIT(LINES_DIFF_ROOM(2 * most));
  for (size_t i = 0; i < most; i++) {
    buf_add_char(&empty, '\n');
    buf_add_char(&dots, i % 2 ? '\n' : '.');
    buf_add_char(&few, i % 1400 == 700 ? '.' : '\n');
  }
  const struct buf *const others[] = {&dots, &few};
  for (size_t i = 0; i < 2; i++) {
    buf_clear(&room);
    assert_int_equal(lines_diff(buf_slice(&empty), "version 9007199254740991", buf_slice(others[i]), "b", &room), 0);
    buf_clear(&room);
    assert_int_equal(lines_diff(buf_slice(others[i]), "a", buf_slice(&empty), "version 9007199254740991", &room), 0);
  }
  buf_free(&empty);
  buf_free(&dots);
  buf_free(&few);
  buf_free(&room);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases), cmocka_unit_test(test_random),
                                     cmocka_unit_test(test_large), cmocka_unit_test(test_the_room_is_enough)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
