/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the spool to the link, strictly in order. The spool is read only as far as there is room: a record whose event
 * is ready goes straight from the spool's memory into the link's batch; the others wait in slots for their event and
 * for their turn.
 *
 * When the link begins anew all slots are forgotten and the spool is read again from behind the last confirmed record.
 * Events still being made then are not asked for twice: the record is remembered, its event thrown away or, if it was
 * read again meanwhile, used.
 */
#include "base/clock.h"
#include "channel/channel_event.h"
#include "channel/channel_internal.h"
#include <stdlib.h>

/* ---- slots */

static struct slot *slot_at(struct channel *c, size_t index) {
  return &c->slots[(c->head + index) % CHANNEL_WINDOW];
}

static struct slot *push(struct channel *c, const struct spool_record *record) {
  assert(c->count < CHANNEL_WINDOW);
  struct slot *s = slot_at(c, c->count++);
  *s = (struct slot){.seq = record->seq, .spooled_ms = record->spooled_ms};
  return s;
}

static void pop(struct channel *c) {
  free(slot_at(c, 0)->event);
  c->head = (c->head + 1) % CHANNEL_WINDOW;
  c->count--;
}

void channel_forget_slots(struct channel *c) {
  while (c->count)
    pop(c);
}

static struct slot *find(struct channel *c, uint64_t seq) {
  for (size_t i = 0; i < c->count; i++)
    if (slot_at(c, i)->seq == seq)
      return slot_at(c, i);
  return NULL;
}

static void fill(struct slot *s, const struct event_id *id, struct slice event) {
  s->id = *id;
  s->len = event.len;
  s->event = must_realloc(NULL, event.len);
  memcpy(s->event, event.at, event.len);
}

/* ---- records whose event is being made */

static size_t find_being_made(const struct channel *c, uint64_t seq) {
  size_t i = 0;
  while (i < c->being_made_count && c->being_made[i] != seq)
    i++;
  return i;
}

static bool end_making(struct channel *c, uint64_t seq) {
  size_t i = find_being_made(c, seq);
  if (i == c->being_made_count)
    return false;
  c->being_made[i] = c->being_made[--c->being_made_count];
  return true;
}

/* ---- sending */

/* Returns 0 or LINK_NO_CREDIT. */
static int send_event(struct channel *c, uint64_t seq, int64_t spooled_ms, const struct event_id *id,
                      struct slice event) {
  struct link_event e = {.seq = seq, .id = *id, .event = event, .attempt = seq <= c->highest_sent,
                         .spooled_ms = spooled_ms};
  int r = link_send(c->link, &e);
  assert(r >= 0); /* sizes were checked when the event came */
  c->starved = r == LINK_NO_CREDIT;
  if (r == 0 && seq > c->highest_sent)
    c->highest_sent = seq;
  return r;
}

static void send_slots(struct channel *c) {
  while (c->count && !c->starved) {
    const struct slot *s = slot_at(c, 0);
    if (!s->event || send_event(c, s->seq, s->spooled_ms, &s->id, slice_of(s->event, s->len)))
      return;
    pop(c);
  }
}

/* ---- what cannot be sent goes into quarantine, with its bytes if there is room for them */

struct keeping {
  struct channel *c;
  uint64_t seq;
  struct event_id id;
  struct buf event, without; /* with and without the original */
};

static void on_kept(void *arg, int outcome, uint64_t seq) {
  struct keeping *k = arg;
  (void)seq;
  if (!k->c->closing)
    channel_normalised(k->c, k->seq, &k->id, buf_slice(outcome == 0 ? &k->event : &k->without));
  buf_free(&k->event);
  buf_free(&k->without);
  free(k);
}

static void quarantine(struct channel *c, const struct spool_record *record, const char *reason, const char *detail) {
  struct keeping *k = must_calloc(1, sizeof(*k));
  *k = (struct keeping){.c = c, .seq = record->seq, .event = BUF_INIT(EVENT_MAX_BYTES),
                        .without = BUF_INIT(EVENT_MAX_BYTES)};
  struct blob_ref original;
  struct quarantine_entry entry = {.program = c->program, .channel = c->channel, .channel_kind = c->channel_kind,
                                   .reason = reason, .detail = detail, .seq = record->seq, .content = record->payload,
                                   .received_ms = record->taken_ms ? record->taken_ms : clock_now_ms()};
  metric_add(c->damaged, 1);
  channel_quarantine(&entry, c->arena, &k->id, &k->without);
  int r = blob_put(spool_blobs(c->spool), record->payload, &original);
  if (r == 0) {
    entry.original = &original;
    channel_quarantine(&entry, c->arena, &k->id, &k->event);
    r = spool_sync_blobs(c->spool, on_kept, k);
  }
  if (r)
    on_kept(k, r, 0); /* the record itself stays in the spool for its time */
}

/* ---- reading */

struct pull {
  struct channel *c;
  size_t taken;
};

