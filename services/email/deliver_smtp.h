/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Outbound messages over the relay: from a message of the delivery store to bytes (compose.h) in a worker thread, over
 * libesmtp or libcurl (smtp_session.h, smtp_curl.h), and what the relay said back into the store's words.
 *
 * Who it comes from: From is the channel's address; the envelope of a reply is the address with the reply token, so that
 * a bounce finds its conversation (TR-26); that of an acknowledgement is the null path (AR-30).
 */
#ifndef EMAIL_DELIVER_SMTP_H
#define EMAIL_DELIVER_SMTP_H

#include "config/config.h"
#include "outbound/outbound.h"
#include "spool/blob.h"

struct deliver_smtp;

/* The bytes of an attachment, asked for from a worker thread; appends to `ret`. As channel_outbound_blob(). */
typedef int deliver_smtp_blob(const struct config *config, const uint8_t sha256[SHA256_BYTES], struct buf *ret);

/* Without a relay in the configuration it opens all the same and destination() says so. Returns 0 or < 0 with the complaint
 * filled. */
int must_check deliver_smtp_open(uv_loop_t *loop, const struct config *config, deliver_smtp_blob *blob,
                                 struct deliver_smtp **ret, struct complaint *complaint);
/* The store whose tries it serves; to be set before the first one. */
void deliver_smtp_serve(struct deliver_smtp *d, struct outbound *store);
/* Breaks off what has not reached its final dot. To be called before outbound_close(), in the same turn of the loop. */
void deliver_smtp_close(struct deliver_smtp **d);

/* Hooks of struct outbound_options; `arg` is the deliverer. */
const char *deliver_smtp_destination(void *arg, const outbound_message *m);
void deliver_smtp_attempt(void *arg, const char *id, const outbound_message *m, uint32_t attempt);
bool deliver_smtp_resend(void *arg, const outbound_message *m);

#endif
