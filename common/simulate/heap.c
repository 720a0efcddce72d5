/* SPDX-License-Identifier: Apache-2.0 */
#include "simulate/heap.h"
#include <stdlib.h>

static bool before(const struct heap_member *a, const struct heap_member *b) {
  return a->score < b->score || (!(b->score < a->score) && a->item < b->item);
}

static void set(struct heap *h, uint32_t *place, size_t at, struct heap_member m) {
  h->members[at] = m;
  place[m.item] = (uint32_t)at;
}

static void rise(struct heap *h, uint32_t *place, size_t at, struct heap_member m) {
  for (size_t above; at > 0 && before(&m, &h->members[above = (at - 1) / 2]); at = above)
    set(h, place, at, h->members[above]);
  set(h, place, at, m);
}

static void sink(struct heap *h, uint32_t *place, size_t at, struct heap_member m) {
  for (;;) {
    size_t below = 2 * at + 1;
    if (below + 1 < h->count && before(&h->members[below + 1], &h->members[below]))
      below++;
    if (below >= h->count || !before(&h->members[below], &m))
      break;
    set(h, place, at, h->members[below]);
    at = below;
  }
  set(h, place, at, m);
}

void heap_add(struct heap *h, uint32_t *place, double score, uint32_t item) {
  if (h->count == h->room)
    h->members = must_realloc(h->members, (h->room = h->room ? 2 * h->room : 16) * sizeof(*h->members));
  rise(h, place, h->count++, (struct heap_member){score, item});
}

void heap_remove(struct heap *h, uint32_t *place, uint32_t item) {
  size_t at = place[item];
  assert(at < h->count && h->members[at].item == item);
  struct heap_member last = h->members[--h->count];
  if (at == h->count)
    return;
  if (at > 0 && before(&last, &h->members[(at - 1) / 2]))
    rise(h, place, at, last);
  else
    sink(h, place, at, last);
}
