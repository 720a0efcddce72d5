/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The desk of the dispatch benchmark: 30 queues, 20 profiles of agents with 2 to 6 of them, skills with levels and a
 * capacity of 3 to 6 units; items of 30 queues, some with another target, with needs, of different worth. The same
 * number gives the same item.
 */
#ifndef BENCH_DISPATCH_DESK_H
#define BENCH_DISPATCH_DESK_H

#include "base/buf.h"
#include <hiredis/hiredis.h>

enum { DESK_QUEUES = 30, DESK_PROFILES = 20, DESK_KEEP_MS = 777600000 };

/* Rows of common/plan/plan.h. */
void desk_plan(struct buf *b, int agents);
/* How many items all agents have in their hands when nobody has room, about. */
double desk_in_hands(int agents);

/* ---- commands, as RESP; `argc` arguments follow desk_call() */

void desk_call(struct buf *b, const char *function, int argc, int64_t now_ms);
void desk_put(struct buf *b, const char *text);
/* The 26 arguments of an event of a message that makes item `n`: "w" and 16 digits of it. */
enum { DESK_EVENT_ARGS = 26 };
void desk_put_event(struct buf *b, uint64_t n, uint64_t customer);
/* One command, formatted as hiredis does. Ends the program when Redis does not answer, or refuses. */
redisReply *desk_ask(redisContext *c, const char *format, ...);
/* The number of an item by its name. */
uint64_t desk_item(const char *name);

#endif
