/* SPDX-License-Identifier: Apache-2.0 */
#include "link/curve.h"
#include "link/keys.h"
#include "link/zap.h"
#include <string.h>
#include <zmq.h>

static int set_int(void *socket, int option, int value) {
  return zmq_setsockopt(socket, option, &value, sizeof(value));
}

int curve_server_configure(void *socket, const struct curve_server *o) {
  bool bad = set_int(socket, ZMQ_SNDHWM, o->messages) || set_int(socket, ZMQ_RCVHWM, o->messages) ||
             zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &o->largest, sizeof(o->largest)) || set_int(socket, ZMQ_LINGER, 0) ||
             set_int(socket, ZMQ_IPV6, 1) || set_int(socket, ZMQ_TCP_KEEPALIVE, 1) ||
             set_int(socket, ZMQ_HANDSHAKE_IVL, (int)o->handshake_ms) || set_int(socket, ZMQ_CURVE_SERVER, 1) ||
             zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, o->secret_key, KEY_TEXT) ||
             zmq_setsockopt(socket, ZMQ_ZAP_DOMAIN, ZAP_DOMAIN, strlen(ZAP_DOMAIN));
  return bad ? -zmq_errno() : 0;
}
