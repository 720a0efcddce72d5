/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What goes out over a program's channels: from the link into the delivery store, and what becomes of it as status
 * events through the spool.
 *
 *   link ──▶ outbound_take() ──▶ durable ──▶ TAKEN
 *   attempt() … outbound_done() ──▶ state ──▶ STATUS event ──▶ spool, synced ──▶ outbound_reported()
 *
 * The program says where a message goes and how it is tried; it works on the store itself through outbound.h.
 * Failure: an order is answered TAKEN only when the store has it; a state is reported until its event is in the
 * spool. The event's id is made from the message, its state, try and time, so a repeat after a crash is the same
 * event.
 * Limits: those of the store (LATER to the router above them). What the disk of the spool refuses waits here and is
 * tried again each second, one report for each message that is under way.
 */
#ifndef CHANNEL_CHANNEL_OUTBOUND_H
#define CHANNEL_CHANNEL_OUTBOUND_H

#include "channel/channel.h"
#include "outbound/outbound.h"

struct channel_outbound;

struct channel_outbound_options {
  const char *program;              /* its folder: DIR/<program>/outbound */
  const struct config *config;      /* borrowed */
  /* As in outbound_options; `arg` is the program's. */
  const char *channel_kind;
  const char *(*destination)(void *arg, const outbound_message *m);
  void (*attempt)(void *arg, const char *id, const outbound_message *m, uint32_t attempt);
  bool (*resend)(void *arg, const outbound_message *m);
  void *arg;
};

/* From now on what the router orders is taken; `c` is borrowed and closed after this. Returns 0 (gives *ret), < 0
 * with the complaint filled. */
int must_check channel_outbound_open(uv_loop_t *loop, struct channel *c, const struct channel_outbound_options *options,
                                     struct channel_outbound **ret, struct complaint *complaint);
void channel_outbound_close(struct channel_outbound **o);
/* For outbound_committing(), outbound_done(), outbound_report(). Lent. */
struct outbound *channel_outbound_store(struct channel_outbound *o);

/* The bytes of an attachment. They were made by another program of this desk and are read from its store on this machine; any
 * thread may ask. Appends to `ret`. Returns 0, BLOB_ABSENT, BLOB_DAMAGED, BLOB_TOO_LARGE, -errno. */
int must_check channel_outbound_blob(const struct config *config, const uint8_t sha256[SHA256_BYTES], struct buf *ret);
/* Starts no more tries; `drained` is called when none is under way. */
void channel_outbound_drain(struct channel_outbound *o, void (*drained)(void *arg), void *arg);

/* Reasons for /health, one line each. */
void channel_outbound_unhealthy(struct channel_outbound *o, struct buf *ret_reasons);
/* Refreshes the metrics deskbell_outbound_*. */
void channel_outbound_measure(struct channel_outbound *o);

#endif
