/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One mail on its way from a mailbox to us: its bytes into a blob, then, when all have come, whose it is and whether it
 * is known already, its record into the spool, its row into the ledger – in this order, each durable before the next.
 *
 * The program dies before the spool's commit: nothing of it is kept, and the mail is fetched again. Between spool and
 * ledger: its record is found in the spool at the next start (take_imap.c), and it is not fetched again.
 *
 * Never whole in memory: a large mail goes through a file.
 */
#ifndef EMAIL_INCOMING_H
#define EMAIL_INCOMING_H

#include "channel/channel.h"
#include "mailbox/ledger.h"

struct incoming;

/* What all mails of all mailboxes share. */
struct intake {
  const struct config *config; /* borrowed, as all of this */
  struct channel *channel;
  struct ledger *ledger;
  size_t largest;              /* bytes of a mail that is taken whole */
  struct metric *stored, *repeats, *oversize, *quarantined, *skipped, *deferred;
};

#define INCOMING_HEADER_MAX (256 * 1024) /* of a mail of which only the header is taken; what is behind is cut */

/* `header_only`: the bytes are the header of a mail that stays on the server. Gives it; trouble with the disk is told at
 * the end. */
struct incoming *incoming_new(const struct intake *intake, bool header_only);
void incoming_add(struct incoming *m, struct slice bytes);
/* It is thrown away. */
void incoming_free(struct incoming **m);

/* `row`: as it went into the ledger. `outcome` 0: durable, or known before; else as incoming_end() returns. */
typedef void incoming_done(void *arg, const struct ledger_mail *row, int outcome);

/* All bytes have come. Takes it. `row` says which mail it is; its outcome, `marked` and id are found out here.
 * `marked`: nothing is to be done on the server once it is stored. Returns 0: done() comes later, from the loop. Else
 * nothing is kept: BLOB_FULL (spool or disk are full), BLOB_TOO_LARGE (larger than was said and than we take), -errno. */
int must_check incoming_end(struct incoming **m, const struct mailbox_config *mailbox, const char *folder,
                            const struct ledger_mail *row, incoming_done *done, void *arg);

#endif
