/* SPDX-License-Identifier: Apache-2.0 */
#include "text/strip_line.h"
#include "text/strip_fold.h"

enum { INDENT_MAX = 3, LAST_LOOK = 64 };

/* "> > text", ">>text": the marks, and one blank behind them. */
static size_t read_marks(struct slice s, struct strip_line *ret) {
  size_t i = 0;
  while (i < s.len && i < INDENT_MAX && s.at[i] == ' ')
    i++;
  if (i == s.len || s.at[i] != '>')
    return 0;
  ret->indented = i > 0;
  while (i < s.len && ret->depth < STRIP_DEPTH_MAX) {
    if (s.at[i] == '>')
      ret->depth++;
    else if (s.at[i] != ' ' || i + 1 == s.len || s.at[i + 1] != '>')
      break;
    i++;
  }
  return i < s.len && s.at[i] == ' ' ? i + 1 : i;
}

bool strip_line_read(struct slice text, size_t at, struct strip_line *ret) {
  if (at >= text.len)
    return false;
  const char *end = memchr(text.at + at, '\n', text.len - at);
  size_t len = end ? (size_t)(end - text.at) - at : text.len - at;
  *ret = (struct strip_line){.begin = at, .next = at + len + (end != NULL), .text = {text.at + at, len}};
  size_t marks = read_marks(ret->text, ret);
  ret->body = slice_of(ret->text.at + marks, len - marks);
  ret->blank = !ret->depth && strip_all_blank(ret->text);
  return true;
}

bool strip_line_seen(struct slice text, size_t at, size_t blanks, struct strip_line *ret) {
  bool found = strip_line_read(text, at, ret);
  for (; found && ret->blank && blanks; blanks--)
    found = strip_line_read(text, ret->next, ret);
  return found && !ret->blank;
}

bool strip_line_before(struct slice text, size_t at, size_t floor, struct strip_line *ret) {
  if (at <= floor)
    return false;
  size_t end = text.at[at - 1] == '\n' ? at - 1 : at;
  const char *start = end > floor ? memrchr(text.at + floor, '\n', end - floor) : NULL;
  return strip_line_read(text, start ? (size_t)(start + 1 - text.at) : floor, ret);
}

static size_t last_start(struct slice s) {
  size_t i = s.len - 1;
  while (i > 0 && ((uint8_t)s.at[i] & 0xC0) == 0x80)
    i--;
  return i;
}

size_t strip_blanks_skip(struct slice text, size_t at) {
  size_t line = at;
  for (size_t len; at < text.len; at += len) {
    if (!strip_is_blank(strip_character(slice_of(text.at + at, text.len - at), &len)))
      return line;
    if (text.at[at] == '\n')
      line = at + 1;
  }
  return text.len;
}

size_t strip_blanks_trim(struct slice text, size_t begin, size_t end) {
  size_t at = end, len;
  while (at > begin) {
    size_t start = begin + last_start(slice_of(text.at + begin, at - begin));
    if (!strip_is_blank(strip_character(slice_of(text.at + start, at - start), &len)))
      break;
    at = start;
  }
  const char *line_end = at > begin && at < end ? memchr(text.at + at, '\n', end - at) : NULL;
  return at == begin ? begin : line_end ? (size_t)(line_end + 1 - text.at) : end;
}

char strip_line_last(struct slice s) {
  for (size_t looked = 0; s.len && looked < LAST_LOOK; looked++) {
    struct strip_fold f;
    f.len = 0;
    f.full = false;
    size_t start = last_start(s), len;
    struct slice one = slice_of(s.at + start, s.len - start);
    if (strip_is_blank(strip_character(one, &len))) {
      s.len = start;
      continue;
    }
    strip_fold_add(&f, one);
    return f.len == 1 ? f.at[0] : 0;
  }
  return 0;
}
