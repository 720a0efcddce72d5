/* SPDX-License-Identifier: Apache-2.0 */
/* Mail out: from the link into the delivery store, over the relay, and its states back through the spool. */
#ifndef EMAIL_SEND_H
#define EMAIL_SEND_H

#include "channel/channel.h"

struct send;

/* Returns 0 (gives *ret) or < 0 with the complaint filled. `channel` is borrowed and closed after it. */
int must_check send_open(uv_loop_t *loop, const struct config *config, struct channel *channel, struct send **ret,
                         struct complaint *complaint);
/* Starts no more tries; `drained` is called when none is under way. */
void send_drain(struct send *s, void (*drained)(void *arg), void *arg);
void send_close(struct send **s);
void send_unhealthy(struct send *s, struct buf *ret_reasons);
void send_measure(struct send *s);

#endif
