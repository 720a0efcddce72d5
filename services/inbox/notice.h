/* SPDX-License-Identifier: Apache-2.0 */
/* An entry of the journal as news for agents: what happened, whom it concerns, the facts as JSON. Pure. */
#ifndef INBOX_NOTICE_H
#define INBOX_NOTICE_H

#include "journal/entry.h"
#include <jansson.h>

#define NOTICE_AGENTS 12

struct notice {
  const char *event;        /* "offer"; static */
  const char *cursor;       /* borrows the entry */
  struct slice agents[NOTICE_AGENTS]; /* borrow the entry; supervisors hear of all */
  size_t agent_count;
  json_t *data;             /* owned */
  char *text;               /* owned: data as one line, once notice_text() made it */
};

/* Is it one? Cheap; most entries are none. */
bool notice_is(struct slice type);
/* False: it is none. */
bool must_check notice_read(const struct entry *e, struct notice *ret);
/* The data as compact JSON: one line; the same for all who hear it. Lent. */
const char *notice_text(struct notice *n);
void notice_free(struct notice *n);
bool notice_concerns(const struct notice *n, struct slice agent);

#endif
