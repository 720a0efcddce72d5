/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What programs say, one row per kind. A routing id proves nothing, whoever connects chooses it; the user id is what
 * the key proved (zap.c), so each message is checked for the two being the same.
 */
#include "link/router_internal.h"
#include <stdio.h>
#include <stdlib.h>

static struct link_peer *find_peer(struct link_router *r, struct slice program) {
  for (size_t i = 0; i < r->peer_count; i++)
    if (slice_equal(slice_text(r->peers[i]->program), program))
      return r->peers[i];
  return NULL;
}

static void broken(struct link_peer *p, const char *why) {
  metric_add(p->router->broken, 1);
  if (++p->broken_in_row >= BROKEN_MOST) {
    peer_refuse(p, "%d broken frames in a row; the last: %s", BROKEN_MOST, why);
    p->broken_in_row = 0;
    p->hello_asked = false;
  } else {
    peer_demand_hello(p);
  }
}

/* ---- Hello */

static void remember_channels(struct link_peer *p, const Deskbell__V1__Hello *h) {
  for (size_t i = 0; i < p->channel_count; i++)
    free(p->channels[i]);
  free(p->channels);
  p->channels = must_calloc(h->n_channels, sizeof(*p->channels));
  p->channel_count = h->n_channels;
  for (size_t i = 0; i < h->n_channels; i++)
    p->channels[i] = must_strdup(h->channels[i]);
}

static bool refused(struct link_peer *p, const Deskbell__V1__Hello *h) {
  struct link_router *r = p->router;
  if (h->version != FRAME_VERSION) {
    peer_refuse(p, "protocol version %u; this router speaks %u", h->version, FRAME_VERSION);
    return true;
  }
  if (strcmp(h->program, p->program) != 0) {
    peer_refuse(p, "says it is '%s', its key is that of '%s'", h->program, p->program);
    return true;
  }
  for (size_t i = 0; i < h->n_channels; i++)
    if (!r->options.may_speak(r->user.arg, slice_text(p->program), slice_text(h->channels[i]))) {
      char words[FRAME_NAME_MAX + 1];
      frame_words(h->channels[i], words, sizeof(words));
      peer_refuse(p, "'%s' may not speak for channel '%s'", p->program, words);
      return true;
    }
  return false;
}

/* A new session is a new connection; the same one saying Hello again answers our Replay or our demand. */
static void consider_replay(struct link_peer *p, bool new_session) {
  unsigned wanted = p->router->replays;
  if (p->replay_done == wanted)
    return;
  if (new_session || p->replay_asked != wanted) {
    p->replay_due = true;
    return;
  }
  p->replay_target = p->highest;
  if (p->highest == 0)
    p->replay_done = wanted;
}

static void on_hello(struct link_peer *p, const link_frame *f) {
  const Deskbell__V1__Hello *h = f->hello;
  p->hello_asked = false;
  if (refused(p, h))
    return;
  bool new_session = memcmp(h->session.data, p->session, SESSION_BYTES) != 0;
  memcpy(p->session, h->session.data, SESSION_BYTES);
  remember_channels(p, h);
  outstanding_restart(&p->outstanding);
  p->refuse_due = p->replay_due = p->pong_due = p->ping_due = false;
  p->greeted = p->known = p->welcome_due = p->came_due = true;
  peer_forget_outbound(p);
  consider_replay(p, new_session);
}

/* ---- events */

/* Reads a varint of a length. Returns false when there is none. */
static bool take_length(struct slice *s, size_t *ret) {
  size_t value = 0;
  for (unsigned shift = 0; s->len && shift < 28; shift += 7) {
    uint8_t byte = (uint8_t)*s->at++;
    s->len--;
    value |= (size_t)(byte & 0x7f) << shift;
    if (!(byte & 0x80)) {
      *ret = value;
      return true;
    }
  }
  return false;
}

/* The channel of a packed ContactEvent without unpacking it: fields 1 to 3 come first, id, kind, channel. */
static bool channel_of(struct slice event, struct slice *ret) {
  enum { ID = 1 << 3 | 2, KIND = 2 << 3, CHANNEL = 3 << 3 | 2 };
  while (event.len) {
    uint8_t tag = (uint8_t)*event.at++;
    size_t value;
    event.len--;
    if ((tag != ID && tag != KIND && tag != CHANNEL) || !take_length(&event, &value))
      return false;
    if (tag == KIND)
      continue;
    if (value > event.len)
      return false;
    if (tag == CHANNEL) {
      *ret = slice_of(event.at, value);
      return true;
    }
    event.at += value;
    event.len -= value;
  }
  return false;
}

static bool speaks_for(const struct link_peer *p, struct slice event) {
  struct slice channel;
  if (!channel_of(event, &channel))
    return false;
  for (size_t i = 0; i < p->channel_count; i++)
    if (slice_equal(slice_text(p->channels[i]), channel))
      return true;
  return false;
}

