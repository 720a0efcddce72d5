/* SPDX-License-Identifier: Apache-2.0 */
/* One connection of the LMTP intake: the dialogue on one side, blob writer and spool on the other. Internal to
 * take_lmtp. */
#ifndef EMAIL_LMTP_CONNECTION_H
#define EMAIL_LMTP_CONNECTION_H

#include "channel/channel.h"
#include "lmtp_dialogue.h"

struct metric;
struct lmtp_connection;

#define LMTP_READ_ROOM (64 * 1024)

/* What all connections of a server share; borrowed by each. */
struct lmtp_shared {
  const struct config *config;
  struct channel *channel;
  struct lmtp_limits limits;
  const char *host;
  char *read_room; /* LMTP_READ_ROOM bytes: a read and its use are one step */
  struct metric *taken, *deferred, *too_large, *seconds;
  /* The connection is gone from the network; it may still wait for the spool and frees itself. */
  void (*gone)(void *arg, struct lmtp_connection *c);
  void *arg;
};

/* Open it, then begin or refuse. `shared` is borrowed until the connection is gone. */
struct lmtp_connection *lmtp_connection_new(uv_loop_t *loop, const struct lmtp_shared *shared, bool by_unix);
/* Returns 0, the descriptor being its own then; or a libuv fault: close it. */
int must_check lmtp_connection_open(struct lmtp_connection *c, int fd);
/* Sends the greeting and begins to read. */
void lmtp_connection_begin(struct lmtp_connection *c);
/* Sends the greeting of a full house and ends. */
void lmtp_connection_refuse(struct lmtp_connection *c);
void lmtp_connection_drain(struct lmtp_connection *c);
/* Ends it when nothing moved since `before_ms` (the loop's clock) and it is not we who are slow. Returns whether so. */
bool lmtp_connection_expire(struct lmtp_connection *c, uint64_t before_ms);
void lmtp_connection_close(struct lmtp_connection *c);
/* Links of the server's list. */
struct lmtp_connection **lmtp_connection_next(struct lmtp_connection *c);
struct lmtp_connection **lmtp_connection_previous(struct lmtp_connection *c);

#endif
