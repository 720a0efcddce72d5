/* SPDX-License-Identifier: Apache-2.0 */
/* Protobuf wire format: https://protobuf.dev/programming-guides/encoding/ */
#include "sender.h"

enum { FIELD_FROM = 6, FIELD_KEY = 3 };
enum { VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5 };

static bool take_varint(struct slice *s, uint64_t *ret) {
  uint64_t value = 0;
  for (unsigned shift = 0; shift < 64 && s->len; shift += 7) {
    uint8_t b = (uint8_t)*s->at;
    s->at++;
    s->len--;
    value |= (uint64_t)(b & 127) << shift;
    if (b < 128) {
      *ret = value;
      return true;
    }
  }
  return false;
}

static bool take(struct slice *s, uint64_t len, struct slice *ret) {
  if (len > s->len)
    return false;
  *ret = slice_of(s->at, len);
  s->at += len;
  s->len -= len;
  return true;
}

/* The last occurrence of a length-delimited field, as protobuf readers see it. */
static struct slice find_field(struct slice message, uint64_t field) {
  struct slice found = SLICE(""), skip;
  uint64_t tag, value;
  while (message.len && take_varint(&message, &tag)) {
    bool ok;
    switch (tag & 7) {
    case VARINT: ok = take_varint(&message, &value); break;
    case FIXED64: ok = take(&message, 8, &skip); break;
    case FIXED32: ok = take(&message, 4, &skip); break;
    case BYTES:
      ok = take_varint(&message, &value) && take(&message, value, &skip);
      if (ok && tag >> 3 == field)
        found = skip;
      break;
    default: ok = false;
    }
    if (!ok)
      return SLICE("");
  }
  return found;
}

struct slice sender_key(struct slice event) {
  return find_field(find_field(event, FIELD_FROM), FIELD_KEY);
}
