/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A listening socket that survives a lack of descriptors: it rests, and those who want in wait in the backlog.
 * Not uv_listen(): out of descriptors, libuv 1.44 gives up one that it keeps for this, and when another thread takes it
 * meanwhile, its loop tries accept() for ever and never comes back.
 */
#ifndef EMAIL_LISTENER_H
#define EMAIL_LISTENER_H

#include "base/fault.h"
#include <sys/socket.h>
#include <uv.h>

struct listener {
  uv_poll_t poll;
  uv_timer_t rest;
  int fd;
  bool open;
  unsigned handles;
  uint64_t told_ms;  /* the loop's clock; 0: nothing was told yet */
  void (*connected)(struct listener *l, int fd);  /* its descriptor is the callee's */
  void (*closed)(struct listener *l);
  void *arg;
};

/* Returns 0 or a negative errno, nothing being left open then. */
int must_check listener_bind(struct listener *l, const struct sockaddr *address, socklen_t len);
/* After listener_bind(). Returns 0 or a negative errno; the listener is to be closed either way. */
int must_check listener_start(struct listener *l, uv_loop_t *loop, int backlog);
/* Takes nobody in any more; closed() is called from the loop, unless it was not open. */
void listener_close(struct listener *l);

#endif
