/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fetching and handing over. A fetch ends in one of these ways for each of its mails: it came whole; it is gone from the
 * server; the connection was lost or the server refused, and it is tried again – singly when it may have been its fault.
 */
#include "base/arena.h"
#include "base/clock.h"
#include "log/log.h"
#include "mailbox_internal.h"
#include "metrics/metrics.h"
#include "quarantine.h"
#include <stdlib.h>

enum { PAUSE_MS = 1000, SUSPECT_MS = 500, FRUITLESS_MOST = 3, ARENA_FIRST = 16 * 1024, ARENA_CEILING = 1024 * 1024 };

#define WHO(f) KV("mailbox", (f)->o.mailbox->name), KV("folder", (f)->o.folder)

/* ---- room */

/* Spool, disk and ledger are asked before anything is fetched. */
bool folder_may_fetch(struct mailbox_folder *f) {
  struct spool_state state;
  if (f->hand_count >= HAND_MAILS || f->hand_bytes >= HAND_BYTES)
    return false; /* on_handed() goes on */
  spool_state(channel_spool(f->o.intake->channel), &state);
  if (!state.full && !ledger_trouble(f->o.intake->ledger))
    return true;
  folder_pause(f, PAUSE_MS);
  return false;
}

void folder_forget_sized(struct mailbox_folder *f) {
  while (f->sized_count > f->sized_first) { /* from the end: each is added before those behind it */
    const uint32_t uid = f->sized[--f->sized_count].uid;
    uid_set_add(&f->missing, uid, uid);
  }
  f->sized_first = f->sized_count = 0;
}

/* ---- handing over */

static uint32_t *count_of(struct mailbox_counts *c, enum mail_outcome outcome) {
  switch (outcome) {
  case MAIL_REPEAT: return &c->repeats;
  case MAIL_OVERSIZE: return &c->oversize;
  case MAIL_QUARANTINED: return &c->quarantined;
  default: return &c->stored;
  }
}

static void put_back(struct mailbox_folder *f, uint32_t uid) {
  uid_set_add(&f->missing, uid, uid);
}

static void on_handed(void *arg, const struct ledger_mail *row, int outcome) {
  struct mailbox_folder *f = arg;
  f->hand_count--;
  f->hand_bytes -= row->size;
  uid_set_remove(&f->in_hand, row->uid, row->uid);
  const bool awaited = uid_set_has(&f->awaited, row->uid);
  uid_set_remove(&f->awaited, row->uid, row->uid);
  if (f->closing) {
    folder_free_when_done(f);
    return;
  }
  /* A folder that was renumbered meanwhile is counted anew, and this mail's event is known. */
  const bool current = row->uid_validity == f->row.uid_validity;
  if (outcome && current) {
    if (awaited)
      put_back(f, row->uid);
    folder_pause(f, PAUSE_MS);
  } else if (current) {
    if (awaited) {
      ++*count_of(&f->counts, row->outcome);
      f->counts.missing--;
    }
    f->fruitless = 0;
    if (!row->marked)
      uid_set_add(&f->unmarked, row->uid, row->uid);
  }
  folder_changed(f);
  folder_step(f);
}

static struct ledger_mail row_of(const struct mailbox_folder *f, const struct wanted *w) {
  return (struct ledger_mail){.folder = f->row.id, .uid_validity = f->row.uid_validity, .uid = w->uid,
                              .epoch = f->row.epoch, .size = w->size, .internal_date_ms = w->internal_date_ms};
}

static void take_in_hand(struct mailbox_folder *f, const struct wanted *w) {
  f->hand_count++;
  f->hand_bytes += w->size;
  uid_set_add(&f->in_hand, w->uid, w->uid);
  uid_set_add(&f->awaited, w->uid, w->uid);
}

