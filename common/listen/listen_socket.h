/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A listening socket that survives a lack of descriptors: it rests, and those who want in wait in the backlog.
 * Not uv_listen(): out of descriptors, libuv 1.44 gives up one that it keeps for this, and when another thread takes it
 * meanwhile, its loop tries accept() for ever and never comes back.
 */
#ifndef LISTEN_LISTEN_SOCKET_H
#define LISTEN_LISTEN_SOCKET_H

#include "base/fault.h"
#include <sys/socket.h>
#include <uv.h>

struct listen_socket {
  uv_poll_t poll;
  uv_timer_t rest;
  int fd;
  bool open;
  unsigned handles;
  uint64_t told_ms;  /* the loop's clock; 0: nothing was told yet */
  /* The descriptor is the callee's. It may close the socket. */
  void (*connected)(struct listen_socket *l, int fd, const struct sockaddr *from, socklen_t len);
  void (*closed)(struct listen_socket *l);
  void *arg;
};

/* Returns 0 or a negative errno, nothing being left open then. */
int must_check listen_socket_bind(struct listen_socket *l, const struct sockaddr *address, socklen_t len);
/* After listen_socket_bind(). Returns 0 or a negative errno; the listener is to be closed either way. */
int must_check listen_socket_start(struct listen_socket *l, uv_loop_t *loop, int backlog);
/* Takes nobody in any more; closed() is called from the loop, unless it was not open. */
void listen_socket_close(struct listen_socket *l);

#endif
