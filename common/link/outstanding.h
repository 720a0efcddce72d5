/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one program sent to the router and has not been told to be durable. Pure.
 *
 * A pass is what the program sends between two Hellos; in it numbers rise. After a Hello it sends again from behind
 * what was last confirmed, while the router may still be busy with events of the pass before: those are known, they are not
 * handed on twice, and so neither a flapping link nor a restarting program piles up events in the router.
 * The confirm of a pass speaks of this pass alone: the greatest number up to which all that was sent in it is durable.
 */
#ifndef LINK_OUTSTANDING_H
#define LINK_OUTSTANDING_H

#include "base/id.h"
#include "link/link.h"

enum {
  OUTSTANDING_KNOWN = 1,    /* already on its way: do not hand it on */
  OUTSTANDING_OTHER = 2,    /* a different event has this number: not a spool we know */
  OUTSTANDING_DISORDER = 3, /* the number does not rise: something is missing or repeated */
  OUTSTANDING_FULL = 4,     /* more than the window */
};

struct outstanding_item {
  uint64_t seq;
  struct event_id id;
  uint32_t bytes;
  bool done;
  uint8_t outcome;          /* enum link_outcome */
  char *reason;             /* heap or NULL */
};

struct outstanding {
  uint32_t window_events;   /* at most in one pass */
  uint64_t window_bytes;
  struct outstanding_item *ring; /* this pass */
  size_t head, count, room; /* room: a power of two or 0 */
  size_t ready;             /* how many at the front are done */
  uint64_t bytes;           /* of the ring */
  struct outstanding_item *earlier; /* passes before, by number; done ones are dead */
  size_t earlier_count;
  size_t open;              /* handed on and not done, in both */
  uint64_t open_bytes;
  uint64_t last;            /* greatest number of this pass; 0 none */
};

void outstanding_init(struct outstanding *o, uint32_t window_events, uint64_t window_bytes);
/* Forgets everything and frees what it holds. */
void outstanding_clear(struct outstanding *o);
/* A new pass begins. */
void outstanding_restart(struct outstanding *o);
/* Returns 0 (new: hand it on) or an outcome above; on the last three nothing was added. */
int must_check outstanding_add(struct outstanding *o, uint64_t seq, const struct event_id *id, size_t bytes);
/* Returns false when it is not outstanding. */
bool outstanding_done(struct outstanding *o, uint64_t seq, enum link_outcome outcome, struct slice reason);
/* Lends the front of the pass as far as it is done, item by item; NULL behind it. */
const struct outstanding_item *outstanding_ready(const struct outstanding *o, size_t index);
/* Forgets the first `count` done ones. */
void outstanding_drop(struct outstanding *o, size_t count);

#endif