/* Larger than the server had said: its header then. */
static void came_too_large(struct mailbox_folder *f, struct wanted *w) {
  w->size = (uint32_t)f->o.intake->largest + 1;
  f->sized_first--; /* its own place, or that of another of this batch */
  f->sized[f->sized_first] = *w;
  f->sized[f->sized_first].came = false;
}

static void hand_over(struct mailbox_folder *f, struct wanted *w) {
  const struct ledger_mail row = row_of(f, w);
  int r = incoming_end(&f->current, f->o.mailbox, f->o.folder, &row, on_handed, f);
  w->came = true;
  if (r == 0) {
    take_in_hand(f, w);
  } else if (r == BLOB_TOO_LARGE && f->sized_first) {
    came_too_large(f, w);
  } else {
    put_back(f, w->uid);
    if (!f->paused)
      log_warn("mail_deferred", KV("at", "mailbox"), KI("outcome", r));
    folder_pause(f, PAUSE_MS);
  }
}

/* ---- what cannot be fetched */

struct unfetched {
  struct mailbox_folder *f;
  struct ledger_mail row;
};

static void on_unfetched_noted(void *arg, int outcome) {
  struct unfetched u = *(struct unfetched *)arg;
  free(arg);
  if (outcome == 0)
    metric_add(u.f->o.intake->quarantined, 1);
  on_handed(u.f, &u.row, outcome);
}

static void on_unfetched_taken(void *arg, int outcome, uint64_t seq) {
  struct unfetched *u = arg;
  (void)seq;
  if (outcome == 0)
    ledger_set_mail(u->f->o.intake->ledger, &u->row, on_unfetched_noted, u);
  else
    on_unfetched_noted(u, outcome);
}

static int spool_unfetched(struct mailbox_folder *f, struct unfetched *u, struct slice words) {
  const struct mail_place place = {slice_text(f->o.mailbox->name), slice_text(f->o.folder), u->row.uid_validity,
                                   u->row.uid};
  auto_clean(arena_free) struct arena *a = arena_new(ARENA_FIRST, ARENA_CEILING);
  auto_clean(buf_free) struct buf packed = BUF_INIT(EVENT_MAX_BYTES);
  const int64_t now_ms = clock_now_ms();
  int r = quarantine_unfetched(f->o.mailbox->channel, &place, u->row.tries, words, now_ms, a, &packed, &u->row.id);
  return r ? r : channel_take(f->o.intake->channel, RECORD_EVENT, now_ms, buf_slice(&packed), on_unfetched_taken, u);
}

/* TR-48: its place goes into quarantine, and the mailbox goes on. */
static void quarantine(struct mailbox_folder *f, const struct ledger_mail *row, struct slice words) {
  struct unfetched *u = must_calloc(1, sizeof(*u));
  *u = (struct unfetched){f, *row};
  u->row.outcome = MAIL_QUARANTINED;
  u->row.marked = true;
  const struct wanted w = {.uid = row->uid, .size = row->size};
  if (spool_unfetched(f, u, words) != 0) {
    free(u);
    uid_set_add(&f->suspects, row->uid, row->uid);
    folder_pause(f, PAUSE_MS);
    return;
  }
  log_warn("mailbox_mail_unfetched", WHO(f), KI("uid", row->uid), KI("tries", row->tries), KS("words", words));
  take_in_hand(f, &w);
}

/* It was its fault, as far as one can tell. Counted durably, so that a restart does not begin again. */
static void blame(struct mailbox_folder *f, const struct wanted *w, struct slice words) {
  struct ledger_mail row, before;
  row = row_of(f, w);
  if (ledger_mail(f->o.intake->ledger, row.folder, row.uid_validity, row.uid, &before) == 0 &&
      before.outcome == MAIL_TRYING && before.epoch == row.epoch)
    row.tries = before.tries;
  row.tries++;
  f->fruitless++;
  /* When nothing goes well the server may be to blame, for every mail: then it is given time before the next try. */
  f->suspect_due_ms =
      uv_now(f->loop) + (uint64_t)(f->fruitless < FRUITLESS_MOST ? SUSPECT_MS : f->o.mailbox->poll_ms);
  if (row.tries >= MAILBOX_TRIES) {
    quarantine(f, &row, words);
    return;
  }
  row.outcome = MAIL_TRYING;
  uid_set_add(&f->suspects, row.uid, row.uid);
  ledger_set_mail(f->o.intake->ledger, &row, NULL, NULL);
  log_info("mailbox_mail_not_given", WHO(f), KI("uid", row.uid), KI("tries", row.tries));
}

