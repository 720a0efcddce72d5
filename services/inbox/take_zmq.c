/* SPDX-License-Identifier: Apache-2.0 */
#include "take_zmq.h"
#include "agent_frame.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/id.h"
#include "link/curve.h"
#include "link/keys.h"
#include "link/zap.h"
#include "link/zmq_loop.h"
#include "log/log.h"
#include "work.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <zmq.h>

enum { SLOTS = 1024, MESSAGES_MOST = 256, ROUTING_ID = 5, HANDSHAKE_MS = 10000 };

/* A connection from which something was heard lately. */
struct peer {
  struct take_zmq *zmq;
  struct peer *next;            /* of the slot */
  uint8_t id[ROUTING_ID];
  struct access_row row;
  struct listener *listener;    /* NULL: not subscribed */
  unsigned works;               /* under way */
  int64_t heard_ms;
  bool gone;                    /* freed when no work is under way */
};

struct take_zmq {
  struct inbox *inbox;
  void *context, *socket;
  struct zap *zap;
  struct zmq_loop *watch;
  struct allow_list allowed;
  char *keys;                   /* folder of the agents' */
  struct timespec keys_changed;
  char keys_trouble[320];       /* "": all of them are keys; looked at again until they are */
  struct peer *slots[SLOTS];
  size_t peer_count;
  struct buf out;
  struct metric *broken;
  bool draining;
};

struct zmq_work {
  struct peer *peer;
  uint64_t id;
};

/* ---- saying */

/* False: it cannot be told now. */
static bool say(struct take_zmq *z, const struct peer *p) {
  return zmq_send(z->socket, p->id, sizeof(p->id), ZMQ_SNDMORE | ZMQ_DONTWAIT) >= 0 &&
         zmq_send(z->socket, z->out.at, z->out.len, ZMQ_DONTWAIT) >= 0;
}

static void say_result(struct peer *p, uint64_t id, const struct result *r) {
  struct take_zmq *z = p->zmq;
  if (r->status >= 400)
    metric_add(z->inbox->refused, 1);
  if (!p->gone && agent_frame_answer(id, r, &z->out) && !say(z, p))
    log_debug("answer_not_taken", KV("agent", p->row.agent));
  zmq_loop_wake(z->watch);
}

static void say_problem(struct peer *p, uint64_t id, enum problem problem, const char *detail) {
  struct result r = result_problem(problem, detail);
  say_result(p, id, &r);
  result_free(&r);
}

static void say_fault(struct peer *p, uint64_t id, const struct ask_fault *fault) {
  char detail[200];
  snprintf(detail, sizeof(detail), "%s%s%s", fault->field, fault->field[0] ? " " : "", fault->words);
  say_problem(p, id, fault->syntax ? PROBLEM_BODY : PROBLEM_FIELD, detail);
}

/* ---- peers */

static struct peer **slot_of(struct take_zmq *z, const uint8_t *id) {
  return &z->slots[hash64(slice_of(id, ROUTING_ID)) % SLOTS];
}

static void free_if_over(struct peer *p) {
  if (p->gone && p->works == 0)
    free(p);
}

/* Takes it out of its slot, which `at` is the link of. */
static void forget(struct peer **at) {
  struct peer *p = *at;
  *at = p->next;
  p->zmq->peer_count--;
  p->gone = true;
  listener_remove(&p->listener);
  free_if_over(p);
}

static struct peer *find_peer(struct take_zmq *z, const uint8_t *id, const char *agent) {
  struct peer **slot = slot_of(z, id);
  for (struct peer **at = slot; *at; at = &(*at)->next) {
    if (memcmp((*at)->id, id, ROUTING_ID) != 0)
      continue;
    if (strcmp((*at)->row.agent, agent) == 0)
      return *at;
    forget(at); /* another connection under the id of one that is gone */
    break;
  }
  if (z->peer_count == ZMQ_PEERS_MOST)
    return NULL;
  struct peer *p = must_calloc(1, sizeof(*p));
  *p = (struct peer){.zmq = z, .next = *slot};
  memcpy(p->id, id, ROUTING_ID);
  snprintf(p->row.agent, sizeof(p->row.agent), "%s", agent);
  *slot = p;
  z->peer_count++;
  return p;
}

/* ---- news */

