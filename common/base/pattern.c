/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taking the leftmost place for each piece is enough: what follows a '*' may begin anywhere, so a later place for one
 * piece never helps the next. memmem() is linear, hence so is this.
 */
#include "base/pattern.h"

static bool begins(struct slice s, struct slice piece) {
  return s.len >= piece.len && (piece.len == 0 || memcmp(s.at, piece.at, piece.len) == 0);
}

static bool ends(struct slice s, struct slice piece) {
  return s.len >= piece.len && (piece.len == 0 || memcmp(s.at + s.len - piece.len, piece.at, piece.len) == 0);
}

bool pattern_match(struct slice pattern, struct slice text) {
  struct slice piece;
  if (!pattern.len || !memchr(pattern.at, '*', pattern.len))
    return slice_equal(pattern, text);
  slice_split(&pattern, '*', &piece);
  if (!begins(text, piece))
    return false;
  text = slice_of(text.at + piece.len, text.len - piece.len);
  while (slice_split(&pattern, '*', &piece)) {
    if (!pattern.at) /* the last piece */
      return ends(text, piece);
    if (piece.len == 0)
      continue;
    const char *hit = text.len ? memmem(text.at, text.len, piece.at, piece.len) : NULL;
    if (!hit)
      return false;
    size_t used = (size_t)(hit - text.at) + piece.len;
    text = slice_of(text.at + used, text.len - used);
  }
  return true;
}

void lower_copy(struct slice s, char *ret) {
  for (size_t i = 0; i < s.len; i++)
    ret[i] = s.at[i] >= 'A' && s.at[i] <= 'Z' ? (char)(s.at[i] + ('a' - 'A')) : s.at[i];
}
