/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the server has: all of it after each connect and now and then, what is new in between. From it and the ledger
 * follows what is missing; of each missing mail the size is asked before it is fetched (TR-47).
 */
#include "base/clock.h"
#include "log/log.h"
#include "mailbox_internal.h"
#include "metrics/metrics.h"
#include <stdlib.h>
#include <time.h>

#define WHO(f) KV("mailbox", (f)->o.mailbox->name), KV("folder", (f)->o.folder)

static void replace(struct uid_set *to, struct uid_set *from) {
  uid_set_free(to);
  *to = *from;
  *from = UID_SET_INIT(SURVEY_RANGES_MAX);
}

static void add_set(struct uid_set *to, const struct uid_set *from) {
  for (size_t i = 0; i < from->count; i++)
    uid_set_add(to, from->ranges[i].first, from->ranges[i].last);
}

static void remove_set(struct uid_set *to, const struct uid_set *from) {
  for (size_t i = 0; i < from->count; i++)
    uid_set_remove(to, from->ranges[i].first, from->ranges[i].last);
}

/* ---- mails that were left out, known by size and date after a renumbering */

static int by_fingerprint(const void *a, const void *b) {
  const struct fingerprint *x = a, *y = b;
  if (x->internal_date_ms != y->internal_date_ms)
    return x->internal_date_ms < y->internal_date_ms ? -1 : 1;
  return (x->size > y->size) - (x->size < y->size);
}

static bool keep_skipped(void *arg, const struct ledger_mail *m) {
  struct mailbox_folder *f = arg;
  if (m->outcome != MAIL_SKIPPED || m->internal_date_ms == INT64_MIN)
    return true;
  if ((f->skipped_count & (f->skipped_count + 1)) == 0) /* 0, 1, 3, 7, …: twice as much room */
    f->skipped = must_realloc(f->skipped, 2 * (f->skipped_count + 1) * sizeof(*f->skipped));
  f->skipped[f->skipped_count++] = (struct fingerprint){m->size, m->internal_date_ms};
  return true;
}

static void load_skipped(struct mailbox_folder *f) {
  f->skipped_count = 0;
  if (f->o.mailbox->first_run == MAILBOX_FIRST_ALL)
    return;
  if (ledger_walk_others(f->o.intake->ledger, f->row.id, f->row.uid_validity, keep_skipped, f) != 0)
    log_error("mailbox_rows_unreadable", WHO(f), KV("what", "rows of a former numbering"));
  if (f->skipped_count)
    qsort(f->skipped, f->skipped_count, sizeof(*f->skipped), by_fingerprint);
}

static bool was_skipped(const struct mailbox_folder *f, const struct imap_mail *mail) {
  const struct fingerprint wanted = {mail->size, mail->internal_date_ms};
  return f->skipped_count && bsearch(&wanted, f->skipped, f->skipped_count, sizeof(wanted), by_fingerprint);
}

static void skip(struct mailbox_folder *f, const struct imap_mail *mail) {
  const struct ledger_mail row = {.folder = f->row.id, .uid_validity = f->row.uid_validity, .uid = mail->uid,
                                  .epoch = f->row.epoch, .outcome = MAIL_SKIPPED, .marked = true, .size = mail->size,
                                  .internal_date_ms = mail->internal_date_ms};
  ledger_set_mail(f->o.intake->ledger, &row, NULL, NULL);
  metric_add(f->o.intake->skipped, 1);
  f->counts.skipped++;
  f->counts.missing--;
}

void folder_lost(struct mailbox_folder *f, uint32_t uid) {
  uid_set_remove(&f->suspects, uid, uid);
  f->counts.server -= f->counts.server > 0;
  f->counts.missing -= f->counts.missing > 0;
}

/* ---- everything */

struct surveying {
  struct mailbox_folder *f;
  struct survey survey;
  struct uid_set trying;
};

