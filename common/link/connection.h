/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection of a channel program to the router: a DEALER that connects once and never again by itself. What broke
 * is said in words and the connection is then of no more use: whoever has it closes it and opens the next.
 *
 * Why libzmq may not reconnect: frames under way when a connection breaks are lost, and those sent afterwards would
 * follow the hole in silence. Here every connection begins with a Hello, so every hole is seen.
 */
#ifndef LINK_CONNECTION_H
#define LINK_CONNECTION_H

#include "base/slice.h"
#include "link/keys.h"
#include <uv.h>

enum { CONNECTION_FULL = 1 };

struct connection;

struct connection_options {
  const char *endpoint, *routing_id;
  const char *server_key, *public_key, *secret_key;
  int64_t handshake_ms;
};

struct connection_user {
  void (*received)(void *arg, struct slice frame); /* lent */
  void (*turn)(void *arg);                         /* the place to send, once per turn of the loop */
  void (*lost)(void *arg, const char *why);        /* may close it */
  void *arg;
};

/* `context` is borrowed. Returns 0 or -errno (of an endpoint that is none). */
int must_check connection_open(uv_loop_t *loop, void *context, const struct connection_options *options,
                               const struct connection_user *user, struct connection **ret);
/* Copies. Returns 0 or CONNECTION_FULL: not connected (yet; NULL never is), or the router is slow; turn() comes when
 * that changes. */
int must_check connection_send(struct connection *c, struct slice frame);
void connection_wake(struct connection *c);
/* Gives what was sent just before up to `linger_ms` to leave. */
void connection_close(struct connection **c, int linger_ms);

#endif
