/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules that never have their turn, because an earlier one takes all that they would match, or several do together. A rule
 * takes all that another matches when each of its conditions is the same or wider; conditions it does not have are the
 * widest. Several do when the other, cut into one rule for each entry of one of its lists (or into inside and outside of
 * some hours), has each of its parts taken.
 */
#include "base/pattern.h"
#include "desk/reviewing.h"
#include "desk/when.h"
#include <math.h>
#include <stdlib.h>

/* ---- on the customer: the terms of a predicate */

enum list { TAGS, LANGUAGES, AGENTS, CONSENT, LISTS };
enum amount { VALUE, OPEN, AMOUNTS };

/* All numbers from `least` to `most`, without an end that is open. */
struct range {
  bool given, least_open, most_open;
  double least, most;
};

struct asked {
  struct slice lists[LISTS]; /* words joined by '|'; empty: not asked */
  struct range amounts[AMOUNTS];
};

static const char *const list_names[LISTS] = {"tag", "lang", "agent", "consent"};
static const char *const amount_names[AMOUNTS] = {"value", "open"};

/* ">=1000" */
static struct range range_of(struct slice text) {
  struct range r = {.given = true, .least = -INFINITY, .most = INFINITY};
  bool up = text.at[0] == '>', equal = text.at[0] == '=', closed = equal || (text.len > 1 && text.at[1] == '=');
  char number[40] = "";
  size_t skip = !equal && closed ? 2 : 1;
  memcpy(number, text.at + skip, text.len - skip < sizeof(number) ? text.len - skip : sizeof(number) - 1);
  double limit = strtod(number, NULL);
  if (up || equal)
    r.least = limit;
  if (!up)
    r.most = limit;
  r.least_open = up && !closed;
  r.most_open = !up && !closed;
  return r;
}

static struct asked asked_of(const char *customer) {
  struct asked a = {.lists = {{"", 0}}};
  struct slice rest = slice_text(customer), term;
  while (slice_split(&rest, ';', &term)) {
    size_t len = 0;
    while (len < term.len && term.at[len] >= 'a' && term.at[len] <= 'z')
      len++;
    struct slice name = slice_of(term.at, len), what = slice_of(term.at + len, term.len - len);
    for (size_t i = 0; i < LISTS; i++)
      if (slice_equal(name, slice_text(list_names[i])))
        a.lists[i] = slice_of(what.at + 1, what.len - 1);
    for (size_t i = 0; i < AMOUNTS; i++)
      if (slice_equal(name, slice_text(amount_names[i])))
        a.amounts[i] = range_of(what);
  }
  return a;
}

/* "de" is wider than "de-at". */
static bool one_wider(struct slice word, struct slice list, bool language) {
  struct slice wide;
  while (slice_split(&list, '|', &wide)) {
    bool begins = slice_starts_nocase(word, wide);
    if (begins && (word.len == wide.len || (language && word.at[wide.len] == '-')))
      return true;
  }
  return false;
}

static bool list_wider(struct slice wide, struct slice narrow, bool language) {
  struct slice word;
  if (wide.len == 0)
    return true;
  if (narrow.len == 0)
    return false;
  while (slice_split(&narrow, '|', &word))
    if (!one_wider(word, wide, language))
      return false;
  return true;
}

static bool range_wider(const struct range *wide, const struct range *narrow) {
  if (!wide->given || !narrow->given)
    return !wide->given;
  bool same_least = wide->least == narrow->least && (!wide->least_open || narrow->least_open);
  bool same_most = wide->most == narrow->most && (!wide->most_open || narrow->most_open);
  return (wide->least < narrow->least || same_least) && (wide->most > narrow->most || same_most);
}

static bool customer_wider(const struct asked *wide, const struct asked *narrow) {
  for (size_t i = 0; i < LISTS; i++)
    if (!list_wider(wide->lists[i], narrow->lists[i], i == LANGUAGES))
      return false;
  for (size_t i = 0; i < AMOUNTS; i++)
    if (!range_wider(&wide->amounts[i], &narrow->amounts[i]))
      return false;
  return true;
}

/* ---- on the event */

static bool text_in(const char *text, char *const *texts, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (strcmp(text, texts[i]) == 0)
      return true;
  return false;
}

static bool texts_wider(char *const *wide, size_t wide_count, char *const *narrow, size_t narrow_count) {
  if (wide_count == 0 || narrow_count == 0)
    return wide_count == 0;
  for (size_t i = 0; i < narrow_count; i++)
    if (!text_in(narrow[i], wide, wide_count))
      return false;
  return true;
}

/* A pattern that matches another's text, stars and all, matches all that the other does. */
static bool pattern_in(const char *pattern, char *const *wide, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (pattern_match(slice_text(wide[i]), slice_text(pattern)))
      return true;
  return false;
}

static bool recipients_wider(const struct desk_when *wide, const struct desk_when *narrow) {
  if (wide->recipient_count == 0 || narrow->recipient_count == 0)
    return wide->recipient_count == 0;
  for (size_t i = 0; i < narrow->recipient_count; i++)
    if (!pattern_in(narrow->recipients[i], wide->recipients, wide->recipient_count))
      return false;
  return true;
}

