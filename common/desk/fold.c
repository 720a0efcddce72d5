/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Most text is ASCII or a script whose folding is one character to one, which is done here at once. A word that
 * holds anything else (ß, İ, ligatures, combining accents, …) is folded and composed by libunistring as a whole.
 * Rules and texts go through the same code, so they cannot disagree.
 */
#include "desk/fold.h"
#include <stdlib.h>
#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

#define RAW_MAX 256

/* The folded byte of an ASCII letter or digit; 0: separates words. */
static const char ascii[128] = {
    ['0'] = '0', ['1'] = '1', ['2'] = '2', ['3'] = '3', ['4'] = '4', ['5'] = '5', ['6'] = '6', ['7'] = '7',
    ['8'] = '8', ['9'] = '9', ['a'] = 'a', ['b'] = 'b', ['c'] = 'c', ['d'] = 'd', ['e'] = 'e', ['f'] = 'f',
    ['g'] = 'g', ['h'] = 'h', ['i'] = 'i', ['j'] = 'j', ['k'] = 'k', ['l'] = 'l', ['m'] = 'm', ['n'] = 'n',
    ['o'] = 'o', ['p'] = 'p', ['q'] = 'q', ['r'] = 'r', ['s'] = 's', ['t'] = 't', ['u'] = 'u', ['v'] = 'v',
    ['w'] = 'w', ['x'] = 'x', ['y'] = 'y', ['z'] = 'z', ['A'] = 'a', ['B'] = 'b', ['C'] = 'c', ['D'] = 'd',
    ['E'] = 'e', ['F'] = 'f', ['G'] = 'g', ['H'] = 'h', ['I'] = 'i', ['J'] = 'j', ['K'] = 'k', ['L'] = 'l',
    ['M'] = 'm', ['N'] = 'n', ['O'] = 'o', ['P'] = 'p', ['Q'] = 'q', ['R'] = 'r', ['S'] = 's', ['T'] = 't',
    ['U'] = 'u', ['V'] = 'v', ['W'] = 'w', ['X'] = 'x', ['Y'] = 'y', ['Z'] = 'z',
};

struct range {
  ucs4_t first, last;
};

/* Scripts without spaces between words, or (Hangul) with endings glued on: every letter is a word. */
static const struct range alone[] = {
    {0x0E00, 0x0EFF}, {0x1000, 0x109F}, {0x1780, 0x17FF}, {0x3005, 0x3007}, {0x3040, 0x30FF}, {0xF900, 0xFAFF},
};
/* The same, letters without exception. */
static const struct range letters_alone[] = {
    {0x3400, 0x4DBF}, {0x4E00, 0x9FFF}, {0xAC00, 0xD7A3}, {0x20000, 0x3FFFF}};

/* Cased letters that fold to the one character that is their lower case and take no part in composition. */
static const struct range simple[] = {
    {0x00C0, 0x00D6}, {0x00D8, 0x00DE}, {0x00E0, 0x00F6}, {0x00F8, 0x012F}, {0x0131, 0x0148}, {0x014A, 0x017E},
    {0x0386, 0x0386}, {0x0388, 0x038A}, {0x038C, 0x038C}, {0x038E, 0x038F}, {0x0391, 0x03A1}, {0x03A3, 0x03AF},
    {0x03B1, 0x03C1}, {0x03C3, 0x03CE}, {0x0400, 0x0481}, {0x048A, 0x052F}, {0x0531, 0x0556}, {0x0561, 0x0586},
    {0x10D0, 0x10FA}, {0x1E00, 0x1E95}, {0x1EA0, 0x1EFF},
};
#define FINAL_SIGMA 0x03C2 /* ς, at the end of Greek words: σ */
#define SHARP_S 0x00DF     /* ß: ss; too common in German for the long way */

/* Invisible inside a word: soft hyphen, zero-width space and joiners, word joiner, byte order mark. */
static const struct range invisible[] = {
    {0x00AD, 0x00AD}, {0x200B, 0x200D}, {0x2060, 0x2060}, {0xFEFF, 0xFEFF}};

#define IN(c, table) in_ranges((c), (table), sizeof(table) / sizeof((table)[0]))
static bool in_ranges(ucs4_t c, const struct range *table, size_t count) {
  for (size_t i = 0; i < count && c >= table[i].first; i++)
    if (c <= table[i].last)
      return true;
  return false;
}

enum letter { SEPARATOR, INVISIBLE, ALONE, SIMPLE, HARD };

