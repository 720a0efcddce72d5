/* SPDX-License-Identifier: Apache-2.0 */
/* Entries of the journal about work items and agents: offers, hands, waiting, deadlines, presence (proto/redis.md). */
#ifndef CTL_JOURNAL_WORK_H
#define CTL_JOURNAL_WORK_H

#include "journal.h"

/* A type of entry; static. */
struct work_type {
  const char *type;
  const char *cloud;           /* of the CloudEvent */
  const char *step;            /* in a trace: "offered" */
};

/* NULL: the entry is about something else. A `reopen` because of an outbound message is not among them. */
const struct work_type *work_type_of(const struct entry *e);
/* What its evidence and event say, as members of a CloudEvent's data. */
void work_set(json_t *data, const struct entry *e);
/* One sentence, appended to `ret`. */
void work_words(const struct entry *e, struct buf *ret);

#endif
