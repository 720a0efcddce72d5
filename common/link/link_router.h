/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The router's end of the link: ZeroMQ ROUTER (MANDATORY, HANDOVER, DONTWAIT, bounded queue per peer), CURVE with a
 * ZAP allow-list: the files <program>.pub in the keys folder. A key speaks only for the program it is named after
 * (User-Id checked on every message against the routing id), and a program only for its channels.
 * Broken frames are counted and dropped; since nobody knows what was in one, the peer must say Hello again and start
 * behind what was confirmed; after 10 in a row it is refused.
 *
 * A peer outlives its connection as long as events of it are outstanding: what it then sends again (same number, same
 * id) is not handed on twice, so neither a flapping link nor a restarting program piles up events here.
 * Limits: LINK_PEERS_MAX programs; per program four windows of events; LINK_OUTBOUND_WINDOW orders on their way to it.
 */
#ifndef LINK_LINK_ROUTER_H
#define LINK_LINK_ROUTER_H

#include "base/arena.h"
#include "link/link.h"

#define LINK_PEERS_MAX 256

struct link_router;
struct link_peer;                 /* one program; valid until gone() */

struct link_router_options {
  const char *listen;             /* "ipc:///…", "tcp://127.0.0.1:*" */
  const char *key_file;           /* router.key */
  const char *keys_folder;        /* <program>.pub: the allow-list; read at open and on link_router_reload() */
  uint32_t window_events;
  size_t window_bytes;
  int64_t heartbeat_ms, dead_after_ms;
  /* May this program speak for this channel? */
  bool (*may_speak)(void *arg, struct slice program, struct slice channel);
};

struct link_arrival {
  uint64_t seq;
  struct event_id id;
  struct slice event;             /* lent during the call */
  uint32_t attempt;
  int64_t spooled_ms, sent_ms;
  bool foreign;                   /* its channel is none of those the program speaks for: to be quarantined */
};

struct link_outbound_answer {
  const char *id, *order;         /* as sent */
  enum link_answer answer;
  struct slice reason;            /* one line of plain ASCII */
};

struct link_router_user {
  /* A batch in order. The user later calls link_router_done() once for each, in any order. */
  void (*arrived)(void *arg, struct link_peer *peer, const struct link_arrival *items, size_t count);
  /* The program is away: its `peer` must not be used again, outstanding items need no link_router_done(). It comes when
   * nothing is outstanding any more, and earlier when the program's spool is another one than before. Not called by
   * link_router_close(). */
  void (*gone)(void *arg, struct link_peer *peer);
  /* The program is up, or up again: nothing is on its way to it any more, what it had not answered is to be sent again.
   * May be NULL. */
  void (*came)(void *arg, struct link_peer *peer);
  /* What it answered to orders that were on their way; lent during the call. May be NULL. */
  void (*answered)(void *arg, struct link_peer *peer, const struct link_outbound_answer *answers, size_t count);
  void *arg;
};

/* Returns 0 (gives *ret); -EADDRINUSE when another router listens there; -EINVAL, -errno; the complaint says why. */
int must_check link_router_open(uv_loop_t *loop, const struct link_router_options *options,
                                const struct link_router_user *user, struct link_router **ret,
                                struct complaint *complaint);
/* Where it really listens ("tcp://127.0.0.1:41234"); lent. */
const char *link_router_endpoint(const struct link_router *r);
/* This item is durable (a number that is not outstanding is ignored): it is confirmed to the peer once all before it are.
 * `reason` may be empty. */
void link_router_done(struct link_peer *peer, uint64_t seq, enum link_outcome outcome, struct slice reason);
/* Sends orders, from the first on, as far as window and socket take them: copies. Returns how many; the rest is to be
 * sent when something was answered, when the program came, or after a while. Not twice the same (id, order) before
 * its answer. */
size_t must_check link_router_send_outbound(struct link_peer *peer, const struct link_outbound *items, size_t count);
/* Asks every program for a replay; one that is not connected, or goes away in the middle, is asked when it comes. */
void link_router_replay(struct link_router *r, int64_t since_ms);
/* Reads the keys folder again. A removed key is refused at once, a changed one counts from the next connection on.
 * Returns 0, or < 0 with the complaint filled and the old list in force. */
int must_check link_router_reload(struct link_router *r, struct complaint *complaint);
size_t link_router_peers(const struct link_router *r);
size_t link_router_outstanding(const struct link_router *r);
struct slice link_peer_program(const struct link_peer *peer);
/* Greeted and welcomed: it hears what is sent now. */
bool link_peer_up(const struct link_peer *peer);
/* The channels it speaks for; lent until it says Hello again. */
const char *const *link_peer_channels(const struct link_peer *peer, size_t *ret_count);
void link_router_close(struct link_router **r);

#endif
