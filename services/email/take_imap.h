/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The IMAP intake: all configured mailboxes, each folder over a connection of its own (mailbox_folder.h), one ledger of
 * what was read, and the requests of the operator.
 *
 * Nothing is taken twice although this program may die anywhere: at its start, mails whose records are in the spool and
 * not in the ledger – it died between the two commits – are entered before anything is fetched.
 */
#ifndef EMAIL_TAKE_IMAP_H
#define EMAIL_TAKE_IMAP_H

#include "channel/channel.h"

struct mailboxes;

/* `mailboxes` with `enabled` and an enabled channel; without any, nothing is opened and *ret is NULL. A ledger that
 * cannot be opened is no reason not to take mail by LMTP: it is logged, shown as unhealthy, tried again every
 * 10 seconds, and no mailbox is read until then. */
void mailboxes_open(uv_loop_t *loop, const struct config *config, struct channel *channel, struct mailboxes **ret);
/* Takes no more; calls `drained` once when all that was fetched is in the ledger and marked. NULL is drained at once. */
void mailboxes_drain(struct mailboxes *m, void (*drained)(void *arg), void *arg);
/* Ends the connections; to be called before channel_close(). */
void mailboxes_close(struct mailboxes *m);
/* After channel_close(): closes the ledger. Frees itself from the loop. */
void mailboxes_end(struct mailboxes **m);

/* One line per reason. */
void mailboxes_unhealthy(struct mailboxes *m, struct buf *ret_reasons);
void mailboxes_measure(struct mailboxes *m);

#endif
