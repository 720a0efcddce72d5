/* SPDX-License-Identifier: Apache-2.0 */
/* A reference copies at most 17 bytes, so the output is at most nine times the input whatever its header claims. */
#include "mime/lzfu.h"

enum { WINDOW = 4096, HEADER = 16, COPY_LEAST = 2 };

static const char preset[] =
    "{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor "
    "MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20"
    "\\b\\i\\u\\tab\\tx";

static uint32_t get32(const uint8_t *at) {
  return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

struct output {
  char window[WINDOW];
  size_t write; /* in the window */
  char *out;
  size_t len, most;
};

static bool put(struct output *o, char c) {
  if (o->len == o->most)
    return false;
  o->out[o->len++] = c;
  o->window[o->write] = c;
  o->write = (o->write + 1) % WINDOW;
  return true;
}

/* False when it points at itself, which is the end, or when there is no more room. */
static bool copy(struct output *o, unsigned reference) {
  size_t from = reference >> 4, count = (reference & 15) + COPY_LEAST;
  if (from == o->write)
    return false;
  for (size_t i = 0; i < count; i++)
    if (!put(o, o->window[(from + i) % WINDOW]))
      return false;
  return true;
}

static void expand(struct output *o, const uint8_t *at, const uint8_t *end) {
  while (at < end) {
    unsigned flags = *at++;
    for (int i = 0; i < 8 && at < end; i++, flags >>= 1) {
      if (!(flags & 1)) {
        if (!put(o, (char)*at++))
          return;
        continue;
      }
      if (end - at < 2 || !copy(o, (unsigned)at[0] << 8 | at[1]))
        return;
      at += 2;
    }
  }
}

bool lzfu_read(struct reading *r, struct slice compressed, size_t most, struct slice *ret) {
  const uint8_t *at = (const uint8_t *)compressed.at;
  if (compressed.len < HEADER)
    return false;
  size_t plain = get32(at + 4), left = compressed.len - HEADER;
  plain = plain < most ? plain : most;
  if (memcmp(at + 8, "MELA", 4) == 0) {
    *ret = slice_of(compressed.at + HEADER, plain < left ? plain : left);
    return true;
  }
  if (memcmp(at + 8, "LZFu", 4) != 0)
    return false;
  plain = plain < 9 * left ? plain : 9 * left;
  struct output o = {.write = sizeof(preset) - 1, .out = reading_alloc(r, plain + 1), .most = plain};
  if (!o.out)
    return false;
  memset(o.window, 0, sizeof(o.window));
  memcpy(o.window, preset, sizeof(preset) - 1);
  expand(&o, at + HEADER, at + compressed.len);
  reading_shrink(r, o.out, plain + 1, o.len);
  *ret = slice_of(o.out, o.len);
  return true;
}