static void end_subscription(struct peer *p, const char *why) {
  listener_remove(&p->listener);
  if (agent_frame_reset(why, &p->zmq->out))
    (void)!say(p->zmq, p);
  zmq_loop_wake(p->zmq->watch);
}

static void on_hear(void *arg, struct notice *n) {
  struct peer *p = arg;
  if (agent_frame_notice(n, &p->zmq->out) && say(p->zmq, p)) {
    zmq_loop_wake(p->zmq->watch);
    return;
  }
  metric_add(p->zmq->inbox->overrun, 1);
  end_subscription(p, "slow");
}

static void on_told(void *arg, const char *why) {
  struct peer *p = arg;
  if (strcmp(why, "lost") != 0)
    end_subscription(p, why);
  else if (agent_frame_reset(why, &p->zmq->out))
    (void)!say(p->zmq, p);
}

static void subscribe(struct peer *p, uint64_t id) {
  struct inbox *inbox = p->zmq->inbox;
  const struct listener_user user = {.hear = on_hear, .told = on_told, .arg = p};
  const char *position = tail_position(inbox->tail);
  if (!position[0]) {
    say_problem(p, id, PROBLEM_AWAY, NULL);
    return;
  }
  if (!p->listener)
    p->listener = listener_add(inbox->listeners, &p->row, &user, clock_monotonic_ms());
  if (!p->listener) {
    say_problem(p, id, PROBLEM_STREAMS, NULL);
    return;
  }
  struct result r = result_ok(json_pack("{s:s}", "position", position));
  say_result(p, id, &r);
  result_free(&r);
}

/* ---- requests */

static void on_worked(void *arg, const struct result *r) {
  struct zmq_work *w = arg;
  struct peer *p = w->peer;
  p->works--;
  say_result(p, w->id, r);
  free(w);
  free_if_over(p);
}

static void ask(struct peer *p, uint64_t id, const struct ask *ask, struct arena *arena) {
  struct caller caller = {.role = ACCESS_AGENT};
  memcpy(caller.agent, p->row.agent, sizeof(caller.agent));
  struct zmq_work *w = must_calloc(1, sizeof(*w));
  *w = (struct zmq_work){p, id};
  p->works++;
  work_start(p->zmq->inbox, &caller, ask, arena, on_worked, w);
}

static void say_alive(struct peer *p, uint64_t id) {
  struct result r = result_ok(json_pack("{s:b}", "subscribed", p->listener != NULL));
  say_result(p, id, &r);
  result_free(&r);
}

static void take_request(struct peer *p, struct slice bytes) {
  struct take_zmq *z = p->zmq;
  struct arena *arena = arena_new(2048, WORK_ARENA);
  enum agent_request kind;
  struct ask asked;
  struct ask_fault fault;
  uint64_t id = 0;
  int r = agent_frame_read(bytes, arena, &id, &kind, &asked, &fault);
  int64_t wait = gate_take(z->inbox->gate, slice_of(p->row.agent, sizeof(p->row.agent)), p->heard_ms);
  if (r == AGENT_FRAME_BROKEN)
    metric_add(z->broken, 1);
  else if (wait > 0)
    say_problem(p, id, PROBLEM_RATE, NULL);
  else if (r == AGENT_FRAME_WRONG)
    say_fault(p, id, &fault);
  else if (r < 0)
    say_problem(p, id, PROBLEM_MEMORY, NULL);
  else if (z->draining)
    say_problem(p, id, PROBLEM_AWAY, "Stopping.");
  else if (kind == AGENT_PING)
    say_alive(p, id);
  else if (kind == AGENT_SUBSCRIBE)
    subscribe(p, id);
  else if (p->works >= ZMQ_WORKS_MOST)
    say_problem(p, id, PROBLEM_RATE, "Too many requests under way.");
  else {
    ask(p, id, &asked, arena);
    return;
  }
  arena_free(&arena);
}

/* ---- the socket */

/* All parts of one message; only two are ours. False: there was none. */
static bool receive(struct take_zmq *z, zmq_msg_t *id, zmq_msg_t *frame, bool *ret_whole) {
  bool got = zmq_msg_recv(id, z->socket, ZMQ_DONTWAIT) >= 0;
  bool whole = got && zmq_msg_more(id) && zmq_msg_recv(frame, z->socket, ZMQ_DONTWAIT) >= 0;
  for (bool more = whole && zmq_msg_more(frame); more;) {
    zmq_msg_t rest;
    whole = false;
    zmq_msg_init(&rest);
    more = zmq_msg_recv(&rest, z->socket, ZMQ_DONTWAIT) >= 0 && zmq_msg_more(&rest);
    zmq_msg_close(&rest);
  }
  *ret_whole = whole;
  return got;
}

