/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When what is tried, and how a try ends. An entry is in one of four places: a destination's queue, a running try, held
 * back (held, or unsure and nobody sends it again), or over and about to be forgotten here.
 */
#include "outbound/outbound.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/point.h"
#include "outbound/outbound_internal.h"
#include "outbound/schedule.h"
#include <stdio.h>
#include <stdlib.h>

enum { TABLE_FIRST = 256, ARENA_FIRST = 4096, ARENA_MOST = 1024 * 1024, SWEEP_MS = 3600 * 1000, SWEEP_MOST = 10000 };

int64_t outbound_now(const struct outbound *o) {
  return o->options.now_ms ? o->options.now_ms() : clock_now_ms();
}

/* ---- queues and tries */

static bool waits(const struct entry *e) {
  return !e->is_new && !e->message && !e->running &&
         (e->state == DELIVERY_queued || e->state == DELIVERY_deferred || (e->state == DELIVERY_unsure && !e->kept_back) ||
          (e->state == DELIVERY_held && e->next_try_ms));
}

/* The next part of what was begun goes before all that has not: parts should arrive together. */
static int64_t due_of(const struct entry *e) {
  return e->part && !e->next_try_ms ? -1 : e->next_try_ms;
}

void entry_place(struct entry *e) {
  struct outbound *o = e->o;
  if (e->running)
    return; /* it is its destination's until outbound_done() */
  destination_leave(&e->waiting);
  if (waits(e))
    destination_wait(&o->destinations, destination_find(&o->destinations, entry_text(e, TEXT_DESTINATION)),
                     &e->waiting, due_of(e));
}

outbound_message *message_unpack(struct arena *a, struct slice bytes) {
  return deskbell__v1__outbound_message__unpack(arena_protobuf(a), bytes.len, (const uint8_t *)bytes.at);
}

void entry_fail(struct entry *e, const char *why) {
  e->next_try_ms = 0;
  entry_set_text(e, TEXT_WHY, slice_text(why));
  entry_set_state(e, DELIVERY_failed);
}

static void start_try(struct outbound *o, struct entry *e) {
  e->running = true;
  o->under_way++;
  e->attempt++;
  e->state = DELIVERY_sending;
  e->committing = false;
  e->next_try_ms = 0;
  e->arena = arena_new(ARENA_FIRST, ARENA_MOST);
  outbound_message *m = NULL;
  int r = store_read(&o->store, STORE_MESSAGE, slice_text(e->id), &o->scratch);
  if (r == 0)
    m = message_unpack(e->arena, buf_slice(&o->scratch));
  if (m) {
    o->options.attempt(o->options.arg, e->id, m, e->attempt);
    return;
  }
  const struct outbound_result lost = {.outcome = r < 0 ? OUTBOUND_DEFERRED : OUTBOUND_FAILED, .code = "",
                                       .why = r < 0 ? "the disk of the outbox cannot be read"
                                                    : "the stored message cannot be read any more"};
  outbound_done(o, e->id, &lost);
}

static void on_due(uv_timer_t *timer) {
  outbound_pump(timer->data);
}

void outbound_pump(struct outbound *o) {
  int64_t now = outbound_now(o), soonest = INT64_MAX;
  if (o->pumping || o->draining)
    return; /* pumping: a try that ends at once; the loop below goes on */
  o->pumping = true;
  while (!o->closing && o->under_way < o->options.in_all) {
    struct waiting *w = destination_take(&o->destinations, now, o->options.per_destination, &soonest);
    if (!w)
      break;
    start_try(o, (struct entry *)w);
  }
  o->pumping = false;
  uv_timer_stop(&o->due);
  if (!o->closing && o->under_way < o->options.in_all && soonest != INT64_MAX)
    uv_timer_start(&o->due, on_due, soonest > now ? (uint64_t)(soonest - now) : 1, 0);
}

void outbound_say_drained(struct outbound *o) {
  if (!o->draining || !o->drained || o->under_way || o->dirty || o->working)
    return;
  void (*drained)(void *) = o->drained;
  o->drained = NULL;
  drained(o->drained_arg);
}

void outbound_drain(struct outbound *o, void (*drained)(void *arg), void *arg) {
  o->draining = true;
  o->drained = drained;
  o->drained_arg = arg;
  uv_timer_stop(&o->due);
  outbound_commit_soon(o); /* from the loop, not from here */
}

