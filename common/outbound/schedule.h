/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When a message that was put off is tried again (RFC 5321 4.5.4.1 for mail). One row per channel kind: the pauses after
 * the first tries, the pause between all later ones, and for how long. Pure.
 */
#ifndef OUTBOUND_SCHEDULE_H
#define OUTBOUND_SCHEDULE_H

#include "base/slice.h"

enum { SCHEDULE_OVER = 1 };

#define SCHEDULE_ASKED_MAX_MS (6 * 3600 * 1000LL) /* no next system makes us wait longer than this (Retry-After) */

/* After try number `attempt` (from 1) of a message of this age. `left_ms`: until it expires; 0: the kind's own time counts.
 * `asked_ms`: the pause the next system asked for; 0 none. `salt` spreads by up to a tenth, so that what failed together
 * does not come back together. Returns 0 (gives the pause), or SCHEDULE_OVER: the next try would come too late. */
int must_check schedule_next(const char *channel_kind, uint32_t attempt, int64_t age_ms, int64_t left_ms,
                             int64_t asked_ms, uint64_t salt, int64_t *ret_pause_ms);
/* For how long a message of this kind is tried. */
int64_t schedule_life_ms(const char *channel_kind);
/* A destination that cannot be reached is left alone for so long after its `failures`-th failure in a row (from 1). */
int64_t schedule_down_ms(uint32_t failures);

#endif
