/* SPDX-License-Identifier: Apache-2.0 */
/* Every text is folded once, within its limit, and each row looked for in it: memmem() is linear, the rows are few. */
#include "mime/automatic_words.h"
#include "base/pattern.h"
#include "mime/header.h"
#include "text/utf8.h"
#include <stdlib.h>
#include <unicase.h>
#include <uninorm.h>

enum {
  LOCAL_MOST = 64,
  NAME_MOST = 60,
  SUBJECT_MOST = 300,
  TAG_MOST = 24,       /* "[External]" */
  TEXT_MOST = 1536,
  WHOLE_MOST = 6 * 1024,
  LINES_MOST = 15,     /* that say something */
};

struct row {
  unsigned fact;
  const char *text;
};

#define NOTHING(fact, text)
#define ROW(fact, text) {fact, text},

#define LOCAL ROW
#define NAME NOTHING
#define BEGINS NOTHING
#define HEADS NOTHING
#define SUBJECT NOTHING
#define TEXT NOTHING
static const struct row locals[] = {
#include "mime/automatic_words.def"
};
#undef LOCAL
#undef NAME
#define LOCAL NOTHING
#define NAME ROW
static const struct row names[] = {
#include "mime/automatic_words.def"
};
#undef NAME
#undef BEGINS
#define NAME NOTHING
#define BEGINS ROW
static const struct row beginnings[] = {
#include "mime/automatic_words.def"
};
#undef BEGINS
#undef HEADS
#define BEGINS NOTHING
#define HEADS ROW
static const struct row heads[] = {
#include "mime/automatic_words.def"
};
#undef HEADS
#undef SUBJECT
#define HEADS NOTHING
#define SUBJECT ROW
static const struct row subjects[] = {
#include "mime/automatic_words.def"
};
#undef SUBJECT
#undef TEXT
#define SUBJECT NOTHING
#define TEXT ROW
static const struct row texts[] = {
#include "mime/automatic_words.def"
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* --- folding --- */

/* What is written differently and means the same. */
static size_t plain_length(const char *s, size_t len, char *ret) {
  static const struct {
    const char *from;
    char to;
  } rows[] = {{"\xC2\xA0", ' '},     {"\xE2\x80\xAF", ' '},  {"\xE3\x80\x80", ' '}, {"\xE2\x80\x98", '\''},
              {"\xE2\x80\x99", '\''}, {"\xEF\xBC\x9A", ':'}, {"\xE2\x80\x93", '-'}, {"\xE2\x80\x94", '-'},
              {"\xE3\x80\x90", '['}, {"\xE3\x80\x91", ']'},  {"\xEF\xBC\x88", '('}, {"\xEF\xBC\x89", ')'}};
  for (size_t i = 0; i < COUNT(rows); i++) {
    size_t from = strlen(rows[i].from);
    if (from <= len && memcmp(s, rows[i].from, from) == 0) {
      *ret = rows[i].to;
      return from;
    }
  }
  return 0;
}

/* One blank for a run of them, none at the ends. */
static size_t squeeze(const char *s, size_t len, char *out) {
  size_t used = 0;
  for (size_t i = 0; i < len;) {
    char c = s[i];
    size_t step = (uint8_t)c >= 0x80 ? plain_length(s + i, len - i, &c) : 0;
    i += step ? step : 1;
    if (c == '\t' || c == '\n' || c == '\r')
      c = ' ';
    if (c != ' ' || (used && out[used - 1] != ' '))
      out[used++] = c;
  }
  return used && out[used - 1] == ' ' ? used - 1 : used;
}

static bool is_ascii(struct slice s) {
  for (size_t i = 0; i < s.len; i++)
    if ((uint8_t)s.at[i] >= 0x80)
      return false;
  return true;
}

static struct slice fold(struct reading *r, struct slice s, size_t most) {
  size_t len = s.len > most ? utf8_cut(s, most) : s.len;
  char *out = reading_alloc(r, len + 1);
  if (!out)
    return SLICE("");
  struct slice squeezed = slice_of(out, squeeze(s.at, len, out));
  if (is_ascii(squeezed)) {
    lower_copy(squeezed, out);
    return squeezed;
  }
  uint8_t *lower = u8_tolower((const uint8_t *)out, squeezed.len, NULL, UNINORM_NFC, NULL, &len);
  struct slice folded = lower ? slice_text(reading_copy(r, slice_of(lower, len))) : squeezed;
  free(lower);
  return folded;
}

/* --- senders --- */

/* '?' stands for one character here; only the one row of Exchange has it, and its length decides. */
static bool local_fits(struct slice pattern, struct slice local) {
  const char *any = memchr(pattern.at, '?', pattern.len);
  size_t fixed = any ? (size_t)(any - pattern.at) : 0;
  return any ? local.len == pattern.len && memcmp(local.at, pattern.at, fixed) == 0 : pattern_match(pattern, local);
}

unsigned words_of_address(struct slice address) {
  char lower[LOCAL_MOST];
  const char *at = address.len ? memrchr(address.at, '@', address.len) : NULL;
  size_t len = at ? (size_t)(at - address.at) : 0;
  unsigned found = 0;
  if (len == 0 || len > sizeof(lower))
    return 0;
  lower_copy(slice_of(address.at, len), lower);
  for (size_t i = 0; i < COUNT(locals); i++) {
    const char *pattern = locals[i].text;
    if ((pattern[0] == '*' || pattern[0] == lower[0]) && local_fits(slice_text(pattern), slice_of(lower, len)))
      found |= locals[i].fact;
  }
  return found;
}

unsigned words_of_sender(struct reading *r, struct slice address, struct slice name) {
  unsigned found = words_of_address(address);
  struct slice folded = name.len && name.len <= NAME_MOST ? fold(r, name, NAME_MOST) : SLICE("");
  for (size_t i = 0; folded.len && i < COUNT(names); i++)
    if (slice_equal(folded, slice_text(names[i].text)))
      found |= names[i].fact;
  return found;
}

/* --- subjects --- */

static bool starts(struct slice s, const char *text, struct slice *ret_rest) {
  if (!s.len || s.at[0] != text[0]) /* nearly always */
    return false;
  size_t len = strlen(text);
  if (s.len < len || memcmp(s.at, text, len) != 0)
    return false;
  *ret_rest = slice_of(s.at + len, s.len - len);
  return true;
}

static bool is_word(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z');
}

static unsigned look_at_start(struct slice s) {
  struct slice rest;
  for (size_t i = 0; i < COUNT(beginnings); i++) /* the first: delays stand before bounces */
    if (starts(s, beginnings[i].text, &rest) && !(rest.len && is_word(rest.at[0])))
      return beginnings[i].fact;
  for (size_t i = 0; i < COUNT(heads); i++) {
    if (!starts(s, heads[i].text, &rest))
      continue;
    rest = slice_trim(rest);
    if (!rest.len || strchr(":-([", rest.at[0]))
      return heads[i].fact;
  }
  return 0;
}

/* Without "[External] " and the like, which gateways put in front. */
static struct slice without_tag(struct slice s) {
  const char *close = s.len && s.at[0] == '[' ? memchr(s.at, ']', s.len < TAG_MOST ? s.len : TAG_MOST) : NULL;
  return close ? slice_trim(slice_of(close + 1, s.len - (size_t)(close + 1 - s.at))) : s;
}

unsigned words_of_subject(struct reading *r, struct slice subject) {
  struct slice s = fold(r, subject, SUBJECT_MOST);
  unsigned found = look_at_start(s);
  struct slice bare = without_tag(s);
  if (!found && bare.len != s.len)
    found = look_at_start(bare);
  for (size_t i = 0; i < COUNT(subjects); i++)
    if (s.len && memmem(s.at, s.len, subjects[i].text, strlen(subjects[i].text)))
      found |= subjects[i].fact;
  return found;
}

/* --- texts --- */

/* What is below is another mail. */
static bool ends_text(struct slice line) {
  static const char *const words[] = {"original",      "Original", "ORIGINAL", "orward",   "rsprünglich",
                                      "eitergeleitet", "ransféré", "eenviado", "noltrato", "ncaminhad",
                                      "oorgestuurd",   "ересыл"};
  if (line.len < 5 || memcmp(line.at, "----", 4) != 0)
    return false;
  for (size_t i = 0; i < COUNT(words); i++)
    if (memmem(line.at, line.len, words[i], strlen(words[i])))
      return true;
  return false;
}

/* The lines that are not quoted, one after the other. */
static struct slice opening(struct reading *r, struct slice text, size_t most, size_t lines_most) {
  char *out = reading_alloc(r, most + 1);
  struct lines l = {.rest = slice_of(text.at, utf8_cut(text, 4 * most))};
  struct slice line;
  size_t used = 0, count = 0;
  while (out && used < most && count < lines_most && lines_next(&l, &line)) {
    line = slice_trim(line);
    if (!line.len || line.at[0] == '>')
      continue;
    if (ends_text(line))
      break;
    size_t len = line.len < most - used ? line.len : utf8_cut(line, most - used);
    memcpy(out + used, line.at, len);
    used += len;
    count++;
    if (used < most)
      out[used++] = ' ';
  }
  return slice_of(out ? out : "", used);
}

unsigned words_of_text(struct reading *r, struct slice text, bool whole) {
  size_t most = whole ? WHOLE_MOST : TEXT_MOST;
  struct slice s = fold(r, opening(r, text, most, whole ? SIZE_MAX : LINES_MOST), most);
  unsigned found = 0;
  for (size_t i = 0; s.len && i < COUNT(texts); i++)
    if (!(found & texts[i].fact) && memmem(s.at, s.len, texts[i].text, strlen(texts[i].text)))
      found |= texts[i].fact;
  return found;
}
