/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes are shifted by 42; what would disturb a line stands behind "=", shifted by 64 more. */
#include "mime/yenc.h"
#include "mime/header.h"

enum { SHIFT = 42, ESCAPE_SHIFT = 64, LINE_MAX_LEN = 1024 };

static const struct slice begin = {"=ybegin ", 8}, part = {"=ypart ", 7}, end_mark = {"=yend", 5};

static bool starts(struct slice s, struct slice prefix) {
  return s.len >= prefix.len && memcmp(s.at, prefix.at, prefix.len) == 0;
}

static bool is_line_end(char c) {
  return c == '\n' || c == '\r';
}

bool yenc_find_begin(struct slice s, size_t from, size_t *ret_at, size_t *ret_data, struct slice *ret_name) {
  while (from < s.len) {
    const char *hit = memmem(s.at + from, s.len - from, begin.at, begin.len);
    if (!hit)
      return false;
    size_t at = (size_t)(hit - s.at), left = s.len - at;
    from = at + begin.len;
    /* A window, so that a text of nothing but beginnings is not searched for line ends again and again. */
    struct lines l = {.rest = slice_of(hit, left < LINE_MAX_LEN ? left : LINE_MAX_LEN)};
    struct slice line;
    if ((at && !is_line_end(s.at[at - 1])) || !lines_next(&l, &line) || line.len == LINE_MAX_LEN)
      continue;
    const char *name = memmem(line.at, line.len, " name=", 6);
    if (!name || !memmem(line.at, line.len, "size=", 5))
      continue;
    *ret_at = at;
    *ret_name = slice_trim(slice_of(name + 6, line.len - (size_t)(name + 6 - line.at)));
    *ret_data = (size_t)(l.rest.at - s.at);
    struct lines ahead = l;
    if (lines_next(&ahead, &line) && starts(line, part))
      *ret_data = (size_t)(ahead.rest.at - s.at);
    return true;
  }
  return false;
}

static size_t skip_line(struct slice s, size_t at) {
  while (at < s.len && !is_line_end(s.at[at]))
    at++;
  while (at < s.len && is_line_end(s.at[at]))
    at++;
  return at;
}

size_t yenc_decode(struct slice s, char *out, size_t *ret_taken) {
  size_t len = 0;
  bool line_start = true;
  for (size_t i = 0; i < s.len; i++) {
    struct slice rest = slice_of(s.at + i, s.len - i);
    if (line_start && (starts(rest, end_mark) || starts(rest, begin))) {
      *ret_taken = starts(rest, end_mark) ? skip_line(s, i) : i;
      return len;
    }
    line_start = is_line_end(s.at[i]);
    if (line_start)
      continue;
    uint8_t c = (uint8_t)s.at[i];
    if (c == '=' && i + 1 < s.len)
      c = (uint8_t)(s.at[++i] - ESCAPE_SHIFT);
    out[len++] = (char)(uint8_t)(c - SHIFT);
  }
  *ret_taken = s.len;
  return len;
}
