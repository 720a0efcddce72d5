/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Telling the server that a mail is safe here (TR-43): a keyword, \Seen, or a move. After the ledger, so that a crash in
 * between marks again what needs no marking, and never takes again what was taken.
 */
#include "log/log.h"
#include "mailbox_internal.h"

#define WHO(f) KV("mailbox", (f)->o.mailbox->name), KV("folder", (f)->o.folder)

/* Many together when more is coming; the last ones at once. */
bool folder_should_mark(const struct mailbox_folder *f) {
  if (!f->unmarked.count || f->marks_refused || f->o.mailbox->after == MAILBOX_AFTER_NOTHING)
    return false;
  return !f->hand_count || uid_set_total(&f->unmarked) >= MARKS_AT_A_TIME;
}

static void refused(struct mailbox_folder *f, const struct imap_result *result) {
  static const char cannot[] = "the server can neither move nor expunge single mails";
  const bool unsupported = result->outcome == IMAP_UNSUPPORTED;
  log_warn("mailbox_marks_refused", WHO(f),
           KS("why", unsupported ? slice_of(cannot, sizeof(cannot) - 1) : result->words));
  f->marks_refused = true; /* until the next connection; nothing is lost by it */
}

static void keep_unmarked(struct mailbox_folder *f) {
  for (size_t i = 0; i < f->marking.count; i++)
    uid_set_add(&f->unmarked, f->marking.ranges[i].first, f->marking.ranges[i].last);
  uid_set_clear(&f->marking);
}

/* They are no longer in this folder. */
static void take_off(struct mailbox_folder *f, uint32_t moved) {
  struct mailbox_counts *c = &f->counts;
  c->server -= moved < c->server ? moved : c->server;
  const uint32_t stored = moved < c->stored ? moved : c->stored;
  c->stored -= stored;
  moved -= stored;
  c->repeats -= moved < c->repeats ? moved : c->repeats;
  folder_changed(f);
}

static void move(struct mailbox_folder *f);

static void on_created(void *arg, const struct imap_result *result) {
  struct mailbox_folder *f = arg;
  const bool up = folder_back(f, result);
  if (up && (result->outcome == IMAP_OK || result->code == IMAP_CODE_ALREADYEXISTS)) {
    move(f);
    return;
  }
  keep_unmarked(f);
  if (up)
    refused(f, result);
  folder_step(f);
}

static void on_marked(void *arg, const struct imap_result *result) {
  struct mailbox_folder *f = arg;
  const bool up = folder_back(f, result), moved = f->o.mailbox->after == MAILBOX_AFTER_MOVE;
  if (up && moved && result->outcome == IMAP_NO && result->code == IMAP_CODE_TRYCREATE) {
    f->busy = true;
    imap_client_create(f->client, f->o.mailbox->after_folder, on_created, f);
    return;
  }
  if (up && result->outcome == IMAP_OK) {
    ledger_mark(f->o.intake->ledger, f->row.id, f->row.uid_validity, f->marking.ranges, f->marking.count, NULL, NULL);
    if (moved)
      take_off(f, (uint32_t)uid_set_total(&f->marking));
    uid_set_clear(&f->marking);
  } else {
    keep_unmarked(f);
    if (up)
      refused(f, result);
  }
  folder_step(f);
}

static void move(struct mailbox_folder *f) {
  f->busy = true;
  imap_client_move(f->client, f->marking.ranges, f->marking.count, f->o.mailbox->after_folder, on_marked, f);
}

void folder_mark(struct mailbox_folder *f) {
  const struct mailbox_config *m = f->o.mailbox;
  struct uid_set former = f->marking;
  f->marking = f->unmarked;
  f->unmarked = former;
  uid_set_clear(&f->unmarked);
  if (m->after == MAILBOX_AFTER_MOVE) {
    move(f);
    return;
  }
  f->busy = true;
  imap_client_mark(f->client, f->marking.ranges, f->marking.count,
                   m->after == MAILBOX_AFTER_SEEN ? "\\Seen" : m->after_keyword, on_marked, f);
}
