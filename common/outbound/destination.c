/* SPDX-License-Identifier: Apache-2.0 */
#include "outbound/destination.h"
#include "outbound/schedule.h"
#include <stdlib.h>

struct destination *destination_find(struct destinations *all, const char *name) {
  for (struct destination *d = all->first; d; d = d->next)
    if (strcmp(d->name, name) == 0)
      return d;
  size_t len = strlen(name) + 1;
  struct destination *d = must_calloc(1, sizeof(*d) + len);
  memcpy(d->name, name, len);
  d->next = all->first;
  all->first = d;
  all->count++;
  return d;
}

/* ---- the heap */

static bool sooner(const struct waiting *a, const struct waiting *b) {
  return a->due_ms != b->due_ms ? a->due_ms < b->due_ms : a->order < b->order;
}

static void set(struct destination *d, size_t i, struct waiting *w) {
  d->heap[i] = w;
  w->place = i + 1;
}

static void rise(struct destination *d, size_t i) {
  struct waiting *w = d->heap[i];
  for (; i > 0 && sooner(w, d->heap[(i - 1) / 2]); i = (i - 1) / 2)
    set(d, i, d->heap[(i - 1) / 2]);
  set(d, i, w);
}

static void sink(struct destination *d, size_t i) {
  struct waiting *w = d->heap[i];
  for (size_t child; (child = 2 * i + 1) < d->count; i = child) {
    if (child + 1 < d->count && sooner(d->heap[child + 1], d->heap[child]))
      child++;
    if (!sooner(d->heap[child], w))
      break;
    set(d, i, d->heap[child]);
  }
  set(d, i, w);
}

void destination_wait(struct destinations *all, struct destination *d, struct waiting *w, int64_t due_ms) {
  destination_leave(w);
  if (d->count == d->room) {
    d->room = d->room ? 2 * d->room : 16;
    d->heap = must_realloc(d->heap, d->room * sizeof(*d->heap));
  }
  w->due_ms = due_ms;
  w->order = all->order++;
  w->at = d;
  set(d, d->count++, w);
  rise(d, d->count - 1);
}

void destination_leave(struct waiting *w) {
  struct destination *d = w->at;
  if (w->place) {
    size_t i = w->place - 1;
    struct waiting *last = d->heap[--d->count];
    w->place = 0;
    if (last != w) {
      set(d, i, last);
      rise(d, i);
      sink(d, last->place - 1);
    }
  }
  w->at = NULL;
}

/* ---- whose turn it is */

static int64_t may_at(const struct destination *d, uint32_t most) {
  if (d->count == 0 || d->under_way >= (d->failures ? 1 : most))
    return INT64_MAX; /* an answer makes it possible, not time */
  return d->heap[0]->due_ms > d->down_until_ms ? d->heap[0]->due_ms : d->down_until_ms;
}

struct waiting *destination_take(struct destinations *all, int64_t now_ms, uint32_t most, int64_t *ret_soonest_ms) {
  struct destination *d = all->turn ? all->turn : all->first;
  for (size_t i = 0; i < all->count; i++, d = d->next ? d->next : all->first) {
    int64_t at = may_at(d, most);
    if (at > now_ms) {
      *ret_soonest_ms = at < *ret_soonest_ms ? at : *ret_soonest_ms;
      continue;
    }
    struct waiting *w = d->heap[0];
    destination_leave(w);
    w->at = d;
    d->under_way++;
    all->turn = d->next;
    return w;
  }
  return NULL;
}

void destination_answered(struct destination *d, bool down, int64_t now_ms) {
  assert(d->under_way > 0);
  d->under_way--;
  if (down && d->down_until_ms > now_ms)
    return; /* those that were under way together fail together: it is one failure */
  d->failures = down ? d->failures + 1 : 0;
  d->down_until_ms = down ? now_ms + schedule_down_ms(d->failures) : 0;
}

size_t destinations_down(const struct destinations *all, int64_t now_ms) {
  size_t n = 0;
  for (const struct destination *d = all->first; d; d = d->next)
    n += d->down_until_ms > now_ms || d->failures;
  return n;
}

void destinations_free(struct destinations *all) {
  for (struct destination *d = all->first, *next; d; d = next) {
    next = d->next;
    free(d->heap);
    free(d);
  }
  *all = (struct destinations){0};
}
