/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From memory to disk in groups, and what may follow only then: answers to the router, the last step of a try, status
 * events. If the process dies before a commit, none of these has happened.
 */
#include "base/clock.h"
#include "base/point.h"
#include "outbound/outbound_internal.h"
#include <stdlib.h>

enum { AGAIN_MS = 1000 };

void waiter_add(struct entry *e, void (*ready)(void *arg), outbound_done_fn *done, void *arg) {
  struct waiter *w = must_calloc(1, sizeof(*w)), **at = &e->waiters;
  *w = (struct waiter){.ready = ready, .done = done, .arg = arg};
  while (*at)
    at = &(*at)->next;
  *at = w;
}

void entry_touch(struct entry *e) {
  if (!e->dirty) {
    e->dirty = true;
    e->next_dirty = e->o->dirty;
    e->o->dirty = e;
  }
  outbound_commit_soon(e->o);
}

/* ---- writing */

/* A failed one may still be tried again by an operator. */
static bool has_message(const struct entry *e) {
  return e->state == DELIVERY_failed || (!delivery_final(e->state) && e->state != DELIVERY_accepted && e->state != DELIVERY_delivered);
}

static void put_entry(struct outbound *o, struct entry *e) {
  char bytes[ROW_MAX];
  struct slice key = slice_text(e->id), texts[TEXTS];
  for (size_t i = 0; i < TEXTS; i++)
    texts[i] = slice_text(e->texts[i]);
  const struct row row = {.state = e->state, .told = e->told, .told_attempt = e->told_attempt, .attempt = e->attempt,
                          .committing = e->committing, .part = e->part, .parts = e->parts,
                          .part_began = e->part_began, .kept_back = e->kept_back, .created_ms = e->created_ms,
                          .changed_ms = e->changed_ms, .next_try_ms = e->next_try_ms, .expires_ms = e->expires_ms,
                          .why = texts[TEXT_WHY], .code = texts[TEXT_CODE], .destination = texts[TEXT_DESTINATION],
                          .provider_id = texts[TEXT_PROVIDER_ID], .channel = texts[TEXT_CHANNEL],
                          .to_key = texts[TEXT_TO_KEY]};
  store_batch_put(&o->batch, STORE_ROW, key, slice_of(bytes, row_pack(&row, bytes)));
  if (e->message && has_message(e))
    store_batch_put(&o->batch, STORE_MESSAGE, key, slice_of(e->message, e->message_len));
  else if (!has_message(e))
    store_batch_put(&o->batch, STORE_MESSAGE, key, SLICE(""));
}

static void work(uv_work_t *work) {
  struct outbound *o = work->data;
  o->outcome = store_commit(&o->store, &o->batch, &o->used_after);
}

/* ---- after it */

static void call_waiters(struct entry *e, int outcome) {
  for (struct waiter *w = e->group_waiters, *next; w; w = next) {
    next = w->next;
    if (w->ready)
      w->ready(w->arg);
    else
      w->done(w->arg, e->id, outcome);
    free(w);
  }
}

/* Nothing of the group is on disk: what is new was not taken; the rest is written again. */
static void put_back(struct outbound *o, struct entry *e) {
  if (e->is_new) {
    call_waiters(e, o->outcome == STORE_FULL ? OUTBOUND_FULL : o->outcome);
    e->group_waiters = NULL;
    if (!e->dirty) /* else somebody asked again meanwhile: it is tried once more */
      entry_free(e);
    return;
  }
  struct waiter **at = &e->group_waiters;
  while (*at)
    at = &(*at)->next;
  *at = e->waiters;
  e->waiters = e->group_waiters;
  e->group_waiters = NULL;
  if (!e->dirty) {
    e->dirty = true;
    e->next_dirty = o->dirty;
    o->dirty = e;
  }
}

static void written(struct entry *e) {
  e->is_new = false;
  if (e->message && !e->dirty) { /* else it came since this group began */
    free(e->message);
    e->message = NULL;
    entry_place(e);
  }
  if (e->told == e->state && !e->asked)
    POINT("report.noted");
  struct waiter *waiters = e->group_waiters;
  if (waiters) {
    call_waiters(e, 0);
    e->group_waiters = NULL;
  }
  entry_tell(e);
  entry_settle(e);
}

