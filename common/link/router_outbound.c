/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The router's end of what goes out. Nothing is queued here: an order is sent at once or not taken, and remembered by
 * name only, so that the window is kept and an answer to what nobody asked is dropped.
 */
#include "link/router_internal.h"

/* How many from the front go into one frame: by count, by bytes, and by what the window has left. */
static size_t fit(const struct link_peer *p, const struct link_outbound *items, size_t count) {
  size_t n = 0, bytes = 0;
  while (n < count && n < FRAME_OUTBOUND_ITEMS && p->sent_count + n < LINK_OUTBOUND_WINDOW) {
    size_t len = items[n].message.len;
    bool room = p->sent_bytes + bytes + len <= LINK_OUTBOUND_WINDOW_BYTES && bytes + len <= FRAME_OUTBOUND_BYTES;
    if (n > 0 && !room)
      break;
    if (n == 0 && p->sent_count > 0 && p->sent_bytes + len > LINK_OUTBOUND_WINDOW_BYTES)
      break;
    bytes += len;
    n++;
  }
  return n;
}

static void remember(struct link_peer *p, const struct link_outbound *item) {
  struct outbound_sent *sent = &p->sent[p->sent_count++];
  memcpy(sent->id, item->id, DERIVED_ID_LEN + 1);
  sent->order = link_order(item->order);
  sent->bytes = (uint32_t)item->message.len;
  p->sent_bytes += item->message.len;
}

static int say_batch(struct link_peer *p, const struct link_outbound *items, size_t count) {
  Deskbell__V1__OutboundItem packed[FRAME_OUTBOUND_ITEMS], *list[FRAME_OUTBOUND_ITEMS];
  for (size_t i = 0; i < count; i++) {
    assert(strlen(items[i].id) == DERIVED_ID_LEN && link_order(items[i].order));
    assert(items[i].message.len <= LINK_OUTBOUND_MAX);
    deskbell__v1__outbound_item__init(&packed[i]);
    packed[i].id = (char *)items[i].id;
    packed[i].order = (char *)items[i].order;
    packed[i].attempt = items[i].attempt;
    packed[i].message = (ProtobufCBinaryData){.len = items[i].message.len, .data = (uint8_t *)items[i].message.at};
    list[i] = &packed[i];
  }
  Deskbell__V1__OutboundBatch batch = DESKBELL__V1__OUTBOUND_BATCH__INIT;
  link_frame f = DESKBELL__V1__FRAME__INIT;
  batch.n_items = count;
  batch.items = list;
  f.body_case = DESKBELL__V1__FRAME__BODY_OUTBOUND;
  f.outbound = &batch;
  return router_say(p->router, slice_text(p->program), &f);
}

size_t link_router_send_outbound(struct link_peer *p, const struct link_outbound *items, size_t count) {
  size_t taken = 0, n;
  if (!link_peer_up(p))
    return 0;
  while ((n = fit(p, items + taken, count - taken)) > 0 && say_batch(p, items + taken, n) == 0) {
    for (size_t i = 0; i < n; i++)
      remember(p, &items[taken + i]);
    taken += n;
  }
  if (taken) {
    p->said_ms = (int64_t)uv_now(p->router->loop);
    if (p->router->watch)
      zmq_loop_wake(p->router->watch); /* a send outside on_turn() eats wake-ups */
  }
  return taken;
}

void peer_forget_outbound(struct link_peer *p) {
  p->sent_count = p->sent_bytes = 0;
}

static enum link_answer answer_of(Deskbell__V1__OutboundAnswer code) {
  if (code == DESKBELL__V1__OUTBOUND_ANSWER__TAKEN)
    return LINK_TAKEN;
  if (code == DESKBELL__V1__OUTBOUND_ANSWER__REFUSED)
    return LINK_REFUSED;
  return LINK_LATER; /* what we do not know, too: ask again */
}

static bool take_sent(struct link_peer *p, const char *id, const char *order) {
  for (size_t i = 0; i < p->sent_count; i++) {
    if (strcmp(p->sent[i].id, id) != 0 || p->sent[i].order != order)
      continue;
    p->sent_bytes -= p->sent[i].bytes;
    p->sent[i] = p->sent[--p->sent_count];
    return true;
  }
  return false;
}

void peer_answered(struct link_peer *p, const Deskbell__V1__OutboundConfirm *c) {
  struct link_outbound_answer answers[LINK_OUTBOUND_WINDOW];
  char words[LINK_OUTBOUND_WINDOW][FRAME_REASON_MAX + 1];
  size_t count = 0;
  for (size_t i = 0; i < c->n_results; i++) {
    const Deskbell__V1__OutboundResult *r = c->results[i];
    const char *order = link_order(r->order);
    if (!take_sent(p, r->id, order))
      continue;
    assert(count < LINK_OUTBOUND_WINDOW); /* no more were on their way */
    frame_words(r->reason, words[count], sizeof(words[count]));
    answers[count] = (struct link_outbound_answer){r->id, order, answer_of(r->answer), slice_text(words[count])};
    count++;
  }
  if (count && p->router->user.answered)
    p->router->user.answered(p->router->user.arg, p, answers, count);
}
