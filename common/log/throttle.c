/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stranger who can cause a log line can cause a million; the disk of the log must survive that, and an operator
 * must still see how many there were. Event names are words of the code, so the table is small and seldom full.
 */
#include "log/throttle.h"
#include <string.h>

static struct throttle_slot *stalest(struct throttle *t) {
  struct throttle_slot *found = &t->slots[0];
  for (size_t i = 1; i < t->used; i++) {
    struct throttle_slot *slot = &t->slots[i];
    bool quieter = slot->held_back == 0 && found->held_back > 0;
    bool louder = slot->held_back > 0 && found->held_back == 0;
    if (quieter || (!louder && slot->second < found->second))
      found = slot;
  }
  return found;
}

static struct throttle_slot *slot_of(struct throttle *t, const char *name, int64_t now_ms) {
  for (size_t i = 0; i < t->used; i++)
    if (strncmp(t->slots[i].name, name, THROTTLE_NAME) == 0)
      return &t->slots[i];
  struct throttle_slot *slot = t->used < THROTTLE_SLOTS ? &t->slots[t->used++] : stalest(t);
  *slot = (struct throttle_slot){.second = now_ms};
  strncpy(slot->name, name, THROTTLE_NAME);
  return slot;
}

bool throttle_pass(struct throttle *t, const char *name, int64_t now_ms, uint64_t *ret_held_back) {
  struct throttle_slot *slot = slot_of(t, name, now_ms);
  /* A clock that went backwards starts a new second too, or the name could stay silent. */
  if (now_ms - slot->second >= 1000 || now_ms < slot->second) {
    slot->second = now_ms;
    slot->written = 0;
  }
  if (slot->written >= THROTTLE_PER_SECOND) {
    slot->held_back++;
    return false;
  }
  slot->written++;
  *ret_held_back = slot->held_back;
  slot->held_back = 0;
  return true;
}
