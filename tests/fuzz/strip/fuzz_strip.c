/* SPDX-License-Identifier: Apache-2.0 */
/* The first byte are the hints, the rest is a text. Whatever it says: spans in order, inside, at character borders,
 * each of some kind and none where it would leave nothing; and some texts over and over, in linear time. */
#include "text/strip.h"
#include "text/utf8.h"
#include <stdlib.h>
#include <time.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LONG = 256 * 1024, LONG_EVERY = 251, CEILING = 64 * 1024 * 1024 };
#define LONG_SECONDS 4

static void check(bool holds) {
  if (!holds)
    abort();
}

static bool is_border(struct slice text, size_t at) {
  return at == text.len || ((uint8_t)text.at[at] & 0xC0) != 0x80;
}

static bool is_white(struct slice text, size_t begin, size_t end) {
  while (begin < end && strchr(" \t\n", text.at[begin]))
    begin++;
  return begin == end;
}

static void check_spans(struct slice text, const struct strip_span *spans, size_t count) {
  size_t at = 0;
  bool left = false;
  check(count <= STRIP_SPANS_MAX);
  for (size_t i = 0; i < count; i++) {
    check(spans[i].begin >= at && spans[i].end > spans[i].begin && spans[i].end <= text.len);
    check(is_border(text, spans[i].begin) && is_border(text, spans[i].end));
    check(*strip_kind_text(spans[i].kind));
    check(i == 0 || spans[i].begin > at || spans[i].kind != spans[i - 1].kind);
    left |= !is_white(text, at, spans[i].begin);
    at = spans[i].end;
  }
  check(count == 0 || left || !is_white(text, at, text.len));
}

static void check_long(struct arena *a, struct slice piece, const struct strip_hints *hints) {
  char *text = must_realloc(NULL, LONG);
  struct strip_span *spans;
  size_t count, len = 0;
  for (; len + piece.len <= LONG; len += piece.len)
    memcpy(text + len, piece.at, piece.len);
  clock_t before = clock();
  check(strip_text(a, slice_of(text, len), hints, &spans, &count) == 0);
  check((clock() - before) / CLOCKS_PER_SEC < LONG_SECONDS);
  check_spans(slice_of(text, len), spans, count);
  free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static unsigned inputs;
  if (size < 2 || size > LONG)
    return 0;
  const struct strip_hints hints = {.from_html = data[0] & 1, .forwarded = data[0] & 2, .fresh = data[0] & 4};
  struct arena *a = arena_new(64 * 1024, CEILING);
  struct slice text = slice_text(utf8_mend(a, slice_of(data + 1, size - 1), NULL));
  struct strip_span *spans;
  size_t count;
  check(strip_text(a, text, &hints, &spans, &count) == 0);
  check_spans(text, spans, count);
  strip_subject(text);
  if (text.len && inputs++ % LONG_EVERY == 0)
    check_long(a, text, &hints);
  size_t len = utf8_cut(text, data[size - 1]);
  count = strip_clip(text, len, spans, count);
  check_spans(slice_of(text.at, len < text.len ? len : text.len), spans, count);
  arena_free(&a);
  return 0;
}
