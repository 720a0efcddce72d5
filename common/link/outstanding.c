/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers of a spool have no holes in practice, so an item is found by its distance from the first; where that fails,
 * by halving. What is done in an earlier pass is dead at once: the program will send it again and have it confirmed
 * then, which Redis answers with "duplicate".
 * Bounded: a ring by the window; earlier ones by OUTSTANDING_PASSES windows, since they are kept once per number.
 */
#include "link/outstanding.h"
#include "link/frame.h"
#include <stdlib.h>

#define OUTSTANDING_PASSES 4

void outstanding_init(struct outstanding *o, uint32_t window_events, uint64_t window_bytes) {
  *o = (struct outstanding){.window_events = window_events, .window_bytes = window_bytes};
}

static struct outstanding_item *at(const struct outstanding *o, size_t index) {
  return &o->ring[(o->head + index) & (o->room - 1)];
}

void outstanding_clear(struct outstanding *o) {
  for (size_t i = 0; i < o->count; i++)
    free(at(o, i)->reason);
  free(o->ring);
  free(o->earlier);
  outstanding_init(o, o->window_events, o->window_bytes);
}

static struct outstanding_item *find_in_ring(const struct outstanding *o, uint64_t seq) {
  if (o->count == 0 || seq < at(o, 0)->seq || seq > at(o, o->count - 1)->seq)
    return NULL;
  uint64_t guess = seq - at(o, 0)->seq;
  if (guess < o->count && at(o, (size_t)guess)->seq == seq)
    return at(o, (size_t)guess);
  size_t low = 0, high = o->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (at(o, middle)->seq < seq)
      low = middle + 1;
    else
      high = middle;
  }
  return at(o, low)->seq == seq ? at(o, low) : NULL;
}

static int by_seq(const void *a, const void *b) {
  uint64_t x = ((const struct outstanding_item *)a)->seq, y = ((const struct outstanding_item *)b)->seq;
  return x < y ? -1 : x > y;
}

static struct outstanding_item *find_earlier(const struct outstanding *o, uint64_t seq) {
  struct outstanding_item key = {.seq = seq};
  struct outstanding_item *hit =
      o->earlier_count ? bsearch(&key, o->earlier, o->earlier_count, sizeof(key), by_seq) : NULL;
  return hit && !hit->done ? hit : NULL;
}

void outstanding_restart(struct outstanding *o) {
  struct outstanding_item *all = must_calloc(o->earlier_count + o->count, sizeof(*all));
  size_t n = 0;
  o->open_bytes = 0;
  for (size_t i = 0; i < o->earlier_count; i++)
    if (!o->earlier[i].done)
      all[n++] = o->earlier[i];
  for (size_t i = 0; i < o->count; i++) {
    if (!at(o, i)->done)
      all[n++] = *at(o, i);
    free(at(o, i)->reason);
  }
  for (size_t i = 0; i < n; i++)
    o->open_bytes += all[i].bytes;
  if (n)
    qsort(all, n, sizeof(*all), by_seq);
  free(o->earlier);
  o->earlier = all;
  o->earlier_count = n;
  o->open = n;
  o->head = o->count = o->ready = 0;
  o->bytes = 0;
  o->last = 0;
}

static void grow(struct outstanding *o) {
  size_t room = o->room ? o->room * 2 : 64;
  struct outstanding_item *ring = must_calloc(room, sizeof(*ring));
  for (size_t i = 0; i < o->count; i++)
    ring[i] = *at(o, i);
  free(o->ring);
  o->ring = ring;
  o->room = room;
  o->head = 0;
}

int outstanding_add(struct outstanding *o, uint64_t seq, const struct event_id *id, size_t bytes) {
  if (seq <= o->last)
    return OUTSTANDING_DISORDER;
  if (o->count >= o->window_events || (o->count && o->bytes + bytes > o->window_bytes) ||
      o->open >= (uint64_t)o->window_events * OUTSTANDING_PASSES ||
      (o->open && o->open_bytes + bytes > o->window_bytes * OUTSTANDING_PASSES))
    return OUTSTANDING_FULL;
  struct outstanding_item *known = find_earlier(o, seq);
  if (known && memcmp(&known->id, id, sizeof(*id)) != 0)
    return OUTSTANDING_OTHER;
  if (o->count == o->room)
    grow(o);
  *at(o, o->count) = (struct outstanding_item){.seq = seq, .id = *id, .bytes = (uint32_t)bytes};
  o->count++;
  o->bytes += bytes;
  o->last = seq;
  if (!known) {
    o->open++;
    o->open_bytes += bytes;
    return 0;
  }
  known->done = true; /* it lives in the ring now */
  return OUTSTANDING_KNOWN;
}

static void count_ready(struct outstanding *o) {
  while (o->ready < o->count && at(o, o->ready)->done)
    o->ready++;
}

bool outstanding_done(struct outstanding *o, uint64_t seq, enum link_outcome outcome, struct slice reason) {
  struct outstanding_item *item = find_in_ring(o, seq);
  if (!item || item->done) {
    item = find_earlier(o, seq);
    if (!item)
      return false;
    item->done = true;
    o->open--;
    o->open_bytes -= item->bytes;
    return true;
  }
  item->done = true;
  item->outcome = (uint8_t)outcome;
  if (reason.len) {
    size_t len = reason.len < FRAME_REASON_MAX ? reason.len : FRAME_REASON_MAX;
    item->reason = must_calloc(1, len + 1);
    memcpy(item->reason, reason.at, len);
  }
  o->open--;
  o->open_bytes -= item->bytes;
  count_ready(o);
  return true;
}

const struct outstanding_item *outstanding_ready(const struct outstanding *o, size_t index) {
  return index < o->ready ? at(o, index) : NULL;
}

void outstanding_drop(struct outstanding *o, size_t count) {
  assert(count <= o->ready);
  for (size_t i = 0; i < count; i++) {
    o->bytes -= at(o, i)->bytes;
    free(at(o, i)->reason);
  }
  if (o->room)
    o->head = (o->head + count) & (o->room - 1);
  o->count -= count;
  o->ready -= count;
}
