/* SPDX-License-Identifier: Apache-2.0 */
#include "imap/mailbox_name.h"
#include "text/utf8.h"

static const char alphabet[65] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

static bool stands_for_itself(unsigned char c) {
  return c >= 0x20 && c <= 0x7e;
}

/* Bits of UTF-16 on their way into base64. */
struct shifter {
  struct buf *out;
  uint32_t bits;
  unsigned count;
};

static void shift_unit(struct shifter *s, uint32_t unit) {
  s->bits = s->bits << 16 | unit;
  for (s->count += 16; s->count >= 6; s->count -= 6)
    buf_add_char(s->out, alphabet[s->bits >> (s->count - 6) & 63]);
  s->bits &= (1u << s->count) - 1;
}

static void shift_character(struct shifter *s, uint32_t c) {
  if (c < 0x10000) {
    shift_unit(s, c);
    return;
  }
  shift_unit(s, 0xd800 + ((c - 0x10000) >> 10));
  shift_unit(s, 0xdc00 + ((c - 0x10000) & 0x3ff));
}

static void shift_end(struct shifter *s) {
  if (s->count)
    buf_add_char(s->out, alphabet[s->bits << (6 - s->count) & 63]);
  buf_add_char(s->out, '-');
}

/* The next character of valid UTF-8. */
static uint32_t take_character(struct slice *s) {
  const unsigned char *at = (const unsigned char *)s->at;
  size_t len = at[0] < 0x80 ? 1 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
  uint32_t c = len == 1 ? at[0] : at[0] & (0xffu >> (len + 1));
  for (size_t i = 1; i < len; i++)
    c = c << 6 | (at[i] & 0x3f);
  *s = slice_of(s->at + len, s->len - len);
  return c;
}

int mailbox_name_encode(struct slice name, struct buf *ret) {
  if (!utf8_valid(name) || (name.len && memchr(name.at, '\0', name.len)))
    return -EINVAL;
  while (name.len) {
    if (stands_for_itself((unsigned char)*name.at)) {
      buf_add_text(ret, *name.at == '&' ? "&-" : (char[2]){*name.at, '\0'});
      name = slice_of(name.at + 1, name.len - 1);
      continue;
    }
    struct shifter shifter = {.out = ret};
    buf_add_char(ret, '&');
    while (name.len && !stands_for_itself((unsigned char)*name.at))
      shift_character(&shifter, take_character(&name));
    shift_end(&shifter);
  }
  return ret->full ? BUF_FULL : 0;
}

static void add_character(struct buf *ret, uint32_t c) {
  if (c < 0x80) {
    buf_add_char(ret, (char)c);
  } else if (c < 0x800) {
    buf_add(ret, (char[2]){(char)(0xc0 | c >> 6), (char)(0x80 | (c & 63))}, 2);
  } else if (c < 0x10000) {
    buf_add(ret, (char[3]){(char)(0xe0 | c >> 12), (char)(0x80 | (c >> 6 & 63)), (char)(0x80 | (c & 63))}, 3);
  } else {
    buf_add(ret, (char[4]){(char)(0xf0 | c >> 18), (char)(0x80 | (c >> 12 & 63)), (char)(0x80 | (c >> 6 & 63)),
                           (char)(0x80 | (c & 63))}, 4);
  }
}

/* One UTF-16 unit; *high waits for its other half. Returns false when they do not fit. */
static bool add_unit(struct buf *ret, uint32_t unit, uint32_t *high) {
  const bool is_high = unit >= 0xd800 && unit < 0xdc00, is_low = unit >= 0xdc00 && unit < 0xe000;
  if (is_low != (*high != 0) || unit == 0)
    return false;
  if (is_high)
    *high = unit;
  else if (is_low)
    add_character(ret, 0x10000 + ((*high - 0xd800) << 10) + (unit - 0xdc00));
  else
    add_character(ret, unit);
  if (is_low)
    *high = 0;
  return true;
}

static int decode_shifted(struct slice base64, struct buf *ret) {
  uint32_t bits = 0, high = 0;
  unsigned count = 0;
  for (size_t i = 0; i < base64.len; i++) {
    const char *digit = memchr(alphabet, base64.at[i], 64);
    if (!digit)
      return -EINVAL;
    bits = bits << 6 | (uint32_t)(digit - alphabet);
    count += 6;
    if (count < 16)
      continue;
    count -= 16;
    if (!add_unit(ret, bits >> count & 0xffff, &high))
      return -EINVAL;
    bits &= (1u << count) - 1;
  }
  return high || bits || count >= 6 ? -EINVAL : 0;
}

int mailbox_name_decode(struct slice wire, struct buf *ret) {
  while (wire.len) {
    const char c = *wire.at;
    if (!stands_for_itself((unsigned char)c))
      return -EINVAL;
    wire = slice_of(wire.at + 1, wire.len - 1);
    if (c != '&') {
      buf_add_char(ret, c);
      continue;
    }
    const char *end = wire.len ? memchr(wire.at, '-', wire.len) : NULL;
    if (!end)
      return -EINVAL;
    const size_t len = (size_t)(end - wire.at);
    if (len == 0)
      buf_add_char(ret, '&');
    else if (decode_shifted(slice_of(wire.at, len), ret))
      return -EINVAL;
    wire = slice_of(end + 1, wire.len - len - 1);
  }
  return ret->full ? BUF_FULL : 0;
}
