/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What goes out, from the outboxes in Redis to the channel programs: whatever is due and not on its way already is
 * sent, within the link's window; what the program answered is settled in Redis. Woken by Redis when something enters
 * an outbox (pub/sub), and once a second for what became due, and for what was missed.
 *
 *   outbox ──▶ deskbell_outbound_due ──▶ link ──▶ channel program ──▶ answer ──▶ deskbell_outbound_relayed
 *
 * If the router dies anywhere here, or Redis does: what was not settled is sent again, and the channel program knows
 * what it has. Each program has its own window and its own pace: one that is away or full holds up nobody else.
 * Limits: LINK_OUTBOUND_WINDOW messages under way for each program; LINK_PEERS_MAX programs.
 */
#ifndef ROUTER_RELAY_H
#define ROUTER_RELAY_H

#include "base/buf.h"
#include "link/link_router.h"
#include "redis/redis.h"

struct relay;

struct relay_options {
  struct redis_options redis;      /* changed and what follows it are the relay's */
  const char *tag;                 /* "{p00}" */
  const char *const *channels;     /* all that are configured, for the measures; borrowed */
  size_t channel_count;
};

struct relay *relay_open(uv_loop_t *loop, const struct relay_options *options);
/* As the link says it; of channel programs only. */
void relay_came(struct relay *r, struct link_peer *peer);
void relay_gone(struct relay *r, struct link_peer *peer);
void relay_answered(struct relay *r, struct link_peer *peer, const struct link_outbound_answer *answers, size_t count);
/* Nothing new is sent any more. */
void relay_drain(struct relay *r);
void relay_unhealthy(const struct relay *r, struct buf *ret_reasons);
void relay_measure(struct relay *r);
void relay_close(struct relay **r);

#endif