static bool phrase_in(uint32_t phrase, const struct desk_when *w) {
  for (size_t i = 0; i < w->phrase_count; i++)
    if (w->phrases[i] == phrase)
      return true;
  return false;
}

static bool words_wider(const struct desk_when *wide, const struct desk_when *narrow) {
  if (wide->phrase_count == 0 || narrow->phrase_count == 0)
    return wide->phrase_count == 0;
  for (size_t i = 0; i < narrow->phrase_count; i++)
    if (!phrase_in(narrow->phrases[i], wide))
      return false;
  return true;
}

static bool event_wider(const struct desk_when *wide, const struct desk_when *narrow) {
  return (wide->suspected == SUSPICION_ANY || wide->suspected == narrow->suspected) &&
         (!wide->automatic || (narrow->automatic && !(narrow->automatic & ~wide->automatic))) &&
         (!wide->hours || (wide->hours == narrow->hours && wide->outside == narrow->outside)) &&
         texts_wider(wide->channels, wide->channel_count, narrow->channels, narrow->channel_count) &&
         texts_wider(wide->kinds, wide->kind_count, narrow->kinds, narrow->kind_count) &&
         recipients_wider(wide, narrow) && words_wider(wide, narrow);
}

/* ---- one rule, or several */

struct shadows {
  const struct desk *desk;
  struct asked *asked;       /* of each rule */
};

/* The first rule before `rule` that takes all of this; `rule` itself when there is none. */
static size_t taker(const struct shadows *s, size_t rule, const struct desk_when *when, const struct asked *asked) {
  size_t k = 0;
  while (k < rule && !(event_wider(s->desk->rules[k].when, when) && customer_wider(&s->asked[k], asked)))
    k++;
  return k;
}

static bool taken(const struct shadows *s, size_t rule, const struct desk_when *when, const struct asked *asked) {
  return taker(s, rule, when, asked) < rule;
}

/* Cut by the entries of a list of the rule's `when`. */
#define TAKEN_BY(list, count)                                                                                          \
  static bool taken_by_##list(const struct shadows *s, size_t rule) {                                                  \
    const struct desk_when *whole = s->desk->rules[rule].when;                                                         \
    struct desk_when part = *whole;                                                                                    \
    bool all = whole->count > 1;                                                                                       \
    part.count = 1;                                                                                                    \
    for (size_t i = 0; i < whole->count && all; i++) {                                                                 \
      part.list = &whole->list[i];                                                                                     \
      all = taken(s, rule, &part, &s->asked[rule]);                                                                    \
    }                                                                                                                  \
    return all;                                                                                                        \
  }

TAKEN_BY(channels, channel_count)
TAKEN_BY(kinds, kind_count)
TAKEN_BY(recipients, recipient_count)
TAKEN_BY(phrases, phrase_count)

/* ... of what it asks of the customer. */
static bool taken_by_list(const struct shadows *s, size_t rule, enum list list) {
  struct slice rest = s->asked[rule].lists[list], word;
  struct asked part = s->asked[rule];
  bool all = rest.len && memchr(rest.at, '|', rest.len);
  while (all && slice_split(&rest, '|', &word)) {
    part.lists[list] = word;
    all = taken(s, rule, s->desk->rules[rule].when, &part);
  }
  return all;
}

/* Inside and outside of the hours of a rule before it. */
static bool taken_by_hours(const struct shadows *s, size_t rule) {
  struct desk_when inside = *s->desk->rules[rule].when, outside = inside;
  for (size_t k = 0; k < rule && !s->desk->rules[rule].when->hours; k++) {
    inside.hours = outside.hours = s->desk->rules[k].when->hours;
    outside.outside = true;
    if (inside.hours && taken(s, rule, &inside, &s->asked[rule]) && taken(s, rule, &outside, &s->asked[rule]))
      return true;
  }
  return false;
}

static bool taken_together(const struct shadows *s, size_t rule) {
  bool all = taken_by_channels(s, rule) || taken_by_kinds(s, rule) || taken_by_recipients(s, rule) ||
             taken_by_phrases(s, rule) || taken_by_hours(s, rule);
  for (size_t list = 0; list < LISTS && !all; list++)
    all = taken_by_list(s, rule, (enum list)list);
  return all;
}

void review_shadows(struct reviewing *r) {
  const struct desk *d = r->desk;
  size_t count = d->rule_count - 1; /* without the default rule, which takes what is left */
  struct shadows s = {d, must_calloc(count + 1, sizeof(*s.asked))};
  for (size_t i = 0; i < count; i++) {
    s.asked[i] = asked_of(d->rules[i].customer);
    size_t by = taker(&s, i, d->rules[i].when, &s.asked[i]);
    if (by < i)
      review_wrong(r, &d->rules[i].place, "rule '%s' is never used: rule '%s' before it takes all that it would match",
                   d->rules[i].name, d->rules[by].name);
    else if (taken_together(&s, i))
      review_alarm(r, &d->rules[i].place, "rule '%s' is never used: rules before it together take all that it would match",
                   d->rules[i].name);
  }
  free(s.asked);
}
