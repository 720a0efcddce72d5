/* SPDX-License-Identifier: Apache-2.0 */
#include "text/strip_signature.h"
#include "text/strip_fold.h"
#include "text/strip_line.h"
#include "text/strip_words.h"

enum {
  PROGRAM_MAX = 160,   /* bytes of "Sent from my …" */
  DELIMITED_LINES = 60,
  DELIMITED_MAX = 4096,
  BETWEEN_LINES = 12,
  CARD_LINES = 20,     /* of a guess, blank ones among them */
  CARD_LINE_MAX = 120, /* bytes */
  NAME_MAX = 60,
  CARD_SEEN = 12,      /* blank ones not */
  NAME_WORDS = 5,
  NAME_LINES = 3,
  CLOSED_WORDS = 4, /* of a name on the line of the closing */
};

/* ---- lines */

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

static struct slice without_end_signs(struct slice s) {
  while (s.len && strchr(".,;:!- ", s.at[s.len - 1]))
    s.len--;
  return s;
}

/* Drops "<https://…>", which HTML leaves behind a link's words. */
static void drop_links(struct strip_fold *f) {
  size_t written = 0;
  for (size_t i = 0; i < f->len; i++) {
    bool link = f->len - i > 5 && (f->at[i] == '<' || f->at[i] == '[') && memcmp(f->at + i + 1, "http", 4) == 0;
    const char *end = link ? memchr(f->at + i, f->at[i] == '<' ? '>' : ']', f->len - i) : NULL;
    if (end)
      i = (size_t)(end - f->at);
    else
      f->at[written++] = f->at[i];
  }
  f->len = written;
}

bool strip_signature_of_program(struct slice line) {
  struct strip_fold f;
  if (!line.len || line.len > STRIP_FOLD_MAX)
    return false;
  strip_fold_of(&f, line);
  drop_links(&f);
  struct slice s = without_end_signs(strip_fold_end(&f));
  return s.len && s.len <= PROGRAM_MAX && strip_word_pattern(WORDS_SENT, WORDS_DEVICE, s);
}

bool strip_signature_rule(struct slice line) {
  struct strip_fold f;
  struct slice s = line.len <= CARD_LINE_MAX ? strip_fold_of(&f, line) : slice_of("", 0);
  if (!s.len || (s.at[0] != '-' && s.at[0] != '_'))
    return false;
  for (size_t i = 1; i < s.len; i++)
    if (s.at[i] != s.at[0])
      return false;
  bool wide = s.len == 1 && line.len > 1; /* one dash that is not ASCII's */
  return s.len == 2 || (s.at[0] == '_' ? s.len > 2 : wide);
}

/* ---- certain */

/* The last one counts, and one above it when no more stands between than in a signature: lists add theirs. */
size_t strip_signature_delimiter(struct slice text, size_t begin, size_t end) {
  struct strip_line line;
  size_t found = end, most = DELIMITED_LINES;
  for (size_t at = end, lines = 0; lines < most && strip_line_before(text, at, begin, &line); lines++) {
    if (end - line.begin > DELIMITED_MAX)
      break;
    if (slice_equal(line.text, SLICE("-- "))) {
      found = line.begin;
      most = BETWEEN_LINES;
      lines = 0;
    }
    at = line.begin;
  }
  return found;
}

/* ---- guessed */

struct card {
  struct strip_line lines[CARD_LINES];
  size_t count; /* lines[0] is the last of the text */
};

static struct card read_card(struct slice text, size_t begin, size_t end) {
  struct card c = {.count = 0};
  for (size_t at = end; c.count < CARD_LINES && strip_line_before(text, at, begin, &c.lines[c.count]);)
    at = c.lines[c.count++].begin;
  return c;
}

static bool is_sentence(struct slice folded) {
  char last = folded.at[folded.len - 1];
  return memchr(folded.at, '?', folded.len) || last == '!' || last == ':' ||
         (last == '.' && !strip_word_inside(WORDS_COMPANY, folded, NULL));
}

/* Words that begin with a small letter: a name has one at most, "Jan van Dijk". */
static size_t small_words(struct slice raw) {
  size_t small = 0;
  bool begins = true;
  for (size_t i = 0; i < raw.len; i++) {
    small += begins && raw.at[i] >= 'a' && raw.at[i] <= 'z';
    begins = raw.at[i] == ' ' || raw.at[i] == '\t';
  }
  return small;
}

static bool has_digit(struct slice s) {
  for (size_t i = 0; i < s.len; i++)
    if (is_digit(s.at[i]))
      return true;
  return false;
}

/* Of anything a customer wants us to read it is none (QT-08). */
static bool is_telling(struct slice folded) {
  return folded.len > CARD_LINE_MAX || is_sentence(folded) || strip_word_inside(WORDS_REFERENCE, folded, NULL) ||
         strip_word_inside(WORDS_PRONOUN, folded, NULL);
}

