/* SPDX-License-Identifier: Apache-2.0 */
/* Only letters that are drawn alike in common faces are rows here: a table of everything that could be confused would
 * call half the world's domains imitations. */
#include "text/confusable.h"
#include "text/utf8.h"
#include <idn2.h>
#include <stdlib.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

enum { SHOWN_MAX = 255, LABEL_MAX = 63 };

/* --- shown --- */

/* A label that does not come back as it was is a forgery of the notation itself. */
static bool round_trips(const char *label, const char *shown) {
  uint8_t *again = NULL;
  bool same = idn2_lookup_u8((const uint8_t *)shown, &again, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) == IDN2_OK &&
              strcmp((const char *)again, label) == 0;
  idn2_free(again);
  return same;
}

static int add_shown(struct buf *out, struct slice label) {
  char ascii[LABEL_MAX + 1], *shown = NULL;
  if (label.len > LABEL_MAX || !slice_starts_nocase(label, SLICE("xn--")))
    return buf_add_slice(out, label);
  for (size_t i = 0; i < label.len; i++)
    ascii[i] = label.at[i] >= 'A' && label.at[i] <= 'Z' ? (char)(label.at[i] | 0x20) : label.at[i];
  ascii[label.len] = '\0';
  bool good = idn2_to_unicode_8z8z(ascii, &shown, 0) == IDN2_OK && round_trips(ascii, shown);
  int r = good ? buf_add_text(out, shown) : buf_add_slice(out, label);
  idn2_free(shown);
  return r;
}

char *domain_shown(struct arena *a, struct slice domain) {
  auto_clean(buf_free) struct buf out = BUF_INIT(4 * SHOWN_MAX);
  struct slice label, rest = slice_of(domain.at, domain.len < SHOWN_MAX ? domain.len : SHOWN_MAX);
  while (slice_split(&rest, '.', &label)) {
    if (out.len)
      buf_add_char(&out, '.');
    add_shown(&out, label);
  }
  return utf8_mend(a, buf_slice(&out), NULL);
}

/* --- scripts --- */

enum script {
  LATIN = 1 << 0,
  HAN = 1 << 1,
  KANA = 1 << 2,
  HANGUL = 1 << 3,
  BOPOMOFO = 1 << 4,
  CYRILLIC = 1 << 5,
  GREEK = 1 << 6,
  OTHER = 1 << 7,
};

static unsigned script_of(ucs4_t c) {
  static const struct {
    const char *name;
    unsigned script;
  } rows[] = {{"Latin", LATIN},   {"Han", HAN},           {"Hiragana", KANA},     {"Katakana", KANA},
              {"Hangul", HANGUL}, {"Bopomofo", BOPOMOFO}, {"Cyrillic", CYRILLIC}, {"Greek", GREEK},
              {"Common", 0},      {"Inherited", 0}};
  const uc_script_t *script = uc_script(c);
  for (size_t i = 0; script && i < sizeof(rows) / sizeof(rows[0]); i++)
    if (strcmp(script->name, rows[i].name) == 0)
      return rows[i].script;
  return OTHER;
}

static bool go_together(unsigned scripts) {
  static const unsigned allowed[] = {LATIN | HAN | KANA, LATIN | HAN | HANGUL, LATIN | HAN | BOPOMOFO, CYRILLIC, GREEK};
  for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
    if ((scripts & ~allowed[i]) == 0)
      return true;
  return false;
}

static bool label_mixes(struct slice label) {
  unsigned scripts = 0;
  const uc_script_t *other = NULL; /* of those without a bit of their own */
  for (size_t i = 0; i < label.len;) {
    ucs4_t c;
    int len = u8_mbtouc(&c, (const uint8_t *)label.at + i, label.len - i);
    unsigned one = script_of(c);
    if (one == OTHER && other && other != uc_script(c))
      return true;
    if (one == OTHER)
      other = uc_script(c);
    scripts |= one;
    i += len > 0 ? (size_t)len : 1;
  }
  return scripts != OTHER && !go_together(scripts);
}

