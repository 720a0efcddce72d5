/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The durable memory of what was read from mailboxes: for each mail what became of it, and for each event that it was
 * stored. With it a mail is taken once although it is renumbered, moved between folders, or read again on demand –
 * however long ago the first time was (TR-40, TR-41).
 *
 * Writing: one process. Writes gather while the last commit runs and go into the next one, off the loop's thread; they
 * are carried out in order, each transaction whole or not at all. A write that failed for want of disk is tried again
 * until it goes well, so what was put here will be there unless this process dies first; ledger_trouble() says that one
 * waits for the disk, and the caller should then read no more mail. Readers see what is committed.
 * Reading: any process, beside the writer, through ledger_view().
 *
 * The file grows by itself, preallocated in doubling steps, so that a full disk is met when growing and not in between.
 * About 150 bytes a mail; the row goes when the mail is gone from the server, the 50 bytes of its event stay.
 *
 * The program dies: rows that were not committed are missing. Mails that are in the spool without a row are found there
 * at the next start by the user of this module.
 */
#ifndef MAILBOX_LEDGER_H
#define MAILBOX_LEDGER_H

#include "imap/uid_set.h"
#include "mailbox/ledger_row.h"
#include <uv.h>

#define MAILBOX_LEDGER_FOLDER "email/mailboxes/ledger" /* below the desk's folder */

enum { LEDGER_ABSENT = 1 };

struct ledger;

/* `folder` is made when missing. Returns 0 (gives *ret); -ENOSPC; -EBADMSG when the file is damaged; -errno. */
int must_check ledger_open(uv_loop_t *loop, const char *folder, struct ledger **ret);
/* Commits what waits and answers each done(). Frees itself from the loop. */
void ledger_close(struct ledger **l);
/* For another process: reads only. Returns 0 (gives *ret); LEDGER_ABSENT; -errno. End it with ledger_close(). */
int must_check ledger_view(const char *folder, struct ledger **ret);

/* A fault that keeps writes waiting: LMDB_FULL or -errno; 0: none. */
int ledger_trouble(const struct ledger *l);
/* Bytes of the file. */
size_t ledger_size(const struct ledger *l);
/* Commits all that waits, now and here: for the start of a program. Returns 0 or the fault. */
int must_check ledger_flush(struct ledger *l);

/* Reading. Each returns 0, LEDGER_ABSENT, -EBADMSG (damaged), -errno. */

int must_check ledger_folder(struct ledger *l, const char *mailbox, const char *folder, struct ledger_folder *ret);
int must_check ledger_status(struct ledger *l, const char *mailbox, const char *folder, struct ledger_status *ret);
int must_check ledger_mail(struct ledger *l, uint32_t folder, uint32_t uid_validity, uint32_t uid,
                           struct ledger_mail *ret);
int must_check ledger_event(struct ledger *l, const struct event_id *id, struct ledger_place *ret);
/* The rows of one numbering of a folder, by rising UID, until each() returns false. Damaged rows are left out: their
 * mails count as not read. Must not write to the ledger from each(). */
typedef bool ledger_each(void *arg, const struct ledger_mail *m);
int must_check ledger_walk(struct ledger *l, uint32_t folder, uint32_t uid_validity, ledger_each *each, void *arg);
/* The same for all numberings of a folder but one. */
int must_check ledger_walk_others(struct ledger *l, uint32_t folder, uint32_t but_uid_validity, ledger_each *each,
                                  void *arg);

/* Writing. `done` (may be NULL) is called from the loop once it is durable, or with -ECANCELED when the ledger is
 * closed while the disk refuses. */

typedef void ledger_done(void *arg, int outcome);
/* A number for a folder that has none yet. */
uint32_t ledger_new_folder(struct ledger *l);
void ledger_set_folder(struct ledger *l, const char *mailbox, const char *folder, const struct ledger_folder *f,
                       ledger_done *done, void *arg);
void ledger_set_status(struct ledger *l, const char *mailbox, const char *folder, const struct ledger_status *s);
/* With an event id that is not zero and outcome stored or oversize, the event is known from then on. */
void ledger_set_mail(struct ledger *l, const struct ledger_mail *m, ledger_done *done, void *arg);
/* Nothing is left to be done on the server for these. The ranges are copied. */
void ledger_mark(struct ledger *l, uint32_t folder, uint32_t uid_validity, const struct uid_range *ranges,
                 size_t count, ledger_done *done, void *arg);
/* Forgets rows of mails that are no longer on the server. */
void ledger_forget(struct ledger *l, uint32_t folder, uint32_t uid_validity, const struct uid_range *ranges,
                   size_t count);
/* Forgets the rows of all numberings of a folder but one. */
void ledger_forget_others(struct ledger *l, uint32_t folder, uint32_t but_uid_validity);

#endif
