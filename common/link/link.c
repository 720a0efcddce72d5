/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Life, time and sending of the channel program's end.
 *
 *   waiting ──timer──▶ greeting ──Welcome──▶ up
 *      ▲                  │                   │   anything that goes wrong
 *      └──────────────────┴───────────────────┘
 *
 * Everything is said once per turn of the loop, so batches form by themselves under load: while the router is slow or
 * the loop busy, the open batch grows. If the process dies here, the spool has what was not confirmed.
 */
#include "base/clock.h"
#include "base/digest.h"
#include "base/file.h"
#include "link/link_internal.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <zmq.h>

enum { RETRY_FIRST_MS = 100, RETRY_MOST_MS = 5000, BYE_LINGER_MS = 100 };

int64_t link_backoff_ms(unsigned failures, uint32_t chance) {
  int64_t whole = failures < 6 ? (int64_t)RETRY_FIRST_MS << failures : RETRY_MOST_MS;
  return whole / 2 + (int64_t)(chance % (uint32_t)(whole / 2 + 1));
}

static void on_timer(uv_timer_t *timer);

static int64_t now_ms(const struct link *l) {
  return (int64_t)uv_now(l->loop);
}

static void arm(struct link *l) {
  int64_t due = l->retry_ms;
  if (l->state == LINK_GREETING)
    due = l->opened_ms + l->dead_after_ms;
  else if (l->state == LINK_UP)
    due = l->said_ms < l->heard_ms + l->dead_after_ms - l->heartbeat_ms ? l->said_ms + l->heartbeat_ms
                                                                        : l->heard_ms + l->dead_after_ms;
  int64_t wait = due - now_ms(l);
  uv_timer_start(&l->timer, on_timer, wait > 0 ? (uint64_t)wait : 1, 0);
}

/* ---- saying */

bool link_say(struct link *l, const link_frame *f) {
  frame_write(f, &l->out);
  if (connection_send(l->connection, buf_slice(&l->out)))
    return false;
  l->said_ms = now_ms(l);
  return true;
}

static bool say_hello(struct link *l) {
  Deskbell__V1__Hello hello = DESKBELL__V1__HELLO__INIT;
  link_frame f = DESKBELL__V1__FRAME__INIT;
  hello.version = FRAME_VERSION;
  hello.program = l->program;
  hello.session = (ProtobufCBinaryData){.len = SESSION_BYTES, .data = l->session};
  hello.channels = l->channels;
  hello.n_channels = l->channel_count;
  f.body_case = DESKBELL__V1__FRAME__BODY_HELLO;
  f.hello = &hello;
  return link_say(l, &f);
}

/* A ping or pong that finds no room is not missed: where frames are stuck, others prove that we live, or we do not. */
static void say_signs_of_life(struct link *l) {
  Deskbell__V1__Ping ping = DESKBELL__V1__PING__INIT;
  Deskbell__V1__Pong pong = DESKBELL__V1__PONG__INIT;
  link_frame f = DESKBELL__V1__FRAME__INIT;
  if (l->pong_due) {
    pong.n = l->pong_n;
    f.body_case = DESKBELL__V1__FRAME__BODY_PONG;
    f.pong = &pong;
    link_say(l, &f);
  } else if (l->ping_due) {
    ping.n = ++l->pings;
    f.body_case = DESKBELL__V1__FRAME__BODY_PING;
    f.ping = &ping;
    link_say(l, &f);
  }
  l->pong_due = l->ping_due = false;
}

static void flush(struct link *l) {
  if (l->batch.items == 0 || connection_send(l->connection, batch_frame(&l->batch)))
    return;
  metric_add(l->batches, 1);
  metric_add(l->events, l->batch.items);
  batch_clear(&l->batch);
  l->said_ms = now_ms(l);
}

static bool in_window(const struct link *l, size_t len) {
  return l->sent_count < l->window_events && (l->sent_count == 0 || l->sent_bytes + len <= l->window_bytes);
}

static void on_turn(void *arg) {
  struct link *l = arg;
  if (l->hello_due)
    l->hello_due = !say_hello(l);
  if (l->state == LINK_UP) {
    say_signs_of_life(l);
    link_say_answers(l);
    flush(l);
    if (l->starved && in_window(l, l->starved_len) && batch_fits(&l->batch, l->starved_len)) {
      l->starved = false;
      l->user.more(l->user.arg);
      if (l->state == LINK_UP)
        flush(l);
    }
  }
  metric_set(l->unconfirmed, (int64_t)l->sent_count);
}

/* ---- the connection's life */

static void on_received(void *arg, struct slice frame) {
  link_received(arg, frame);
}

static void on_lost(void *arg, const char *why) {
  struct link *l = arg;
  link_fall(l, "%s (%s)", why, l->router);
}

