/* SPDX-License-Identifier: Apache-2.0 */
/* What channel.c (life, taking, health), channel_send.c (from the spool to the link) and channel_outbound.c (the
 * other way) share. Internal to channel/. */
#ifndef CHANNEL_CHANNEL_INTERNAL_H
#define CHANNEL_CHANNEL_INTERNAL_H

#include "base/arena.h"
#include "channel/channel.h"
#include "metrics/metrics.h"

/* A record on its way to the link. */
struct slot {
  uint64_t seq;
  int64_t spooled_ms;
  struct event_id id;
  char *event;              /* heap; NULL: its event is not made yet */
  size_t len;
};

struct channel {
  struct channel_options options;
  char *program;
  const char *channel, *channel_kind; /* what a record without a channel of its own is filed under */
  struct spool *spool;
  struct link *link;
  /* The records after the last one sent, up to `pulled`, in order: a ring. */
  struct slot slots[CHANNEL_WINDOW];
  size_t head, count;
  uint64_t pulled, confirmed;         /* of this pass: since the link last began anew */
  uint64_t highest_sent;              /* ever: what is below is sent again */
  uint64_t being_made[CHANNEL_WINDOW]; /* records whose event somebody is making, also those of a pass before */
  size_t being_made_count;
  void (*outbound)(void *arg, const struct link_outbound *items, size_t count); /* NULL: it delivers nothing */
  void *outbound_arg;
  bool pumping, starved, closing;
  size_t taking;                      /* channel_take()s without an answer */
  struct arena *arena;
  struct buf out;
  struct metric *waiting, *used, *size, *oldest, *taken, *full, *failed, *damaged, *duplicate, *quarantined;
};

/* From behind the last confirmed record on; called by the link. */
extern const struct link_user channel_link_user;
/* Sends what may be sent and reads on as far as there is room. */
void channel_pump(struct channel *c);
void channel_forget_slots(struct channel *c);
/* Hands on what goes out; NULL: nobody does any more. */
void channel_on_outbound(struct channel *c, void (*take)(void *arg, const struct link_outbound *items, size_t count),
                         void *arg);
/* Is this one of the program's own channels? */
bool channel_speaks_for(const struct channel *c, struct slice channel);

#endif
