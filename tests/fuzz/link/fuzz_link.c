/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Both ends of the link without their sockets: the input is a row of messages, each a byte that says to whom (bit 0:
 * to the router's end, else to the program's; bits 1, 2 and 5: what happens before it) and two of length, then the frame.
 */
#include "link/link_internal.h"
#include "link/router_internal.h"
#include <stdlib.h>

#define WINDOW 40
#define HELD 4096

struct ends {
  struct link *program;
  struct link_router *router;
  uint64_t next, confirmed;
  struct link_peer *peers[HELD];
  uint64_t seqs[HELD];
  size_t held;
};

/* ---- the program's end */

static void on_restart(void *arg) {
  struct ends *e = arg;
  e->next = e->confirmed + 1;
}

static void on_more(void *arg) {
  (void)arg;
}

static void on_confirmed(void *arg, uint64_t upto) {
  struct ends *e = arg;
  assert(upto < e->next); /* never more than was sent */
  e->confirmed = upto;
}

static void on_outcome(void *arg, uint64_t seq, enum link_outcome outcome, struct slice reason) {
  (void)arg, (void)seq;
  assert(outcome <= LINK_QUARANTINED && strlen(reason.at) == reason.len);
}

static void on_replay(void *arg, int64_t since_ms) {
  struct ends *e = arg;
  assert(since_ms >= 0);
  e->confirmed = 0;
  e->next = 1;
}

/* Answers every second one, the first of a batch with each answer there is. */
static void on_outbound(void *arg, const struct link_outbound *items, size_t count) {
  struct ends *e = arg;
  assert(count >= 1 && count <= LINK_OUTBOUND_WINDOW);
  for (size_t i = 0; i < count; i += 2) {
    assert(strlen(items[i].id) == DERIVED_ID_LEN && items[i].message.len <= LINK_OUTBOUND_MAX);
    link_outbound_result(e->program, items[i].id, items[i].order, (enum link_answer)(items[i].id[1] % 3), items[i].message);
  }
  assert(e->program->answer_count <= FRAME_RESULTS);
}

static void send_some(struct ends *e) {
  static char event[3000];
  for (int i = 0; i < 5; i++) {
    struct link_event ev = {.seq = e->next, .event = slice_of(event, sizeof(event))};
    if (link_send(e->program, &ev))
      return;
    e->next++;
  }
}

static struct link *program_new(uv_loop_t *loop, struct ends *e) {
  struct link *l = calloc(1, sizeof(*l));
  l->loop = loop;
  static char name[] = "sms";
  l->program = l->router = name;
  l->heartbeat_ms = 1000;
  l->dead_after_ms = 3000;
  l->user = (struct link_user){.restart = on_restart, .more = on_more, .confirmed = on_confirmed,
                               .outcome = on_outcome, .replay = on_replay, .outbound = on_outbound,
                               .arg = e};
  l->arena = arena_new(16 * 1024, FRAME_ARENA);
  l->out = BUF_INIT(FRAME_MAX);
  l->up = l->unconfirmed = l->batches = l->events = l->broken = l->lost = metric_gauge("fuzz", "", NULL, NULL);
  memcpy(l->session, "0123456789abcdef", SESSION_BYTES);
  batch_init(&l->batch);
  uv_timer_init(loop, &l->timer);
  l->timer.data = l;
  link_greet(l);
  return l;
}

/* ---- the router's end */

static void on_arrived(void *arg, struct link_peer *peer, const struct link_arrival *items, size_t count) {
  struct ends *e = arg;
  assert(count >= 1 && count <= FRAME_BATCH_ITEMS);
  for (size_t i = 0; i < count; i++) {
    assert(items[i].seq > 0 && items[i].event.len >= 1 && items[i].event.len <= FRAME_EVENT_MAX);
    if (e->held == HELD)
      continue;
    e->peers[e->held] = peer;
    e->seqs[e->held++] = items[i].seq;
  }
}

static void on_gone(void *arg, struct link_peer *peer) {
  struct ends *e = arg;
  for (size_t i = 0; i < e->held; i++)
    if (e->peers[i] == peer)
      e->peers[i] = NULL;
}

static void on_came(void *arg, struct link_peer *peer) {
  (void)arg;
  assert(link_peer_up(peer) && peer->sent_count == 0);
}

static void on_answered(void *arg, struct link_peer *peer, const struct link_outbound_answer *answers, size_t count) {
  (void)arg, (void)peer;
  assert(count >= 1 && count <= LINK_OUTBOUND_WINDOW);
  for (size_t i = 0; i < count; i++)
    assert(answers[i].answer <= LINK_LATER && answers[i].reason.len <= FRAME_REASON_MAX);
}

