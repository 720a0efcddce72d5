/* SPDX-License-Identifier: Apache-2.0 */
#include "base/agenda.h"
#include "base/fault.h"
#include <stdlib.h>

static bool sooner(const struct agenda_event *a, const struct agenda_event *b) {
  return a->at != b->at ? a->at < b->at : a->order < b->order;
}

void agenda_add(struct agenda *a, struct agenda_event event) {
  if (a->count == a->room)
    a->events = must_realloc(a->events, (a->room = a->room ? 2 * a->room : 256) * sizeof(event));
  event.order = a->added++;
  size_t at = a->count++;
  for (size_t above; at > 0 && sooner(&event, &a->events[above = (at - 1) / 2]); at = above)
    a->events[at] = a->events[above];
  a->events[at] = event;
}

struct agenda_event agenda_take(struct agenda *a) {
  struct agenda_event first = a->events[0], moved = a->events[--a->count];
  size_t at = 0;
  for (;;) {
    size_t below = 2 * at + 1;
    if (below + 1 < a->count && sooner(&a->events[below + 1], &a->events[below]))
      below++;
    if (below >= a->count || !sooner(&a->events[below], &moved))
      break;
    a->events[at] = a->events[below];
    at = below;
  }
  a->events[at] = moved;
  return first;
}

void agenda_free(struct agenda *a) {
  free(a->events);
  *a = (struct agenda){0};
}
