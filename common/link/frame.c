/* SPDX-License-Identifier: Apache-2.0 */
/* One row per kind of frame: where its body is and what must hold of it. */
#include "link/frame.h"

static const char *check_session(const ProtobufCBinaryData *session) {
  return session->len == SESSION_BYTES ? NULL : "a session is not 16 bytes";
}

static const char *check_hello(const link_frame *f) {
  const Deskbell__V1__Hello *h = f->hello;
  if (!program_name_ok(slice_text(h->program)))
    return "not the name of a program";
  if (h->n_channels > FRAME_CHANNELS_MAX)
    return "more than 1000 channels";
  for (size_t i = 0; i < h->n_channels; i++)
    if (!*h->channels[i] || strlen(h->channels[i]) > FRAME_NAME_MAX)
      return "not the name of a channel";
  return check_session(&h->session);
}

static const char *check_welcome(const link_frame *f) {
  const Deskbell__V1__Welcome *w = f->welcome;
  if (w->window_events == 0 || w->window_bytes == 0)
    return "a welcome without a window";
  if (!*w->router || strlen(w->router) > FRAME_NAME_MAX)
    return "not the name of a router";
  return check_session(&w->session);
}

static const char *check_batch(const link_frame *f) {
  const Deskbell__V1__EventBatch *b = f->batch;
  if (b->n_items == 0 || b->n_items > FRAME_BATCH_ITEMS)
    return "a batch of none or more than 64 events";
  uint64_t last = 0;
  for (size_t i = 0; i < b->n_items; i++) {
    const Deskbell__V1__BatchItem *item = b->items[i];
    if (item->seq <= last)
      return "numbers of a batch do not rise";
    if (item->id.len != 16)
      return "an event id is not 16 bytes";
    if (item->event.len == 0 || item->event.len > FRAME_EVENT_MAX)
      return "an event is empty or larger than 64 KiB";
    last = item->seq;
  }
  return NULL;
}

static const char *check_confirm(const link_frame *f) {
  const Deskbell__V1__Confirm *c = f->confirm;
  if (c->upto == 0)
    return "a confirm of nothing";
  if (c->n_outcomes > FRAME_OUTCOMES)
    return "more than 256 outcomes";
  for (size_t i = 0; i < c->n_outcomes; i++)
    if (c->outcomes[i]->seq > c->upto)
      return "an outcome of what is not confirmed";
  return NULL;
}

static const char *check_credit(const link_frame *f) {
  return f->credit->window_events == 0 || f->credit->window_bytes == 0 ? "a credit of nothing" : NULL;
}

static const char *check_replay(const link_frame *f) {
  return f->replay->since_ms < 0 ? "a replay from before 1970" : NULL;
}

const char *link_order(const char *name) {
  static const char *const orders[] = {"deliver", "hold", "release", "retry", "cancel"};
  for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++)
    if (strcmp(orders[i], name) == 0)
      return orders[i];
  return NULL;
}

static bool outbound_id_ok(const char *id) {
  size_t good = strspn(id, "0123456789abcdefghjkmnopqrstvwxyz");
  return id[0] == 'o' && good == DERIVED_ID_LEN && !id[good] && !strchr(id + 1, 'o');
}

static const char *check_outbound(const link_frame *f) {
  const Deskbell__V1__OutboundBatch *b = f->outbound;
  if (b->n_items == 0 || b->n_items > FRAME_OUTBOUND_ITEMS)
    return "none or more than 64 outbound messages";
  for (size_t i = 0; i < b->n_items; i++) {
    const Deskbell__V1__OutboundItem *item = b->items[i];
    const char *order = link_order(item->order);
    if (!outbound_id_ok(item->id))
      return "not the id of an outbound message";
    if (!order)
      return "an unknown order";
    if (item->message.len > LINK_OUTBOUND_MAX || (item->message.len == 0 && strcmp(order, "deliver") == 0))
      return "an outbound message is empty or larger than 64 KiB";
  }
  return NULL;
}

static const char *check_outbound_confirm(const link_frame *f) {
  const Deskbell__V1__OutboundConfirm *c = f->outbound_confirm;
  if (c->n_results == 0 || c->n_results > FRAME_RESULTS)
    return "none or more than 256 results";
  for (size_t i = 0; i < c->n_results; i++)
    if (!outbound_id_ok(c->results[i]->id) || !link_order(c->results[i]->order))
      return "a result of no outbound message";
  return NULL;
}

static const struct {
  Deskbell__V1__Frame__BodyCase kind;
  const char *(*check)(const link_frame *f); /* NULL: nothing can be wrong */
} kinds[] = {
    {DESKBELL__V1__FRAME__BODY_HELLO, check_hello},     {DESKBELL__V1__FRAME__BODY_WELCOME, check_welcome},
    {DESKBELL__V1__FRAME__BODY_REFUSE, NULL},           {DESKBELL__V1__FRAME__BODY_BATCH, check_batch},
    {DESKBELL__V1__FRAME__BODY_CONFIRM, check_confirm}, {DESKBELL__V1__FRAME__BODY_CREDIT, check_credit},
    {DESKBELL__V1__FRAME__BODY_PING, NULL},             {DESKBELL__V1__FRAME__BODY_PONG, NULL},
    {DESKBELL__V1__FRAME__BODY_BYE, NULL},              {DESKBELL__V1__FRAME__BODY_REPLAY, check_replay},
    {DESKBELL__V1__FRAME__BODY_OUTBOUND, check_outbound},
    {DESKBELL__V1__FRAME__BODY_OUTBOUND_CONFIRM, check_outbound_confirm},
};

static int broken(const char *why, const char **ret_why) {
  *ret_why = why;
  return FRAME_BROKEN;
}

int frame_read(struct slice bytes, struct arena *a, link_frame **ret, const char **ret_why) {
  if (bytes.len == 0 || bytes.len > FRAME_MAX)
    return broken("an empty or too large frame", ret_why);
  link_frame *f = deskbell__v1__frame__unpack(arena_protobuf(a), bytes.len, (const uint8_t *)bytes.at);
  if (!f)
    return broken("not a frame", ret_why);
  if (f->body_case == DESKBELL__V1__FRAME__BODY__NOT_SET)
    return f->base.n_unknown_fields ? FRAME_UNKNOWN : broken("a frame without a body", ret_why);
  for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
    if (kinds[i].kind == f->body_case) {
      const char *why = kinds[i].check ? kinds[i].check(f) : NULL;
      if (why)
        return broken(why, ret_why);
      *ret = f;
      return 0;
    }
  return FRAME_UNKNOWN;
}

void frame_write(const link_frame *f, struct buf *ret) {
  size_t len = deskbell__v1__frame__get_packed_size(f);
  char *at;
  buf_clear(ret);
  int r = buf_reserve(ret, len, &at);
  assert(r == 0); /* what we say ourselves is within our own limits */
  deskbell__v1__frame__pack(f, (uint8_t *)at);
  buf_advance(ret, len);
}

void frame_words(const char *said, char *ret, size_t room) {
  size_t n = 0;
  for (; *said && n + 1 < room && n < FRAME_REASON_MAX; said++)
    ret[n++] = *said < ' ' || *said > '~' ? '?' : *said;
  ret[n] = '\0';
}
