/* SPDX-License-Identifier: Apache-2.0 */
/* A router with a stand-in for Redis, and channel programs that send numbered events, all in one loop over real sockets
 * in a folder of their own. Nothing waits for time: world_until() turns the loop until something is so. */
#ifndef LINK_WORLD_H
#define LINK_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "link/frame.h"
#include "link/keys.h"
#include "link/link.h"
#include "link/link_router.h"
#include <uv.h>

#define WORLD_EVENTS 20001
#define WORLD_CHANNEL "sms-main"

struct held {
  struct link_peer *peer;
  uint64_t seq;
};

struct world {
  uv_loop_t loop;
  uv_timer_t patience;
  char dir[64], endpoint[128], path[256];
  struct link_router_options options;
  struct link_router *router;
  /* What the stand-in for Redis holds: once per number, in order of first arrival. */
  uint8_t have[WORLD_EVENTS];
  uint64_t in_order;          /* 1 … in_order came, each first after the one before */
  bool disorder;
  size_t arrived, gone, foreign;
  /* Not answered yet while `hold`; else at once. */
  bool hold;
  struct held *held;
  size_t held_count;
  enum link_outcome outcome;
  const char *reason;
  const char *forbidden;      /* channel nobody may speak for */
  /* The other way; NULL: nobody listens. Set before world_router_open(). */
  void (*came)(void *arg, struct link_peer *peer);
  void (*answered)(void *arg, struct link_peer *peer, const struct link_outbound_answer *answers, size_t count);
};

struct program {
  struct world *world;
  struct link *link;
  uint64_t total, next, confirmed;
  size_t len;                 /* of an event's text */
  const char *channel;        /* its events are of */
  unsigned restarts, replays;
  int64_t replay_since_ms;
  uint64_t replay_to;         /* number behind which a replay begins */
  size_t outcomes[3], most_unconfirmed;
  char reason[64];
  void (*outbound)(void *arg, const struct link_outbound *items, size_t count); /* set before program_open() */
};

void world_open(struct world *w);
void world_close(struct world *w);
/* Lends the path of a file in the world's folder, until the next call. */
const char *world_path(struct world *w, const char *name);
void world_router_open(struct world *w);
/* Answers everything held, first to last or last to first. */
void world_answer(struct world *w, bool backwards);
/* Turns the loop until it is so; fails after 60 s. */
void world_until(struct world *w, bool (*is_so)(void *arg), void *arg);
/* Turns the loop as long as something is ready, without waiting. */
void world_settle(struct world *w);

void program_open(struct program *p, struct world *w, const char *name, uint64_t total);
void program_open_with(struct program *p, struct world *w, const char *name, const char *key, const char *server_key,
                       const char *const *channels, size_t channel_count);
void program_feed(struct program *p);
bool program_up(void *arg);
bool program_all_confirmed(void *arg);
bool program_in_trouble(void *arg);

/* A packed ContactEvent of about `len` bytes into `ret`; its id is made from the number. */
size_t event_of(uint64_t seq, const char *channel, size_t len, struct event_id *ret_id, char *ret, size_t room);

#endif