/* The row of a mail in hand may be committed already; it counts when on_handed() hears of it, and not twice. */
static bool on_row(void *arg, const struct ledger_mail *row) {
  struct surveying *s = arg;
  if (uid_set_has(&s->f->in_hand, row->uid))
    return true;
  survey_row(&s->survey, row);
  if (row->outcome == MAIL_TRYING && row->epoch == s->f->row.epoch)
    uid_set_add(&s->trying, row->uid, row->uid);
  return true;
}

/* Mails that failed before stay suspects; they are few. */
static void take_trying(struct mailbox_folder *f, const struct uid_set *trying) {
  uid_set_clear(&f->suspects);
  for (size_t i = 0; i < trying->count; i++)
    for (uint64_t uid = trying->ranges[i].first; uid <= trying->ranges[i].last; uid++)
      if (uid_set_has(&f->missing, (uint32_t)uid)) {
        uid_set_add(&f->suspects, (uint32_t)uid, (uint32_t)uid);
        uid_set_remove(&f->missing, (uint32_t)uid, (uint32_t)uid);
      }
}

/* Of what is in hand some is in the ledger by now, though nobody said so yet, and some is gone from the server. */
static void await_in_hand(struct mailbox_folder *f) {
  uid_set_clear(&f->awaited);
  for (size_t i = 0; i < f->in_hand.count; i++)
    for (uint64_t uid = f->in_hand.ranges[i].first; uid <= f->in_hand.ranges[i].last; uid++)
      if (uid_set_has(&f->missing, (uint32_t)uid) || uid_set_has(&f->old, (uint32_t)uid))
        uid_set_add(&f->awaited, (uint32_t)uid, (uint32_t)uid);
}

/* What is being done already is not to be done again. */
static void take_survey(struct mailbox_folder *f, struct survey *s) {
  f->more = s->missing.full || s->old.full || s->unmarked.full;
  f->counts = s->counts;
  replace(&f->missing, &s->missing);
  replace(&f->old, &s->old);
  replace(&f->unmarked, &s->unmarked);
  await_in_hand(f);
  remove_set(&f->missing, &f->in_hand);
  remove_set(&f->old, &f->in_hand);
  if (f->o.mailbox->first_run == MAILBOX_FIRST_ALL) {
    add_set(&f->old, &f->missing);
    replace(&f->missing, &f->old);
  }
  f->since_wanted = f->old.count && f->o.mailbox->first_run == MAILBOX_FIRST_SINCE;
  if (s->gone.count)
    ledger_forget(f->o.intake->ledger, f->row.id, f->row.uid_validity, s->gone.ranges, s->gone.count);
}

/* All of the new numbering is known: nothing will be looked up in the old one any more. */
static bool any_row(void *arg, const struct ledger_mail *m) {
  (void)m;
  *(bool *)arg = true;
  return false;
}

static void forget_former(struct mailbox_folder *f) {
  bool any = false;
  if (f->counts.missing || ledger_walk_others(f->o.intake->ledger, f->row.id, f->row.uid_validity, any_row, &any) != 0)
    return;
  if (any)
    ledger_forget_others(f->o.intake->ledger, f->row.id, f->row.uid_validity);
}

static int look(struct mailbox_folder *f, const struct uid_range *ranges, size_t count) {
  struct surveying s = {.f = f};
  folder_forget_sized(f);
  s.trying = UID_SET_INIT(SURVEY_RANGES_MAX);
  survey_begin(&s.survey, &f->row, ranges, count);
  s.survey.skipped_stay = f->o.mailbox->first_run != MAILBOX_FIRST_ALL;
  int r = ledger_walk(f->o.intake->ledger, f->row.id, f->row.uid_validity, on_row, &s);
  survey_end(&s.survey);
  if (r == 0) {
    take_survey(f, &s.survey);
    take_trying(f, &s.trying);
  }
  uid_set_free(&s.trying);
  survey_free(&s.survey);
  return r;
}

