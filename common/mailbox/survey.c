/* SPDX-License-Identifier: Apache-2.0 */
#include "mailbox/survey.h"

void survey_begin(struct survey *s, const struct ledger_folder *folder, const struct uid_range *server, size_t count) {
  *s = (struct survey){
      .folder = folder,
      .server = server,
      .server_count = count,
      .next = count ? server[0].first : 0,
      .missing = UID_SET_INIT(SURVEY_RANGES_MAX),
      .old = UID_SET_INIT(SURVEY_RANGES_MAX),
      .unmarked = UID_SET_INIT(SURVEY_RANGES_MAX),
      .gone = UID_SET_INIT(SURVEY_RANGES_MAX),
  };
}

/* On the server, without a row that counts. */
static void without_row(struct survey *s, uint32_t first, uint32_t last) {
  const uint32_t border = s->folder->first_uid;
  s->counts.missing += last - first + 1;
  if (first < border) {
    const uint32_t end = last < border ? last : border - 1;
    uid_set_add(&s->old, first, end);
    if (end == last)
      return;
    first = border;
  }
  uid_set_add(&s->missing, first, last);
}

static void next_range(struct survey *s) {
  s->server++;
  s->server_count--;
  s->next = s->server_count ? s->server[0].first : 0;
}

/* Everything on the server below `uid` has no row. Returns whether `uid` is on the server. */
static bool advance(struct survey *s, uint32_t uid) {
  while (s->server_count && s->server[0].last < uid) {
    s->counts.server += s->server[0].last - s->next + 1;
    without_row(s, s->next, s->server[0].last);
    next_range(s);
  }
  if (!s->server_count || s->next > uid)
    return false;
  if (s->next < uid) {
    s->counts.server += uid - s->next;
    without_row(s, s->next, uid - 1);
  }
  s->counts.server++;
  if (s->server[0].last == uid)
    next_range(s);
  else
    s->next = uid + 1;
  return true;
}

/* A rescan reads everything again; about what was there before the first run first_run decides anew, but where a
 * renumbering took the border away, what was left out stays so. */
static bool counts_still(const struct survey *s, const struct ledger_mail *row) {
  if (row->outcome == MAIL_SKIPPED && row->uid >= s->folder->first_uid && s->skipped_stay)
    return true;
  return row->epoch == s->folder->epoch && row->outcome != MAIL_TRYING;
}

static uint32_t *count_of(struct mailbox_counts *c, enum mail_outcome outcome) {
  switch (outcome) {
  case MAIL_STORED: return &c->stored;
  case MAIL_REPEAT: return &c->repeats;
  case MAIL_OVERSIZE: return &c->oversize;
  case MAIL_QUARANTINED: return &c->quarantined;
  case MAIL_SKIPPED: return &c->skipped;
  default: return &c->missing;
  }
}

void survey_row(struct survey *s, const struct ledger_mail *row) {
  if (!advance(s, row->uid)) {
    uid_set_add(&s->gone, row->uid, row->uid);
    return;
  }
  if (!counts_still(s, row)) {
    without_row(s, row->uid, row->uid);
    return;
  }
  ++*count_of(&s->counts, row->outcome);
  if (!row->marked && (row->outcome == MAIL_STORED || row->outcome == MAIL_REPEAT))
    uid_set_add(&s->unmarked, row->uid, row->uid);
}

void survey_end(struct survey *s) {
  while (s->server_count) {
    s->counts.server += s->server[0].last - s->next + 1;
    without_row(s, s->next, s->server[0].last);
    next_range(s);
  }
}

void survey_free(struct survey *s) {
  uid_set_free(&s->missing);
  uid_set_free(&s->old);
  uid_set_free(&s->unmarked);
  uid_set_free(&s->gone);
}
