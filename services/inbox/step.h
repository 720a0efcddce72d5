/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From what was asked to the function in Redis (proto/redis.md), and from its answer to ours. Pure.
 *
 * A step that answers "OK" has done it durably. Its answer may be lost on the way; then the caller repeats, and a
 * repeat of what is so already is told so ("already") or refused in a way that shows it: nothing is done twice.
 */
#ifndef INBOX_STEP_H
#define INBOX_STEP_H

#include "ask.h"
#include "result.h"

#define STEP_ARGUMENTS 12

struct caller {
  char agent[ACCESS_AGENT_MAX + 1];
  enum access_role role;
};

/* What is known of the item before the step; all "" when it was not looked at. */
struct holding {
  struct slice state, agent, queue, offered;
  bool serves;              /* the caller is one of those who may take what waits in its queue */
};

struct step_call {
  const char *argv[STEP_ARGUMENTS];
  size_t len[STEP_ARGUMENTS];
  int argc;
};

/* Must the item be looked at first, to know whether it is the caller's to act on? */
bool step_looks(const struct ask *ask);
/* 0, or the problem: it is in other hands, or in nobody's and of a queue the caller does not serve. A supervisor may
 * act on any. */
int must_check step_may(const struct ask *ask, const struct caller *caller, const struct holding *holding,
                        enum problem *ret);
/* FCALL with its arguments, which borrow the others and the arena. Returns 0, -ENOMEM. */
int must_check step_call(const struct ask *ask, const struct caller *caller, const struct holding *holding,
                         int64_t now_ms, int64_t keep_ms, struct arena *arena, struct step_call *ret);
/* `word` and `detail` as the step answered, detail '' when it answered a single text. */
struct result step_result(const struct ask *ask, const struct caller *caller, struct slice word, struct slice detail);

#endif