static void on_all(void *arg, const struct imap_result *result, const struct uid_range *ranges, size_t count) {
  struct mailbox_folder *f = arg;
  if (!folder_back(f, result) || result->outcome != IMAP_OK) {
    f->count_wanted = true;
    folder_give_up(f, result, "list mails");
    return;
  }
  int r = look(f, ranges, count);
  if (r) { /* the disk; nothing is decided by half a ledger */
    log_error("mailbox_rows_unreadable", WHO(f), KV("what", "rows"), KI("fault", r));
    f->count_wanted = true;
    folder_pause(f, f->o.mailbox->poll_ms);
    return;
  }
  f->highest = count ? ranges[count - 1].last : 0;
  f->status.counted_ms = clock_now_ms();
  load_skipped(f);
  forget_former(f);
  if (f->counts.missing)
    log_info("mailbox_counted", WHO(f), KI("server", f->counts.server), KI("missing", f->counts.missing));
  folder_is_up(f);
  folder_step(f);
}

void folder_count(struct mailbox_folder *f) {
  f->busy = true;
  f->count_wanted = f->search_wanted = f->renumbered = false;
  imap_client_search(f->client, &(struct imap_search){0}, on_all, f);
}

/* ---- what is new */

static void on_new(void *arg, const struct imap_result *result, const struct uid_range *ranges, size_t count) {
  struct mailbox_folder *f = arg;
  if (!folder_back(f, result) || result->outcome != IMAP_OK) {
    f->count_wanted = true;
    folder_give_up(f, result, "search mails");
    return;
  }
  for (size_t i = 0; i < count; i++) {
    const uint32_t first = ranges[i].first > f->highest ? ranges[i].first : f->highest + 1, last = ranges[i].last;
    if (first > last || first == 0)
      continue;
    uid_set_add(&f->missing, first, last);
    f->counts.server += last - first + 1;
    f->counts.missing += last - first + 1;
    f->highest = last;
  }
  if (count)
    folder_changed(f);
  folder_step(f);
}

void folder_search(struct mailbox_folder *f) {
  f->search_wanted = false;
  if (f->highest == UINT32_MAX)
    return;
  f->busy = true;
  imap_client_search(f->client, &(struct imap_search){.first = f->highest + 1}, on_new, f);
}

/* ---- what was there before the first run */

static int64_t day_ms(const char *day) { /* "2026-11-24", known to be one */
  struct tm tm = {.tm_year = atoi(day) - 1900, .tm_mon = atoi(day + 5) - 1, .tm_mday = atoi(day + 8)};
  return (int64_t)timegm(&tm) * 1000;
}

/* What is in both goes from `old` to `missing`; all of `old` is below all of `missing`. */
static void split_old(struct mailbox_folder *f, const struct uid_range *ranges, size_t count) {
  struct uid_set young = UID_SET_INIT(SURVEY_RANGES_MAX), rest = UID_SET_INIT(SURVEY_RANGES_MAX);
  for (size_t k = 0; k < f->old.count; k++) {
    struct uid_range old = f->old.ranges[k];
    for (; count && ranges->last < old.first; ranges++)
      count--;
    for (size_t i = 0; i < count && ranges[i].first <= old.last; i++) {
      const uint32_t first = ranges[i].first > old.first ? ranges[i].first : old.first;
      const uint32_t last = ranges[i].last < old.last ? ranges[i].last : old.last;
      if (first > old.first)
        uid_set_add(&rest, old.first, first - 1);
      uid_set_add(&young, first, last);
      old.first = last + 1;
      if (last == old.last)
        break;
    }
    if (old.first <= old.last)
      uid_set_add(&rest, old.first, old.last);
  }
  add_set(&young, &f->missing);
  replace(&f->missing, &young);
  replace(&f->old, &rest);
  uid_set_free(&young);
  uid_set_free(&rest);
}

static void on_since(void *arg, const struct imap_result *result, const struct uid_range *ranges, size_t count) {
  struct mailbox_folder *f = arg;
  if (!folder_back(f, result) || result->outcome != IMAP_OK) {
    folder_give_up(f, result, "search mails since a day");
    return;
  }
  f->since_wanted = false;
  split_old(f, ranges, count);
  folder_step(f);
}

/* ---- asking for sizes: the UIDs wait in `batch` for their answers */

