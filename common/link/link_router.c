/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The router's socket and its life. MANDATORY: a frame that cannot be delivered says so. HANDOVER: a program that comes
 * back takes its old connection's place. DONTWAIT: one slow program does not stop the loop.
 * An ipc endpoint is locked by a file beside it, because a second bind would take it silently.
 */
#include "base/digest.h"
#include "base/encode.h"
#include "link/curve.h"
#include "link/keys.h"
#include "link/router_internal.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>
#include <zmq.h>

enum { MESSAGES_MOST = 64, BYE_LINGER_MS = 100, ENDPOINT_MAX = 512 };

/* ---- the loop */

/* One message: the routing id, the frame, and nothing more. */
static bool on_message(void *arg) {
  struct link_router *r = arg;
  zmq_msg_t id, frame, rest;
  zmq_msg_init(&id);
  zmq_msg_init(&frame);
  bool got = zmq_msg_recv(&id, r->socket, ZMQ_DONTWAIT) >= 0;
  bool whole = got && zmq_msg_more(&id) && zmq_msg_recv(&frame, r->socket, ZMQ_DONTWAIT) >= 0;
  for (bool more = whole && zmq_msg_more(&frame); more;) {
    whole = false;
    zmq_msg_init(&rest);
    more = zmq_msg_recv(&rest, r->socket, ZMQ_DONTWAIT) >= 0 && zmq_msg_more(&rest);
    zmq_msg_close(&rest);
  }
  if (got) {
    const char *user = zmq_msg_gets(whole ? &frame : &id, "User-Id");
    /* An incomplete one is handed on as empty, which is broken. */
    router_received(r, slice_of(zmq_msg_data(&id), zmq_msg_size(&id)), slice_text(user),
                    whole ? slice_of(zmq_msg_data(&frame), zmq_msg_size(&frame)) : SLICE(""));
  }
  zmq_msg_close(&id);
  zmq_msg_close(&frame);
  return got;
}

static void on_turn(void *arg) {
  struct link_router *r = arg;
  int64_t now_ms = (int64_t)uv_now(r->loop);
  for (size_t i = 0; i < r->peer_count; i++)
    peer_turn(r->peers[i], now_ms);
  metric_set(r->peers_up, (int64_t)link_router_peers(r));
  metric_set(r->outstanding, (int64_t)link_router_outstanding(r));
}

static void on_timer(uv_timer_t *timer) {
  struct link_router *r = timer->data;
  for (size_t i = 0; i < r->peer_count; i++)
    peer_tick(r->peers[i], (int64_t)uv_now(r->loop));
  zmq_loop_wake(r->watch);
}

/* ---- the allow-list */

static struct link_peer *peer_new(struct link_router *r, const char *program) {
  struct link_peer *p = must_calloc(1, sizeof(*p));
  p->router = r;
  snprintf(p->program, sizeof(p->program), "%s", program);
  p->replay_done = r->replays;
  outstanding_init(&p->outstanding, r->options.window_events, r->options.window_bytes);
  return p;
}

/* Every allowed program has its peer from the start, so that what it is owed is remembered before it connects. */
static void match_peers(struct link_router *r) {
  for (size_t i = 0; i < r->peer_count; i++) {
    struct link_peer *p = r->peers[i];
    p->allowed = allow_list_has(&r->allowed, slice_text(p->program));
    if (!p->allowed && p->greeted)
      peer_refuse(p, "its key was removed");
  }
  for (size_t i = 0; i < r->allowed.count; i++) {
    bool have = false;
    for (size_t k = 0; k < r->peer_count && !have; k++)
      have = strcmp(r->peers[k]->program, r->allowed.rows[i].program) == 0;
    if (have || r->peer_count == LINK_PEERS_MAX)
      continue;
    r->peers[r->peer_count] = peer_new(r, r->allowed.rows[i].program);
    r->peers[r->peer_count++]->allowed = true;
  }
}

int link_router_reload(struct link_router *r, struct complaint *complaint) {
  struct allow_list list;
  int outcome = allow_list_read(r->keys_folder, &list, complaint);
  if (outcome < 0)
    return outcome;
  allow_list_free(&r->allowed);
  r->allowed = list;
  match_peers(r);
  if (r->watch)
    zmq_loop_wake(r->watch);
  return 0;
}

/* ---- opening and closing */

