/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan: what the routing steps in Redis must know of a desk definition, as a text that a Lua function reads without a
 * YAML parser, a time zone or a logarithm. Rows end with RS (0x1e), fields are separated by US (0x1f), the first is the
 * row's kind. Names are form_name() or what YAML gave without C0 controls; numbers are decimal, weights and logarithms with
 * 17 digits; lists within a field are separated by blanks. Rows in this order:
 *
 *   W  weights in the order of rule_weights.def
 *   D  misses, lease ms, transfer ms, known ms, prefer ms, again ms        (struct desk_dispatch)
 *   K  channel kind, units                        all kinds, most frequent first; their place is the kind's number
 *   Q  name, priority, hours ('' always open), after (hold, take, or the queue it goes to), real_time (0, 1), handling ms,
 *      answer ms, next ms, resolve ms (0: no promise), warn share, offer to, offer ms, wrap ms, language level (0: none),
 *      nobody (queue, ''), limit (0: none), limit queue (''), relax, overflow
 *        relax     "60000:billing=1 300000:billing=0,zh=0"   from then on at most so much is asked; 0: nothing. Each step
 *                  has all skills of the one before it
 *        overflow  "600000:support"                          from then on its members may take it too
 *   L  queue, customer predicate, answer ms, next ms, resolve ms ('' as the queue's)   levels of the Q before it, in order
 *   P  number (0 …), units, kinds "email:4 sms:2", queues "billing:0.18232155679395459 support:0" (ln of speed),
 *      skills "billing:8 zh:5"
 *   A  name, profile number, hours ('')
 *   V  kind, name, points or factor                           factors of a customer's value, all multiply:
 *        figure NAME "x:y x:y"       a number of the imported profile; "value" is the imported value
 *        age    NAME "days:y …"      how long ago a date of the profile is
 *        lifetime NAME "x:y …" KEEPS YEARS   sum of NAME × KEEPS^k for k below YEARS (KEEPS: a number or a member's name)
 *        tag    NAME factor
 *        is     NAME factor TEXT     a text of the profile that is equal
 *
 * Between two points the factor is interpolated linearly, outside it is that of the nearest; what the profile does not have is
 * a factor of 1.
 *
 * Calendars stand in a text of their own, because they are made anew as time passes:
 *   H  name, "from to from to …"   Unix ms, open from … to, ascending, from the last midnight UTC for PLAN_DAYS days
 */
#ifndef PLAN_PLAN_H
#define PLAN_PLAN_H

#include "base/buf.h"
#include "desk/desk.h"

#define PLAN_DAYS 400        /* of calendars; made again when half of them are over */
#define PLAN_MAX_BYTES (8 * 1024 * 1024)

/* Returns 0 or BUF_FULL. Deterministic: the same desk gives the same bytes. */
int plan_write(const struct desk *d, struct buf *b);
int plan_write_hours(const struct desk *d, int64_t now_ms, struct buf *b);

#endif