/* ---- one fetch */

static void on_begin(void *arg, const struct imap_mail *mail) {
  struct mailbox_folder *f = arg;
  f->current = incoming_new(f->o.intake, f->header_only);
  f->current_uid = mail->uid;
}

static void on_run(void *arg, struct slice bytes) {
  struct mailbox_folder *f = arg;
  incoming_add(f->current, bytes);
}

static void on_end(void *arg, const struct imap_mail *mail, enum imap_mail_end end) {
  struct mailbox_folder *f = arg;
  struct wanted *w = end == IMAP_MAIL_WHOLE ? folder_asked(f, mail->uid) : NULL;
  if (mail->uid)
    f->current_uid = mail->uid;
  if (w && !f->closing)
    hand_over(f, w);
  else
    incoming_free(&f->current);
  if (end == IMAP_MAIL_WHOLE)
    f->current_uid = 0;
}

/* The connection went while this mail was coming: it, or nobody. */
static void after_loss(struct mailbox_folder *f) {
  const struct wanted *in_doubt = f->current_uid ? folder_asked(f, f->current_uid) : NULL;
  for (size_t i = 0; i < f->batch_count; i++)
    if (!f->batch[i].came && &f->batch[i] != in_doubt)
      put_back(f, f->batch[i].uid);
  if (in_doubt && !f->closing)
    blame(f, in_doubt, SLICE("(the connection was lost)"));
}

/* Refused as a whole: whose fault it was is found out by asking for each. */
static void after_refusal(struct mailbox_folder *f, const struct imap_result *result) {
  log_info("mailbox_fetch_refused", WHO(f), KI("mails", f->batch_count), KS("words", result->words));
  if (f->batch_count == 1 && !f->batch[0].came) {
    blame(f, &f->batch[0], result->words);
    return;
  }
  for (size_t i = 0; i < f->batch_count; i++)
    if (!f->batch[i].came)
      uid_set_add(&f->suspects, f->batch[i].uid, f->batch[i].uid);
}

/* The server said OK and gave less. What is still there was not given. */
static void on_still_there(void *arg, const struct imap_result *result, const struct uid_range *ranges, size_t count) {
  struct mailbox_folder *f = arg;
  const bool good = folder_back(f, result) && result->outcome == IMAP_OK;
  struct uid_set there = UID_SET_INIT(SURVEY_RANGES_MAX);
  for (size_t i = 0; i < count; i++)
    uid_set_add(&there, ranges[i].first, ranges[i].last);
  for (size_t i = 0; i < f->batch_count; i++) {
    const struct wanted *w = &f->batch[i];
    if (w->came)
      continue;
    if (!good)
      put_back(f, w->uid);
    else if (!uid_set_has(&there, w->uid))
      folder_lost(f, w->uid);
    else if (f->batch_count == 1)
      blame(f, w, SLICE("(it was left out)"));
    else
      uid_set_add(&f->suspects, w->uid, w->uid);
  }
  uid_set_free(&there);
  f->batch_count = 0;
  folder_changed(f);
  if (good)
    folder_step(f);
  else
    folder_give_up(f, result, "search mails");
}

static void look_for_rest(struct mailbox_folder *f) {
  struct imap_search search = {0};
  for (size_t i = 0; i < f->batch_count; i++) {
    if (f->batch[i].came)
      continue;
    search.first = search.first ? search.first : f->batch[i].uid;
    search.last = f->batch[i].uid;
  }
  f->busy = true;
  imap_client_search(f->client, &search, on_still_there, f);
}

