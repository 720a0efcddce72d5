/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How others route, after their source or their documentation, each as kindly as it allows: an offer is taken at once,
 * Chatwoot sees who has room, the team behind FIFO takes the oldest at once. Levels of priority are an administrator's
 * choice; three are known here, one of them our own idea in levels.
 */
#ifndef BENCH_ROUTING_PEERS_H
#define BENCH_ROUTING_PEERS_H

#include "engine.h"

enum peer_kind {
  PEER_FIFO,                  /* oldest first: Zammad's overview, and a team that is always there */
  PEER_CHATWOOT_PUSH,         /* v1: at arrival to the next in turn, whatever he has in hand */
  PEER_CHATWOOT_BALANCED,     /* v2: at events of the same inbox, oldest first, to who has fewest of it */
  PEER_ROCKETCHAT,            /* every 5 s one of each department, by priority; to who has fewest */
  PEER_TWILIO,                /* priority, then age; longest idle */
  PEER_CONNECT,               /* the same, primary queues first; others' after a delay */
  PEER_GENESYS,               /* age and priority as age; best skill */
  PEER_EDF,                   /* by due time */
  PEER_RATIO,                 /* value x waited / target */
  PEER_GCMU,                  /* quadratic cost: value x rate x waited / target^2 */
  PEER_STRICT,                /* for checks: by value / target */
  PEER_ACCUMULATING           /* for checks: value x waited */
};

enum peer_levels {
  LEVELS_USUAL,               /* real-time channels, then VIPs and short targets */
  LEVELS_VALUE_PER_SECOND,    /* doublings of value / target */
  LEVELS_VALUE                /* half doublings of value */
};

struct peer {
  enum peer_kind kind;
  const char *name;
  enum peer_levels levels;
  double delay_s, delay_share; /* Connect: the longer of the two, the share being of the target */
  double level_s;             /* Genesys: what a level is worth in age */
};

/* Borrows the settings. */
struct policy peer_policy(const struct peer *p);

#endif