/* The event of such a record is made by somebody, now or later. Returns false when there is no room for more. */
static bool make_event(struct channel *c, const struct spool_record *record, const char *reason, const char *detail) {
  bool known = find_being_made(c, record->seq) < c->being_made_count;
  if (!known && c->being_made_count == CHANNEL_WINDOW)
    return false;
  push(c, record);
  c->pulled = record->seq;
  if (known)
    return true;
  c->being_made[c->being_made_count++] = record->seq;
  if (reason)
    quarantine(c, record, reason, detail);
  else
    c->options.normalise(c->options.arg, c, record);
  return true;
}

/* A ready event, straight from the spool if nothing waits before it. */
static bool take_event(struct channel *c, const struct spool_record *record, const struct event_id *id) {
  if (c->count == 0) {
    if (c->starved || send_event(c, record->seq, record->spooled_ms, id, record->payload))
      return false;
  } else {
    fill(push(c, record), id, record->payload);
  }
  c->pulled = record->seq;
  return true;
}

static bool take_record(struct channel *c, const struct spool_record *record) {
  struct event_id id;
  if (record->kind == SPOOL_DAMAGED)
    return make_event(c, record, "spool-damaged", "a record of the spool does not match its checksum");
  if (record->kind != RECORD_EVENT && c->options.normalise)
    return make_event(c, record, NULL, NULL);
  if (record->kind != RECORD_EVENT)
    return make_event(c, record, "unknown-record", "a record of the spool is of a kind this program does not know");
  if (record->payload.len > CHANNEL_EVENT_MAX)
    return make_event(c, record, "too-large", "an event is larger than 64 KiB");
  if (channel_event_id(record->payload, c->arena, &id) < 0)
    return make_event(c, record, "invalid-event", "an event has no readable id");
  return take_event(c, record, &id);
}

static bool on_record(void *arg, const struct spool_record *record) {
  struct pull *p = arg;
  if (!take_record(p->c, record))
    return false;
  p->taken++;
  return p->c->count < CHANNEL_WINDOW;
}

static size_t pull(struct channel *c) {
  struct pull p = {.c = c};
  if (c->count == CHANNEL_WINDOW || (c->count == 0 && c->starved))
    return 0;
  int r = spool_read(c->spool, c->pulled, CHANNEL_WINDOW - c->count, on_record, &p);
  if (r < 0)
    metric_add(c->failed, 1); /* tried again with the next commit, confirm or Welcome */
  return p.taken;
}

void channel_pump(struct channel *c) {
  if (c->pumping || c->closing || !link_up(c->link))
    return;
  c->pumping = true;
  do
    send_slots(c);
  while (pull(c) > 0);
  c->pumping = false;
}

void channel_normalised(struct channel *c, uint64_t seq, const struct event_id *id, struct slice event) {
  if (!end_making(c, seq))
    return;
  struct slot *s = find(c, seq);
  if (s && event.len && event.len <= CHANNEL_EVENT_MAX) {
    fill(s, id, event);
  } else if (s) { /* not of our making, but it must not stop what is behind it */
    struct spool_record record = {.seq = seq, .spooled_ms = s->spooled_ms, .taken_ms = s->spooled_ms, .payload = event};
    c->being_made[c->being_made_count++] = seq;
    quarantine(c, &record, event.len ? "too-large" : "invalid-event", "the event made of a record cannot be sent");
  }
  channel_pump(c);
}

/* ---- the link */

static void begin_anew(struct channel *c) {
  channel_forget_slots(c);
  c->pulled = c->confirmed;
  c->starved = false;
  channel_pump(c);
}

static void on_restart(void *arg) {
  begin_anew(arg);
}

/* Until it is confirmed again, a replay survives a lost link: `confirmed` is that of the pass, not of the spool. */
static void on_replay(void *arg, int64_t since_ms) {
  struct channel *c = arg;
  uint64_t before = spool_before(c->spool, since_ms);
  if (before < c->confirmed)
    c->confirmed = before;
  begin_anew(c);
}

static void on_more(void *arg) {
  struct channel *c = arg;
  c->starved = false;
  channel_pump(c);
}

static void on_confirmed(void *arg, uint64_t upto) {
  struct channel *c = arg;
  c->confirmed = upto;
  spool_confirm(c->spool, upto);
}

static void on_outcome(void *arg, uint64_t seq, enum link_outcome outcome, struct slice reason) {
  struct channel *c = arg;
  (void)seq, (void)reason;
  if (outcome != LINK_ROUTED)
    metric_add(outcome == LINK_DUPLICATE ? c->duplicate : c->quarantined, 1);
}

static void on_outbound(void *arg, const struct link_outbound *items, size_t count) {
  struct channel *c = arg;
  for (size_t i = 0; !c->outbound && i < count; i++)
    link_outbound_result(c->link, items[i].id, items[i].order, LINK_LATER, SLICE("this program delivers nothing"));
  if (c->outbound)
    c->outbound(c->outbound_arg, items, count);
}

const struct link_user channel_link_user = {.restart = on_restart,     .more = on_more,     .confirmed = on_confirmed,
                                            .outcome = on_outcome,     .replay = on_replay, .outbound = on_outbound};