uint32_t outbound_part(struct outbound *o, const char *id) {
  const struct entry *e = entry_find(o, id);
  assert(e);
  return e->part;
}

void outbound_committing(struct outbound *o, const char *id, void (*ready)(void *arg), void *arg) {
  struct entry *e = entry_find(o, id);
  assert(e && e->running);
  e->committing = true;
  waiter_add(e, ready, NULL, arg);
  entry_touch(e);
  POINT("outbound.committing");
}

/* ---- how a try ended */

static void put_off(struct entry *e, const struct outbound_result *r, enum delivery_state state) {
  struct outbound *o = e->o;
  int64_t pause, now = outbound_now(o), left = e->expires_ms ? e->expires_ms - now : 0;
  int over = e->expires_ms && left <= 0;
  if (!over)
    over = (o->options.next ? o->options.next : schedule_next)(o->channel_kind, e->attempt - e->part_began, now - e->created_ms, left,
                                                               r->retry_after_ms, hash64(slice_text(e->id)), &pause);
  if (over) {
    e->next_try_ms = 0;
    entry_set_state(e, state == DELIVERY_unsure ? DELIVERY_unsure : DELIVERY_failed);
    e->kept_back = state == DELIVERY_unsure;
    return;
  }
  e->next_try_ms = now + pause;
  entry_set_state(e, state);
}

static void end_unsure(struct outbound *o, struct entry *e, const struct outbound_result *r) {
  bool again = false;
  if (store_read(&o->store, STORE_MESSAGE, slice_text(e->id), &o->scratch) == 0) {
    auto_clean(arena_free) struct arena *a = arena_new(ARENA_FIRST, ARENA_MOST);
    outbound_message *m = message_unpack(a, buf_slice(&o->scratch));
    again = m && o->options.resend(o->options.arg, m);
  }
  e->kept_back = !again;
  e->next_try_ms = 0;
  if (again)
    put_off(e, r, DELIVERY_unsure);
  else
    entry_set_state(e, DELIVERY_unsure);
}

/* What was ordered while the try ran and could not be done then. */
static void obey_late(struct entry *e) {
  bool waiting = e->state == DELIVERY_deferred || e->state == DELIVERY_queued; /* queued: for its next part */
  if (!waiting && e->state != DELIVERY_unsure)
    return;
  if (e->cancelled && waiting) {
    entry_fail(e, "cancelled by an operator");
  } else if (e->held_later && waiting) {
    e->next_try_ms = 0;
    entry_set_state(e, DELIVERY_held);
  } else if (e->cancelled || e->held_later) {
    e->kept_back = true;
    e->next_try_ms = 0;
  }
}

/* ---- parts */

/* "part 2 of 3: …", of the part that was tried. */
static void set_why(struct entry *e, const char *why) {
  char text[OUTBOUND_WHY_MAX + 40];
  int len = e->parts ? snprintf(text, sizeof(text), "part %u of %u%s%s", e->part + 1, e->parts, *why ? ": " : "", why) : 0;
  if (len >= (int)sizeof(text))
    len = (int)sizeof(text) - 1;
  entry_set_text(e, TEXT_WHY, len ? slice_of(text, (size_t)len) : slice_text(why));
}

/* The ids of all parts, in order; "" keeps its place. */
static void add_part_id(struct entry *e, struct slice id) {
  char text[ROW_IDS_MAX];
  const char *before = e->part ? entry_text(e, TEXT_PROVIDER_ID) : "";
  size_t len = strlen(before), most = id.len < OUTBOUND_PROVIDER_ID_MAX ? id.len : OUTBOUND_PROVIDER_ID_MAX;
  if (len + 1 + most > sizeof(text))
    return;
  memcpy(text, before, len);
  if (e->part)
    text[len++] = OUTBOUND_ID_SEPARATOR;
  for (size_t i = 0; i < most; i++)
    text[len++] = id.at[i] == OUTBOUND_ID_SEPARATOR ? ' ' : id.at[i];
  entry_set_text(e, TEXT_PROVIDER_ID, slice_of(text, len));
}

