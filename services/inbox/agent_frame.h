/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames of proto/deskbell/v1/agents.proto: a request into the same ask as over HTTP, results and news into frames. A
 * request's kind is named as its verb, its fields as ours, so a new verb is a row there and a message here. Pure.
 */
#ifndef INBOX_AGENT_FRAME_H
#define INBOX_AGENT_FRAME_H

#include "ask.h"
#include "notice.h"
#include "result.h"

#define AGENT_FRAME_MAX (16 * 1024)       /* of a request */
#define AGENT_ANSWER_MAX (1024 * 1024)

enum agent_request { AGENT_ASK, AGENT_SUBSCRIBE, AGENT_PING };
enum { AGENT_FRAME_BROKEN = 1, AGENT_FRAME_WRONG = 2 };

/* Returns 0 (of AGENT_ASK *ret is filled, in the arena); AGENT_FRAME_BROKEN: no request at all, nobody knows its id;
 * AGENT_FRAME_WRONG: the id is known, the fault says what is wrong; -ENOMEM. */
int must_check agent_frame_read(struct slice bytes, struct arena *arena, uint64_t *ret_id, enum agent_request *ret_kind,
                                struct ask *ret, struct ask_fault *fault);
/* Each clears `b` first. False: there is no room for it. */
bool must_check agent_frame_answer(uint64_t id, const struct result *r, struct buf *b);
bool must_check agent_frame_notice(struct notice *n, struct buf *b);
/* `reset` with a reason. */
bool must_check agent_frame_reset(const char *why, struct buf *b);

#endif
