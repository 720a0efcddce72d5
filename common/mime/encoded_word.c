/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Neighbouring words of one character set are decoded to bytes first and converted together: many senders cut a
 * multibyte character at the 75th column.
 */
#include "mime/encoded_word.h"
#include "mime/charset.h"
#include "mime/transfer.h"
#include "text/utf8.h"

enum { CHARSET_MAX = 80, WORD_MAX = 4096 };

struct word {
  struct slice charset, text;
  char encoding; /* 'q' or 'b' */
  size_t length; /* with its marks */
};

static bool read_word(struct slice s, bool spaces, struct word *ret) {
  if (s.len < 8 || s.at[0] != '=' || s.at[1] != '?')
    return false;
  const char *at = s.at + 2, *end = s.at + s.len;
  const char *mark = memchr(at, '?', (size_t)(end - at < CHARSET_MAX ? end - at : CHARSET_MAX));
  if (!mark || mark == at || end - mark < 5 || mark[2] != '?')
    return false;
  ret->charset = slice_of(at, (size_t)(mark - at));
  for (size_t i = 0; i < ret->charset.len; i++)
    if ((uint8_t)ret->charset.at[i] <= ' ')
      return false;
  const char *language = memchr(ret->charset.at, '*', ret->charset.len); /* RFC 2231 section 5 */
  if (language)
    ret->charset.len = (size_t)(language - ret->charset.at);
  ret->encoding = (char)(mark[1] | 0x20);
  if (ret->encoding != 'q' && ret->encoding != 'b')
    return false;
  const char *text = mark + 3;
  for (at = text; at + 1 < end && at - text < WORD_MAX; at++) {
    if (at[0] == '?' && at[1] == '=') {
      ret->text = slice_of(text, (size_t)(at - text));
      ret->length = (size_t)(at + 2 - s.at);
      return true;
    }
    if (!spaces && (uint8_t)*at <= ' ')
      return false;
  }
  return false;
}

size_t encoded_word_length(struct slice s, bool spaces) {
  struct word w;
  return read_word(s, spaces, &w) ? w.length : 0;
}

/* Appends to a buffer that is as long as the whole header value, which no decoding exceeds. */
static size_t decode_into(const struct word *w, char *out) {
  return w->encoding == 'b' ? transfer_base64(w->text, out) : transfer_quoted_printable(w->text, true, out);
}

struct pieces {
  struct reading *reading;
  char *bytes;            /* decoded, not converted yet */
  size_t byte_count;
  struct slice charset;
  char *out;
  size_t out_len, out_room;
};

static void add(struct pieces *p, struct slice s) {
  if (s.len > p->out_room - p->out_len) {
    size_t room = 2 * (p->out_len + s.len) + 64;
    char *more = reading_alloc(p->reading, room);
    if (!more)
      return;
    memcpy(more, p->out, p->out_len);
    p->out = more;
    p->out_room = room;
  }
  if (s.len)
    memcpy(p->out + p->out_len, s.at, s.len);
  p->out_len += s.len;
}

static void flush(struct pieces *p) {
  charset_remember(p->reading, p->charset);
  add(p, charset_to_utf8(p->reading, p->charset, slice_of(p->bytes, p->byte_count)));
  p->bytes += p->byte_count; /* what was converted may be lent from here */
  p->byte_count = 0;
}

static void add_raw(struct pieces *p, struct slice raw) {
  flush(p);
  if (!utf8_valid(raw))
    reading_warn(p->reading, "header-8bit");
  add(p, charset_to_utf8(p->reading, SLICE("utf-8"), raw));
}

static bool only_space(struct slice s) {
  return slice_trim(s).len == 0;
}

char *encoded_word_decode(struct reading *r, struct slice value) {
  if (!value.len || !memmem(value.at, value.len, "=?", 2)) {
    if (value.len && !utf8_valid(value)) {
      reading_warn(r, "header-8bit");
      value = charset_to_utf8(r, SLICE("utf-8"), value);
    }
    return reading_line(r, value);
  }
  struct pieces p = {.reading = r, .bytes = reading_alloc(r, value.len + TRANSFER_SPARE), .out = (char[1]){0}};
  size_t raw_from = 0, at = 0;
  bool after_word = false;
  if (!p.bytes)
    return reading_line(r, value);
  while (at < value.len) {
    struct slice rest = slice_of(value.at + at, value.len - at);
    const char *mark = memmem(rest.at, rest.len, "=?", 2);
    if (!mark)
      break;
    at += (size_t)(mark - rest.at);
    struct word w;
    rest = slice_of(mark, value.len - at);
    if (!read_word(rest, true, &w)) {
      reading_warn(r, "encoded-word-broken");
      at += 2;
      continue;
    }
    struct slice between = slice_of(value.at + raw_from, at - raw_from);
    if (between.len && !(after_word && only_space(between)))
      add_raw(&p, between);
    else if (!slice_equal_nocase(w.charset, p.charset))
      flush(&p);
    p.charset = w.charset;
    p.byte_count += decode_into(&w, p.bytes + p.byte_count);
    at += w.length;
    raw_from = at;
    after_word = true;
  }
  add_raw(&p, slice_of(value.at + raw_from, value.len - raw_from));
  return reading_line(r, slice_of(p.out, p.out_len));
}
