/* SPDX-License-Identifier: Apache-2.0 */
#include "strip_case.h"
#include "base/buf.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

struct slice strip_left(struct arena *a, struct slice text, const struct strip_hints *hints, struct strip_span **ret,
                        size_t *ret_count) {
  size_t at = 0, len = 0;
  char *left = arena_alloc(a, text.len + 1);
  assert_non_null(left);
  assert_int_equal(strip_text(a, text, hints, ret, ret_count), 0);
  for (size_t i = 0; i < *ret_count; i++) {
    if ((*ret)[i].begin < at)
      fail_msg("spans overlap:\n%.*s", (int)text.len, text.at);
    memcpy(left + len, text.at + at, (*ret)[i].begin - at);
    len += (*ret)[i].begin - at;
    at = (*ret)[i].end;
  }
  memcpy(left + len, text.at + at, text.len - at);
  return slice_of(left, len + text.len - at);
}

static bool is_border(struct slice text, size_t at) {
  return at == text.len || ((uint8_t)text.at[at] & 0xC0) != 0x80;
}

static bool is_blank(struct slice s) {
  for (size_t i = 0; i < s.len; i++)
    if (!strchr(" \t\n", s.at[i]))
      return false;
  return true;
}

void strip_check_rules(struct slice text, const struct strip_hints *hints) {
  struct arena *a = arena_new(64 * 1024, 256 * 1024 * 1024);
  struct strip_span *spans, *again;
  size_t count, again_count, at = 0, cut = 0;
  struct slice left = strip_left(a, text, hints, &spans, &count);
  assert_true(count <= STRIP_SPANS_MAX);
  for (size_t i = 0; i < count; i++) {
    assert_true(spans[i].begin >= at && spans[i].end > spans[i].begin && spans[i].end <= text.len);
    assert_true(is_border(text, spans[i].begin) && is_border(text, spans[i].end));
    assert_true(i == 0 || spans[i].begin > at || spans[i].kind != spans[i - 1].kind);
    assert_true(!spans[i].guess || spans[i].kind == STRIP_SIGNATURE);
    at = spans[i].end;
    cut += spans[i].end - spans[i].begin;
  }
  assert_int_equal(left.len + cut, text.len);
  assert_true(count == 0 || !is_blank(left));
  strip_left(a, left, hints, &again, &again_count);
  for (size_t i = 0; i < again_count; i++)
    if (again[i].kind == STRIP_QUOTE || again[i].kind == STRIP_ATTRIBUTION)
      fail_msg("found again in what was left:\n%.*s", (int)left.len, left.at);
  arena_free(&a);
}

static bool check_left(struct slice text, struct slice expected, const struct strip_hints *hints) {
  struct arena *a = arena_new(64 * 1024, 64 * 1024 * 1024);
  struct strip_span *spans;
  size_t count;
  struct slice left = strip_left(a, text, hints, &spans, &count);
  bool right = slice_equal(left, expected);
  if (!right)
    print_error("%.*s\n--- left ---\n%.*s\n--- expected ---\n%.*s\n---\n", (int)text.len, text.at, (int)left.len,
                left.at, (int)expected.len, expected.at);
  arena_free(&a);
  strip_check_rules(text, hints);
  return right;
}

void strip_check_cases(const struct strip_case *cases, size_t count, struct strip_hints hints) {
  size_t right = 0;
  for (size_t i = 0; i < count; i++)
    right += check_left(slice_text(cases[i].text), slice_text(cases[i].left ? cases[i].left : cases[i].text), &hints);
  assert_int_equal(right, count);
}

void strip_check_replies(const struct strip_reply *replies, size_t count) {
  const struct strip_hints hints = {.from_html = false};
  size_t right = 0;
  for (size_t i = 0; i < count; i++) {
    struct buf text = BUF_INIT(64 * 1024);
    buf_printf(&text, "%s\n\n%s\n%s", replies[i].words, replies[i].above, replies[i].quote);
    right += check_left(buf_slice(&text), slice_text(replies[i].words), &hints);
    buf_free(&text);
  }
  assert_int_equal(right, count);
}