static void take_message(struct take_zmq *z, zmq_msg_t *id, zmq_msg_t *frame) {
  const char *agent = zmq_msg_gets(frame, "User-Id");
  const uint8_t *routing = zmq_msg_data(id);
  bool made_here = zmq_msg_size(id) == ROUTING_ID && routing[0] == 0;
  if (!made_here || !agent || !allow_list_has(&z->allowed, slice_text(agent))) {
    metric_add(z->broken, 1);
    return;
  }
  struct peer *p = find_peer(z, routing, agent);
  if (!p) {
    metric_add(z->broken, 1);
    return;
  }
  p->heard_ms = clock_monotonic_ms();
  take_request(p, slice_of(zmq_msg_data(frame), zmq_msg_size(frame)));
}

static bool on_message(void *arg) {
  struct take_zmq *z = arg;
  zmq_msg_t id, frame;
  bool whole;
  zmq_msg_init(&id);
  zmq_msg_init(&frame);
  bool got = receive(z, &id, &frame, &whole);
  if (whole)
    take_message(z, &id, &frame);
  else if (got)
    metric_add(z->broken, 1);
  zmq_msg_close(&id);
  zmq_msg_close(&frame);
  return got;
}

/* ---- keys */

static bool keys_changed(const struct take_zmq *z, struct timespec *ret) {
  struct stat s;
  if (stat(z->keys, &s) < 0)
    return false;
  *ret = s.st_mtim;
  return s.st_mtim.tv_sec != z->keys_changed.tv_sec || s.st_mtim.tv_nsec != z->keys_changed.tv_nsec;
}

static void note_keys(struct take_zmq *z, int r, const struct complaint *c) {
  char before[sizeof(z->keys_trouble)];
  memcpy(before, z->keys_trouble, sizeof(before));
  z->keys_trouble[0] = '\0';
  if (r)
    snprintf(z->keys_trouble, sizeof(z->keys_trouble), "%.200s: %.100s", c->file, c->text);
  if (r && strcmp(before, z->keys_trouble) != 0)
    log_warn("keys_not_read", KV("why", c->text), KV("file", c->file),
             KV("then", r < 0 ? "going on with those from before" : "nobody is let in by it"));
}

/* A removed key is not heard any more from now on; a changed one counts from the next connection on. */
static void look_at_keys(struct take_zmq *z) {
  struct allow_list list;
  struct complaint c;
  struct timespec changed = z->keys_changed;
  if (!keys_changed(z, &changed) && !z->keys_trouble[0])
    return;
  int r = allow_list_read_good(z->keys, &list, &c);
  note_keys(z, r, &c);
  if (r < 0)
    return;
  z->keys_changed = changed;
  allow_list_free(&z->allowed);
  z->allowed = list;
}

const char *take_zmq_trouble(const struct take_zmq *z) {
  return z && z->keys_trouble[0] ? z->keys_trouble : NULL;
}

void take_zmq_tick(struct take_zmq *z, int64_t now_ms) {
  if (!z)
    return;
  look_at_keys(z);
  int64_t silent_ms = z->inbox->config->inbox.keep_ms;
  for (size_t i = 0; i < SLOTS; i++)
    for (struct peer **at = &z->slots[i]; *at;) {
      bool allowed = allow_list_has(&z->allowed, slice_text((*at)->row.agent));
      if (!allowed && (*at)->listener)
        end_subscription(*at, "signed-out");
      if (!allowed || ((*at)->works == 0 && now_ms - (*at)->heard_ms > silent_ms))
        forget(at);
      else
        at = &(*at)->next;
    }
}

/* ---- life */

