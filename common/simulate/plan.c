/* SPDX-License-Identifier: Apache-2.0 */
#include "simulate/run.h"
#include <stdlib.h>

static bool sooner(const struct plan_event *a, const struct plan_event *b) {
  return a->at != b->at ? a->at < b->at : a->order < b->order;
}

void plan_add(struct plan *p, struct plan_event event) {
  if (p->count == p->room)
    p->events = must_realloc(p->events, (p->room = p->room ? 2 * p->room : 256) * sizeof(event));
  event.order = p->planned++;
  size_t at = p->count++;
  for (size_t above; at > 0 && sooner(&event, &p->events[above = (at - 1) / 2]); at = above)
    p->events[at] = p->events[above];
  p->events[at] = event;
}

struct plan_event plan_take(struct plan *p) {
  struct plan_event first = p->events[0], moved = p->events[--p->count];
  size_t at = 0;
  for (;;) {
    size_t below = 2 * at + 1;
    if (below + 1 < p->count && sooner(&p->events[below + 1], &p->events[below]))
      below++;
    if (below >= p->count || !sooner(&p->events[below], &moved))
      break;
    p->events[at] = p->events[below];
    at = below;
  }
  p->events[at] = moved;
  return first;
}
