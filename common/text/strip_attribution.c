/* SPDX-License-Identifier: Apache-2.0 */
#include "text/strip_attribution.h"
#include "text/strip_date.h"
#include "text/strip_fold.h"
#include "text/strip_line.h"
#include "text/strip_words.h"

enum { NAME_MAX = 100, SHORT_MAX = 160, WEAK_MAX = 100, WEAK_WORDS = 7, BEGIN_WORDS = 6 };

struct evidence {
  struct slice all; /* folded, without the colon */
  bool date, time, verb, verb_last, address, bracketed, pronoun;
  bool begins;      /* with a word for it, a day or a number, and a number soon */
  bool name_first;  /* with a name and an address */
};

static bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (uint8_t)c >= 0x80 || c == '_' || c == '.' || c == '-';
}

/* The first '@' between two names. */
static const char *find_address(struct slice s) {
  for (size_t i = 1; i + 1 < s.len; i++)
    if (s.at[i] == '@' && is_name_character(s.at[i - 1]) && is_name_character(s.at[i + 1]))
      return s.at + i;
  return NULL;
}

/* "<joe@x.example>", "(joe@x.example)", "[mailto:joe@x.example]". */
static const char *find_bracket(struct slice s, const char *address) {
  const char *open = address;
  while (open > s.at && is_name_character(open[-1]))
    open--;
  while (open > s.at && (open[-1] == ' ' || open[-1] == ':' || is_name_character(open[-1])) && address - open < 80)
    open--; /* "mailto:", and the blank of a line that was broken behind the bracket */
  return open > s.at && (open[-1] == '<' || open[-1] == '(' || open[-1] == '[') ? open - 1 : NULL;
}

/* A digit among the first words. */
static bool number_soon(struct slice s) {
  for (size_t i = 0, words = 1; i < s.len && words <= BEGIN_WORDS; i++) {
    if (s.at[i] >= '0' && s.at[i] <= '9')
      return true;
    words += s.at[i] == ' ';
  }
  return false;
}

static bool first_word_has_digit(struct slice s) {
  for (size_t i = 0; i < s.len && s.at[i] != ' '; i++)
    if (s.at[i] >= '0' && s.at[i] <= '9')
      return true;
  return false;
}

static bool is_name(struct slice s) {
  if (s.len > NAME_MAX)
    return false;
  for (size_t i = 0; i < s.len; i++)
    if (strchr("!?;:<", s.at[i]))
      return false;
  return true;
}

static struct evidence weigh(struct slice s) {
  struct evidence e = {.all = s};
  size_t verb_end = 0;
  const char *address = find_address(s), *bracket = address ? find_bracket(s, address) : NULL;
  e.date = strip_has_date(s);
  e.time = strip_has_time(s);
  e.verb = strip_word_inside(WORDS_VERB, s, &verb_end);
  e.verb_last = e.verb && verb_end == s.len;
  e.address = address;
  e.bracketed = bracket;
  e.begins = first_word_has_digit(s) || ((strip_word_begins(WORDS_INTRO, s) || strip_word_begins(WORDS_WEEKDAY, s)) &&
                                         number_soon(s));
  e.name_first = bracket && is_name(slice_of(s.at, (size_t)(bracket - s.at)));
  e.pronoun = !bracket && strip_word_inside(WORDS_PRONOUN, s, NULL);
  return e;
}

/* A name and "wrote", either way round, and nothing else. */
static bool is_bare(const struct evidence *e, size_t lines) {
  size_t begins = strip_word_begins(WORDS_VERB, e->all);
  return lines == 1 && e->verb && (e->verb_last || !begins) && e->all.len <= WEAK_MAX &&
         strip_fold_words(e->all) <= WEAK_WORDS;
}

static enum strip_attribution judge(const struct evidence *e, size_t lines) {
  bool placed = e->begins || e->name_first;
  char last = e->all.at[e->all.len - 1];
  bool closed = last == '>' || last == ')' || last == ']';
  if (e->bracketed && e->date && placed && (e->verb || (e->time && closed)))
    return STRIP_ATTRIBUTION_STRONG;
  if (e->pronoun)
    return STRIP_ATTRIBUTION_NONE;
  if (e->begins && e->date && e->time && e->verb)
    return STRIP_ATTRIBUTION_GOOD;
  bool fits = placed || (lines == 1 && e->all.len <= SHORT_MAX);
  if (fits && e->verb && (e->date || e->address || e->time))
    return STRIP_ATTRIBUTION_FAIR;
  if (placed && e->date && e->time && e->address)
    return STRIP_ATTRIBUTION_FAIR;
  return is_bare(e, lines) ? STRIP_ATTRIBUTION_WEAK : STRIP_ATTRIBUTION_NONE;
}

/* Evidence first; then a beginning that looks like one, best with a date, so that no line above is left behind or
 * taken in. */
static unsigned rank(const struct evidence *e, enum strip_attribution judged) {
  unsigned beginning = e->begins ? 2u + e->date : e->name_first;
  return judged ? 4 * (unsigned)judged + beginning : 0;
}

static struct slice without_colon(struct slice s) {
  while (s.len && (s.at[s.len - 1] == ':' || s.at[s.len - 1] == ' '))
    s.len--;
  return s;
}

/* Lines that an attribution was broken into do not end so. */
static bool ends_sentence(struct slice line) {
  char last = strip_line_last(line);
  return last == ':' || last == '?' || last == '!';
}

enum strip_attribution strip_attribution_judge(const struct slice *lines, size_t count, size_t *ret_lines) {
  enum strip_attribution best = STRIP_ATTRIBUTION_NONE;
  unsigned best_rank = 0;
  for (size_t n = 1; n <= count && n <= STRIP_ATTRIBUTION_LINES; n++) {
    struct strip_fold f;
    f.len = 0;
    f.full = false;
    if (n > 1 && ends_sentence(lines[count - n]))
      break;
    for (size_t i = count - n; i < count; i++) {
      strip_fold_add(&f, lines[i]);
      strip_fold_add(&f, SLICE(" "));
    }
    struct slice all = without_colon(strip_fold_end(&f));
    if (!all.len || all.len > STRIP_ATTRIBUTION_MAX)
      break;
    struct evidence e = weigh(all);
    enum strip_attribution judged = judge(&e, n);
    if (rank(&e, judged) > best_rank) {
      best_rank = rank(&e, judged);
      best = judged;
      *ret_lines = n;
    }
  }
  return best;
}
