/* SPDX-License-Identifier: Apache-2.0 */
/* An EventBatch frame that grows event by event and is then sent from where it lies: one copy of each event. */
#ifndef LINK_BATCH_H
#define LINK_BATCH_H

#include "base/buf.h"
#include "link/link.h"

struct batch {
  struct buf bytes;
  size_t items, event_bytes;
};

void batch_init(struct batch *b);
void batch_free(struct batch *b);
void batch_clear(struct batch *b);
/* May an event of this size be added? */
bool batch_fits(const struct batch *b, size_t event_len);
void batch_add(struct batch *b, const struct link_event *event, int64_t sent_ms);
/* The whole frame of a batch that is not empty; lent until the next change. May be asked again. */
struct slice batch_frame(struct batch *b);

#endif
