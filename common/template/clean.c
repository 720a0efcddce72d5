/* SPDX-License-Identifier: Apache-2.0 */
#include "template/clean.h"
#include <unictype.h>
#include <unigbrk.h>
#include <unistr.h>

#define ZWNJ 0x200C /* Persian and Indic spelling */
#define ZWJ 0x200D  /* the same; emoji */
#define TEXT_STYLE 0xFE0E
#define EMOJI_STYLE 0xFE0F

enum kind { DROPPED, SPACE, JOINER, STYLE, DRAWN };

static enum kind kind_of(ucs4_t c) {
  if (c >= 0x21 && c <= 0x7E)
    return DRAWN;
  if (uc_is_property_white_space(c))
    return SPACE;
  if (c == ZWJ || c == ZWNJ)
    return JOINER;
  if (c == TEXT_STYLE || c == EMOJI_STYLE)
    return STYLE;
  if (uc_is_property_default_ignorable_code_point(c) || uc_is_property_not_a_character(c) ||
      uc_is_general_category_withtable(c, UC_CATEGORY_MASK_Cc | UC_CATEGORY_MASK_Cf | UC_CATEGORY_MASK_Cs))
    return DROPPED;
  return DRAWN;
}

/* What is written so far. */
struct cleaning {
  char *at;
  size_t len, count; /* bytes, characters */
  size_t whole;      /* bytes up to where a reader's last character began */
  ucs4_t last;       /* 0: nothing yet */
  ucs4_t pending;    /* a space or joiner that counts only when something follows; 0: none */
};

static void put(struct cleaning *c, ucs4_t character) {
  bool joined = c->last == ZWJ || !uc_is_grapheme_break(c->last, character);
  if (c->last == 0 || !joined)
    c->whole = c->len;
  int n = u8_uctomb((uint8_t *)c->at + c->len, character, 4);
  assert(n > 0); /* room for 4 bytes of each character */
  c->len += (size_t)n;
  c->count++;
  c->last = character;
}

static bool is_accent(ucs4_t c) {
  return uc_is_general_category_withtable(c, UC_CATEGORY_MASK_M);
}

/* False: it is full, and `character` was not taken. */
static bool take(struct cleaning *c, ucs4_t character, size_t longest) {
  if (c->last == 0)
    c->pending = 0;
  if (c->last == 0 && is_accent(character))
    return true;
  if (c->count + (c->pending ? 2 : 1) > longest) {
    bool joined = c->pending ? c->pending != ' ' : !uc_is_grapheme_break(c->last, character);
    if ((joined || c->last == ZWJ) && c->whole > 0)
      c->len = c->whole;
    return false;
  }
  if (c->pending)
    put(c, c->pending);
  c->pending = 0;
  put(c, character);
  return true;
}

/* How a symbol is drawn: one choice, right behind it. */
static bool can_style(const struct cleaning *c) {
  return c->last != 0 && c->pending == 0 && c->last != TEXT_STYLE && c->last != EMOJI_STYLE;
}

/* A cut may leave a space or a joiner with nothing to join. */
static size_t without_end(struct slice s) {
  while (s.len > 0) {
    bool joiner = s.len >= 3 && memcmp(s.at + s.len - 3, "\xE2\x80", 2) == 0 &&
                  (s.at[s.len - 1] == '\x8C' || s.at[s.len - 1] == '\x8D');
    if (!joiner && s.at[s.len - 1] != ' ')
      break;
    s.len -= joiner ? 3 : 1;
  }
  return s.len;
}

size_t clean_value(struct slice value, size_t longest, char ret[CLEAN_ROOM]) {
  struct cleaning c = {.at = ret};
  assert(longest <= CLEAN_LONGEST);
  for (size_t at = 0; at < value.len;) {
    ucs4_t character;
    at += (size_t)u8_mbtouc(&character, (const uint8_t *)value.at + at, value.len - at); /* U+FFFD for what is none */
    enum kind kind = kind_of(character);
    if (kind == SPACE)
      c.pending = ' ';
    else if (kind == JOINER && c.pending == 0)
      c.pending = character;
    else if ((kind == DRAWN || (kind == STYLE && can_style(&c))) && !take(&c, character, longest))
      break;
  }
  return without_end(slice_of(ret, c.len));
}