/* "Joe Doe", "Dr. Jane Roe, CEO". */
static bool is_name(struct slice raw, struct slice folded) {
  return folded.len && folded.len <= NAME_MAX && strip_fold_words(folded) <= NAME_WORDS && !is_telling(folded) &&
         !has_digit(folded) && small_words(raw) <= 1 && !memchr(folded.at, ':', folded.len) &&
         !memchr(folded.at, '@', folded.len);
}

static bool is_number(struct slice folded) {
  for (size_t i = 0; i < folded.len; i++)
    if (!is_digit(folded.at[i]) && !strchr(" +-/().", folded.at[i]))
      return false;
  return true;
}

/* "Tel.: +49 30 123", "www.x.example", "+49 30 123", "Main Street 1": what stands before a colon is known. */
static bool is_contact(struct slice raw, struct slice folded) {
  const char *colon = memchr(folded.at, ':', folded.len);
  if (!folded.len || is_telling(folded))
    return false;
  if (memmem(folded.at, folded.len, "http", 4) || memmem(folded.at, folded.len, "www.", 4))
    return true;
  if (colon)
    return strip_word_is(WORDS_CONTACT, without_end_signs(slice_of(folded.at, (size_t)(colon - folded.at))));
  return memchr(folded.at, '@', folded.len) || is_number(folded) || strip_word_begins(WORDS_CONTACT, folded) ||
         small_words(raw) <= 1;
}

/* Lines [0, count), counted from the end of the text: all of them of a card. *ret_business: one shows a company,
 * *ret_named: the first is a name. */
static bool is_card(const struct card *c, size_t count, bool *ret_business, bool *ret_named) {
  size_t seen = 0;
  *ret_business = *ret_named = false;
  for (size_t i = 0; i < count; i++) {
    struct strip_fold f;
    struct slice raw = c->lines[i].text, folded = strip_fold_of(&f, raw);
    if (c->lines[i].blank)
      continue;
    if (!is_contact(raw, folded))
      return false;
    *ret_business |= strip_word_inside(WORDS_COMPANY, folded, NULL);
    *ret_named = is_name(raw, folded);
    seen++;
  }
  return seen && seen <= CARD_SEEN;
}

/* "Best regards", "Best regards, Joe", "Gruß Max". */
static bool is_closing(struct slice line) {
  struct strip_fold f;
  struct slice s = line.len <= CARD_LINE_MAX ? without_end_signs(strip_fold_of(&f, line)) : slice_of("", 0);
  size_t closing = strip_word_begins(WORDS_CLOSING, s);
  if (!closing || closing == s.len)
    return closing != 0;
  struct slice name = slice_trim(slice_of(s.at + closing, s.len - closing));
  bool comma = name.at[0] == ',';
  while (name.len && (name.at[0] == ',' || name.at[0] == ' '))
    name = slice_of(name.at + 1, name.len - 1);
  size_t small = small_words(line), of_closing = strip_fold_words(slice_of(s.at, closing));
  return name.len && strip_fold_words(name) <= CLOSED_WORDS && is_name(SLICE(""), name) &&
         (comma || small < of_closing || (small == of_closing && line.at[0] >= 'a' && line.at[0] <= 'z'));
}

/* At most a few names, in one piece but for a blank line below a closing. */
static bool is_names(const struct card *c, size_t count) {
  size_t names = 0;
  for (size_t i = 0; i < count; i++) {
    struct strip_fold f;
    struct slice raw = c->lines[i].text;
    if (c->lines[i].blank && i + 1 < count && !c->lines[i + 1].blank && !is_closing(c->lines[i + 1].text))
      return false;
    if (!c->lines[i].blank && !is_name(raw, strip_fold_of(&f, raw)))
      return false;
    names += !c->lines[i].blank;
  }
  return names <= NAME_LINES;
}

/* Out of HTML "--" is what is left of the delimiter: then it need not look like a card. */
static bool is_short(const struct card *c, size_t count) {
  for (size_t i = 0; i < count; i++) {
    struct strip_fold f;
    struct slice folded = strip_fold_of(&f, c->lines[i].text);
    if (c->lines[i].text.len && (!folded.len || memchr(folded.at, '?', folded.len) ||
                                 strip_word_inside(WORDS_REFERENCE, folded, NULL)))
      return false;
  }
  return count > 0;
}

/* "--", "___": the first needs a name below it, the second a company or list. */
static bool is_ruled(const struct card *c, size_t at, bool from_html) {
  struct slice line = c->lines[at].text;
  bool business, named;
  if (!strip_signature_rule(line))
    return false;
  if (from_html && line.at[0] == '-' && is_short(c, at))
    return true;
  return is_card(c, at, &business, &named) && (business || (named && line.at[0] != '_'));
}

size_t strip_signature_guess(struct slice text, size_t begin, size_t end, bool from_html) {
  struct card c = read_card(text, begin, end);
  size_t found = end;
  bool business, named;
  for (size_t i = 0; i < c.count; i++) {
    if (c.lines[i].blank)
      continue;
    if (is_ruled(&c, i, from_html) || (is_closing(c.lines[i].text) &&
                                       (is_names(&c, i) || (is_card(&c, i, &business, &named) && business && named))))
      found = c.lines[i].begin;
  }
  return found;
}
