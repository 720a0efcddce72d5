/* SPDX-License-Identifier: Apache-2.0 */
/* What the router orders: deliver, hold, release, retry, cancel. Each may come twice, and at any time. */
#include "base/point.h"
#include "outbound/outbound_internal.h"
#include <stdlib.h>

enum { ARENA_FIRST = 4096, ARENA_MOST = 1024 * 1024 };

struct order {
  struct slice message;        /* empty: none came along */
  uint32_t attempt;
};

static void keep_message(struct entry *e, struct slice message) {
  free(e->message);
  e->message = must_realloc(NULL, message.len);
  e->message_len = message.len;
  memcpy(e->message, message.at, message.len);
}

/* Returns an outcome of outbound_done_fn, or -1: it is answered when the entry is on disk. */
static int order_hold(struct entry *e, const struct order *order) {
  (void)order;
  if (e->running) {
    e->held_later = true;
    return 0;
  }
  if (e->state == DELIVERY_unsure) {
    e->kept_back = true;
    e->next_try_ms = 0;
  } else if (!delivery_may(e->state, DELIVERY_held)) {
    return e->state == DELIVERY_held ? 0 : OUTBOUND_ILLEGAL;
  } else {
    e->next_try_ms = 0;
    entry_set_state(e, DELIVERY_held);
  }
  return -1;
}

static int order_release(struct entry *e, const struct order *order) {
  (void)order;
  if (e->state != DELIVERY_held)
    return e->running || e->state == DELIVERY_queued ? 0 : OUTBOUND_ILLEGAL;
  e->next_try_ms = 0;
  entry_set_state(e, DELIVERY_queued);
  return -1;
}

/* What the next system had: the whole of it once more, with the text that came along. */
static int begin_anew(struct entry *e, const struct order *order) {
  if (store_full(&e->o->store))
    return OUTBOUND_FULL;
  auto_clean(arena_free) struct arena *a = arena_new(ARENA_FIRST, ARENA_MOST);
  outbound_message *m = order->message.len <= OUTBOUND_MAX_BYTES ? message_unpack(a, order->message) : NULL;
  if (!m || strcmp(m->id, e->id) != 0)
    return OUTBOUND_TEXT_GONE;
  keep_message(e, order->message);
  e->part = e->parts = 0;
  entry_set_text(e, TEXT_PROVIDER_ID, SLICE(""));
  return 0;
}

/* The try that is ordered was made: the order comes a second time. What is only put off may be tried at any time. */
static bool was_obeyed(const struct entry *e, const struct order *order) {
  return order->attempt && e->attempt >= order->attempt && e->state != DELIVERY_deferred;
}

static int order_retry(struct entry *e, const struct order *order) {
  bool over = e->state == DELIVERY_accepted || e->state == DELIVERY_delivered;
  if (e->running || e->state == DELIVERY_queued || was_obeyed(e, order))
    return 0;
  if (!delivery_may(e->state, DELIVERY_queued) && (!over || !order->attempt))
    return OUTBOUND_ILLEGAL;
  int r = over ? begin_anew(e, order) : 0;
  if (r)
    return r;
  e->next_try_ms = 0;
  e->kept_back = false;
  e->part_began = e->attempt;
  if (e->expires_ms && e->expires_ms < outbound_now(e->o))
    e->expires_ms = 0; /* an operator wants it all the same */
  if (e->state == DELIVERY_failed || over)
    e->created_ms = outbound_now(e->o); /* its time begins anew */
  entry_set_state(e, DELIVERY_queued);
  return -1;
}

static int order_cancel(struct entry *e, const struct order *order) {
  (void)order;
  if (e->running) {
    e->cancelled = true;
    return 0;
  }
  if (e->state == DELIVERY_failed)
    return 0;
  if (e->state == DELIVERY_accepted || !delivery_may(e->state, DELIVERY_failed))
    return OUTBOUND_ILLEGAL;
  entry_fail(e, "cancelled by an operator");
  return -1;
}

static const struct {
  const char *name;
  int (*obey)(struct entry *e, const struct order *order);
} orders[] = {{"hold", order_hold}, {"release", order_release}, {"retry", order_retry}, {"cancel", order_cancel}};

static int obey(struct outbound *o, const char *id, const char *name, const struct order *order, struct entry **ret) {
  struct entry *e = entry_find(o, id);
  size_t i = 0, count = sizeof(orders) / sizeof(orders[0]);
  while (i < count && strcmp(name, orders[i].name) != 0)
    i++;
  if (i == count)
    return OUTBOUND_ILLEGAL;
  if (!e)
    e = entry_load(o, id);
  if (!e)
    return OUTBOUND_UNKNOWN;
  int outcome = orders[i].obey(e, order);
  entry_place(e);
  *ret = e;
  return outcome;
}

static void fill(struct entry *e, const outbound_message *m, const char *destination) {
  e->is_new = true;
  e->created_ms = m->created_ms;
  e->expires_ms = m->expires_ms;
  entry_set_text(e, TEXT_CHANNEL, slice_text(m->channel));
  entry_set_text(e, TEXT_TO_KEY, slice_text(m->to_key));
  entry_set_text(e, TEXT_DESTINATION, slice_text(destination));
  int64_t now = outbound_now(e->o);
  if (m->not_before_ms > now) {
    e->next_try_ms = m->not_before_ms;
    e->state = DELIVERY_held;
  }
  e->changed_ms = now;
  if (!destination)
    entry_fail(e, "there is no such channel, or nothing goes out over it");
}

static int deliver(struct outbound *o, const char *id, const struct order *order, struct entry **ret) {
  struct slice message = order->message;
  if (entry_find(o, id)) {
    *ret = entry_find(o, id);
    return (*ret)->is_new ? -1 : 0;
  }
  if (store_read(&o->store, STORE_ROW, slice_text(id), &o->scratch) == 0)
    return 0;
  if (store_full(&o->store))
    return OUTBOUND_FULL;
  auto_clean(arena_free) struct arena *a = arena_new(ARENA_FIRST, ARENA_MOST);
  outbound_message *m = message.len <= OUTBOUND_MAX_BYTES ? message_unpack(a, message) : NULL;
  if (!m || strcmp(m->id, id) != 0 || !*m->channel)
    return OUTBOUND_UNREADABLE;
  struct entry *e = entry_new(o, id);
  fill(e, m, o->options.destination(o->options.arg, m));
  e->attempt = e->part_began = order->attempt ? order->attempt - 1 : 0; /* a retry of what this store has lost */
  keep_message(e, message);
  entry_touch(e);
  *ret = e;
  return -1;
}

void outbound_take(struct outbound *o, const char *id, struct slice message, const char *name, uint32_t attempt,
                   outbound_done_fn *done, void *arg) {
  const struct order order = {message, attempt};
  struct entry *e = NULL;
  int outcome = OUTBOUND_UNREADABLE;
  if (strlen(id) == OUTBOUND_ID_LEN)
    outcome = strcmp(name, "deliver") == 0 ? deliver(o, id, &order, &e) : obey(o, id, name, &order, &e);
  if (outcome < 0) {
    waiter_add(e, NULL, done, arg);
    entry_touch(e);
    POINT("outbound.taken");
    return;
  }
  done(arg, id, outcome);
  if (e)
    entry_settle(e);
  outbound_pump(o);
}
