/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A lane: the events of some addresses, one Redis connection, strictly in order. Calls of up to `batch` events, two on
 * their way at a time: Redis syncs once per turn of its loop, so lanes share the syncs and batches form by themselves.
 *
 * An event stays in its lane until Redis has answered for it; after a lost connection or a refusal all that were on
 * their way are sent again, in order. Repeats are harmless (functions.lua).
 * Limit: what the link lets in (window_events, window_bytes per channel program).
 */
#ifndef ROUTER_LANE_H
#define ROUTER_LANE_H

#include "decide.h"
#include "link/link_router.h"
#include "redis/redis.h"

struct lane;

enum lane_outcome { LANE_ROUTED, LANE_DUPLICATE, LANE_QUARANTINED };

/* One event on its way. Owned by the lane from lane_add() on. */
struct lane_item {
  struct lane_item *next;
  struct link_peer *peer;          /* NULL: its session is gone, nobody waits for the outcome */
  uint64_t seq;
  struct event_id id;
  int64_t spooled_ms, sent_ms, arrived_ms, arrived_us;
  int64_t received_ms;             /* when the channel program took it; set while it is written */
  const char *automatic;           /* static: what kind of machine made it, "" none; set while it is written */
  const char *quarantine;          /* set: goes into quarantine with this reason, whatever it is */
  size_t len;
  char event[];                    /* packed ContactEvent */
};

struct lane_user {
  /* The desk definition in force, and the secret; lent until the next call. NULL: not loaded, the lane waits. */
  const struct decide_desk *(*desk)(void *arg);
  bool (*is_own)(void *arg, struct slice address);
  /* Redis holds the event (or had it before). The item is freed after this. */
  void (*settled)(void *arg, const struct lane_item *item, enum lane_outcome outcome);
  /* Redis refuses: "STALE …", "OOM …", "Function not found", …; the lane holds until lane_resume(). */
  void (*refused)(void *arg, struct lane *lane, const char *error);
  void (*changed)(void *arg, struct lane *lane, bool up, const char *why);
  void *arg;
};

struct lane_options {
  struct redis_options redis;      /* changed and arg are the lane's */
  const char *tag;                 /* "{p00}" */
  uint32_t batch;
  int64_t dedupe_keep_ms, thread_idle_ms;
};

struct lane *lane_open(uv_loop_t *loop, const struct lane_options *options, const struct lane_user *user);
void lane_close(struct lane **l);
/* Makes an item (room for the event's bytes). */
struct lane_item *lane_item_new(struct slice event);
void lane_add(struct lane *l, struct lane_item *item);
/* Sends what may be sent; called once per turn of the loop. */
void lane_pump(struct lane *l);
/* Try again after refused(); does nothing while answers are missing, so it is called until the trouble is over. */
void lane_resume(struct lane *l);
/* The peer's session ended. */
void lane_forget_peer(struct lane *l, const struct link_peer *peer);
/* Holding, or refused and not yet taken again. */
bool lane_held(const struct lane *l);
size_t lane_length(const struct lane *l);
struct redis *lane_redis(struct lane *l);

#endif
