/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which rules hold for an event. Runs for every event, so nothing is prepared before a rule asks for it: the text is
 * folded and searched once, when the first rule with words gets that far; recipients are lower-cased likewise.
 */
#include "desk/desk.h"
#include "base/pattern.h"
#include "desk/when.h"
#include "desk/words.h"
#include "hours/zone.h"
#include <stdlib.h>

#define LOWERED_ROOM 2048

struct matching {
  const struct desk *desk;
  const struct desk_facts *facts;
  bool scanned, lowered;
  uint64_t bits[WORDS_BITS];
  char *recipients;           /* all in lower case, one after the other; `room` or heap */
  char room[LOWERED_ROOM];
};

static bool one_of(struct slice text, char *const *names, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (slice_equal(text, slice_text(names[i])))
      return true;
  return count == 0;
}

static void lower_recipients(struct matching *m) {
  size_t total = 0;
  for (size_t i = 0; i < m->facts->recipient_count; i++)
    total += m->facts->recipients[i].len;
  m->recipients = total <= sizeof(m->room) ? m->room : must_calloc(1, total); /* part of an event of limited size */
  char *at = m->recipients;
  for (size_t i = 0; i < m->facts->recipient_count; i++) {
    lower_copy(m->facts->recipients[i], at);
    at += m->facts->recipients[i].len;
  }
  m->lowered = true;
}

static bool recipient_holds(struct matching *m, const struct desk_when *w) {
  if (w->recipient_count == 0)
    return true;
  if (!m->lowered)
    lower_recipients(m);
  const char *at = m->recipients;
  for (size_t i = 0; i < m->facts->recipient_count; i++) {
    struct slice recipient = slice_of(at, m->facts->recipients[i].len);
    for (size_t n = 0; n < w->recipient_count; n++)
      if (pattern_match(slice_text(w->recipients[n]), recipient))
        return true;
    at += recipient.len;
  }
  return false;
}

static bool words_hold(struct matching *m, const struct desk_when *w) {
  if (w->phrase_count == 0)
    return true;
  if (!m->scanned) {
    memset(m->bits, 0, sizeof(m->bits));
    words_scan(m->desk->words, m->facts->subject, m->bits);
    words_scan(m->desk->words, m->facts->text, m->bits);
    m->scanned = true;
  }
  for (size_t i = 0; i < w->phrase_count; i++)
    if (m->bits[w->phrases[i] / 64] >> (w->phrases[i] % 64) & 1)
      return true;
  return false;
}

unsigned automatic_bit(struct slice kind) {
  static const char *const kinds[] = {"reply", "bounce", "report", "list", "bulk"};
  if (kind.len == 0)
    return AUTOMATIC_NONE;
  for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
    if (slice_equal(kind, slice_text(kinds[i])))
      return AUTOMATIC_FIRST << i;
  return 0;
}

/* Whoever cannot tell the time must not say that it is closed either. */
static bool hours_hold(const struct desk_when *w, int64_t now_ms) {
  return !w->hours || (zone_known(w->hours->zone) && hours_open(w->hours, now_ms) != w->outside);
}

/* Cheapest first. */
static bool holds(struct matching *m, const struct desk_when *w) {
  const struct desk_facts *f = m->facts;
  return !w || ((w->suspected == SUSPICION_ANY || (w->suspected == SUSPICION_YES) == f->suspected) &&
                (!w->automatic || (w->automatic & automatic_bit(f->automatic))) &&
                one_of(f->channel, w->channels, w->channel_count) &&
                one_of(f->channel_kind, w->kinds, w->kind_count) && hours_hold(w, f->now_ms) && recipient_holds(m, w) &&
                words_hold(m, w));
}

size_t desk_match(const struct desk *d, const struct desk_facts *facts, uint16_t *ret_rules, size_t max) {
  struct matching m; /* its large members are filled when needed */
  m.desk = d;
  m.facts = facts;
  m.scanned = m.lowered = false;
  m.recipients = m.room;
  size_t count = 0;
  bool ended = false;
  assert(max >= 1);
  for (size_t i = 0; i < d->rule_count && !ended; i++) {
    bool last = d->rules[i].customer[0] == '\0';
    if ((!last && count == max - 1) || !holds(&m, d->rules[i].when))
      continue;
    ret_rules[count++] = (uint16_t)i;
    ended = last;
  }
  if (m.recipients != m.room)
    free(m.recipients);
  assert(ended); /* the default rule always holds */
  return count;
}
