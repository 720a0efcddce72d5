/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every server socket of ours has: CURVE with our key, the ZAP domain of zap.h, a bounded queue for each peer, a
 * largest message, a time for the handshake; no wait for unsent messages at the end. Never ZMQ_HEARTBEAT_IVL: it aborts
 * the process (libzmq 3937, 4364, 4767).
 */
#ifndef LINK_CURVE_H
#define LINK_CURVE_H

#include "base/fault.h"

struct curve_server {
  const char *secret_key;    /* 40 characters Z85 */
  int64_t largest;           /* bytes of a message; a larger one costs its sender the connection */
  int messages;              /* that may wait for a peer, and of it */
  int64_t handshake_ms;
};

/* Before the socket is bound. Returns 0 or -errno. */
int must_check curve_server_configure(void *socket, const struct curve_server *options);

#endif
