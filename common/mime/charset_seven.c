/* SPDX-License-Identifier: Apache-2.0 */
/* One loop per set over bytes, never looking back; the output is at most twice the input. */
#include "mime/charset_seven.h"

enum { ESC = 0x1B, SO = 0x0E, SI = 0x0F, SINGLE_SHIFT_2 = 0x8E, SINGLE_SHIFT_3 = 0x8F };

struct shifted {
  char *out;
  size_t len, size;
};

static bool start(struct reading *r, struct slice bytes, struct shifted *s) {
  *s = (struct shifted){.size = 2 * bytes.len + 1};
  s->out = reading_alloc(r, s->size);
  return s->out;
}

static struct slice end(struct reading *r, const struct shifted *s) {
  reading_shrink(r, s->out, s->size, s->len);
  return slice_of(s->out, s->len);
}

static bool is_graphic(char c) {
  return c >= 0x21 && c <= 0x7E;
}

static void put_high(struct shifted *s, char c) {
  s->out[s->len++] = (char)(c | 0x80);
}

/* --- ISO-2022-JP --- */

enum jp { JP_ASCII, JP_KANA, JP_KANJI, JP_MORE_KANJI };

static const struct {
  struct slice escape;
  enum jp mode;
} jp_escapes[] = {
    {{"\x1B(B", 3}, JP_ASCII}, {{"\x1B(J", 3}, JP_ASCII}, {{"\x1B(H", 3}, JP_ASCII},       {{"\x1B(I", 3}, JP_KANA},
    {{"\x1B$@", 3}, JP_KANJI}, {{"\x1B$B", 3}, JP_KANJI}, {{"\x1B$(D", 4}, JP_MORE_KANJI}, {{"\x1B$(B", 4}, JP_KANJI},
    {{"\x1B$(O", 4}, JP_KANJI}, {{"\x1B$(Q", 4}, JP_KANJI},
};

/* Length of the escape at the start of `s`, 0 when it is none of ours. */
static size_t jp_escape(struct slice s, enum jp *mode) {
  for (size_t i = 0; i < sizeof(jp_escapes) / sizeof(jp_escapes[0]); i++) {
    struct slice e = jp_escapes[i].escape;
    if (s.len >= e.len && memcmp(s.at, e.at, e.len) == 0) {
      *mode = jp_escapes[i].mode;
      return e.len;
    }
  }
  return 0;
}

struct slice charset_up_jp(struct reading *r, struct slice bytes) {
  struct shifted s;
  enum jp mode = JP_ASCII;
  if (!start(r, bytes, &s))
    return slice_of("", 0);
  for (size_t i = 0; i < bytes.len;) {
    char c = bytes.at[i];
    size_t escape = c == ESC ? jp_escape(slice_of(bytes.at + i, bytes.len - i), &mode) : 0;
    bool pair = mode >= JP_KANJI && is_graphic(c) && i + 1 < bytes.len && is_graphic(bytes.at[i + 1]);
    i += escape ? escape : pair ? 2 : 1;
    if (escape)
      continue;
    if (c == SO || c == SI) {
      mode = c == SO ? JP_KANA : JP_ASCII;
    } else if (pair) {
      if (mode == JP_MORE_KANJI) /* at most 3 bytes from 2 */
        s.out[s.len++] = (char)SINGLE_SHIFT_3;
      put_high(&s, c);
      put_high(&s, bytes.at[i - 1]);
    } else if (mode == JP_KANA && is_graphic(c)) {
      s.out[s.len++] = (char)SINGLE_SHIFT_2;
      put_high(&s, c);
    } else {
      s.out[s.len++] = c;
    }
  }
  return end(r, &s);
}

/* --- ISO-2022-KR and HZ --- */

struct slice charset_up_kr(struct reading *r, struct slice bytes) {
  static const struct slice announcement = {"\x1B$)C", 4};
  struct shifted s;
  bool up = false;
  if (!start(r, bytes, &s))
    return slice_of("", 0);
  for (size_t i = 0; i < bytes.len; i++) {
    char c = bytes.at[i];
    if (c == ESC && bytes.len - i >= announcement.len && memcmp(bytes.at + i, announcement.at, announcement.len) == 0)
      i += announcement.len - 1;
    else if (c == SO || c == SI)
      up = c == SO;
    else if (up && is_graphic(c))
      put_high(&s, c);
    else
      s.out[s.len++] = c;
    up &= c != '\n'; /* a line begins in ASCII */
  }
  return end(r, &s);
}

struct slice charset_up_hz(struct reading *r, struct slice bytes) {
  struct shifted s;
  bool up = false;
  if (!start(r, bytes, &s))
    return slice_of("", 0);
  for (size_t i = 0; i < bytes.len; i++) {
    char c = bytes.at[i], next = i + 1 < bytes.len ? bytes.at[i + 1] : '\0';
    if (c == '~' && (next == '{' || next == '}')) {
      up = next == '{';
      i++;
    } else if (c == '~' && !up && (next == '~' || next == '\n')) {
      if (next == '~')
        s.out[s.len++] = '~';
      i++;
    } else if (up && is_graphic(c) && is_graphic(next)) { /* in pairs: a second half may be '~' */
      put_high(&s, c);
      put_high(&s, next);
      i++;
    } else {
      s.out[s.len++] = c;
      up &= c != '\n';
    }
  }
  return end(r, &s);
}