static void on_again(uv_timer_t *timer) {
  struct outbound *o = timer->data;
  for (struct entry *e = o->all, *next; e; e = next) {
    next = e->below;
    entry_tell(e);
  }
  if (o->dirty)
    outbound_commit_soon(o);
}

static void again_later(struct outbound *o) {
  if (!o->closing && !uv_is_active((uv_handle_t *)&o->again))
    uv_timer_start(&o->again, on_again, AGAIN_MS, 0);
}

static void after(uv_work_t *work, int status) {
  struct outbound *o = work->data;
  (void)status;
  o->working = false;
  if (o->closing) {
    outbound_free_when_closed(o);
    return;
  }
  struct entry *group = o->group;
  o->group = NULL;
  if (o->outcome == 0)
    o->store.used = o->used_after;
  for (struct entry *e = group, *next; e; e = next) {
    next = e->next_group;
    e->in_group = false;
    if (o->outcome)
      put_back(o, e);
    else
      written(e);
  }
  if (o->outcome)
    again_later(o);
  else if (o->dirty || o->loose.ops.len)
    outbound_commit_soon(o);
  outbound_pump(o);
  outbound_say_drained(o);
}

static void begin(struct outbound *o) {
  struct entry *list = o->dirty;
  buf_clear(&o->batch.ops);
  buf_add_slice(&o->batch.ops, buf_slice(&o->loose.ops));
  buf_clear(&o->loose.ops);
  o->dirty = NULL;
  for (struct entry *e = list, *next; e; e = next) {
    next = e->next_dirty;
    if (o->batch.ops.len > STORE_BATCH_MAX / 2) { /* the rest goes with the next group */
      e->next_dirty = o->dirty;
      o->dirty = e;
      continue;
    }
    put_entry(o, e);
    e->dirty = false;
    e->in_group = true;
    e->group_waiters = e->waiters;
    e->waiters = NULL;
    e->next_group = o->group;
    o->group = e;
  }
  o->working = uv_queue_work(o->loop, &o->work, work, after) == 0;
  assert(o->working);
}

static void on_soon(uv_idle_t *soon) {
  struct outbound *o = soon->data;
  uv_idle_stop(soon);
  if (!o->working && (o->dirty || o->loose.ops.len))
    begin(o);
  outbound_say_drained(o);
}

void outbound_commit_soon(struct outbound *o) {
  if (!o->closing && !o->working)
    uv_idle_start(&o->soon, on_soon); /* idle: all that this turn of the loop changes goes into one group */
}

/* ---- telling */

void entry_tell(struct entry *e) {
  struct outbound *o = e->o;
  if (e->is_new || e->dirty || e->in_group || e->asked || e->state == DELIVERY_sending ||
      (e->told == e->state && e->told_attempt == e->attempt))
    return;
  if (e->state == DELIVERY_queued && e->told == DELIVERY_STATES && e->attempt == 0)
    return; /* the router knows: it gave it to us */
  const struct outbound_item item = {
      .id = e->id, .state = e->state, .attempt = e->attempt, .changed_ms = e->changed_ms,
      .next_try_ms = e->next_try_ms, .part = e->part, .parts = e->parts, .channel = entry_text(e, TEXT_CHANNEL), .to_key = entry_text(e, TEXT_TO_KEY),
      .why = entry_text(e, TEXT_WHY), .code = entry_text(e, TEXT_CODE),
      .destination = entry_text(e, TEXT_DESTINATION), .provider_id = entry_text(e, TEXT_PROVIDER_ID)};
  e->asked = true;
  if (o->options.changed(o->options.arg, &item) != 0) {
    e->asked = false;
    again_later(o);
  }
}

void outbound_reported(struct outbound *o, const char *id, enum delivery_state state, uint32_t attempt) {
  struct entry *e = entry_find(o, id);
  if (!e)
    return;
  POINT("report.told");
  e->asked = false;
  e->told = state;
  e->told_attempt = attempt;
  entry_touch(e);
}
