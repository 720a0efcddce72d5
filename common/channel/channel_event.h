/* SPDX-License-Identifier: Apache-2.0 */
/* What the channel must know of an event without looking into it, and the entry that takes the place of one that cannot
 * be sent: nothing that was accepted disappears, and nothing stops what comes behind it (G4). Internal to channel/. */
#ifndef CHANNEL_CHANNEL_EVENT_H
#define CHANNEL_CHANNEL_EVENT_H

#include "event/event.h"
#include "spool/blob.h"

/* The id of a packed ContactEvent. Uses and resets the arena. Returns 0, or -EBADMSG when there is none. */
int must_check channel_event_id(struct slice event, struct arena *a, struct event_id *ret);

struct quarantine_entry {
  const char *program, *channel, *channel_kind;
  const char *reason, *detail;   /* a stable code; one sentence for an operator */
  uint64_t seq;
  struct slice content;          /* what was found: of it and the number the id is made */
  int64_t received_ms;
  const struct blob_ref *original; /* NULL: it could not be kept */
};

/* Packs it into `ret` (cleared first). Uses and resets the arena. */
void channel_quarantine(const struct quarantine_entry *q, struct arena *a, struct event_id *ret_id, struct buf *ret);

#endif
