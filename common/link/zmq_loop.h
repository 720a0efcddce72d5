/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A ZeroMQ socket in a libuv loop, without losing wake-ups. All of ZMQ_FD's traps are dealt with here and nowhere else.
 * Each turn of the loop takes at most ZMQ_LOOP_BUDGET messages, so that a busy socket does not starve its neighbours.
 */
#ifndef LINK_ZMQ_LOOP_H
#define LINK_ZMQ_LOOP_H

#include "base/fault.h"
#include <uv.h>

#define ZMQ_LOOP_BUDGET 16

struct zmq_loop;

struct zmq_loop_user {
  /* Receives one message with ZMQ_DONTWAIT. Returns false when there was none. May close the watcher. */
  bool (*receive)(void *arg);
  /* Once per turn, after receiving and before the loop waits: the place to send. May be NULL; may close the watcher. */
  void (*turn)(void *arg);
  void *arg;
};

/* Borrows the socket. Returns 0 or -errno. */
int must_check zmq_loop_open(uv_loop_t *loop, void *socket, const struct zmq_loop_user *user, struct zmq_loop **ret);
/* There is something to send, or something was sent outside turn(): have a turn before the loop waits. */
void zmq_loop_wake(struct zmq_loop *z);
/* Stops at once (the socket may be closed after it); its memory goes with the loop's next turn. */
void zmq_loop_close(struct zmq_loop **z);

#endif
