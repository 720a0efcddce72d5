/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One channel program's share of what goes out: the messages under way to it, each sent until the program answered,
 * then settling until Redis did. It asks Redis for what is due when there is room, one question at a time, and names
 * what is under way. Settling that fails is forgotten: the message is still in its outbox and goes the same way
 * again. Internal to the relay.
 */
#ifndef ROUTER_RELAY_FLOW_H
#define ROUTER_RELAY_FLOW_H

#include "link/link_router.h"
#include "metrics/metrics.h"
#include "redis/redis.h"

#define FLOW_CHANNEL_MAX 64

/* What all flows use; owned by the relay. */
struct flow_common {
  uv_loop_t *loop;
  struct redis *redis;
  const char *tag;
  bool draining;                   /* nothing new is sent */
  bool closing;                    /* answers that still come are dropped */
  struct metric *taken, *refused, *later;
};

struct flight {
  char id[DERIVED_ID_LEN + 1], channel[FLOW_CHANNEL_MAX + 1];
  const char *order;               /* of link_order(), or "" for what is lost */
  bool settling;
  uint32_t bytes;
  int64_t since_ms;                /* of the loop */
};

struct flow {
  const struct flow_common *common;
  struct link_peer *peer;          /* NULL: away */
  char program[FLOW_CHANNEL_MAX + 1];
  struct flight flights[LINK_OUTBOUND_WINDOW];
  size_t count;
  bool asking, again;              /* a question is on its way; something happened since it was asked */
  int64_t pause_ms, paused_until_ms;
};

struct flow *flow_new(const struct flow_common *common, struct slice program);
/* Answers to Redis must not come any more. */
void flow_free(struct flow **f);
/* Up, or up again: what was sent and not answered is sent again. */
void flow_came(struct flow *f, struct link_peer *peer);
void flow_gone(struct flow *f);
void flow_answered(struct flow *f, const struct link_outbound_answer *answers, size_t count);
/* Sends what is due, as far as there is room; does nothing when it cannot. May be called at any time. */
void flow_pump(struct flow *f);
bool flow_speaks_for(const struct flow *f, struct slice channel);
/* For how long the oldest unanswered one is under way; 0 none. */
int64_t flow_silent_ms(const struct flow *f);

#endif
