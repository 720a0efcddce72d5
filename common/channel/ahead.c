/* SPDX-License-Identifier: Apache-2.0 */
#include "channel/ahead.h"
#include <stdlib.h>

static struct ahead_slot *slot(struct ahead *a, size_t n) {
  return &a->slots[(a->head + n) % CHANNEL_WINDOW];
}

struct ahead_slot *ahead_add(struct ahead *a, uint64_t seq, int64_t spooled_ms, uint32_t attempt) {
  assert(a->count < CHANNEL_WINDOW);
  assert(a->count == 0 || slot(a, a->count - 1)->seq < seq);
  struct ahead_slot *s = slot(a, a->count++);
  *s = (struct ahead_slot){.seq = seq, .spooled_ms = spooled_ms, .attempt = attempt};
  a->pending++;
  return s;
}

/* Sequence numbers rise, so it is found by halving. */
static struct ahead_slot *find(struct ahead *a, uint64_t seq) {
  size_t low = 0, high = a->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (slot(a, middle)->seq < seq)
      low = middle + 1;
    else
      high = middle;
  }
  return low < a->count && slot(a, low)->seq == seq ? slot(a, low) : NULL;
}

bool ahead_ready(struct ahead *a, uint64_t seq, const struct event_id *id, struct slice event) {
  struct ahead_slot *s = find(a, seq);
  if (!s || s->ready)
    return false;
  s->ready = true;
  s->id = *id;
  s->event = must_realloc(NULL, event.len);
  s->len = event.len;
  memcpy(s->event, event.at, event.len);
  a->pending--;
  return true;
}

const struct ahead_slot *ahead_first(const struct ahead *a) {
  const struct ahead_slot *s = &a->slots[a->head];
  return a->count && s->ready ? s : NULL;
}

void ahead_drop_first(struct ahead *a) {
  assert(a->count > 0);
  struct ahead_slot *s = slot(a, 0);
  if (!s->ready)
    a->pending--;
  free(s->event);
  s->event = NULL;
  a->head = (a->head + 1) % CHANNEL_WINDOW;
  a->count--;
}

void ahead_clear(struct ahead *a) {
  while (a->count)
    ahead_drop_first(a);
}