static void send_outbound(struct link_router *r) {
  static char message[30000];
  static const struct link_outbound items[] = {
      {"o0123456789abcdef", "deliver", {message, 100}, 0}, {"ozyxwvtsrqpnmkjhg", "cancel", {message, 0}, 0},
      {"o1123456789abcdef", "retry", {message, sizeof(message)}, 2}};
  for (size_t i = 0; i < r->peer_count; i++) {
    size_t taken = link_router_send_outbound(r->peers[i], items, 3);
    assert(taken <= 3);
  }
}

static bool may_speak(void *arg, struct slice program, struct slice channel) {
  (void)arg, (void)program;
  return channel.len == 0 || channel.at[0] != 'f';
}

static struct link_router *router_new(uv_loop_t *loop, struct ends *e) {
  static const char *const programs[] = {"sms", "email"};
  struct link_router *r = calloc(1, sizeof(*r));
  r->loop = loop;
  r->options = (struct link_router_options){.window_events = WINDOW, .window_bytes = 100000, .heartbeat_ms = 1000,
                                            .dead_after_ms = 3000, .may_speak = may_speak};
  r->user = (struct link_router_user){.arrived = on_arrived, .gone = on_gone, .came = on_came, .answered = on_answered, .arg = e};
  r->arena = arena_new(FRAME_MAX, 2 * FRAME_ARENA);
  r->out = BUF_INIT(FRAME_MAX);
  r->peers_up = r->outstanding = r->batches = r->events = r->broken = r->foreign = r->repeated =
      metric_gauge("fuzz", "", NULL, NULL);
  for (size_t i = 0; i < 2; i++) {
    struct link_peer *p = calloc(1, sizeof(*p));
    p->router = r;
    p->allowed = true;
    strcpy(p->program, programs[i]);
    outstanding_init(&p->outstanding, WINDOW, 100000);
    r->peers[r->peer_count++] = p;
  }
  return r;
}

static void answer(struct ends *e) {
  for (size_t n = e->held / 2 + 1; n > 0 && e->held > 0; n--) {
    size_t i = --e->held;
    if (e->peers[i])
      link_router_done(e->peers[i], e->seqs[i], (enum link_outcome)(e->seqs[i] % 3), SLICE("because"));
  }
}

static void check_router(const struct link_router *r) {
  for (size_t i = 0; i < r->peer_count; i++) {
    const struct outstanding *o = &r->peers[i]->outstanding;
    assert(o->count <= WINDOW && o->open <= 4 * WINDOW && o->ready <= o->count);
    assert(r->peers[i]->sent_count <= LINK_OUTBOUND_WINDOW && r->peers[i]->sent_bytes <= LINK_OUTBOUND_WINDOW_BYTES);
    assert(r->peers[i]->sent_count > 0 || r->peers[i]->sent_bytes == 0);
  }
}

/* ---- the input */

static void happen(struct ends *e, uint8_t what) {
  switch (what >> 1 & 3) {
  case 1:
    send_some(e);
    break;
  case 2:
    answer(e);
    break;
  case 3:
    if (what & 8)
      for (size_t i = 0; i < e->router->peer_count; i++)
        e->router->peers[i]->replay_due = true, e->router->replays++;
    for (size_t i = 0; i < e->router->peer_count; i++)
      peer_turn(e->router->peers[i], (int64_t)uv_now(e->router->loop));
    break;
  default:
    break;
  }
  if (what & 32)
    send_outbound(e->router);
  if (e->program->state == LINK_WAITING) /* the timer would do this */
    link_greet(e->program);
}

static void free_ends(struct ends *e) {
  struct link *l = e->program;
  uv_timer_stop(&l->timer);
  batch_free(&l->batch);
  buf_free(&l->out);
  arena_free(&l->arena);
  link_forget_answers(l);
  free(l->answers);
  free(l->sent);
  for (size_t i = 0; i < e->router->peer_count; i++)
    peer_free(&e->router->peers[i]);
  arena_free(&e->router->arena);
  buf_free(&e->router->out);
  free(e->router);
}

static void close_timer(uv_handle_t *timer) {
  free(timer->data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static struct ends ends;
  uv_loop_t loop;
  uv_loop_init(&loop);
  ends = (struct ends){.next = 1};
  ends.program = program_new(&loop, &ends);
  ends.router = router_new(&loop, &ends);
  while (size >= 3) {
    size_t len = (size_t)data[1] << 8 | data[2];
    uint8_t what = data[0];
    data += 3;
    size -= 3;
    if (len > size)
      len = size;
    happen(&ends, what);
    if (what & 1)
      router_received(ends.router, SLICE("sms"), what & 16 ? SLICE("email") : SLICE("sms"), slice_of(data, len));
    else
      link_received(ends.program, slice_of(data, len));
    check_router(ends.router);
    data += len;
    size -= len;
  }
  free_ends(&ends);
  uv_close((uv_handle_t *)&ends.program->timer, close_timer);
  uv_run(&loop, UV_RUN_DEFAULT);
  uv_loop_close(&loop);
  return 0;
}
