/* SPDX-License-Identifier: Apache-2.0 */
#include "text/strip_header.h"
#include "text/strip.h"
#include "text/strip_attribution.h"
#include "text/strip_date.h"
#include "text/strip_fold.h"
#include "text/strip_line.h"
#include "text/strip_words.h"

enum { MARK_MAX = 400, LABEL_MAX = 64, RULE_LEAST = 3, LONG_RULE_LEAST = 10, LINES_MAX = 24, WRAPPED_MAX = 5 };

/* ---- marks */

static bool is_drawn(char c) {
  return c == '-' || c == '_' || c == '=' || c == '*' || c == '~' || c == '#';
}

struct drawn {
  size_t before, behind; /* how many signs stand around the words */
  struct slice words;    /* folded */
};

static struct drawn take_apart(struct slice s) {
  struct drawn d = {.words = s};
  while (d.words.len && (is_drawn(d.words.at[0]) || d.words.at[0] == ' ')) {
    d.before += d.words.at[0] != ' ';
    d.words = slice_of(d.words.at + 1, d.words.len - 1);
  }
  while (d.words.len && (is_drawn(d.words.at[d.words.len - 1]) || d.words.at[d.words.len - 1] == ' ')) {
    d.behind += d.words.at[d.words.len - 1] != ' ';
    d.words.len--;
  }
  return d;
}

static bool starts(struct slice s, struct slice with) {
  return s.len >= with.len && memcmp(s.at, with.at, with.len) == 0;
}

static bool ends(struct slice s, struct slice with) {
  return s.len >= with.len && memcmp(s.at + s.len - with.len, with.at, with.len) == 0;
}

static enum strip_mark read_drawn(struct slice line, const struct drawn *d) {
  size_t taken;
  if (!d->words.len) {
    bool is_long = d->before >= LONG_RULE_LEAST && memchr(line.at, '_', line.len);
    return is_long ? STRIP_MARK_LONG_RULE : d->before >= RULE_LEAST ? STRIP_MARK_RULE : STRIP_MARK_NONE;
  }
  if (d->before < 2 && d->behind < 2)
    return STRIP_MARK_NONE;
  if (strip_word_is(WORDS_ORIGINAL, d->words) || (d->behind >= 2 && strip_word_begins(WORDS_ORIGINAL, d->words)))
    return STRIP_MARK_ORIGINAL;
  if (strip_word_begins(WORDS_FORWARDED, d->words))
    return STRIP_MARK_FORWARDED;
  if (strip_word_is(WORDS_ABOVE, d->words))
    return STRIP_MARK_ABOVE;
  bool wrote = d->before >= 2 && d->behind >= 2 &&
               strip_attribution_judge(&d->words, 1, &taken) >= STRIP_ATTRIBUTION_FAIR;
  return wrote ? STRIP_MARK_WROTE : STRIP_MARK_NONE;
}

enum strip_mark strip_mark_read(struct slice line) {
  struct strip_fold f;
  struct slice folded = line.len <= MARK_MAX ? strip_fold_of(&f, line) : slice_of("", 0);
  if (starts(folded, SLICE(STRIP_ABOVE_BEGIN)) && ends(folded, SLICE(STRIP_ABOVE_END)) &&
      folded.len > sizeof(STRIP_ABOVE_BEGIN STRIP_ABOVE_END) - 1)
    return STRIP_MARK_ABOVE;
  struct drawn d = take_apart(folded);
  if (d.before || d.behind)
    return read_drawn(line, &d);
  while (d.words.len && (d.words.at[d.words.len - 1] == ':' || d.words.at[d.words.len - 1] == ' '))
    d.words.len--;
  bool forwards = d.words.len < folded.len && strip_word_is(WORDS_FORWARD_LINE, d.words);
  return forwards ? STRIP_MARK_FORWARDED : STRIP_MARK_NONE;
}

/* ---- the header below them */

enum { LABEL_KINDS = WORDS_SUBJECT - WORDS_FROM + 1 };

#define LABEL(kind) (1u << (WORDS_##kind - WORDS_FROM))

static unsigned label_named(struct slice folded) {
  for (unsigned i = 0; folded.len && i < LABEL_KINDS; i++)
    if (strip_word_is((enum strip_words)(WORDS_FROM + i), folded))
      return 1u << i;
  return 0;
}