static int lock_endpoint(struct link_router *r, const char *listen, struct complaint *complaint) {
  char path[ENDPOINT_MAX];
  if (strncmp(listen, "ipc://", 6) != 0)
    return 0;
  if (snprintf(path, sizeof(path), "%s.lock", listen + 6) >= (int)sizeof(path))
    return complain(complaint, "", 0, 0, "%s is too long", listen);
  r->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  int fault = r->lock_fd < 0 || flock(r->lock_fd, LOCK_EX | LOCK_NB) < 0 ? -errno : 0;
  if (fault == -EWOULDBLOCK) {
    complain(complaint, path, 0, 0, "another router listens on %s", listen);
    return -EADDRINUSE;
  }
  if (fault < 0)
    complain(complaint, path, 0, 0, "cannot be locked: %s", strerror(-fault));
  return fault;
}

static int set_int(void *socket, int option, int value) {
  return zmq_setsockopt(socket, option, &value, sizeof(value));
}

static int configure(void *socket, const struct link_router_options *o, const char *secret) {
  const struct curve_server server = {
      .secret_key = secret, .largest = FRAME_MAX, .messages = MESSAGES_MOST, .handshake_ms = o->dead_after_ms};
  return set_int(socket, ZMQ_ROUTER_MANDATORY, 1) || set_int(socket, ZMQ_ROUTER_HANDOVER, 1) ||
         curve_server_configure(socket, &server) < 0;
}

static int bind_socket(struct link_router *r, struct complaint *complaint) {
  char public_key[KEY_TEXT], secret_key[KEY_TEXT], where[ENDPOINT_MAX];
  size_t len = sizeof(where);
  int fault = keys_read_pair(r->options.key_file, public_key, secret_key);
  if (fault < 0) {
    complain(complaint, r->options.key_file, 0, 0, fault == -EBADMSG ? "is not a key file" : "cannot be read: %s",
             strerror(-fault));
    return fault;
  }
  r->socket = zmq_socket(r->context, ZMQ_ROUTER);
  if (!r->socket || configure(r->socket, &r->options, secret_key) || zmq_bind(r->socket, r->options.listen) ||
      zmq_getsockopt(r->socket, ZMQ_LAST_ENDPOINT, where, &len))
    fault = -zmq_errno();
  explicit_bzero(secret_key, sizeof(secret_key));
  if (fault < 0)
    complain(complaint, "", 0, 0, "cannot listen on %s: %s", r->options.listen, zmq_strerror(-fault));
  else
    r->endpoint = must_strdup(where);
  return fault;
}

static void name_router(struct link_router *r) {
  uint8_t chance[10];
  char text[BASE32_LEN(sizeof(chance)) + 1];
  random_bytes(chance, sizeof(chance));
  base32_encode(chance, sizeof(chance), text);
  snprintf(r->name, sizeof(r->name), "router-%s", text);
}

static void open_metrics(struct link_router *r) {
  r->peers_up = metric_gauge("deskbell_link_peers", "Channel programs connected", NULL, NULL);
  r->outstanding = metric_gauge("deskbell_link_outstanding", "Events received and not yet durable", NULL, NULL);
  r->batches = metric_counter("deskbell_link_batches_total", "Batches sent or received", NULL, NULL);
  r->events = metric_counter("deskbell_link_events_total", "Events sent or received, repeats included", NULL, NULL);
  r->broken = metric_counter("deskbell_link_broken_frames_total", "Frames dropped: they were broken", NULL, NULL);
  r->foreign = metric_counter("deskbell_link_foreign_events_total",
                              "Events of a channel their program does not speak for", NULL, NULL);
  r->repeated = metric_counter("deskbell_link_repeated_events_total", "Events sent again while under way", NULL, NULL);
}

static int open_all(struct link_router *r, struct complaint *complaint) {
  int fault = link_router_reload(r, complaint);
  if (fault == 0)
    fault = lock_endpoint(r, r->options.listen, complaint);
  if (fault < 0)
    return fault;
  r->context = zmq_ctx_new();
  fault = r->context ? zap_open(r->loop, r->context, &r->allowed, &r->zap) : -zmq_errno();
  if (fault < 0) {
    complain(complaint, "", 0, 0, "cannot check keys: %s", zmq_strerror(-fault));
    return fault;
  }
  fault = bind_socket(r, complaint);
  if (fault < 0)
    return fault;
  struct zmq_loop_user user = {.receive = on_message, .turn = on_turn, .arg = r};
  fault = zmq_loop_open(r->loop, r->socket, &user, &r->watch);
  if (fault < 0)
    complain(complaint, "", 0, 0, "cannot watch the socket: %s", strerror(-fault));
  return fault;
}

