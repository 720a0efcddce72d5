/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the router says, one row per kind. A confirm is believed only while up and only for what was sent since the last
 * Welcome; since each Hello is answered exactly once and in order, an old confirm cannot be taken for a new one.
 */
#include "link/link_internal.h"
#include <stdio.h>

enum {
  BROKEN_MOST = 10,
  REFUSED_FAILURES = 4,       /* a refusal is not cured in a moment */
  WINDOW_MOST = 1000 * 1000,  /* events: what we are ready to remember */
};

static void broken(struct link *l) {
  metric_add(l->broken, 1);
  if (++l->broken_in_row >= BROKEN_MOST)
    link_fall(l, "the router sends broken frames (%s)", l->router);
}

static void set_window(struct link *l, uint32_t events, uint64_t bytes) {
  l->window_events = events < WINDOW_MOST ? events : WINDOW_MOST;
  l->window_bytes = bytes;
}

static void on_welcome(struct link *l, const link_frame *f) {
  const Deskbell__V1__Welcome *w = f->welcome;
  if (l->state != LINK_GREETING || memcmp(w->session.data, l->session, SESSION_BYTES) != 0)
    return;
  if (w->version != FRAME_VERSION) {
    link_fall(l, "the router speaks protocol version %u, this program %u", w->version, FRAME_VERSION);
    return;
  }
  l->state = LINK_UP;
  l->failures = 0;
  l->trouble[0] = '\0';
  metric_set(l->up, 1);
  set_window(l, w->window_events, w->window_bytes);
  if (l->replay_due) {
    l->replay_due = false;
    l->user.replay(l->user.arg, l->replay_since_ms);
  } else {
    l->user.restart(l->user.arg);
  }
}

static void on_refuse(struct link *l, const link_frame *f) {
  char words[FRAME_REASON_MAX + 1];
  if (strcmp(f->refuse->reason, REFUSE_HELLO_FIRST) == 0) {
    if (l->state == LINK_UP) /* else our Hello and this crossed on the way */
      link_greet(l);
    return;
  }
  frame_words(f->refuse->reason, words, sizeof(words));
  if (l->failures < REFUSED_FAILURES)
    l->failures = REFUSED_FAILURES;
  link_fall(l, "the router refuses: %s", words);
}

static void tell_outcomes(struct link *l, const Deskbell__V1__Confirm *c) {
  static const enum link_outcome outcomes[] = {
      [DESKBELL__V1__OUTCOME_CODE__ROUTED] = LINK_ROUTED,
      [DESKBELL__V1__OUTCOME_CODE__DUPLICATE] = LINK_DUPLICATE,
      [DESKBELL__V1__OUTCOME_CODE__QUARANTINED] = LINK_QUARANTINED,
  };
  for (size_t i = 0; i < c->n_outcomes && l->user.outcome; i++) {
    const Deskbell__V1__Outcome *o = c->outcomes[i];
    if ((unsigned)o->code < sizeof(outcomes) / sizeof(outcomes[0]))
      l->user.outcome(l->user.arg, o->seq, outcomes[o->code], slice_text(o->reason));
  }
}

static void on_confirm(struct link *l, const link_frame *f) {
  uint64_t upto = f->confirm->upto;
  if (l->state != LINK_UP)
    return;
  if (upto > l->last_seq) {
    broken(l);
    return;
  }
  size_t mask = l->sent_room - 1, before = l->sent_count;
  if (before == 0 || l->sent[l->sent_head].seq > upto)
    return;
  tell_outcomes(l, f->confirm);
  while (l->sent_count && l->sent[l->sent_head].seq <= upto) {
    l->sent_bytes -= l->sent[l->sent_head].bytes;
    l->sent_head = (l->sent_head + 1) & mask;
    l->sent_count--;
  }
  l->user.confirmed(l->user.arg, upto);
}

static void on_credit(struct link *l, const link_frame *f) {
  set_window(l, f->credit->window_events, f->credit->window_bytes);
}

/* Hello marks for the router where the repeat begins: what we sent before is then of an earlier pass. */
static void on_replay(struct link *l, const link_frame *f) {
  if (l->state != LINK_UP)
    return;
  if (!l->replay_due || f->replay->since_ms < l->replay_since_ms)
    l->replay_since_ms = f->replay->since_ms;
  l->replay_due = true;
  link_greet(l);
}

static void on_outbound(struct link *l, const link_frame *f) {
  if (l->state == LINK_UP)
    link_take_outbound(l, f->outbound);
}

static void on_ping(struct link *l, const link_frame *f) {
  l->pong_due = true;
  l->pong_n = f->ping->n;
}

static void on_pong(struct link *l, const link_frame *f) {
  (void)l, (void)f; /* that it came is all it says */
}

static void on_bye(struct link *l, const link_frame *f) {
  char words[FRAME_REASON_MAX + 1];
  frame_words(f->bye->reason, words, sizeof(words));
  link_fall(l, "the router said bye: %s", words);
}

static const struct {
  Deskbell__V1__Frame__BodyCase kind;
  void (*take)(struct link *l, const link_frame *f);
} kinds[] = {
    {DESKBELL__V1__FRAME__BODY_WELCOME, on_welcome}, {DESKBELL__V1__FRAME__BODY_REFUSE, on_refuse},
    {DESKBELL__V1__FRAME__BODY_CONFIRM, on_confirm}, {DESKBELL__V1__FRAME__BODY_CREDIT, on_credit},
    {DESKBELL__V1__FRAME__BODY_PING, on_ping},       {DESKBELL__V1__FRAME__BODY_PONG, on_pong},
    {DESKBELL__V1__FRAME__BODY_BYE, on_bye},         {DESKBELL__V1__FRAME__BODY_REPLAY, on_replay},
    {DESKBELL__V1__FRAME__BODY_OUTBOUND, on_outbound},
};

void link_received(struct link *l, struct slice bytes) {
  link_frame *f;
  const char *why;
  arena_reset(l->arena);
  int r = frame_read(bytes, l->arena, &f, &why);
  if (r == FRAME_BROKEN) {
    broken(l);
    return;
  }
  l->heard_ms = (int64_t)uv_now(l->loop);
  l->suspect = false;
  if (r == FRAME_UNKNOWN)
    return;
  for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
    if (kinds[i].kind == f->body_case) {
      l->broken_in_row = 0;
      kinds[i].take(l, f);
      return;
    }
  broken(l);
}