static struct link_arrival arrival(const struct link_peer *p, const Deskbell__V1__BatchItem *item) {
  struct link_arrival a = {.seq = item->seq, .event = slice_of(item->event.data, item->event.len),
                           .attempt = item->attempt, .spooled_ms = item->spooled_at_ms, .sent_ms = item->sent_at_ms};
  memcpy(a.id.bytes, item->id.data, sizeof(a.id.bytes));
  a.foreign = !speaks_for(p, a.event);
  if (a.foreign)
    metric_add(p->router->foreign, 1);
  return a;
}

static void on_batch(struct link_peer *p, const link_frame *f) {
  struct link_router *r = p->router;
  const Deskbell__V1__EventBatch *b = f->batch;
  size_t fresh = 0, i;
  int outcome = 0;
  if (!p->greeted) {
    peer_demand_hello(p);
    return;
  }
  metric_add(r->batches, 1);
  metric_add(r->events, b->n_items);
  for (i = 0; i < b->n_items && (outcome == 0 || outcome == OUTSTANDING_KNOWN); i++) {
    struct link_arrival a = arrival(p, b->items[i]);
    outcome = outstanding_add(&p->outstanding, a.seq, &a.id, a.event.len);
    if (outcome == 0)
      r->arrivals[fresh++] = a;
    else if (outcome == OUTSTANDING_KNOWN)
      metric_add(r->repeated, 1);
  }
  if (outcome == OUTSTANDING_OTHER) { /* another spool: its numbers mean other events, all is sent anew */
    peer_forget(p);
    p->highest = 0;
    peer_demand_hello(p);
    return;
  }
  p->highest = p->outstanding.last > p->highest ? p->outstanding.last : p->highest;
  if (fresh)
    r->user.arrived(r->user.arg, p, r->arrivals, fresh);
  if (outcome == OUTSTANDING_FULL)
    peer_refuse(p, "more than its window: %u events, %llu bytes", p->outstanding.window_events,
                (unsigned long long)p->outstanding.window_bytes);
  else if (outcome == OUTSTANDING_DISORDER)
    broken(p, "numbers go back without a Hello");
  else
    p->broken_in_row = 0;
}

/* ---- the rest */

static void on_ping(struct link_peer *p, const link_frame *f) {
  p->pong_due = p->greeted;
  p->pong_n = f->ping->n;
  if (!p->greeted)
    peer_demand_hello(p);
}

static void on_pong(struct link_peer *p, const link_frame *f) {
  (void)p, (void)f; /* that it came is all it says */
}

static void on_outbound_confirm(struct link_peer *p, const link_frame *f) {
  if (!p->greeted) {
    peer_demand_hello(p);
    return;
  }
  p->broken_in_row = 0;
  peer_answered(p, f->outbound_confirm);
}

static void on_bye(struct link_peer *p, const link_frame *f) {
  (void)f;
  p->greeted = p->hello_asked = false;
  p->refuse_due = p->welcome_due = p->replay_due = p->pong_due = p->ping_due = false;
}

static const struct {
  Deskbell__V1__Frame__BodyCase kind;
  void (*take)(struct link_peer *p, const link_frame *f);
} kinds[] = {
    {DESKBELL__V1__FRAME__BODY_HELLO, on_hello}, {DESKBELL__V1__FRAME__BODY_BATCH, on_batch},
    {DESKBELL__V1__FRAME__BODY_PING, on_ping},   {DESKBELL__V1__FRAME__BODY_PONG, on_pong},
    {DESKBELL__V1__FRAME__BODY_BYE, on_bye},     {DESKBELL__V1__FRAME__BODY_OUTBOUND_CONFIRM, on_outbound_confirm},
};

/* The answer goes to whoever holds the routing id now, which is the liar or a newcomer of that name. */
static void refuse_liar(struct link_router *r, struct slice id, struct slice user) {
  Deskbell__V1__Refuse refuse = DESKBELL__V1__REFUSE__INIT;
  link_frame f = DESKBELL__V1__FRAME__INIT;
  char words[FRAME_REASON_MAX + 1];
  snprintf(words, sizeof(words), "this connection calls itself by another name than that of its key, '%.*s'",
           (int)user.len, user.at);
  refuse.reason = words;
  f.body_case = DESKBELL__V1__FRAME__BODY_REFUSE;
  f.refuse = &refuse;
  if (router_say(r, id, &f))
    return; /* it is gone, or does not listen */
}

void router_received(struct link_router *r, struct slice id, struct slice user, struct slice bytes) {
  struct link_peer *p = user.len && slice_equal(id, user) ? find_peer(r, user) : NULL;
  if (!p) {
    metric_add(r->broken, 1);
    refuse_liar(r, id, user);
    return;
  }
  if (!p->allowed) {
    peer_refuse(p, "its key was removed");
    return;
  }
  p->heard_ms = (int64_t)uv_now(r->loop);
  p->suspect = false;
  link_frame *f;
  const char *why = NULL;
  arena_reset(r->arena);
  int outcome = frame_read(bytes, r->arena, &f, &why);
  if (outcome == FRAME_UNKNOWN)
    return;
  for (size_t i = 0; outcome == 0 && i < sizeof(kinds) / sizeof(kinds[0]); i++)
    if (kinds[i].kind == f->body_case) {
      kinds[i].take(p, f);
      return;
    }
  broken(p, why ? why : "a frame that only routers send");
}
