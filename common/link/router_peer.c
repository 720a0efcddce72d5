/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is said to a program. There is no queue: flags and the outstanding items say what is due, and each thing due is
 * said as soon as the peer takes it, so a slow or stopped peer costs no memory and no waiting.
 *
 * libzmq answers EAGAIN for a peer that died with a full queue until the socket is read again (then EHOSTUNREACH);
 * the loop reads every turn, so trying again each turn is enough.
 */
#include "link/router_internal.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <zmq.h>

int router_say(struct link_router *r, struct slice id, const link_frame *f) {
  if (!r->socket)
    return 0;
  frame_write(f, &r->out);
  if (zmq_send(r->socket, id.at, id.len, ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0)
    return zmq_errno() == EAGAIN ? PEER_SLOW : PEER_AWAY;
  return zmq_send(r->socket, r->out.at, r->out.len, ZMQ_DONTWAIT) < 0 ? PEER_AWAY : 0;
}

static void send_away(struct link_peer *p) {
  p->greeted = p->suspect = false;
  p->welcome_due = p->replay_due = p->pong_due = p->ping_due = false;
}

void peer_refuse(struct link_peer *p, const char *format, ...) {
  va_list args;
  va_start(args, format);
  vsnprintf(p->refusal, sizeof(p->refusal), format, args);
  va_end(args);
  send_away(p);
  p->refuse_due = true;
}

void peer_demand_hello(struct link_peer *p) {
  if (!p->hello_asked)
    peer_refuse(p, "%s", REFUSE_HELLO_FIRST);
  p->hello_asked = true;
}

void peer_forget(struct link_peer *p) {
  send_away(p);
  outstanding_clear(&p->outstanding);
  peer_forget_outbound(p);
  if (!p->known)
    return;
  p->known = false;
  p->router->user.gone(p->router->user.arg, p);
}

/* ---- saying; each returns 0, PEER_SLOW or PEER_AWAY */

static int say(struct link_peer *p, const link_frame *f) {
  return router_say(p->router, slice_text(p->program), f);
}

static int say_refuse(struct link_peer *p) {
  Deskbell__V1__Refuse refuse = DESKBELL__V1__REFUSE__INIT;
  link_frame f = DESKBELL__V1__FRAME__INIT;
  refuse.reason = p->refusal;
  f.body_case = DESKBELL__V1__FRAME__BODY_REFUSE;
  f.refuse = &refuse;
  return say(p, &f);
}

static int say_welcome(struct link_peer *p) {
  Deskbell__V1__Welcome welcome = DESKBELL__V1__WELCOME__INIT;
  link_frame f = DESKBELL__V1__FRAME__INIT;
  welcome.version = FRAME_VERSION;
  welcome.session = (ProtobufCBinaryData){.len = SESSION_BYTES, .data = p->session};
  welcome.window_events = p->outstanding.window_events;
  welcome.window_bytes = p->outstanding.window_bytes;
  welcome.router = p->router->name;
  f.body_case = DESKBELL__V1__FRAME__BODY_WELCOME;
  f.welcome = &welcome;
  return say(p, &f);
}

static int say_replay(struct link_peer *p) {
  Deskbell__V1__Replay replay = DESKBELL__V1__REPLAY__INIT;
  link_frame f = DESKBELL__V1__FRAME__INIT;
  replay.since_ms = p->replay_since_ms;
  f.body_case = DESKBELL__V1__FRAME__BODY_REPLAY;
  f.replay = &replay;
  int r = say(p, &f);
  if (r == 0) { /* what comes before its Hello is of the pass before and comes again */
    p->replay_asked = p->router->replays;
    send_away(p);
    p->hello_asked = true;
  }
  return r;
}

static int say_pong(struct link_peer *p) {
  Deskbell__V1__Pong pong = DESKBELL__V1__PONG__INIT;
  link_frame f = DESKBELL__V1__FRAME__INIT;
  pong.n = p->pong_n;
  f.body_case = DESKBELL__V1__FRAME__BODY_PONG;
  f.pong = &pong;
  return say(p, &f);
}

static int say_ping(struct link_peer *p) {
  Deskbell__V1__Ping ping = DESKBELL__V1__PING__INIT;
  link_frame f = DESKBELL__V1__FRAME__INIT;
  ping.n = ++p->pings;
  f.body_case = DESKBELL__V1__FRAME__BODY_PING;
  f.ping = &ping;
  return say(p, &f);
}

/* Collects the front as far as one Confirm may tell it. Returns how many items it covers. */
static size_t collect_confirm(struct link_peer *p, Deskbell__V1__Confirm *confirm) {
  static const Deskbell__V1__OutcomeCode codes[] = {
      [LINK_ROUTED] = DESKBELL__V1__OUTCOME_CODE__ROUTED,
      [LINK_DUPLICATE] = DESKBELL__V1__OUTCOME_CODE__DUPLICATE,
      [LINK_QUARANTINED] = DESKBELL__V1__OUTCOME_CODE__QUARANTINED,
  };
  struct link_router *r = p->router;
  const struct outstanding_item *item;
  size_t covered = 0;
  for (; (item = outstanding_ready(&p->outstanding, covered)); covered++) {
    bool plain = item->outcome == LINK_ROUTED && !item->reason;
    if (!plain && confirm->n_outcomes == FRAME_OUTCOMES)
      break;
    confirm->upto = item->seq;
    if (plain)
      continue;
    Deskbell__V1__Outcome *o = &r->outcomes[confirm->n_outcomes];
    deskbell__v1__outcome__init(o);
    o->seq = item->seq;
    o->code = codes[item->outcome];
    if (item->reason)
      o->reason = item->reason;
    r->outcome_list[confirm->n_outcomes++] = o;
  }
  return covered;
}

static int say_confirms(struct link_peer *p) {
  int r = 0;
  while (r == 0 && outstanding_ready(&p->outstanding, 0)) {
    Deskbell__V1__Confirm confirm = DESKBELL__V1__CONFIRM__INIT;
    link_frame f = DESKBELL__V1__FRAME__INIT;
    confirm.outcomes = p->router->outcome_list;
    size_t covered = collect_confirm(p, &confirm);
    f.body_case = DESKBELL__V1__FRAME__BODY_CONFIRM;
    f.confirm = &confirm;
    r = say(p, &f);
    if (r == 0) {
      outstanding_drop(&p->outstanding, covered);
      if (p->replay_asked == p->router->replays && confirm.upto >= p->replay_target)
        p->replay_done = p->replay_asked;
    }
  }
  return r;
}

static int say_due(struct link_peer *p, bool *due, int (*say_it)(struct link_peer *p)) {
  if (!*due)
    return 0;
  int r = say_it(p);
  if (r == 0)
    *due = false;
  return r;
}

static int say_all(struct link_peer *p) {
  int r = say_due(p, &p->refuse_due, say_refuse);
  if (r || !p->greeted)
    return r;
  r = say_due(p, &p->welcome_due, say_welcome);
  if (r == 0)
    r = say_due(p, &p->replay_due, say_replay);
  if (r == 0 && p->greeted)
    r = say_confirms(p);
  if (r == 0)
    r = say_due(p, &p->pong_due, say_pong);
  if (r == 0)
    r = say_due(p, &p->ping_due, say_ping);
  return r;
}

void peer_turn(struct link_peer *p, int64_t now_ms) {
  bool due = p->refuse_due || p->welcome_due || p->replay_due || p->pong_due || p->ping_due ||
             (p->greeted && outstanding_ready(&p->outstanding, 0));
  if (due) {
    int r = say_all(p);
    if (r == 0)
      p->said_ms = now_ms;
    if (r == PEER_AWAY) {
      send_away(p);
      p->refuse_due = p->hello_asked = false;
    }
  }
  if (p->known && !p->greeted && p->outstanding.open == 0)
    peer_forget(p);
  if (p->came_due && link_peer_up(p)) {
    p->came_due = false;
    if (p->router->user.came)
      p->router->user.came(p->router->user.arg, p);
  }
}

/* A program pings after a heartbeat of saying nothing, and is answered; so we ask only when it does not. Silence is
 * believed at the second look, because after a pause of ours its frames may be waiting still. */
void peer_tick(struct link_peer *p, int64_t now_ms) {
  const struct link_router_options *o = &p->router->options;
  if (!p->greeted)
    return;
  if (now_ms - p->heard_ms >= o->dead_after_ms) {
    if (p->suspect)
      send_away(p);
    else
      p->suspect = true;
  } else if (now_ms - p->said_ms >= o->heartbeat_ms + o->heartbeat_ms / 2) {
    p->ping_due = true;
  }
}

void peer_free(struct link_peer **p) {
  if (!p || !*p)
    return;
  outstanding_clear(&(*p)->outstanding);
  for (size_t i = 0; i < (*p)->channel_count; i++)
    free((*p)->channels[i]);
  free((*p)->channels);
  free(*p);
  *p = NULL;
}
