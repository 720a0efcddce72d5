/* SPDX-License-Identifier: Apache-2.0 */
/* Counts and lengths are claims: each is held against what is left before it is believed. */
#include "mime/tnef_property.h"

enum { SEVERAL = 0x1000, NAMED = 0x8000, GUID = 16 };

struct cursor {
  struct slice rest;
  bool short_of; /* less was left than claimed */
};

static struct slice take(struct cursor *c, size_t len) {
  if (len > c->rest.len) {
    c->short_of = true;
    len = c->rest.len;
  }
  struct slice taken = slice_of(c->rest.at, len);
  c->rest = slice_of(c->rest.at + len, c->rest.len - len);
  return taken;
}

static uint32_t take32(struct cursor *c) {
  struct slice four = take(c, 4);
  const uint8_t *b = (const uint8_t *)four.at;
  return four.len == 4 ? (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24 : 0;
}

/* Padded to four. */
static struct slice take_padded(struct cursor *c, size_t len) {
  struct slice taken = take(c, len);
  size_t padding = (4 - len % 4) % 4;
  take(c, padding < c->rest.len ? padding : c->rest.len);
  return taken;
}

/* Bytes of a value; 0: its own length stands before it. */
static bool size_of(unsigned type, size_t *ret) {
  static const struct {
    uint16_t type;
    uint8_t size;
  } sizes[] = {
      {0x02, 4}, {0x03, 4}, {0x04, 4},  {0x05, 8},  {0x06, 8},  {0x07, 8}, {0x0A, 4}, {0x0B, 4},
      {0x14, 8}, {0x40, 8}, {0x48, 16}, {0x0D, 0},  {0x1E, 0},  {0x1F, 0}, {0x102, 0},
  };
  for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
    if (sizes[i].type == type) {
      *ret = sizes[i].size;
      return true;
    }
  }
  return false;
}

static void skip_name(struct cursor *c) {
  take(c, GUID);
  if (take32(c) == 0)
    take32(c);
  else
    take_padded(c, take32(c));
}

/* The first value; the others are passed. */
static bool read_values(struct cursor *c, unsigned type, struct slice *ret) {
  size_t size, count = 1;
  if (!size_of(type & ~(unsigned)SEVERAL, &size))
    return false;
  if ((type & SEVERAL) || size == 0)
    count = take32(c);
  *ret = slice_of("", 0);
  for (size_t i = 0; i < count && !c->short_of; i++) {
    struct slice value = take_padded(c, size ? size : take32(c));
    if (i == 0)
      *ret = value;
  }
  return true;
}

bool tnef_properties(struct slice list, void (*found)(void *arg, const struct tnef_property *p), void *arg) {
  struct cursor c = {.rest = list};
  for (uint32_t left = take32(&c); left && !c.short_of; left--) {
    uint32_t tag = take32(&c);
    struct tnef_property p = {.id = tag >> 16, .type = tag & 0xFFFF};
    if (c.short_of)
      break;
    if (p.id & NAMED)
      skip_name(&c);
    if (!read_values(&c, p.type, &p.value))
      return false;
    p.type &= ~(unsigned)SEVERAL;
    size_t size = 0;
    bool usable = size_of(p.type, &size) && (size ? p.value.len == size : p.value.len > 0);
    if (!(p.id & NAMED) && usable)
      found(arg, &p);
  }
  return !c.short_of;
}