static int open_connection(struct link *l) {
  struct connection_options options = {.endpoint = l->router, .routing_id = l->program, .server_key = l->server_key,
                                       .public_key = l->public_key, .secret_key = l->secret_key,
                                       .handshake_ms = l->dead_after_ms};
  struct connection_user user = {.received = on_received, .turn = on_turn, .lost = on_lost, .arg = l};
  int r = connection_open(l->loop, l->context, &options, &user, &l->connection);
  if (r < 0)
    return r;
  random_bytes(l->session, sizeof(l->session));
  l->opened_ms = now_ms(l);
  l->broken_in_row = 0;
  link_greet(l);
  arm(l);
  return 0;
}

void link_forget_sent(struct link *l) {
  batch_clear(&l->batch);
  l->sent_head = l->sent_count = 0;
  l->sent_bytes = l->last_seq = 0;
  l->starved = false;
  link_forget_answers(l);
  metric_set(l->unconfirmed, 0);
}

void link_greet(struct link *l) {
  link_forget_sent(l);
  l->state = LINK_GREETING;
  l->hello_due = true;
  l->ping_due = l->pong_due = l->suspect = false;
  l->opened_ms = now_ms(l);
  metric_set(l->up, 0);
  if (l->connection)
    connection_wake(l->connection);
}

void link_fall(struct link *l, const char *format, ...) {
  va_list args;
  va_start(args, format);
  vsnprintf(l->trouble, sizeof(l->trouble), format, args);
  va_end(args);
  connection_close(&l->connection, 0);
  link_forget_sent(l);
  if (l->state == LINK_UP)
    metric_add(l->lost, 1);
  l->state = LINK_WAITING;
  l->hello_due = false;
  metric_set(l->up, 0);
  uint32_t chance;
  random_bytes(&chance, sizeof(chance));
  l->retry_ms = now_ms(l) + link_backoff_ms(l->failures, chance);
  if (l->failures < 16)
    l->failures++;
  if (!l->closing)
    arm(l);
}

/* A silence is believed only when it lasts beyond one more look at the socket: after a pause of this process
 * (SIGSTOP, a suspended machine) frames are waiting that the timer does not see. */
static void on_timer(uv_timer_t *timer) {
  struct link *l = timer->data;
  int64_t now = now_ms(l);
  if (l->state == LINK_WAITING) {
    int r = open_connection(l);
    if (r < 0)
      link_fall(l, "cannot connect to %s: %s", l->router, zmq_strerror(-r));
    return;
  }
  if (l->state == LINK_GREETING && now - l->opened_ms >= l->dead_after_ms) {
    link_fall(l, "the router does not answer (%s)", l->router);
    return;
  }
  if (l->state == LINK_UP && now - l->heard_ms >= l->dead_after_ms) {
    if (l->suspect) {
      link_fall(l, "the router was silent for %lld ms (%s)", (long long)(now - l->heard_ms), l->router);
      return;
    }
    l->suspect = true;
    uv_timer_start(&l->timer, on_timer, (uint64_t)l->heartbeat_ms / 4 + 1, 0);
    return;
  }
  if (l->state == LINK_UP && now - l->said_ms >= l->heartbeat_ms) {
    l->ping_due = true;
    l->said_ms = now; /* said or not, the next one is due a heartbeat later */
    connection_wake(l->connection);
  }
  arm(l);
}

/* ---- opening and closing */

static int read_keys(struct link *l, const struct link_options *o, struct complaint *complaint) {
  int r = keys_read_public(o->server_key_file, l->server_key);
  const char *file = o->server_key_file;
  if (r == 0) {
    file = o->own_key_file;
    r = keys_read_pair(file, l->public_key, l->secret_key);
  }
  if (r < 0)
    complain(complaint, file, 0, 0, r == -EBADMSG ? "is not a key file" : "cannot be read: %s", strerror(-r));
  return r;
}

static void open_metrics(struct link *l) {
  l->up = metric_gauge("deskbell_link_up", "1 while the router takes events", NULL, NULL);
  l->unconfirmed = metric_gauge("deskbell_link_unconfirmed", "Events sent and not confirmed", NULL, NULL);
  l->batches = metric_counter("deskbell_link_batches_total", "Batches sent or received", NULL, NULL);
  l->events = metric_counter("deskbell_link_events_total", "Events sent or received, repeats included", NULL, NULL);
  l->broken = metric_counter("deskbell_link_broken_frames_total", "Frames dropped: they were broken", NULL, NULL);
  l->lost = metric_counter("deskbell_link_lost_total", "How often an established link was lost", NULL, NULL);
}

