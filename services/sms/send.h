/* SPDX-License-Identifier: Apache-2.0 */
/* SMS and messengers out: from the link into the delivery store, to the providers, and states back through the spool. */
#ifndef SMS_SEND_H
#define SMS_SEND_H

#include "channel/channel.h"

struct send;

/* `hook_url` writes the public address of a channel's webhook, where its provider may report; "" none. Returns 0 (gives
 * *ret) or < 0 with the complaint filled. `channel` is borrowed and closed after it. */
int must_check send_open(uv_loop_t *loop, const struct config *config, struct channel *channel,
                         void (*hook_url)(void *arg, const char *channel, char ret[1024]), void *arg, struct send **ret,
                         struct complaint *complaint);
/* Starts no more tries; `drained` is called when none is under way. */
void send_drain(struct send *s, void (*drained)(void *arg), void *arg);
void send_close(struct send **s);
void send_unhealthy(struct send *s, struct buf *ret_reasons);
void send_measure(struct send *s);

#endif