static size_t find_colon(struct slice s) {
  for (size_t i = 0; i < s.len && i < LABEL_MAX; i++)
    if (s.at[i] == ':' || (i + 3 <= s.len && memcmp(s.at + i, "：", 3) == 0))
      return i;
  return 0;
}

/* "From:", "*From:*", "De :", "发件人：". */
static unsigned read_label(struct slice line) {
  struct strip_fold f;
  char bare[LABEL_MAX * 2];
  size_t colon = find_colon(line), len = 0;
  struct slice folded = strip_fold_of(&f, slice_of(line.at, colon));
  for (size_t i = 0; i < folded.len && len < sizeof(bare); i++)
    if (folded.at[i] != '*' && (folded.at[i] != ' ' || len))
      bare[len++] = folded.at[i];
  while (len && bare[len - 1] == ' ')
    len--;
  return label_named(slice_of(bare, len));
}

/* The label that ends at the colon at `end`: its one to three words. */
static unsigned label_before(struct slice s, size_t end) {
  unsigned found = 0;
  while (end && (s.at[end - 1] == ' ' || s.at[end - 1] == '*'))
    end--;
  size_t at = end;
  for (unsigned words = 0; at && !found && words < 3; words++) {
    while (at && s.at[at - 1] != ' ' && s.at[at - 1] != '*')
      at--;
    found = label_named(slice_of(s.at + at, end - at));
    while (at && (s.at[at - 1] == ' ' || s.at[at - 1] == '*'))
      at--;
  }
  return found;
}

/* All of it on one line, as it comes out of HTML that broke no lines. */
static unsigned read_labels_inside(struct slice line) {
  struct strip_fold f;
  struct slice s = strip_fold_of(&f, line);
  unsigned labels = 0;
  for (size_t i = 0, tries = 0; i < s.len && tries < 20; i++)
    if (s.at[i] == ':') {
      labels |= label_before(s, i);
      tries++;
    }
  return labels;
}

struct header {
  unsigned labels;
  unsigned sure;   /* of them those whose value is what only a program writes */
  size_t end;      /* behind the last line that has a label */
  size_t wrapped;  /* lines without one since */
};

static bool is_complete(const struct header *h, enum strip_mark announced) {
  unsigned from = h->labels & LABEL(FROM), date = h->labels & LABEL(DATE), to = h->labels & LABEL(TO),
           subject = h->labels & LABEL(SUBJECT);
  if (!from)
    return false;
  if (announced >= STRIP_MARK_LONG_RULE)
    return date || to || subject;
  if (announced == STRIP_MARK_RULE)
    return subject && (date || to);
  return date && to && (subject || (h->sure & (from | date | to)) == (from | date | to));
}

/* "Joe <joe@x.example>", a date with its time. */
static bool is_sure(unsigned label, struct slice line) {
  struct strip_fold f;
  struct slice s = strip_fold_of(&f, line);
  if (label == LABEL(DATE))
    return strip_has_date(s) && strip_has_time(s);
  const char *bracket = memchr(s.at, '<', s.len);
  return bracket && memchr(bracket, '@', (size_t)(s.at + s.len - bracket));
}

/* Takes one line in. False when the header ended before it. */
static bool add_line(struct header *h, struct slice text, const struct strip_line *line) {
  struct strip_line next;
  if (line->depth)
    return false;
  if (line->blank)
    return h->labels && strip_line_read(text, line->next, &next) && read_label(next.text);
  unsigned label = read_label(line->text);
  if (!label && (!h->labels || ++h->wrapped > WRAPPED_MAX))
    return false;
  if (label) {
    h->labels |= label;
    h->sure |= is_sure(label, line->text) ? label : 0;
    h->end = line->next;
    h->wrapped = 0;
  }
  return true;
}

size_t strip_header_read(struct slice text, size_t at, enum strip_mark announced, size_t *ret_looked) {
  struct header h = {0};
  struct strip_line line;
  bool first = true;
  for (size_t i = 0; i < LINES_MAX && strip_line_read(text, at, &line) && add_line(&h, text, &line); i++) {
    if (first && h.labels == LABEL(FROM))
      h.labels |= read_labels_inside(line.text);
    first = false;
    at = line.next;
  }
  *ret_looked = at;
  bool alone = announced < STRIP_MARK_LONG_RULE && h.end == text.len;
  return is_complete(&h, announced) && !alone ? h.end : 0;
}
