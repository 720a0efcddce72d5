/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One folder of one mailbox, over a connection of its own: found out what is missing, fetched, handed over, marked,
 * watched, compared. What it does next follows from three things only: the server's list of UIDs, the ledger, and what is
 * under way – never from a flag, a date or a last number.
 *
 * One mail that cannot be fetched holds up nothing: it is tried singly, behind the others, MAILBOX_TRIES times, and then
 * its place goes into quarantine (TR-48). Spool, disk or ledger full: no more is fetched until there is room.
 */
#ifndef EMAIL_MAILBOX_FOLDER_H
#define EMAIL_MAILBOX_FOLDER_H

#include "imap_client.h"
#include "incoming.h"

#define MAILBOX_TRIES 5

struct mailbox_folder;

struct mailbox_folder_options {
  const struct intake *intake; /* all borrowed */
  const struct mailbox_config *mailbox;
  const char *folder;
  struct curl_loop *curl;
  struct oauth_token *token;   /* NULL: with a password */
  char *const *paths;          /* enum folder_path: absolute, of the mailbox's files */
  void (*quiet)(void *arg);    /* after drain: nothing of it is under way any more; once */
  void (*gone)(void *arg);     /* after close: it is freed */
  void *arg;
};

enum folder_path { FOLDER_PASSWORD, FOLDER_CA, FOLDER_PATHS };

struct mailbox_folder *mailbox_folder_open(uv_loop_t *loop, const struct mailbox_folder_options *options);
/* Fetches no more; lets what was fetched get into the ledger and be marked, then says quiet(). */
void mailbox_folder_drain(struct mailbox_folder *f);
/* Ends the connection. Frees itself from the loop when the last mail on its way has called back; to be called before
 * channel_close(), and the ledger closed after that. */
void mailbox_folder_close(struct mailbox_folder **f);

/* Compares all the server has with the ledger, now or as soon as it is reached. */
void mailbox_folder_reconcile(struct mailbox_folder *f);
/* Reads everything again; what is known is not stored twice. `done` (arg) when that is in the ledger. */
void mailbox_folder_rescan(struct mailbox_folder *f, ledger_done *done, void *arg);

/* As of now. Lent until the next call. */
const struct ledger_status *mailbox_folder_status(struct mailbox_folder *f);
/* One line per reason. */
void mailbox_folder_unhealthy(struct mailbox_folder *f, struct buf *ret_reasons);

#endif
