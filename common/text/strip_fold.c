/* SPDX-License-Identifier: Apache-2.0 */
/* Looser than Unicode's case folding on purpose: a label without its accent is still that label. */
#include "text/strip_fold.h"
#include <unicase.h>
#include <uninorm.h>
#include <unistr.h>

uint32_t strip_character(struct slice s, size_t *ret_len) {
  ucs4_t c = (uint8_t)s.at[0];
  int len = 1;
  if (c >= 0x80)
    len = u8_mbtouc(&c, (const uint8_t *)s.at, s.len < 4 ? s.len : 4);
  *ret_len = len > 0 ? (size_t)len : 1;
  return c;
}

static bool is_space(uint32_t c) {
  return c == ' ' || (c >= 0x09 && c <= 0x0D) || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

/* Marks of direction and joining; soft hyphens. */
static bool is_unseen(uint32_t c) {
  return c == 0xAD || c == 0x34F || c == 0x61C || (c >= 0x200B && c <= 0x200F) || (c >= 0x202A && c <= 0x202E) ||
         (c >= 0x2060 && c <= 0x2069) || c == 0xFEFF;
}

/* Accents that stand alone, vowel marks of Arabic, its line filler. */
static bool is_accent(uint32_t c) {
  return (c >= 0x300 && c <= 0x36F) || (c >= 0x64B && c <= 0x652) || c == 0x640;
}

bool strip_is_blank(uint32_t c) {
  return is_space(c) || is_unseen(c);
}

bool strip_all_blank(struct slice s) {
  for (size_t i = 0, len; i < s.len; i += len)
    if (!strip_is_blank(strip_character(slice_of(s.at + i, s.len - i), &len)))
      return false;
  return true;
}

static const struct {
  uint32_t first, last, to; /* `to` for all of them, or rising with them */
  bool rising;
} forms[] = {
    {0xAB, 0xAB, '"', false},      {0xB4, 0xB4, '\'', false},     {0xBB, 0xBB, '"', false},
    {0x131, 0x131, 'i', false},    {0x2BC, 0x2BC, '\'', false},   {0x60C, 0x60C, ',', false},
    {0x660, 0x669, '0', true},     {0x6F0, 0x6F9, '0', true},     {0x2010, 0x2015, '-', false},
    {0x2018, 0x201B, '\'', false}, {0x201C, 0x201F, '"', false},  {0x2212, 0x2212, '-', false},
    {0x3001, 0x3001, ',', false},  {0x3002, 0x3002, '.', false},  {0x300C, 0x300F, '"', false},
    {0xFF01, 0xFF5E, '!', true},
};

static uint32_t plain_form(uint32_t c) {
  for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]) && forms[i].first <= c; i++)
    if (c <= forms[i].last)
      return forms[i].to + (forms[i].rising ? c - forms[i].first : 0);
  return c;
}

static bool has_accents(uint32_t c) {
  return (c >= 0xC0 && c < 0x250) || (c >= 0x370 && c < 0x400) || (c >= 0x1E00 && c < 0x2000);
}

static uint32_t fold_character(uint32_t c) {
  ucs4_t parts[UC_DECOMPOSITION_MAX_LENGTH];
  c = uc_tolower(plain_form(c));
  while (has_accents(c) && uc_canonical_decomposition(c, parts) > 0)
    c = parts[0];
  return plain_form(c);
}

static bool add_bytes(struct strip_fold *f, const void *bytes, size_t len) {
  if (f->full || len > sizeof(f->at) - f->len) {
    f->full = true;
    return false;
  }
  memcpy(f->at + f->len, bytes, len);
  f->len += len;
  return true;
}

static bool add_character(struct strip_fold *f, uint32_t c) {
  uint8_t utf8[6];
  if (c < 0x80) {
    utf8[0] = (uint8_t)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
    return add_bytes(f, utf8, 1);
  }
  c = fold_character(c);
  int len = u8_uctomb(utf8, c, sizeof(utf8));
  return len <= 0 || add_bytes(f, utf8, (size_t)len);
}

/* Most text: letters, digits and signs of ASCII, each a byte that stays one. Returns how many it took. */
static size_t add_ascii(struct strip_fold *f, struct slice s) {
  size_t room = sizeof(f->at) - f->len, most = s.len < room ? s.len : room, i = 0;
  for (; i < most && s.at[i] > ' ' && s.at[i] < 0x7F; i++)
    f->at[f->len + i] = s.at[i] >= 'A' && s.at[i] <= 'Z' ? (char)(s.at[i] + ('a' - 'A')) : s.at[i];
  f->len += i;
  return i;
}

void strip_fold_add(struct strip_fold *f, struct slice s) {
  bool fits = !f->full;
  for (size_t i = 0, len; i < s.len && fits; i += len) {
    len = add_ascii(f, slice_of(s.at + i, s.len - i));
    if (len)
      continue;
    uint32_t c = strip_character(slice_of(s.at + i, s.len - i), &len);
    if (is_space(c))
      fits = f->len == 0 || f->at[f->len - 1] == ' ' || add_bytes(f, " ", 1);
    else if (!is_unseen(c) && !is_accent(c))
      fits = add_character(f, c);
  }
}

struct slice strip_fold_end(struct strip_fold *f) {
  if (f->len && f->at[f->len - 1] == ' ')
    f->len--;
  return slice_of(f->at, f->full ? 0 : f->len);
}

size_t strip_fold_words(struct slice folded) {
  size_t words = folded.len > 0;
  for (size_t i = 0; i < folded.len; i++)
    words += folded.at[i] == ' ';
  return words;
}

struct slice strip_fold_of(struct strip_fold *f, struct slice s) {
  f->len = 0;
  f->full = false;
  strip_fold_add(f, s);
  return strip_fold_end(f);
}
