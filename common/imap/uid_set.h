/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sets of UIDs as ascending, disjoint ranges that do not touch, and their text "1:5,9,12:40" (RFC 9051, sequence-set).
 * A mailbox of a million mails without holes is one range. Pure.
 *
 * Limits: `max` ranges, set by the user of the set; an addition that needs one more is not made, UID_SET_FULL is
 * returned and `full` stays set. UIDs are 1 to 4294967295.
 */
#ifndef IMAP_UID_SET_H
#define IMAP_UID_SET_H

#include "base/buf.h"

enum { UID_SET_FULL = 1 };

#define UID_LAST UINT32_MAX

struct uid_range {
  uint32_t first, last; /* both belong to it; first <= last */
};

struct uid_set {
  struct uid_range *ranges;
  size_t count, room, max;
  bool full;
};

#define UID_SET_INIT(most) ((struct uid_set){.max = (most)})

/* Adds first..last, in any order; an addition at the end costs nothing. Returns 0 or UID_SET_FULL. */
int uid_set_add(struct uid_set *s, uint32_t first, uint32_t last);
/* Removes first..last. Splitting a range may need one more: 0 or UID_SET_FULL (nothing is removed then). */
int uid_set_remove(struct uid_set *s, uint32_t first, uint32_t last);
/* For many UIDs in any order: collect them, then settle once. Between the two nothing else may be called; the order
 * costs n log n at most. Returns 0 or UID_SET_FULL. */
int uid_set_collect(struct uid_set *s, uint32_t first, uint32_t last);
void uid_set_settle(struct uid_set *s);
bool uid_set_has(const struct uid_set *s, uint32_t uid);
uint64_t uid_set_total(const struct uid_set *s);
/* Empties it and keeps the memory. */
void uid_set_clear(struct uid_set *s);
void uid_set_free(struct uid_set *s);

/* Writes as many UIDs as fit into `bytes_max` bytes and `uids_max` UIDs, from *ranges on, and moves *ranges and *count
 * past them (a range that is written in part is shortened in place). They are added to `ret_written` (may be NULL) too.
 * Returns how many UIDs were written. */
uint64_t uid_set_write(struct uid_range **ranges, size_t *count, size_t bytes_max, uint64_t uids_max,
                       struct buf *ret_text, struct uid_set *ret_written);

#endif
