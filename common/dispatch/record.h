/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A decision's record as text, for a log: written by the Redis function that decided, read by whoever asks why. Rows
 * end with RS (0x1e), fields are separated by US (0x1f), the first is the row's kind; numbers have 17 digits, '' is
 * none.
 *
 *   w  the weights in the order of rule_weights.def
 *   q  number in the view, name, target, base, slope, late_base, late_slope, head_start, now, able, keep, scarcity,
 *      real_time (1, 0)                                                         each queue that is named below
 *   i  id, queue, set (p, o, l), score, index, ln_speed, ln_known, kept for (queue), arrival, ln_value, needs
 *   h  the same, of an item that the reserve held
 *   a  agent, ln_speed, ln_known, crowded, used, units, idle since, lost (numbers of queues by blanks), price, cost,
 *      kept for, alike
 *   s  the same, of an agent that the reserve spared
 *   n  items, held items, agents, spared agents beyond the limits; items that nobody fits
 *
 * In this order; i, h, a, s best first. Rows a reader does not know are skipped, as are fields after those it knows.
 */
#ifndef DISPATCH_RECORD_H
#define DISPATCH_RECORD_H

#include "dispatch/rule.h"

/* Returns 0 or BUF_FULL. */
int rule_record_write(const struct rule_record *r, struct buf *b);
/* Names are borrowed from the text. Returns 0 or -EINVAL; what it accepts is safe to give to rule_replay() and
 * rule_words(), whatever it says. */
int must_check rule_record_read(struct slice text, struct rule_record *ret);

#endif
