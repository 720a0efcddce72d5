/* SPDX-License-Identifier: Apache-2.0 */
/* Desk definitions that are being judged, each by a child of its own (judge_child.h), a few at a time, the others in turn.
 * Loop thread only. */
#ifndef INBOX_JUDGES_H
#define INBOX_JUDGES_H

#include "base/buf.h"
#include <jansson.h>
#include <uv.h>

#define JUDGES_MOST 2
#define JUDGES_WAITING 14

struct judges;

enum judged {
  JUDGED,          /* `said` is what the child wrote */
  JUDGED_NEVER,    /* it took more time or memory than a judge gets */
  JUDGED_FAULT,    /* there was no judge, or it was killed: our fault, or the machine's */
  JUDGED_STOPPED,  /* judges_close() came before */
};

/* Once for each; `document` and `said` are lent until it returns. */
typedef void judges_done(void *arg, enum judged how, struct slice document, const json_t *said);

enum { JUDGES_BUSY = 1 };

struct judges *judges_open(uv_loop_t *loop);
/* None that waits begins any more: they end, JUDGED_STOPPED. Those under way go on. */
void judges_drain(struct judges *all);
/* All that are under way end, JUDGED_STOPPED; their handles leave the loop by themselves. */
void judges_close(struct judges **all);
/* Copies the document. Returns 0 (`done` may have been called already); JUDGES_BUSY, too many wait; -EFBIG. */
int must_check judges_start(struct judges *all, struct slice document, judges_done *done, void *arg);

#endif
