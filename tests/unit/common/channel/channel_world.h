/* SPDX-License-Identifier: Apache-2.0 */
/* A channel over a real spool and a real link, a router that remembers what came, and a normaliser that answers when it
 * is told to; in one loop, in a folder of their own. */
#ifndef CHANNEL_WORLD_H
#define CHANNEL_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "channel/channel.h"
#include "event/event.h"
#include "link/keys.h"
#include "link/link_router.h"

#define WORLD_RECORDS 12001
#define RECORD_RAW 16 /* a program's own kind: the payload is the text of an event to be made */

struct world_arrival {
  struct link_peer *peer;
  uint64_t seq;
  uint32_t attempt;
  bool quarantine;
  char reason[32], channel[33], text[64];
  bool has_original;
  uint8_t original[32];
  /* of a status */
  char id[27], key[64], of_outbound[18], of_source[32], state[16], why[64], code[32], destination[64];
  uint32_t of_attempt;
  int64_t at_ms, next_try_ms;
  bool permanent;
};

struct world {
  uv_loop_t loop;
  uv_timer_t patience;
  char dir[64], endpoint[128];
  struct config config;
  struct channel_config channels[3];
  struct channel *channel;
  struct link_router *router;
  struct arena *arena;
  /* the router */
  struct world_arrival *arrivals;
  size_t arrived, unanswered; /* arrivals from `unanswered` on were not answered */
  bool hold;
  uint32_t window_events;
  /* the normaliser */
  bool normalise_later, normalise_too_large;
  uint64_t *making;
  char (*texts)[64];
  size_t making_count, most_making, normalised;
  /* the other way; set before world_router_open() */
  void (*came)(void *arg, struct link_peer *peer);
  void (*answered)(void *arg, struct link_peer *peer, const struct link_outbound_answer *answers, size_t count);
  /* takes */
  size_t taken, full, failed;
};

void world_open(struct world *w);
void world_close(struct world *w);
void world_router_open(struct world *w);
/* `normaliser`: records of RECORD_RAW are turned into events. */
void world_channel_open(struct world *w, bool normaliser);
int world_try_channel(struct world *w, bool normaliser, struct channel **ret, struct complaint *c);
void world_until(struct world *w, bool (*is_so)(struct world *w));
void world_settle(struct world *w);
/* Takes a packed event with this number as its text; or as a raw record. */
void world_take_event(struct world *w, unsigned number);
void world_take_raw(struct world *w, unsigned number);
void world_take(struct world *w, uint32_t kind, struct slice payload);
/* The normaliser answers all it holds, in order or backwards. */
void world_normalise(struct world *w, bool backwards);
/* The router answers all that came. */
void world_answer(struct world *w);
bool world_idle(struct world *w);
bool world_any_arrived(struct world *w);
/* The n-th first arrival of a number is the n-th number: everything in order and complete, repeats aside. */
void world_expect_in_order(const struct world *w, uint64_t upto);

#endif
