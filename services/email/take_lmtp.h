/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The LMTP intake: listens on TCP and a Unix socket, and turns what comes into spool records. A sender hears 250 only
 * from the spool's done() (G1). If the process dies before, the sender tries again, and the mail's id makes it the
 * same event.
 *
 * Limits: max_connections (421 4.3.2), idle_timeout (421 4.4.2), those of the dialogue; one read buffer for all
 * connections; a connection that waits for its commit or does not read its replies is not read. Out of descriptors,
 * those who want in wait in the backlog.
 */
#ifndef EMAIL_TAKE_LMTP_H
#define EMAIL_TAKE_LMTP_H

#include "channel/channel.h"

struct lmtp_server;

struct lmtp_server_options {
  const struct config *config; /* borrowed */
  struct channel *channel;     /* borrowed */
  const char *listen_tcp;      /* "127.0.0.1:0", "[::1]:2424"; "": none */
  const char *listen_unix;     /* path; "": none */
};

/* Returns 0 (gives *ret), < 0 with the complaint's text filled. */
int must_check lmtp_server_open(uv_loop_t *loop, const struct lmtp_server_options *options, struct lmtp_server **ret,
                                struct complaint *complaint);
/* Where it listens: "127.0.0.1:41234"; "" when it does not. Lent. */
const char *lmtp_server_tcp(const struct lmtp_server *s);
const char *lmtp_server_unix(const struct lmtp_server *s);
/* Takes no more connections, ends each after its current transaction, then calls `drained` once. */
void lmtp_server_drain(struct lmtp_server *s, void (*drained)(void *arg), void *arg);
/* Ends everything; frees itself from the loop, after the last done() of the spool. To be called before
 * channel_close(). */
void lmtp_server_close(struct lmtp_server **s);
size_t lmtp_server_connections(const struct lmtp_server *s);

#endif