static bool all_came(const struct mailbox_folder *f) {
  for (size_t i = 0; i < f->batch_count; i++)
    if (!f->batch[i].came)
      return false;
  return true;
}

static void on_fetched(void *arg, const struct imap_result *result) {
  struct mailbox_folder *f = arg;
  const bool up = folder_back(f, result);
  folder_changed(f);
  if (up && result->outcome == IMAP_OK && !all_came(f)) {
    look_for_rest(f);
    return;
  }
  if (!up)
    after_loss(f);
  else if (result->outcome != IMAP_OK)
    after_refusal(f, result);
  f->batch_count = 0;
  folder_step(f);
}

static void fetch(struct mailbox_folder *f) {
  static const struct imap_fetch_user user = {.begin = on_begin, .run = on_run, .end = on_end};
  struct uid_set ranges = UID_SET_INIT(WANTED_MOST);
  for (size_t i = 0; i < f->batch_count; i++)
    uid_set_add(&ranges, f->batch[i].uid, f->batch[i].uid);
  f->busy = true;
  f->current_uid = 0;
  imap_client_fetch(f->client, ranges.ranges, ranges.count, f->header_only ? IMAP_HEADER_ONLY : IMAP_WHOLE_MAIL, &user,
                    on_fetched, f);
  uid_set_free(&ranges);
}

void folder_fetch(struct mailbox_folder *f) {
  uint64_t bytes = 0;
  f->batch_count = 0;
  f->header_only = f->sized[f->sized_first].size > f->o.intake->largest;
  while (f->sized_first < f->sized_count && f->batch_count < FETCH_MAILS) {
    const struct wanted *w = &f->sized[f->sized_first];
    if (f->header_only != (w->size > f->o.intake->largest) || (f->batch_count && bytes + w->size > FETCH_BYTES))
      break;
    bytes += f->header_only ? INCOMING_HEADER_MAX : w->size;
    f->batch[f->batch_count++] = *w;
    f->sized_first++;
  }
  fetch(f);
}

/* ---- suspects, one at a time, each in its turn */

bool folder_suspect_due(const struct mailbox_folder *f) {
  return f->suspects.count && uv_now(f->loop) >= f->suspect_due_ms;
}

static uint32_t next_suspect(struct mailbox_folder *f) {
  for (size_t i = 0; i < f->suspects.count; i++)
    if (f->suspects.ranges[i].last > f->last_suspect) {
      const uint32_t first = f->suspects.ranges[i].first;
      return first > f->last_suspect ? first : f->last_suspect + 1;
    }
  return f->suspects.ranges[0].first;
}

static void each_suspect_size(void *arg, const struct imap_mail *mail) {
  struct mailbox_folder *f = arg;
  struct wanted *w = folder_asked(f, mail->uid);
  if (!w)
    return;
  w->size = mail->size;
  w->internal_date_ms = mail->internal_date_ms;
}

static void on_suspect_size(void *arg, const struct imap_result *result) {
  struct mailbox_folder *f = arg;
  if (!folder_back(f, result)) {
    uid_set_add(&f->suspects, f->batch[0].uid, f->batch[0].uid);
    f->batch_count = 0;
    folder_step(f);
    return;
  }
  f->header_only = f->batch[0].size > f->o.intake->largest;
  fetch(f); /* whatever became of the size */
}

void folder_fetch_suspect(struct mailbox_folder *f) {
  const uint32_t uid = next_suspect(f);
  const struct uid_range one = {uid, uid};
  f->last_suspect = uid;
  uid_set_remove(&f->suspects, uid, uid);
  f->batch[0] = (struct wanted){.uid = uid, .internal_date_ms = INT64_MIN};
  f->batch_count = 1;
  f->busy = true;
  imap_client_sizes(f->client, &one, 1, each_suspect_size, on_suspect_size, f);
}