/* The next system has this part. True: and it was the last. */
static bool end_part(struct entry *e, struct slice id) {
  add_part_id(e, id);
  e->part++;
  e->part_began = e->attempt;
  if (e->part >= e->parts)
    return true;
  char why[60];
  snprintf(why, sizeof(why), "%u of %u parts are through", e->part, e->parts);
  entry_set_text(e, TEXT_WHY, slice_text(why));
  e->next_try_ms = 0;
  entry_set_state(e, DELIVERY_queued);
  return false;
}

static void end_accepted(struct entry *e, const struct outbound_result *r) {
  if (!e->parts && r->provider_id.len)
    entry_set_text(e, TEXT_PROVIDER_ID, r->provider_id);
  if (!e->parts || end_part(e, r->provider_id))
    entry_set_state(e, DELIVERY_accepted);
}

void outbound_done(struct outbound *o, const char *id, const struct outbound_result *r) {
  struct entry *e = entry_find(o, id);
  assert(e && e->running);
  POINT("outbound.done");
  e->running = e->committing = false;
  o->under_way--;
  arena_free(&e->arena);
  struct destination *at = e->waiting.at;
  e->waiting.at = NULL;
  destination_answered(at, r->destination_down, outbound_now(o));
  if (!e->part || r->parts > 1)
    e->parts = r->parts > 1 ? r->parts : 0;
  set_why(e, r->why);
  entry_set_text(e, TEXT_CODE, slice_text(r->code));
  if (r->outcome == OUTBOUND_ACCEPTED)
    end_accepted(e, r);
  else if (r->outcome == OUTBOUND_DEFERRED)
    put_off(e, r, DELIVERY_deferred);
  else if (r->outcome == OUTBOUND_UNSURE)
    end_unsure(o, e, r);
  else
    entry_set_state(e, r->outcome == OUTBOUND_FAILED ? DELIVERY_failed : DELIVERY_suppressed);
  obey_late(e);
  e->cancelled = e->held_later = false;
  entry_place(e);
  outbound_pump(o);
}

/* ---- life */

struct sweep {
  struct outbound *o;
  int64_t before_ms;
  size_t count;
};

static bool sweep_row(void *arg, struct slice key, struct slice value) {
  struct sweep *s = arg;
  struct row row;
  char id[OUTBOUND_ID_LEN + 1] = "";
  if (key.len == OUTBOUND_ID_LEN)
    memcpy(id, key.at, key.len);
  if (row_unpack(value, &row) != 0 || row.changed_ms >= s->before_ms || entry_find(s->o, id) ||
      (!delivery_final(row.state) && row.state != DELIVERY_accepted && row.state != DELIVERY_delivered))
    return true;
  store_batch_put(&s->o->loose, STORE_ROW, key, SLICE(""));
  store_batch_put(&s->o->loose, STORE_MESSAGE, key, SLICE(""));
  return ++s->count < SWEEP_MOST;
}

/* Forgets what has been over for long enough. */
static void on_sweep(uv_timer_t *timer) {
  struct outbound *o = timer->data;
  struct sweep s = {.o = o, .before_ms = outbound_now(o) - o->options.keep_ms};
  if (store_scan(&o->store, STORE_ROW, sweep_row, &s) == 0 && s.count)
    outbound_commit_soon(o);
}

static void resume(struct entry *e) {
  if (e->state == DELIVERY_sending && !e->committing) {
    e->state = e->attempt > 1 ? DELIVERY_deferred : DELIVERY_queued;
    e->next_try_ms = 0;
  } else if (e->state == DELIVERY_sending) {
    const struct outbound_result r = {.retry_after_ms = 0};
    e->committing = false;
    set_why(e, "this program ended after it had sent the message and before the answer came");
    entry_set_text(e, TEXT_CODE, SLICE(""));
    end_unsure(e->o, e, &r);
  }
}

static bool load_row(void *arg, struct slice key, struct slice value) {
  struct outbound *o = arg;
  struct row row;
  char id[OUTBOUND_ID_LEN + 1] = "";
  if (key.len != OUTBOUND_ID_LEN)
    return true;
  memcpy(id, key.at, key.len);
  if (row_unpack(value, &row) != 0) {
    o->damaged++;
    row = (struct row){.state = DELIVERY_unsure, .told = DELIVERY_STATES, .kept_back = true,
                       .why = SLICE("what is known of it on disk is damaged")};
  }
  bool told = row.told == row.state && row.told_attempt == row.attempt;
  if (told && (delivery_final(row.state) || row.state == DELIVERY_accepted || row.state == DELIVERY_delivered))
    return true;
  entry_from_row(entry_new(o, id), &row);
  return true;
}

