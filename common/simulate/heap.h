/* SPDX-License-Identifier: Apache-2.0 */
/* A sorted set of which only the head is asked: members by score, then by number. Each member knows its place. */
#ifndef SIMULATE_HEAP_H
#define SIMULATE_HEAP_H

#include "base/fault.h"

struct heap_member {
  double score;
  uint32_t item;
};

struct heap {
  struct heap_member *members;
  size_t count, room;
};

/* place: for each item, where it stands in the one heap that it is in. */
void heap_add(struct heap *h, uint32_t *place, double score, uint32_t item);
void heap_remove(struct heap *h, uint32_t *place, uint32_t item);

#endif
