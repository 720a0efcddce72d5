/* SPDX-License-Identifier: Apache-2.0 */
/* What link_router.c (sockets, life), router_frames.c (what a peer says) and router_peer.c (what is said to it) share.
 * router_outbound.c: the other way. Internal to link/. */
#ifndef LINK_ROUTER_INTERNAL_H
#define LINK_ROUTER_INTERNAL_H

#include "link/frame.h"
#include "link/link_router.h"
#include "link/outstanding.h"
#include "link/zap.h"
#include "link/zmq_loop.h"
#include "metrics/metrics.h"

#define BROKEN_MOST 10

/* An order on its way to a program. */
struct outbound_sent {
  char id[DERIVED_ID_LEN + 1];
  const char *order;          /* static */
  uint32_t bytes;
};

/* One program of the allow-list, connected or not. Nothing is queued for it: what is to be said follows from here. */
struct link_peer {
  struct link_router *router;
  char program[PROGRAM_MAX + 1];
  bool allowed;
  bool greeted;               /* said Hello and was not sent away since */
  bool known;                 /* the user may hold it: gone() is owed */
  bool hello_asked;           /* and until it comes all else is dropped in silence */
  uint8_t session[SESSION_BYTES];
  char **channels;
  size_t channel_count;
  struct outstanding outstanding;
  uint64_t highest;           /* number ever seen */
  int64_t heard_ms, said_ms;
  bool suspect;
  unsigned broken_in_row;
  /* to be said, in this order */
  char refusal[FRAME_REASON_MAX + 1];
  bool refuse_due, welcome_due, replay_due, pong_due, ping_due;
  uint64_t pong_n, pings;
  /* Replays are counted; a program is through with one when all it had sent before is confirmed again. */
  unsigned replay_asked, replay_done;
  int64_t replay_since_ms;
  uint64_t replay_target;
  /* the other way */
  bool came_due;              /* the user is to be told that it came, behind the Welcome */
  struct outbound_sent sent[LINK_OUTBOUND_WINDOW];
  size_t sent_count, sent_bytes;
};

struct link_router {
  uv_loop_t *loop;
  uv_timer_t timer;
  void *context, *socket;
  struct zmq_loop *watch;
  struct zap *zap;
  int lock_fd;
  char name[FRAME_NAME_MAX];
  char *endpoint, *keys_folder;
  struct link_router_options options;
  struct link_router_user user;
  struct allow_list allowed;
  struct link_peer *peers[LINK_PEERS_MAX];
  size_t peer_count;
  unsigned replays;
  struct arena *arena;
  struct buf out;
  Deskbell__V1__Outcome outcomes[FRAME_OUTCOMES];
  Deskbell__V1__Outcome *outcome_list[FRAME_OUTCOMES];
  struct link_arrival arrivals[FRAME_BATCH_ITEMS];
  struct metric *peers_up, *outstanding, *batches, *events, *broken, *foreign, *repeated;
};

/* router_frames.c: one message of a connection whose key is `user` ("" none), under routing id `id`. */
void router_received(struct link_router *r, struct slice id, struct slice user, struct slice frame);

/* router_peer.c */
enum { PEER_SLOW = 1, PEER_AWAY = 2 };
/* Says a frame to a routing id. Returns 0, PEER_SLOW, PEER_AWAY. */
int must_check router_say(struct link_router *r, struct slice id, const link_frame *f);
/* Sends away, with the reason. It may say Hello again. */
void peer_refuse(struct link_peer *p, const char *format, ...) printf_like(2, 3);
/* Lets it start again behind what was confirmed. */
void peer_demand_hello(struct link_peer *p);
/* The user forgets the peer, and so do we. */
void peer_forget(struct link_peer *p);
/* Once per turn: says what is due, and gone() when it is time. */
void peer_turn(struct link_peer *p, int64_t now_ms);
/* Once per heartbeat. */
void peer_tick(struct link_peer *p, int64_t now_ms);
void peer_free(struct link_peer **p);

/* router_outbound.c */
/* Nothing is on its way to it any more. */
void peer_forget_outbound(struct link_peer *p);
/* What it answered. */
void peer_answered(struct link_peer *p, const Deskbell__V1__OutboundConfirm *c);

#endif
