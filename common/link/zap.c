/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libzmq asks over inproc for each handshake and waits for the answer in its own thread. A REP socket must answer every
 * request before it can take the next, so malformed ones get an answer as well.
 */
#include "link/zap.h"
#include "link/zmq_loop.h"
#include "metrics/metrics.h"
#include <stdlib.h>
#include <zmq.h>

#define PART_MAX 256 /* of a part we look at; RFC 27 allows no more for ids */

struct zap {
  void *socket;
  const struct allow_list *list;
  struct zmq_loop *watch;
  struct metric *refused;
};

enum { VERSION, REQUEST_ID, DOMAIN, ADDRESS, ROUTING_ID, MECHANISM, CLIENT_KEY };

struct zap_verdict zap_decide(const struct allow_list *list, const struct slice *parts, size_t count) {
  if (count != ZAP_PARTS || !slice_equal(parts[VERSION], SLICE("1.0")))
    return (struct zap_verdict){"500", "malformed request", ""};
  if (!slice_equal(parts[DOMAIN], SLICE(ZAP_DOMAIN)))
    return (struct zap_verdict){"400", "another domain", ""};
  if (!slice_equal(parts[MECHANISM], SLICE("CURVE")))
    return (struct zap_verdict){"400", "only CURVE", ""};
  const char *program = allow_list_program(list, parts[CLIENT_KEY]);
  if (!program)
    return (struct zap_verdict){"400", "unknown key", ""};
  return (struct zap_verdict){"200", "OK", program};
}

/* Takes all parts of the request; more than we know are counted, not kept. */
static bool take_request(void *socket, char bytes[ZAP_PARTS][PART_MAX], struct slice parts[ZAP_PARTS],
                         size_t *ret_count) {
  size_t count = 0;
  int more = 1;
  while (more) {
    zmq_msg_t m;
    zmq_msg_init(&m);
    if (zmq_msg_recv(&m, socket, ZMQ_DONTWAIT) < 0) {
      zmq_msg_close(&m);
      return false;
    }
    if (count < ZAP_PARTS) {
      size_t len = zmq_msg_size(&m) < PART_MAX ? zmq_msg_size(&m) : PART_MAX;
      memcpy(bytes[count], zmq_msg_data(&m), len);
      parts[count] = slice_of(bytes[count], len);
    }
    count++;
    more = zmq_msg_more(&m);
    zmq_msg_close(&m);
  }
  *ret_count = count;
  return true;
}

static bool on_request(void *arg) {
  struct zap *z = arg;
  char bytes[ZAP_PARTS][PART_MAX];
  struct slice parts[ZAP_PARTS] = {{.at = "", .len = 0}};
  size_t count;
  if (!take_request(z->socket, bytes, parts, &count))
    return false;
  struct zap_verdict v = zap_decide(z->list, parts, count);
  if (!*v.user)
    metric_add(z->refused, 1);
  const struct slice reply[] = {SLICE("1.0"), count > REQUEST_ID ? parts[REQUEST_ID] : SLICE(""), slice_text(v.status),
                                slice_text(v.text), slice_text(v.user), SLICE("")};
  const size_t last = sizeof(reply) / sizeof(reply[0]) - 1;
  for (size_t i = 0; i <= last; i++)
    if (zmq_send(z->socket, reply[i].at, reply[i].len, ZMQ_DONTWAIT | (i < last ? ZMQ_SNDMORE : 0)) < 0)
      break; /* whoever asked is gone */
  return true;
}

int zap_open(uv_loop_t *loop, void *context, const struct allow_list *list, struct zap **ret) {
  struct zap *z = must_calloc(1, sizeof(*z));
  int linger = 0;
  z->list = list;
  z->refused = metric_counter("deskbell_link_refused_keys_total", "Connections refused for their key", NULL, NULL);
  z->socket = zmq_socket(context, ZMQ_REP);
  struct zmq_loop_user user = {.receive = on_request, .arg = z};
  int r = !z->socket || zmq_setsockopt(z->socket, ZMQ_LINGER, &linger, sizeof(linger)) < 0 ||
                  zmq_bind(z->socket, "inproc://zeromq.zap.01") < 0
              ? -zmq_errno()
              : zmq_loop_open(loop, z->socket, &user, &z->watch);
  if (r < 0)
    zap_close(&z);
  else
    *ret = z;
  return r;
}

void zap_close(struct zap **z) {
  if (!z || !*z)
    return;
  zmq_loop_close(&(*z)->watch);
  if ((*z)->socket)
    zmq_close((*z)->socket);
  free(*z);
  *z = NULL;
}
