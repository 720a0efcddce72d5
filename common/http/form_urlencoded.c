/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WHATWG URL 5.1: pieces between '&', the first '=' divides name and value. Every input has a reading, so nothing is
 * ever broken here; decoding only shrinks, so one block of the body's size holds all names and values.
 */
#include "base/encode.h"
#include "http/form.h"

/* Decodes into *at and moves it behind what was written. */
static struct slice decode(struct slice text, char **at) {
  char *start = *at, *out = *at;
  for (size_t i = 0; i < text.len; i++) {
    char c = text.at[i];
    size_t n;
    if (c == '+')
      c = ' ';
    else if (c == '%' && text.len - i > 2 && hex_decode(slice_of(text.at + i + 1, 2), &c, 1, &n) == 0)
      i += 2;
    *out++ = c;
  }
  *at = out;
  return slice_of(start, (size_t)(out - start));
}

int form_parse_urlencoded(struct arena *a, struct slice body, struct form *ret) {
  struct slice rest = body, piece;
  size_t count = 0;
  while (slice_split(&rest, '&', &piece))
    count += piece.len > 0;
  if (count > FORM_MAX_PARTS)
    return FORM_TOO_MANY;
  struct form_part *parts = arena_zalloc(a, (count + 1) * sizeof(*parts));
  char *at = arena_alloc(a, body.len + 1);
  if (!parts || !at)
    return -ENOMEM;
  struct form_part *part = parts;
  for (rest = body; slice_split(&rest, '&', &piece);) {
    if (piece.len == 0)
      continue;
    const char *equals = memchr(piece.at, '=', piece.len);
    size_t name_len = equals ? (size_t)(equals - piece.at) : piece.len;
    size_t value_at = equals ? name_len + 1 : name_len;
    part->name = decode(slice_of(piece.at, name_len), &at);
    part->value = decode(slice_of(piece.at + value_at, piece.len - value_at), &at);
    part->filename = part->type = SLICE("");
    part++;
  }
  *ret = (struct form){.parts = parts, .count = count};
  return 0;
}

const struct form_part *form_find(const struct form *f, const char *name) {
  struct slice wanted = slice_text(name);
  for (size_t i = 0; i < f->count; i++) {
    if (slice_equal(f->parts[i].name, wanted))
      return &f->parts[i];
  }
  return NULL;
}