int link_router_open(uv_loop_t *loop, const struct link_router_options *options, const struct link_router_user *user,
                     struct link_router **ret, struct complaint *complaint) {
  if (options->heartbeat_ms <= 0 || options->dead_after_ms < 2 * options->heartbeat_ms || !options->window_events ||
      !options->window_bytes)
    return complain(complaint, "", 0, 0, "the link's window or times are impossible");
  struct link_router *r = must_calloc(1, sizeof(*r));
  r->loop = loop;
  r->lock_fd = -1;
  r->options = *options;
  r->keys_folder = must_strdup(options->keys_folder);
  r->user = *user;
  r->arena = arena_new(FRAME_MAX, 2 * FRAME_ARENA);
  r->out = BUF_INIT(FRAME_MAX);
  name_router(r);
  open_metrics(r);
  uv_timer_init(loop, &r->timer);
  r->timer.data = r;
  int fault = open_all(r, complaint);
  /* Lent by the caller for the opening alone. */
  r->options.listen = r->options.key_file = r->options.keys_folder = NULL;
  if (fault < 0) {
    link_router_close(&r);
    return fault;
  }
  uv_timer_start(&r->timer, on_timer, (uint64_t)options->heartbeat_ms, (uint64_t)options->heartbeat_ms);
  *ret = r;
  return 0;
}

static void free_router(uv_handle_t *timer) {
  struct link_router *r = timer->data;
  for (size_t i = 0; i < r->peer_count; i++)
    peer_free(&r->peers[i]);
  allow_list_free(&r->allowed);
  arena_free(&r->arena);
  buf_free(&r->out);
  free(r->endpoint);
  free(r->keys_folder);
  free(r);
}

static void say_bye(struct link_router *r) {
  char reason[] = "closing";
  Deskbell__V1__Bye bye = DESKBELL__V1__BYE__INIT;
  link_frame f = DESKBELL__V1__FRAME__INIT;
  bye.reason = reason;
  f.body_case = DESKBELL__V1__FRAME__BODY_BYE;
  f.bye = &bye;
  for (size_t i = 0; i < r->peer_count; i++)
    if (r->peers[i]->greeted && router_say(r, slice_text(r->peers[i]->program), &f))
      continue; /* it will notice */
}

static void owed_to_nobody(void *arg, struct link_peer *peer) {
  (void)arg, (void)peer;
}

void link_router_close(struct link_router **router) {
  if (!router || !*router)
    return;
  struct link_router *r = *router;
  *router = NULL;
  r->user.gone = owed_to_nobody;
  if (r->watch) {
    on_turn(r); /* what is done is confirmed */
    say_bye(r);
  }
  zmq_loop_close(&r->watch);
  if (r->socket) {
    set_int(r->socket, ZMQ_LINGER, BYE_LINGER_MS);
    zmq_close(r->socket);
  }
  zap_close(&r->zap);
  if (r->context)
    zmq_ctx_term(r->context);
  if (r->lock_fd >= 0) {
    if (r->endpoint)
      unlink(r->endpoint + strlen("ipc://")); /* libzmq leaves it; ours as long as we hold the lock */
    close(r->lock_fd);
  }
  uv_close((uv_handle_t *)&r->timer, free_router);
}

/* ---- what the router asks */

const char *link_router_endpoint(const struct link_router *r) {
  return r->endpoint;
}

void link_router_done(struct link_peer *peer, uint64_t seq, enum link_outcome outcome, struct slice reason) {
  if (outstanding_done(&peer->outstanding, seq, outcome, reason) && peer->router->watch)
    zmq_loop_wake(peer->router->watch);
}

void link_router_replay(struct link_router *r, int64_t since_ms) {
  unsigned before = r->replays++;
  for (size_t i = 0; i < r->peer_count; i++) {
    struct link_peer *p = r->peers[i];
    if (p->replay_done == before || since_ms < p->replay_since_ms)
      p->replay_since_ms = since_ms;
    p->replay_due = p->greeted;
  }
  zmq_loop_wake(r->watch);
}

size_t link_router_peers(const struct link_router *r) {
  size_t n = 0;
  for (size_t i = 0; i < r->peer_count; i++)
    n += r->peers[i]->greeted;
  return n;
}

size_t link_router_outstanding(const struct link_router *r) {
  size_t n = 0;
  for (size_t i = 0; i < r->peer_count; i++)
    n += r->peers[i]->outstanding.open;
  return n;
}

struct slice link_peer_program(const struct link_peer *peer) {
  return slice_text(peer->program);
}

bool link_peer_up(const struct link_peer *peer) {
  return peer->greeted && !peer->welcome_due && !peer->replay_due && !peer->refuse_due;
}

const char *const *link_peer_channels(const struct link_peer *peer, size_t *ret_count) {
  *ret_count = peer->channel_count;
  return (const char *const *)peer->channels;
}