/* What a character beyond ASCII is; *ret_folded for ALONE and SIMPLE. */
static enum letter letter(ucs4_t c, ucs4_t *ret_folded) {
  *ret_folded = c;
  if (c == SHARP_S) {
    *ret_folded = 's'; /* twice, see word_next() */
    return SIMPLE;
  }
  if (IN(c, simple) || c == FINAL_SIGMA) {
    *ret_folded = c == FINAL_SIGMA ? c + 1 : uc_tolower(c);
    return SIMPLE;
  }
  if (IN(c, letters_alone))
    return ALONE;
  if (IN(c, alone))
    return uc_is_general_category_withtable(c, UC_CATEGORY_MASK_L | UC_CATEGORY_MASK_N | UC_CATEGORY_MASK_M)
               ? ALONE : SEPARATOR;
  if (IN(c, invisible))
    return INVISIBLE;
  if (!uc_is_general_category_withtable(c, UC_CATEGORY_MASK_L | UC_CATEGORY_MASK_N | UC_CATEGORY_MASK_M))
    return SEPARATOR;
  ucs4_t parts[UC_DECOMPOSITION_MAX_LENGTH];
  if (uc_combining_class(c) == 0 && !uc_is_property_changes_when_casefolded(c) &&
      uc_canonical_decomposition(c, parts) < 0)
    return SIMPLE; /* scripts without case, rare small letters */
  return HARD;
}

/* Folds text[start, at) as a whole; an empty word when that is too long. */
static void fold_hard(struct word_walk *w) {
  uint8_t raw[RAW_MAX], folded[4 * RAW_MAX];
  size_t raw_len = 0, folded_len = sizeof(folded), at = w->start;
  w->len = 0;
  while (at < w->at) {
    ucs4_t c, unused;
    int n = u8_mbtouc(&c, (const uint8_t *)w->text.at + at, w->at - at);
    if (raw_len + (size_t)n > sizeof(raw))
      return;
    if (c < 0x80 || letter(c, &unused) != INVISIBLE) {
      memcpy(raw + raw_len, w->text.at + at, (size_t)n);
      raw_len += (size_t)n;
    }
    at += (size_t)n;
  }
  uint8_t *out = u8_casefold(raw, raw_len, NULL, UNINORM_NFC, folded, &folded_len);
  if (out && folded_len <= sizeof(w->folded)) {
    memcpy(w->folded, out, folded_len);
    w->len = folded_len;
  }
  if (out && out != folded)
    free(out);
}

static bool append(struct word_walk *w, ucs4_t c) {
  uint8_t bytes[6];
  int n = u8_uctomb(bytes, c, sizeof(bytes));
  if (n <= 0 || w->len + (size_t)n > sizeof(w->folded))
    return false;
  memcpy(w->folded + w->len, bytes, (size_t)n);
  w->len += (size_t)n;
  return true;
}

static size_t skip_separators(struct slice text, size_t at) {
  while (at < text.len) {
    unsigned char b = (unsigned char)text.at[at];
    ucs4_t c, folded;
    if (b < 0x80) {
      if (ascii[b])
        break;
      at++;
      continue;
    }
    int n = u8_mbtouc(&c, (const uint8_t *)text.at + at, text.len - at);
    if (c != 0xFFFD && letter(c, &folded) > INVISIBLE)
      break;
    at += (size_t)n;
  }
  return at;
}

/* The rest of a run of ASCII letters and digits, the bulk of most texts. False when the word grew too long. */
static bool take_ascii(struct word_walk *w) {
  size_t at = w->at, len = w->len;
  char folded;
  while (at < w->text.len && (unsigned char)w->text.at[at] < 0x80 && (folded = ascii[(unsigned char)w->text.at[at]])) {
    if (len < sizeof(w->folded))
      w->folded[len] = folded;
    len++;
    at++;
  }
  w->at = at;
  w->len = len < sizeof(w->folded) ? len : sizeof(w->folded);
  return len <= sizeof(w->folded);
}

bool word_next(struct word_walk *w) {
  bool hard = false, fits = true;
  w->at = w->start = skip_separators(w->text, w->at);
  w->len = 0;
  if (w->at >= w->text.len)
    return false;
  for (;;) {
    fits = take_ascii(w) && fits;
    if (w->at >= w->text.len || (unsigned char)w->text.at[w->at] < 0x80)
      break;
    ucs4_t c, folded;
    int n = u8_mbtouc(&c, (const uint8_t *)w->text.at + w->at, w->text.len - w->at);
    enum letter kind = c == 0xFFFD ? SEPARATOR : letter(c, &folded);
    if (kind == SEPARATOR || (kind == ALONE && w->at > w->start))
      break;
    w->at += (size_t)n;
    if (kind == ALONE) {
      append(w, folded);
      break;
    }
    hard = hard || kind == HARD;
    if (kind == SIMPLE)
      fits = append(w, folded) && (c != SHARP_S || append(w, folded)) && fits;
  }
  if (hard)
    fold_hard(w);
  else if (!fits)
    w->len = 0;
  return true;
}