/* Takes the first UIDs of a set: into `batch`, and as ranges. */
static size_t ask(struct mailbox_folder *f, struct uid_set *s, struct uid_range *ret) {
  size_t whole = 0, count = 0;
  f->batch_count = 0;
  while (whole < s->count && f->batch_count < WANTED_MOST) {
    struct uid_range *range = &s->ranges[whole];
    const uint32_t room = (uint32_t)(WANTED_MOST - f->batch_count);
    ret[count] = *range;
    if (range->last - range->first >= room) {
      ret[count].last = range->first + room - 1;
      range->first += room;
    } else {
      whole++;
    }
    for (uint64_t uid = ret[count].first; uid <= ret[count].last; uid++)
      f->batch[f->batch_count++] = (struct wanted){.uid = (uint32_t)uid};
    count++;
  }
  s->count -= whole;
  memmove(s->ranges, s->ranges + whole, s->count * sizeof(*s->ranges));
  return count;
}

struct wanted *folder_asked(struct mailbox_folder *f, uint32_t uid) {
  size_t low = 0, high = f->batch_count;
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    if (f->batch[middle].uid < uid)
      low = middle + 1;
    else
      high = middle;
  }
  return low < f->batch_count && f->batch[low].uid == uid && !f->batch[low].came ? &f->batch[low] : NULL;
}

/* Those that were not answered are gone, when the server answered at all; else they are to be asked again. */
static bool end_asking(struct mailbox_folder *f, const struct imap_result *result, struct uid_set *back) {
  const bool good = folder_back(f, result) && result->outcome == IMAP_OK;
  for (size_t i = 0; i < f->batch_count; i++) {
    if (f->batch[i].came)
      continue;
    if (good)
      folder_lost(f, f->batch[i].uid);
    else
      uid_set_add(back, f->batch[i].uid, f->batch[i].uid);
  }
  f->batch_count = 0;
  folder_changed(f);
  return good;
}

static void each_old(void *arg, const struct imap_mail *mail) {
  struct mailbox_folder *f = arg;
  struct wanted *asked = folder_asked(f, mail->uid);
  if (!asked)
    return;
  asked->came = true;
  skip(f, mail);
}

static void on_old(void *arg, const struct imap_result *result) {
  struct mailbox_folder *f = arg;
  if (end_asking(f, result, &f->old))
    folder_step(f);
  else
    folder_give_up(f, result, "say sizes");
}

void folder_decide_old(struct mailbox_folder *f) {
  struct uid_range ranges[WANTED_MOST];
  f->busy = true;
  if (f->since_wanted) {
    const struct imap_search search = {.first = 1, .last = f->row.first_uid - 1,
                                       .since_ms = day_ms(f->o.mailbox->first_since)};
    imap_client_search(f->client, &search, on_since, f);
    return;
  }
  const size_t count = ask(f, &f->old, ranges);
  imap_client_sizes(f->client, ranges, count, each_old, on_old, f);
}

static void each_size(void *arg, const struct imap_mail *mail) {
  struct mailbox_folder *f = arg;
  struct wanted *asked = folder_asked(f, mail->uid);
  if (!asked)
    return;
  asked->came = true;
  if (was_skipped(f, mail))
    skip(f, mail);
  else
    f->sized[f->sized_count++] = (struct wanted){mail->uid, mail->size, mail->internal_date_ms, false};
}

static int by_uid(const void *a, const void *b) {
  const struct wanted *x = a, *y = b;
  return x->uid < y->uid ? -1 : x->uid > y->uid;
}

static void on_sizes(void *arg, const struct imap_result *result) {
  struct mailbox_folder *f = arg;
  const bool good = end_asking(f, result, &f->missing);
  if (f->sized_count)
    qsort(f->sized, f->sized_count, sizeof(*f->sized), by_uid); /* the order in which they came to the mailbox */
  if (good)
    folder_step(f);
  else
    folder_give_up(f, result, "say sizes");
}

void folder_sizes(struct mailbox_folder *f) {
  struct uid_range ranges[WANTED_MOST];
  f->sized_first = f->sized_count = 0;
  const size_t count = ask(f, &f->missing, ranges);
  f->busy = true;
  imap_client_sizes(f->client, ranges, count, each_size, on_sizes, f);
}
