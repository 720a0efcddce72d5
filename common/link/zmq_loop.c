/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ZMQ_FD is edge-triggered: it says "something may have changed", once, and any zmq_send or zmq_recv may eat that edge
 * (libzmq 3641, 1434). So the descriptor only ends the loop's wait; what is there is found by asking:
 *
 *   prepare (before each wait): receive, send, then read ZMQ_EVENTS, which also re-arms the descriptor;
 *   idle (makes the loop not wait): runs while ZMQ_EVENTS still says readable, or somebody asked for another turn.
 */
#include "link/zmq_loop.h"
#include <stdlib.h>
#include <zmq.h>

struct zmq_loop {
  void *socket;
  struct zmq_loop_user user;
  uv_poll_t poll;
  uv_prepare_t prepare;
  uv_idle_t idle;
  bool again, closing;
  int open_handles;
};

static void on_poll(uv_poll_t *poll, int status, int events) {
  (void)poll, (void)status, (void)events; /* the next prepare looks */
}

static void on_idle(uv_idle_t *idle) {
  (void)idle;
}

static bool readable(struct zmq_loop *z) {
  int events = 0;
  size_t len = sizeof(events);
  return zmq_getsockopt(z->socket, ZMQ_EVENTS, &events, &len) == 0 && (events & ZMQ_POLLIN);
}

static void on_prepare(uv_prepare_t *prepare) {
  struct zmq_loop *z = prepare->data;
  z->again = false;
  for (int i = 0; i < ZMQ_LOOP_BUDGET && !z->closing && z->user.receive(z->user.arg); i++)
    ;
  if (!z->closing && z->user.turn)
    z->user.turn(z->user.arg);
  if (z->closing)
    return;
  if (readable(z) || z->again)
    uv_idle_start(&z->idle, on_idle);
  else
    uv_idle_stop(&z->idle);
}

int zmq_loop_open(uv_loop_t *loop, void *socket, const struct zmq_loop_user *user, struct zmq_loop **ret) {
  int fd;
  size_t len = sizeof(fd);
  if (zmq_getsockopt(socket, ZMQ_FD, &fd, &len) < 0)
    return -zmq_errno();
  struct zmq_loop *z = must_calloc(1, sizeof(*z));
  z->socket = socket;
  z->user = *user;
  int r = uv_poll_init(loop, &z->poll, fd);
  if (r < 0) {
    free(z);
    return r;
  }
  uv_prepare_init(loop, &z->prepare);
  uv_idle_init(loop, &z->idle);
  z->open_handles = 3;
  z->poll.data = z->prepare.data = z->idle.data = z;
  uv_poll_start(&z->poll, UV_READABLE, on_poll);
  uv_prepare_start(&z->prepare, on_prepare);
  uv_idle_start(&z->idle, on_idle); /* what came before we watched gave its edge to nobody */
  *ret = z;
  return 0;
}

void zmq_loop_wake(struct zmq_loop *z) {
  z->again = true;
  uv_idle_start(&z->idle, on_idle);
}

static void on_closed(uv_handle_t *handle) {
  struct zmq_loop *z = handle->data;
  if (--z->open_handles == 0)
    free(z);
}

void zmq_loop_close(struct zmq_loop **z) {
  if (!z || !*z)
    return;
  (*z)->closing = true;
  uv_close((uv_handle_t *)&(*z)->poll, on_closed);
  uv_close((uv_handle_t *)&(*z)->prepare, on_closed);
  uv_close((uv_handle_t *)&(*z)->idle, on_closed);
  *z = NULL;
}