static int bind_socket(struct take_zmq *z, const char *listen, const char *key_file) {
  char public_key[KEY_TEXT], secret_key[KEY_TEXT], where[512];
  size_t len = sizeof(where);
  int on = 1, r = keys_read_pair(key_file, public_key, secret_key);
  if (r < 0)
    return service_fail(z->inbox->run, r, "%s is no key file", key_file);
  const struct curve_server server = {.secret_key = secret_key, .largest = AGENT_FRAME_MAX, .messages = MESSAGES_MOST,
                                      .handshake_ms = HANDSHAKE_MS};
  z->socket = zmq_socket(z->context, ZMQ_ROUTER);
  if (!z->socket || zmq_setsockopt(z->socket, ZMQ_ROUTER_MANDATORY, &on, sizeof(on)) ||
      curve_server_configure(z->socket, &server) < 0 || zmq_bind(z->socket, listen) ||
      zmq_getsockopt(z->socket, ZMQ_LAST_ENDPOINT, where, &len))
    r = -zmq_errno();
  explicit_bzero(secret_key, sizeof(secret_key));
  if (r < 0)
    return service_fail(z->inbox->run, r, "cannot listen on %s", listen);
  service_endpoint(z->inbox->run, "inbox-zmq", where);
  return 0;
}

/* Its own key pair, apart from those of the link, where a key is a channel program's. */
static int own_key(struct take_zmq *z, char **ret_file) {
  char *keys = config_path(z->inbox->config, z->inbox->config->link.keys), *folder = path_join(keys, "inbox");
  int r = folder_make(folder);
  if (r == 0)
    r = keys_make(folder, "inbox");
  if (r == 0)
    *ret_file = path_join(folder, "inbox.key");
  free(keys);
  free(folder);
  return r < 0 ? service_fail(z->inbox->run, r, "the inbox's key pair cannot be made") : 0;
}

static int open_all(struct take_zmq *z) {
  const char *listen = service_listen(z->inbox->run, "inbox-zmq", z->inbox->config->inbox.zmq_listen);
  struct complaint c;
  char *key_file = NULL;
  int r = folder_make(z->keys);
  if (r < 0)
    return service_fail(z->inbox->run, r, "%s cannot be made", z->keys);
  (void)keys_changed(z, &z->keys_changed);
  r = allow_list_read_good(z->keys, &z->allowed, &c);
  if (r < 0)
    return service_fail(z->inbox->run, r, "%s: %s", c.file, c.text);
  note_keys(z, r, &c);
  r = own_key(z, &key_file);
  if (r < 0)
    return r;
  z->context = zmq_ctx_new();
  r = z->context ? zap_open(z->inbox->loop, z->context, &z->allowed, &z->zap) : -ENOMEM;
  r = r < 0 ? service_fail(z->inbox->run, r, "cannot check keys") : bind_socket(z, listen, key_file);
  free(key_file);
  const struct zmq_loop_user user = {.receive = on_message, .arg = z};
  return r < 0 ? r : zmq_loop_open(z->inbox->loop, z->socket, &user, &z->watch);
}

int take_zmq_open(struct inbox *inbox, struct take_zmq **ret) {
  *ret = NULL;
  if (!inbox->config->inbox.zmq_listen[0])
    return 0;
  struct take_zmq *z = must_calloc(1, sizeof(*z));
  z->inbox = inbox;
  z->keys = config_path(inbox->config, inbox->config->inbox.zmq_keys);
  z->out = BUF_INIT(AGENT_ANSWER_MAX + 4096);
  z->broken = metric_counter("deskbell_inbox_broken_frames_total", "ZeroMQ: messages dropped", NULL, NULL);
  int r = open_all(z);
  if (r < 0)
    take_zmq_close(&z);
  else
    *ret = z;
  return r;
}

void take_zmq_drain(struct take_zmq *z) {
  if (z)
    z->draining = true;
}

void take_zmq_close(struct take_zmq **zmq) {
  if (!zmq || !*zmq)
    return;
  struct take_zmq *z = *zmq;
  int linger = 100;
  *zmq = NULL;
  for (size_t i = 0; i < SLOTS; i++)
    while (z->slots[i])
      forget(&z->slots[i]);
  zmq_loop_close(&z->watch);
  if (z->socket) {
    zmq_setsockopt(z->socket, ZMQ_LINGER, &linger, sizeof(linger)); /* the last answers */
    zmq_close(z->socket);
  }
  zap_close(&z->zap);
  if (z->context)
    zmq_ctx_term(z->context);
  allow_list_free(&z->allowed);
  buf_free(&z->out);
  free(z->keys);
  free(z);
}
