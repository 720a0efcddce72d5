/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One decoder serves every function here: it takes the longest prefix that could still have become a character as
 * one broken piece (Unicode 3.9, "maximal subparts", what browsers do), so that mended text looks the same in every
 * program and one stray byte never swallows the good character behind it.
 */
#include "text/utf8.h"

#define BROKEN UINT32_MAX
static const char replacement[] = "\xEF\xBF\xBD";
enum { REPLACEMENT_LEN = 3 };

/* Decodes one character at `at`; *ret_len is how many bytes it (or the broken piece) takes, at least 1. */
static uint32_t decode(const uint8_t *at, size_t len, size_t *ret_len) {
  uint8_t lead = at[0];
  *ret_len = 1;
  if (lead < 0x80)
    return lead;
  if (lead < 0xC2 || lead > 0xF4)
    return BROKEN;
  size_t more = lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
  /* The second byte's range keeps out overlong forms, surrogates and what is above U+10FFFF. */
  uint8_t least = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  uint8_t most = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  uint32_t c = lead & (0x3Fu >> more);
  for (size_t i = 1; i <= more; i++) {
    if (i >= len || at[i] < least || at[i] > most)
      return BROKEN;
    c = c << 6 | (at[i] & 0x3Fu);
    *ret_len = i + 1;
    least = 0x80;
    most = 0xBF;
  }
  return c;
}

static bool plain_ascii(const uint8_t *at) {
  uint64_t word;
  memcpy(&word, at, sizeof(word));
  return !(word & 0x8080808080808080u);
}

/* True when the eight bytes at `at` are all ASCII from 0x20 up: nothing in them to mend. One subtraction per byte, none
 * borrows from its neighbour because the top bits are set first. */
static bool plain_printable(const uint8_t *at) {
  uint64_t word;
  memcpy(&word, at, sizeof(word));
  uint64_t from_space = (word | 0x8080808080808080u) - 0x2020202020202020u;
  return !(word & 0x8080808080808080u) && (from_space & 0x8080808080808080u) == 0x8080808080808080u;
}

/* How many bytes from the start need no look at single characters; a multiple of eight. */
static size_t plain_run(const uint8_t *at, size_t len) {
  size_t n = 0;
  while (len - n >= 8 && plain_printable(at + n))
    n += 8;
  return n;
}

bool utf8_valid(struct slice s) {
  const uint8_t *at = (const uint8_t *)s.at;
  for (size_t i = 0, len; i < s.len; i += len) {
    len = 8;
    if (s.len - i >= 8 && plain_ascii(at + i))
      continue;
    if (decode(at + i, s.len - i, &len) == BROKEN)
      return false;
  }
  return true;
}

static bool unwanted_control(uint32_t c) {
  return c < 0x20 && c != '\t' && c != '\n';
}

bool utf8_clean(struct slice s) {
  const uint8_t *at = (const uint8_t *)s.at;
  for (size_t i = 0, len; i < s.len; i += len) {
    len = plain_run(at + i, s.len - i);
    if (len)
      continue;
    uint32_t c = decode(at + i, s.len - i, &len);
    if (c == BROKEN || unwanted_control(c))
      return false;
  }
  return true;
}

/* Mends into `out`, which has room for three times the input; with NULL it only counts. Returns the bytes written. */
static size_t mend_into(struct slice s, char *out, size_t *ret_mended) {
  const uint8_t *at = (const uint8_t *)s.at;
  size_t written = 0, mended = 0;
  for (size_t i = 0, len; i < s.len; i += len) {
    const char *piece = s.at + i;
    len = plain_run(at + i, s.len - i);
    uint32_t c = len ? ' ' : decode(at + i, s.len - i, &len);
    size_t piece_len = len;
    if (c == BROKEN) {
      piece = replacement;
      piece_len = REPLACEMENT_LEN;
      mended++;
    } else if (c == '\r') {
      piece = "\n";
      if (i + 1 < s.len && at[i + 1] == '\n')
        len = 2;
    } else if (unwanted_control(c)) {
      piece_len = 0;
      mended++;
    }
    if (out)
      memcpy(out + written, piece, piece_len);
    written += piece_len;
  }
  *ret_mended = mended;
  return written;
}

char *utf8_mend(struct arena *a, struct slice s, size_t *ret_mended) {
  size_t mended = 0;
  char *copy;
  if (utf8_clean(s)) {
    copy = arena_copy(a, s);
  } else {
    size_t len = mend_into(s, NULL, &mended);
    copy = arena_alloc(a, len + 1);
    if (copy)
      copy[mend_into(s, copy, &mended)] = '\0';
  }
  if (copy && ret_mended)
    *ret_mended = mended;
  return copy;
}

size_t utf8_cut(struct slice s, size_t max) {
  if (s.len <= max)
    return s.len;
  const uint8_t *at = (const uint8_t *)s.at;
  /* The byte at the cut is in the middle of a character only when a lead byte at most three before reaches over it. */
  for (size_t back = 0; back <= 3 && back <= max; back++) {
    uint8_t b = at[max - back];
    if ((b & 0xC0) == 0x80)
      continue;
    size_t len;
    decode(at + max - back, s.len - (max - back), &len);
    return len > back ? max - back : max;
  }
  return max; /* not UTF-8 here: there is no character to keep whole */
}

static bool is_space(uint32_t c) {
  return c == ' ' || (c >= 0x09 && c <= 0x0D) || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

/* What can turn the reading direction of a whole screen line, or cannot be seen at all. */
static bool is_hidden(uint32_t c) {
  return c < 0x20 || (c >= 0x7F && c <= 0x9F) || c == 0x061C || c == 0x200E || c == 0x200F ||
         (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF;
}

char *utf8_one_line(struct arena *a, struct slice s) {
  char *copy = utf8_mend(a, s, NULL);
  if (!copy)
    return NULL;
  size_t len = strlen(copy), written = 0;
  bool gap = false;
  for (size_t i = 0, n; i < len; i += n) {
    uint32_t c = decode((const uint8_t *)copy + i, len - i, &n);
    if (is_space(c)) {
      gap = written > 0;
      continue;
    }
    if (is_hidden(c))
      continue;
    if (gap)
      copy[written++] = ' '; /* never overtakes i: the gap itself took a byte */
    gap = false;
    memmove(copy + written, copy + i, n);
    written += n;
  }
  copy[written] = '\0';
  return copy;
}
