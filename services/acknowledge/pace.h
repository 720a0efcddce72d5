/* SPDX-License-Identifier: Apache-2.0 */
/* How long the first answer of each queue takes just now (P:pace, proto/redis.md), as last read. Loop thread only. */
#ifndef ACKNOWLEDGE_PACE_H
#define ACKNOWLEDGE_PACE_H

#include "base/slice.h"
#include <hiredis/hiredis.h>

struct pace;

struct pace *pace_new(void);
void pace_free(struct pace **p);
/* Takes over what HGETALL of P:pace answered. */
void pace_read(struct pace *p, const redisReply *reply);
/* Milliseconds; 0: too few answers, or none within a day. */
int64_t pace_of(const struct pace *p, struct slice queue, int64_t now_ms);

#endif