bool domain_mixes_scripts(struct slice shown) {
  struct slice label;
  if (shown.len > 4 * SHOWN_MAX)
    shown.len = 4 * SHOWN_MAX;
  while (slice_split(&shown, '.', &label))
    if (label_mixes(label))
      return true;
  return false;
}

/* --- skeletons --- */

/* By code point. */
static const struct twin {
  uint16_t from;
  char to;
} twins[] = {
    {'0', 'o'},    {'1', 'l'},    {0x00F8, 'o'}, {0x0111, 'd'}, {0x0131, 'i'}, {0x0142, 'l'}, {0x0251, 'a'},
    {0x0261, 'g'}, {0x026A, 'i'}, {0x0284, 'f'}, {0x028F, 'y'}, {0x03B1, 'a'}, {0x03B3, 'y'}, {0x03B9, 'i'},
    {0x03BA, 'k'}, {0x03BD, 'v'}, {0x03BF, 'o'}, {0x03C1, 'p'}, {0x03C4, 't'}, {0x03C5, 'u'}, {0x03C7, 'x'},
    {0x03F2, 'c'}, {0x03F3, 'j'}, {0x0430, 'a'}, {0x0435, 'e'}, {0x043A, 'k'},
    {0x043C, 'm'}, {0x043E, 'o'}, {0x043F, 'n'}, {0x0440, 'p'}, {0x0441, 'c'}, {0x0442, 't'},
    {0x0443, 'y'}, {0x0445, 'x'}, {0x0455, 's'}, {0x0456, 'i'}, {0x0458, 'j'}, {0x0475, 'v'}, {0x04AF, 'y'},
    {0x04BB, 'h'}, {0x04CF, 'l'}, {0x0501, 'd'}, {0x051B, 'q'}, {0x051D, 'w'}, {0x0561, 'w'}, {0x0563, 'q'},
    {0x0566, 'q'}, {0x0570, 'h'}, {0x0578, 'n'}, {0x057D, 'u'}, {0x0581, 'g'}, {0x0584, 'f'}, {0x0585, 'o'},
};

static char twin_of(ucs4_t c) {
  if (c > '1' && c < 0x80)
    return '\0';
  for (size_t i = 0; i < sizeof(twins) / sizeof(twins[0]); i++)
    if (twins[i].from == c)
      return twins[i].to;
  return '\0';
}

static size_t put_skeleton(const uint8_t *s, size_t len, char *out) {
  size_t used = 0;
  for (size_t i = 0; i < len;) {
    ucs4_t c;
    int step = u8_mbtouc(&c, s + i, len - i);
    size_t size = step > 0 ? (size_t)step : 1;
    char twin = twin_of(c);
    if (twin) {
      out[used++] = twin;
    } else if (c < 0x80 || !uc_is_general_category(c, UC_CATEGORY_Mn)) {
      memcpy(out + used, s + i, size);
      used += size;
    }
    i += size;
    bool m = used >= 2 && out[used - 2] == 'r' && out[used - 1] == 'n';
    bool w = used >= 2 && out[used - 2] == 'v' && out[used - 1] == 'v';
    if (m || w) {
      used--;
      out[used - 1] = m ? 'm' : 'w';
    }
  }
  return used;
}

static bool is_ascii(struct slice s) {
  for (size_t i = 0; i < s.len; i++)
    if ((uint8_t)s.at[i] >= 0x80)
      return false;
  return true;
}

char *domain_skeleton(struct arena *a, struct slice shown) {
  size_t len = 0;
  if (shown.len > 4 * SHOWN_MAX)
    shown.len = utf8_cut(shown, 4 * SHOWN_MAX);
  bool plain = is_ascii(shown);
  uint8_t *parts = plain ? NULL : u8_normalize(UNINORM_NFKD, (const uint8_t *)shown.at, shown.len, NULL, &len);
  if (!parts && !plain)
    return arena_copy(a, shown);
  struct slice s = plain ? shown : slice_of(parts, len);
  char *out = arena_alloc(a, s.len + 1);
  if (out)
    out[put_skeleton((const uint8_t *)s.at, s.len, out)] = '\0';
  free(parts);
  return out;
}