static int load(struct outbound *o) {
  int r = store_scan(&o->store, STORE_ROW, load_row, o);
  for (struct entry *e = o->all, *next; r == 0 && e; e = next) {
    next = e->below;
    resume(e);
    entry_place(e);
  }
  return r;
}

static void on_loaded(uv_timer_t *timer) {
  struct outbound *o = timer->data;
  for (struct entry *e = o->all, *next; e; e = next) {
    next = e->below;
    entry_tell(e);
  }
  on_sweep(timer);
  uv_timer_start(timer, on_sweep, SWEEP_MS, SWEEP_MS);
  outbound_pump(o);
}

int outbound_open(uv_loop_t *loop, const struct outbound_options *options, struct outbound **ret,
                  struct complaint *complaint) {
  struct outbound *o = must_calloc(1, sizeof(*o));
  o->loop = loop;
  o->options = *options;
  o->channel_kind = must_strdup(options->channel_kind);
  o->options.folder = NULL;
  o->room = TABLE_FIRST;
  o->table = must_calloc(o->room, sizeof(*o->table));
  o->batch.ops = BUF_INIT(STORE_BATCH_MAX);
  o->loose.ops = BUF_INIT(STORE_BATCH_MAX / 4);
  o->scratch = BUF_INIT(OUTBOUND_MAX_BYTES + ROW_MAX);
  uv_idle_init(loop, &o->soon);
  uv_timer_init(loop, &o->due);
  uv_timer_init(loop, &o->again);
  uv_timer_init(loop, &o->sweeping);
  o->soon.data = o->due.data = o->again.data = o->sweeping.data = o->work.data = o;
  o->handles = 4;
  int r = store_open(options->folder, options->size, &o->store);
  if (r == 0)
    r = load(o);
  if (r < 0) {
    complain(complaint, options->folder, 0, 0, "the store of outgoing messages cannot be opened: %s", strerror(-r));
    outbound_close(&o);
    return r;
  }
  uv_timer_start(&o->sweeping, on_loaded, 0, 0); /* not before the caller has what it opens */
  *ret = o;
  return 0;
}

void outbound_free_when_closed(struct outbound *o) {
  if (o->handles || o->working)
    return;
  while (o->all)
    entry_free(o->all);
  destinations_free(&o->destinations);
  store_close(&o->store);
  buf_free(&o->batch.ops);
  buf_free(&o->loose.ops);
  buf_free(&o->scratch);
  free(o->table);
  free(o->channel_kind);
  free(o);
}

static void on_closed(uv_handle_t *handle) {
  struct outbound *o = handle->data;
  o->handles--;
  outbound_free_when_closed(o);
}

void outbound_close(struct outbound **outbound) {
  if (!outbound || !*outbound)
    return;
  struct outbound *o = *outbound;
  *outbound = NULL;
  o->closing = true;
  uv_close((uv_handle_t *)&o->soon, on_closed);
  uv_close((uv_handle_t *)&o->due, on_closed);
  uv_close((uv_handle_t *)&o->again, on_closed);
  uv_close((uv_handle_t *)&o->sweeping, on_closed);
}

void outbound_state(const struct outbound *o, struct outbound_state *ret) {
  struct outbound_state s = {.under_way = o->under_way, .used = o->store.used, .size = o->store.size,
                             .full = store_full(&o->store), .damaged = o->damaged,
                             .destinations_down = destinations_down(&o->destinations, outbound_now(o))};
  for (const struct entry *e = o->all; e; e = e->below) {
    bool waiting = e->waiting.place > 0 || e->running || e->is_new;
    s.waiting += waiting;
    s.unsure += e->state == DELIVERY_unsure;
    s.held += e->state == DELIVERY_held;
    if (waiting && (!s.oldest_ms || e->created_ms < s.oldest_ms))
      s.oldest_ms = e->created_ms;
  }
  *ret = s;
}
