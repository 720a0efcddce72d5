/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where messages go: each destination has its own queue by due time, its own limit, and its own silence after failures,
 * so that a dead one slows nobody else. Inside common/outbound only. Pure but for memory.
 */
#ifndef OUTBOUND_DESTINATION_H
#define OUTBOUND_DESTINATION_H

#include "base/slice.h"

struct waiting {               /* part of whoever waits */
  int64_t due_ms;
  uint64_t order;              /* of equal due times: first come, first served */
  size_t place;                /* in the heap, + 1; 0: in none */
  struct destination *at;
};

struct destination {
  struct destination *next;
  uint32_t under_way, failures;
  int64_t down_until_ms;       /* 0: it answers */
  struct waiting **heap;
  size_t count, room;
  char name[];
};

struct destinations {
  struct destination *first, *turn; /* `turn`: who is asked first */
  size_t count;
  uint64_t order;
};

/* Finds or makes. */
struct destination *destination_find(struct destinations *all, const char *name);
/* Puts it into the destination's queue, or moves it there by its new due time. */
void destination_wait(struct destinations *all, struct destination *d, struct waiting *w, int64_t due_ms);
void destination_leave(struct waiting *w);
/* The next that may be tried now, taken out of its queue: destinations in turn, each at most `most` under way, one that
 * is down only one (which finds out whether it answers again). NULL: none; *ret_soonest_ms is then lowered to when one
 * may. */
struct waiting *destination_take(struct destinations *all, int64_t now_ms, uint32_t most, int64_t *ret_soonest_ms);
/* A try has ended. `down`: the destination itself failed. */
void destination_answered(struct destination *d, bool down, int64_t now_ms);
size_t destinations_down(const struct destinations *all, int64_t now_ms);
void destinations_free(struct destinations *all);

#endif
