/* SPDX-License-Identifier: Apache-2.0 */
/* Words inside a text are searched row by row: callers look closely at few lines of it (strip_blocks.c counts them). What
 * a line begins with is asked of nearly every line, so there is an index by the first byte. */
#include "text/strip_words.h"
#include <assert.h>
#include <pthread.h>

static const struct strip_row rows[] = {
#define WORDS(kind, language, words) {WORDS_##kind, language, {words, sizeof(words) - 1}},
#include "text/strip_words.def"
#undef WORDS
};
#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

static size_t first_row(enum strip_words kind) {
  size_t low = 0, high = ROW_COUNT;
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (rows[middle].kind < kind)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

const struct strip_row *strip_rows(enum strip_words kind, size_t *ret_count) {
  size_t first = first_row(kind);
  *ret_count = first_row(kind + 1) - first;
  return &rows[first];
}

/* All words of a kind, one after the other. */
struct words {
  const struct strip_row *row, *end;
  struct slice rest;
};

static struct words words_of(enum strip_words kind) {
  size_t count;
  const struct strip_row *first = strip_rows(kind, &count);
  return (struct words){first, first + count, first->words};
}

static bool next_word(struct words *w, struct slice *ret) {
  while (!slice_split(&w->rest, '|', ret)) {
    if (++w->row == w->end)
      return false;
    w->rest = w->row->words;
  }
  return true;
}

/* ---- words by their first byte */

enum { WORDS_MAX = 4096 };
static struct slice index_words[WORDS_MAX];
static uint16_t index_first[WORDS_KINDS * 256 + 1];
static pthread_once_t index_made = PTHREAD_ONCE_INIT;

static size_t slot_of(enum strip_words kind, char first) {
  return (size_t)kind * 256 + (uint8_t)first;
}

/* Counts, adds up, places: slot n ends where slot n + 1 begins. */
static void make_index(void) {
  struct slice word;
  for (enum strip_words kind = 0; kind < WORDS_KINDS; kind++)
    for (struct words w = words_of(kind); next_word(&w, &word);)
      index_first[slot_of(kind, word.at[0])]++;
  for (size_t i = 1; i <= WORDS_KINDS * 256; i++)
    index_first[i] = (uint16_t)(index_first[i] + index_first[i - 1]);
  assert(index_first[WORDS_KINDS * 256] <= WORDS_MAX);
  for (enum strip_words kind = 0; kind < WORDS_KINDS; kind++)
    for (struct words w = words_of(kind); next_word(&w, &word);)
      index_words[--index_first[slot_of(kind, word.at[0])]] = word;
}

/* The words of a kind that begin as `folded` does. */
static const struct slice *words_like(enum strip_words kind, struct slice folded, size_t *ret_count) {
  pthread_once(&index_made, make_index);
  *ret_count = 0;
  if (!folded.len)
    return index_words;
  size_t slot = slot_of(kind, folded.at[0]);
  *ret_count = (size_t)(index_first[slot + 1] - index_first[slot]);
  return &index_words[index_first[slot]];
}

/* ---- where words stand */

/* Letters of writing that leaves no blanks between words. */
static bool is_dense(uint8_t lead) {
  return lead >= 0xE3 && lead <= 0xED;
}

static bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (uint8_t)c >= 0x80;
}

static uint8_t last_lead(struct slice word) {
  size_t i = word.len - 1;
  while (i > 0 && ((uint8_t)word.at[i] & 0xC0) == 0x80)
    i--;
  return (uint8_t)word.at[i];
}

static bool border_before(struct slice s, size_t at, struct slice word) {
  return at == 0 || !is_letter(word.at[0]) || is_dense((uint8_t)word.at[0]) || !is_letter(s.at[at - 1]);
}

static bool border_behind(struct slice s, size_t at, struct slice word) {
  return at == s.len || !is_letter(word.at[word.len - 1]) || is_dense(last_lead(word)) || !is_letter(s.at[at]);
}

static bool starts(struct slice s, struct slice word) {
  return s.len >= word.len && memcmp(s.at, word.at, word.len) == 0;
}

bool strip_word_is(enum strip_words kind, struct slice folded) {
  size_t count;
  const struct slice *words = words_like(kind, folded, &count);
  for (size_t i = 0; i < count; i++)
    if (slice_equal(words[i], folded))
      return true;
  return false;
}

