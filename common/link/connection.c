/* SPDX-License-Identifier: Apache-2.0 */
/* The monitor of a socket is a second socket that says, among others, why a handshake failed: the only way to know. */
#include "link/connection.h"
#include "link/frame.h"
#include "link/zmq_loop.h"
#include <stdio.h>
#include <stdlib.h>
#include <zmq.h>

enum { MESSAGES_MOST = 64 }; /* queued in libzmq each way; a frame is up to half a MiB */

struct connection {
  void *dealer, *monitor;
  struct zmq_loop *frames, *events;
  struct connection_user user;
};

static const struct {
  int event;
  const char *why;
} losses[] = {
    {ZMQ_EVENT_HANDSHAKE_FAILED_AUTH, "the router does not accept our key"},
    {ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL, "the handshake failed: the keys do not fit"},
    {ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL, "the handshake failed: another router key than router.pub, or no router"},
    {ZMQ_EVENT_DISCONNECTED, "the connection to the router broke"},
    {ZMQ_EVENT_CLOSED, "no router listens there"},
};

static bool on_event(void *arg) {
  struct connection *c = arg;
  struct {
    uint16_t event;
    uint32_t value;
  } __attribute__((packed)) said;
  char where[8];
  if (zmq_recv(c->monitor, &said, sizeof(said), ZMQ_DONTWAIT) != sizeof(said))
    return false;
  if (zmq_recv(c->monitor, where, sizeof(where), ZMQ_DONTWAIT) < 0)
    return false;
  for (size_t i = 0; i < sizeof(losses) / sizeof(losses[0]); i++)
    if (losses[i].event & said.event) {
      c->user.lost(c->user.arg, losses[i].why); /* may have closed and freed us */
      return false;
    }
  return true;
}

static bool on_frame(void *arg) {
  struct connection *c = arg;
  zmq_msg_t m;
  zmq_msg_init(&m);
  bool got = zmq_msg_recv(&m, c->dealer, ZMQ_DONTWAIT) >= 0;
  if (got)
    c->user.received(c->user.arg, slice_of(zmq_msg_data(&m), zmq_msg_size(&m)));
  zmq_msg_close(&m);
  return got;
}

static void on_turn(void *arg) {
  struct connection *c = arg;
  c->user.turn(c->user.arg);
}

static int set_int(void *socket, int option, int value) {
  return zmq_setsockopt(socket, option, &value, sizeof(value));
}

static int set_text(void *socket, int option, const char *value, size_t len) {
  return zmq_setsockopt(socket, option, value, len);
}

/* No ZMQ_HEARTBEAT_IVL: it aborts the process (libzmq 3937, 4364, 4767). */
static int configure(void *dealer, const struct connection_options *o) {
  int64_t largest = FRAME_MAX;
  return set_text(dealer, ZMQ_ROUTING_ID, o->routing_id, strlen(o->routing_id)) ||
         set_int(dealer, ZMQ_RECONNECT_IVL, -1) || set_int(dealer, ZMQ_IMMEDIATE, 1) ||
         set_int(dealer, ZMQ_LINGER, 0) ||
         set_int(dealer, ZMQ_SNDHWM, MESSAGES_MOST) || set_int(dealer, ZMQ_RCVHWM, MESSAGES_MOST) ||
         zmq_setsockopt(dealer, ZMQ_MAXMSGSIZE, &largest, sizeof(largest)) || set_int(dealer, ZMQ_IPV6, 1) ||
         set_int(dealer, ZMQ_TCP_KEEPALIVE, 1) || set_int(dealer, ZMQ_HANDSHAKE_IVL, (int)o->handshake_ms) ||
         set_text(dealer, ZMQ_CURVE_SERVERKEY, o->server_key, KEY_TEXT) ||
         set_text(dealer, ZMQ_CURVE_PUBLICKEY, o->public_key, KEY_TEXT) ||
         set_text(dealer, ZMQ_CURVE_SECRETKEY, o->secret_key, KEY_TEXT);
}

static int open_monitor(struct connection *c, void *context) {
  char name[64];
  int events = ZMQ_EVENT_CLOSED | ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
               ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH;
  snprintf(name, sizeof(name), "inproc://connection-%p-%llx", c->dealer, (unsigned long long)uv_hrtime());
  c->monitor = zmq_socket(context, ZMQ_PAIR);
  return !c->monitor || zmq_socket_monitor(c->dealer, name, events) < 0 || set_int(c->monitor, ZMQ_LINGER, 0) ||
         zmq_connect(c->monitor, name) < 0;
}

int connection_open(uv_loop_t *loop, void *context, const struct connection_options *options,
                    const struct connection_user *user, struct connection **ret) {
  struct connection *c = must_calloc(1, sizeof(*c));
  c->user = *user;
  c->dealer = zmq_socket(context, ZMQ_DEALER);
  struct zmq_loop_user frames = {.receive = on_frame, .turn = on_turn, .arg = c};
  struct zmq_loop_user events = {.receive = on_event, .arg = c};
  int r = !c->dealer || configure(c->dealer, options) || open_monitor(c, context) ||
                  zmq_connect(c->dealer, options->endpoint) < 0
              ? -zmq_errno()
              : zmq_loop_open(loop, c->dealer, &frames, &c->frames);
  if (r == 0)
    r = zmq_loop_open(loop, c->monitor, &events, &c->events);
  if (r < 0)
    connection_close(&c, 0);
  else
    *ret = c;
  return r;
}

int connection_send(struct connection *c, struct slice frame) {
  assert(frame.len <= FRAME_MAX); /* a larger one would cost us the connection */
  return !c || zmq_send(c->dealer, frame.at, frame.len, ZMQ_DONTWAIT) < 0 ? CONNECTION_FULL : 0;
}

void connection_wake(struct connection *c) {
  if (c)
    zmq_loop_wake(c->frames);
}

void connection_close(struct connection **c, int linger_ms) {
  if (!c || !*c)
    return;
  zmq_loop_close(&(*c)->frames);
  zmq_loop_close(&(*c)->events);
  if ((*c)->dealer) {
    zmq_socket_monitor((*c)->dealer, NULL, 0);
    set_int((*c)->dealer, ZMQ_LINGER, linger_ms);
    zmq_close((*c)->dealer);
  }
  if ((*c)->monitor)
    zmq_close((*c)->monitor);
  free(*c);
  *c = NULL;
}
