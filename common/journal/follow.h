/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A follower of the journal: reads what was committed, in order, a batch at a time, beginning where it stands in
 * P:followers (proto/redis.md); a new one begins at the journal's end. Also keeps the desk definition in force and says
 * when another one is.
 *
 * The user moves the position itself, in the atomic step that makes its work on the batch true, and then asks for the
 * next batch: nothing is done twice or left out, whoever dies, and several programs of one name may run.
 *
 * Redis away: it reconnects, and reads again from the position. Loop thread only.
 */
#ifndef JOURNAL_FOLLOW_H
#define JOURNAL_FOLLOW_H

#include "desk/desk.h"
#include "journal/entry.h"
#include "redis/redis.h"

struct follow;

#define FOLLOW_CURSOR_MAX 48

/* Lent until the handler returns; `from` and `to`: the position before and behind it. */
struct follow_batch {
  const char *from, *to;
  const struct entry *entries;
  size_t count;
};

struct follow_user {
  /* It stands in the journal and has a desk definition; called once, and never while Redis is away. */
  void (*ready)(void *arg);
  /* Do something about it, then call follow_next() or follow_again(). */
  void (*batch)(void *arg, const struct follow_batch *batch);
  /* Does anything in this desk definition need the journal? If not it is passed over without being read. */
  bool (*needs)(void *arg, const struct desk *desk);
  /* Moves the position over what was passed over; then follow_next() or follow_again(). */
  void (*skip)(void *arg, const char *from, const char *to);
  /* Redis went away or came back, an answer was a refusal: for the log and the health. `why` NULL: all is well. */
  void (*trouble)(void *arg, const char *why);
  void *arg;
};

struct follow_options {
  struct redis_options redis;     /* changed and what follows it are the follower's */
  const char *tag, *name;         /* "{p00}", "acknowledge"; borrowed */
  unsigned batch_max;             /* entries */
};

struct follow *follow_open(uv_loop_t *loop, const struct follow_options *options, const struct follow_user *user);
/* For the user's own calls, between batch() and follow_next(). */
struct redis *follow_redis(struct follow *f);
/* The desk definition in force as far as is known; NULL before ready(). */
const struct desk *follow_desk(const struct follow *f);
/* The desk definition before the one that made the journal needed, while this program ran; 0: none. What was routed by it, or
 * by an older one (META_DESK), is not for the user, though it may come in a batch. */
uint64_t follow_passed_version(const struct follow *f);
/* The position was moved to `to`. */
void follow_next(struct follow *f);
/* It was not: asks where it stands, looks at the desk definition again, and goes on from there; after `delay_ms`. */
void follow_again(struct follow *f, int64_t delay_ms);
/* How old the oldest entry behind the position is, by its cursor; 0: nothing waits, as far as is known. */
int64_t follow_lag_ms(const struct follow *f, int64_t now_ms);
/* No new batch is given any more. */
void follow_drain(struct follow *f);
bool follow_idle(const struct follow *f);
/* The user's calls under way are answered with NULL before it returns. NULL-safe. */
void follow_close(struct follow **f);

#endif
