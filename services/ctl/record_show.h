/* SPDX-License-Identifier: Apache-2.0 */
/* A decision's record (dispatch/record.h) for people: in words, as tables for the expert, as JSON. Pure but for
 * printing. */
#ifndef CTL_RECORD_SHOW_H
#define CTL_RECORD_SHOW_H

#include "dispatch/rule.h"
#include <jansson.h>

/* Why, in one sentence; in `ret`, cleared first. */
void record_words(const struct rule_record *r, struct buf *ret);
/* All of it: `words`, `reproduced` (deciding again from the record alone gives the same; else `differs` says where),
 * weights, queues, items, held, agents, spared, and how many more there were. Gives a new reference. */
json_t *record_json(const struct rule_record *r);
/* Tables: every factor of each item, every part of each agent's cost. */
void record_print(const struct rule_record *r);

#endif
