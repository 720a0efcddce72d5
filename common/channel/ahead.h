/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The records between the spool and the link, in order of taking: each waits for its event, or has it and waits for the
 * link. Normalising may end in any order; leaving is in order. Pure. Internal to common/channel.
 */
#ifndef CHANNEL_AHEAD_H
#define CHANNEL_AHEAD_H

#include "base/id.h"
#include "channel/channel.h"

struct ahead_slot {
  uint64_t seq;
  bool ready;
  struct event_id id;
  uint32_t attempt;
  int64_t spooled_ms;
  char *event;               /* heap; NULL until ready */
  size_t len;
};

struct ahead {
  struct ahead_slot slots[CHANNEL_WINDOW];
  size_t head, count, pending; /* pending: not ready */
};

static inline bool ahead_full(const struct ahead *a) {
  return a->count == CHANNEL_WINDOW;
}
/* Behind the last one; there must be room. Lends the slot. */
struct ahead_slot *ahead_add(struct ahead *a, uint64_t seq, int64_t spooled_ms, uint32_t attempt);
/* Copies the event into the record's slot. False when there is no such slot that waits. */
bool ahead_ready(struct ahead *a, uint64_t seq, const struct event_id *id, struct slice event);
/* The first, if it is ready; else NULL. */
const struct ahead_slot *ahead_first(const struct ahead *a);
void ahead_drop_first(struct ahead *a);
void ahead_clear(struct ahead *a);

#endif