int link_open(uv_loop_t *loop, const struct link_options *options, const struct link_user *user, struct link **ret,
              struct complaint *complaint) {
  if (!program_name_ok(slice_text(options->program)))
    return complain(complaint, "", 0, 0, "'%s' is not the name of a program", options->program);
  if (options->heartbeat_ms <= 0 || options->dead_after_ms < 2 * options->heartbeat_ms)
    return complain(complaint, "", 0, 0, "a link must be silent for two heartbeats before it counts as dead");
  struct link *l = must_calloc(1, sizeof(*l));
  l->loop = loop;
  l->user = *user;
  l->program = must_strdup(options->program);
  l->router = must_strdup(options->router);
  l->heartbeat_ms = options->heartbeat_ms;
  l->dead_after_ms = options->dead_after_ms;
  l->channel_count = options->channel_count;
  l->channels = must_calloc(options->channel_count, sizeof(*l->channels));
  for (size_t i = 0; i < options->channel_count; i++)
    l->channels[i] = must_strdup(options->channels[i]);
  l->heard_ms = now_ms(l);
  l->arena = arena_new(16 * 1024, FRAME_ARENA);
  l->out = BUF_INIT(FRAME_MAX);
  batch_init(&l->batch);
  open_metrics(l);
  uv_timer_init(loop, &l->timer);
  l->timer.data = l;
  int r = read_keys(l, options, complaint);
  if (r == 0) {
    l->context = zmq_ctx_new();
    r = l->context ? open_connection(l) : -zmq_errno();
    if (r < 0)
      complain(complaint, "", 0, 0, "cannot connect to %s: %s", l->router, zmq_strerror(-r));
  }
  if (r < 0)
    link_close(&l);
  else
    *ret = l;
  return r;
}

static void free_link(uv_handle_t *timer) {
  struct link *l = timer->data;
  for (size_t i = 0; i < l->channel_count; i++)
    free(l->channels[i]);
  free(l->channels);
  free(l->program);
  free(l->router);
  free(l->sent);
  link_forget_answers(l);
  free(l->answers);
  batch_free(&l->batch);
  buf_free(&l->out);
  arena_free(&l->arena);
  explicit_bzero(l->secret_key, sizeof(l->secret_key));
  free(l);
}

static void say_bye(struct link *l) {
  char reason[] = "closing";
  Deskbell__V1__Bye bye = DESKBELL__V1__BYE__INIT;
  link_frame f = DESKBELL__V1__FRAME__INIT;
  bye.reason = reason;
  f.body_case = DESKBELL__V1__FRAME__BODY_BYE;
  f.bye = &bye;
  link_say(l, &f);
}

void link_close(struct link **link) {
  if (!link || !*link)
    return;
  struct link *l = *link;
  *link = NULL;
  l->closing = true;
  if (l->connection && l->state == LINK_UP)
    say_bye(l);
  connection_close(&l->connection, BYE_LINGER_MS);
  l->state = LINK_WAITING;
  metric_set(l->up, 0);
  if (l->context)
    zmq_ctx_term(l->context);
  uv_close((uv_handle_t *)&l->timer, free_link);
}

/* ---- what the channel program asks */

static void remember_sent(struct link *l, const struct link_event *event) {
  if (l->sent_count == l->sent_room) {
    size_t room = l->sent_room ? l->sent_room * 2 : 64;
    struct sent *ring = must_calloc(room, sizeof(*ring));
    for (size_t i = 0; i < l->sent_count; i++)
      ring[i] = l->sent[(l->sent_head + i) & (l->sent_room - 1)];
    free(l->sent);
    l->sent = ring;
    l->sent_room = room;
    l->sent_head = 0;
  }
  l->sent[(l->sent_head + l->sent_count++) & (l->sent_room - 1)] =
      (struct sent){.seq = event->seq, .bytes = (uint32_t)event->event.len};
  l->sent_bytes += event->event.len;
  l->last_seq = event->seq;
}

int link_send(struct link *l, const struct link_event *event) {
  size_t len = event->event.len;
  if (len > LINK_EVENT_MAX)
    return -EMSGSIZE;
  if (len == 0)
    return -EINVAL;
  if (l->state != LINK_UP)
    return LINK_NO_CREDIT;
  assert(event->seq > l->last_seq);
  if (!batch_fits(&l->batch, len)) {
    flush(l);
    connection_wake(l->connection); /* a send outside on_turn() eats wake-ups */
  }
  if (!in_window(l, len) || !batch_fits(&l->batch, len)) {
    l->starved = true;
    l->starved_len = len;
    return LINK_NO_CREDIT;
  }
  if (l->batch.items == 0)
    connection_wake(l->connection);
  batch_add(&l->batch, event, clock_now_ms());
  remember_sent(l, event);
  return 0;
}

bool link_up(const struct link *l) {
  return l->state == LINK_UP;
}

const char *link_trouble(const struct link *l) {
  return l->state == LINK_UP ? "" : l->trouble;
}

int64_t link_down_ms(const struct link *l) {
  return l->state == LINK_UP ? 0 : now_ms(l) - l->heard_ms;
}

size_t link_unconfirmed(const struct link *l) {
  return l->sent_count;
}
