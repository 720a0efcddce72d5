/* SPDX-License-Identifier: Apache-2.0 */
/* One entry of the journal, out of what Redis answers to XRANGE or XREAD. Fields and their meaning: proto/redis.md. */
#ifndef JOURNAL_ENTRY_H
#define JOURNAL_ENTRY_H

#include "base/slice.h"
#include <hiredis/hiredis.h>

enum meta { META_EVENT, META_CUSTOMER, META_CONVERSATION, META_WORK_ITEM, META_QUEUE, META_RULE, META_DESK, META_HOW,
            META_EVIDENCE, META_AGENT, META_AT, META_PREVIOUS, META_TRACE, META_CONTEXT, META_COUNT };

/* The parts of META_CONTEXT. */
enum context { CONTEXT_STATE, CONTEXT_AS_OF, CONTEXT_TAGS, CONTEXT_VALUE, CONTEXT_LANGUAGE, CONTEXT_OPEN,
               CONTEXT_LAST_AGENT, CONTEXT_NAME, CONTEXT_PROFILE, CONTEXT_HISTORY, CONTEXT_CONSENT,
               CONTEXT_COUNT };

/* The parts of CONTEXT_HISTORY, by blanks. */
enum context_history { HISTORY_KNOWN_SINCE, HISTORY_CONTACTS, HISTORY_CONVERSATIONS, HISTORY_LAST_CONTACT, HISTORY_LAST_SERVED,
               HISTORY_COUNT };

/* The parts of a work item's `facts`. */
enum item_fact { FACT_CONVERSATION, FACT_CUSTOMER, FACT_PRIORITY, FACT_DEADLINE, FACT_SKILLS, FACT_RULE, FACT_DESK,
                 FACT_CREATED, FACT_EVENT, FACT_COUNT };

/* Borrows the reply it was read from. */
struct entry {
  const char *cursor;
  struct slice type, event;
  struct slice meta[META_COUNT];
};

/* `reply`: one element of XRANGE. Returns false when it is no journal entry. */
bool must_check entry_read(const redisReply *reply, struct entry *ret);
void entry_context_parts(const struct entry *e, struct slice ret[CONTEXT_COUNT]);

/* Parts of a text joined by `sep`; missing ones are empty. */
void split_parts(struct slice text, char sep, struct slice *ret, size_t count);

#endif