size_t strip_word_begins(enum strip_words kind, struct slice folded) {
  size_t count, longest = 0;
  const struct slice *words = words_like(kind, folded, &count);
  for (size_t i = 0; i < count; i++)
    if (words[i].len > longest && starts(folded, words[i]) && border_behind(folded, words[i].len, words[i]))
      longest = words[i].len;
  return longest;
}

static bool find_whole(struct slice s, struct slice word, size_t *ret_end) {
  for (size_t at = 0; at + word.len <= s.len; at++) {
    const char *hit = memmem(s.at + at, s.len - at, word.at, word.len);
    if (!hit)
      return false;
    at = (size_t)(hit - s.at);
    if (border_before(s, at, word) && border_behind(s, at + word.len, word)) {
      *ret_end = at + word.len;
      return true;
    }
  }
  return false;
}

bool strip_word_inside(enum strip_words kind, struct slice folded, size_t *ret_end) {
  struct words w = words_of(kind);
  struct slice word;
  size_t end, last = 0;
  while (next_word(&w, &word))
    if (find_whole(folded, word, &end) && end > last)
      last = end;
  if (ret_end)
    *ret_end = last;
  return last > 0;
}

static bool find_beginning(struct slice s, struct slice word) {
  for (size_t at = 0; at + word.len <= s.len; at++) {
    const char *hit = memmem(s.at + at, s.len - at, word.at, word.len);
    if (!hit)
      return false;
    at = (size_t)(hit - s.at);
    if (border_before(s, at, word))
      return true;
  }
  return false;
}

size_t strip_word_count(enum strip_words kind, struct slice folded, const char **ret_language) {
  size_t count, most = 0;
  *ret_language = "";
  const struct strip_row *row = strip_rows(kind, &count);
  for (size_t i = 0; i < count; i++) {
    struct slice rest = row[i].words, word;
    size_t found = 0;
    while (slice_split(&rest, '|', &word))
      found += find_beginning(folded, word);
    if (found > most)
      *ret_language = row[i].language;
    most = found > most ? found : most;
  }
  return most;
}

bool strip_word_spoken(enum strip_words kind, const char *language, struct slice folded) {
  size_t count, end;
  const struct strip_row *row = strip_rows(kind, &count);
  for (size_t i = 0; i < count; i++) {
    struct slice rest = row[i].words, word;
    while (strcmp(row[i].language, language) == 0 && slice_split(&rest, '|', &word))
      if (find_whole(folded, word, &end))
        return true;
  }
  return false;
}

static bool is_sign(char c) {
  return c == ' ' || c == ',' || c == '.' || c == '-' || c == '/' || c == '&' || c == '(' || c == ')' || c == '\'' ||
         c == '"' || c == '+' || c == ':';
}

/* A model's name: letters with a digit among them, "s21", "10", "4g", "5.1". */
static size_t model_length(struct slice s) {
  size_t len = 0;
  bool digit = false;
  while (len < s.len && (is_letter(s.at[len]) || (s.at[len] == '.' && len > 0))) {
    digit |= s.at[len] >= '0' && s.at[len] <= '9';
    len++;
  }
  return digit && len <= 12 ? len : 0;
}

static bool only_words(enum strip_words kind, struct slice s) {
  bool any = false;
  for (size_t len; s.len; s = slice_of(s.at + len, s.len - len)) {
    len = 1;
    if (is_sign(s.at[0]))
      continue;
    len = strip_word_begins(kind, s);
    if (!len)
      len = model_length(s);
    if (!len)
      return false;
    any = true;
  }
  return any;
}

bool strip_word_pattern(enum strip_words kind, enum strip_words wild, struct slice folded) {
  struct words w = words_of(kind);
  struct slice phrase;
  while (next_word(&w, &phrase)) {
    const char *star = memchr(phrase.at, '*', phrase.len);
    size_t before = star ? (size_t)(star - phrase.at) : phrase.len, after = star ? phrase.len - before - 1 : 0;
    if (folded.len < before + after || memcmp(folded.at, phrase.at, before) != 0)
      continue;
    if (!star && folded.len == before)
      return true;
    struct slice middle = slice_of(folded.at + before, folded.len - before - after);
    if (star && memcmp(middle.at + middle.len, star + 1, after) == 0 && only_words(wild, middle))
      return true;
  }
  return false;
}
