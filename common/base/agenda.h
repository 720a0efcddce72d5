/* SPDX-License-Identifier: Apache-2.0 */
/* What is to happen, in virtual time: a binary heap by time, then by order of adding. Begins as {0}. */
#ifndef BASE_AGENDA_H
#define BASE_AGENDA_H

#include <stddef.h>
#include <stdint.h>

struct agenda_event {
  int64_t at;
  uint64_t order;              /* filled in by agenda_add() */
  int kind;                    /* the user's */
  uint32_t what, detail;       /* the user's */
};

struct agenda {
  struct agenda_event *events; /* the first is the next */
  size_t count, room;
  uint64_t added;
};

void agenda_add(struct agenda *a, struct agenda_event event);
/* Not when it is empty. */
struct agenda_event agenda_take(struct agenda *a);
void agenda_free(struct agenda *a);

#endif
