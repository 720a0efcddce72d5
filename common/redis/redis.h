/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Redis connection that is kept open: asynchronous on the libuv loop, with reconnects (back-off with jitter), a
 * deadline for answers, and our own libuv adapter (the one hiredis ships loses disconnects). Also a plain blocking
 * connection for the command line.
 *
 * Calls are answered in order. When the connection breaks, every unanswered call gets a NULL reply: whether Redis
 * has done it is unknown; our functions may be repeated.
 */
#ifndef REDIS_REDIS_H
#define REDIS_REDIS_H

#include "base/slice.h"
#include <hiredis/hiredis.h>
#include <uv.h>

struct redis;

struct redis_options {
  const char *url;           /* "unix:/path" or "host:port" */
  const char *user;          /* "" : none */
  const char *password;      /* "" : none; borrowed for the life of the connection */
  int64_t deadline_ms;       /* no answer for so long while calls wait: the connection is broken off */
  /* Called when it came up (up, why NULL), and when it was lost or could not be reached at first (why: for a person); once for
   * each outage. May be NULL. */
  void (*changed)(void *arg, struct redis *r, bool up, const char *why);
  /* Set: this connection listens to the pub/sub channel of this name and can do nothing else; it is up once Redis has
   * said so. What is said while it is not up is lost. Copied. */
  const char *subscribe;
  void (*heard)(void *arg, struct slice message); /* lent */
  void *arg;
};

/* `reply` is NULL when the connection was lost; lent until the handler returns. */
typedef void redis_answer(void *arg, redisReply *reply);

/* Starts connecting; never fails at once. */
struct redis *redis_open(uv_loop_t *loop, const struct redis_options *options);
bool redis_up(const struct redis *r);
size_t redis_waiting(const struct redis *r);
/* Sends a command already in RESP form (copied). Returns 0, -ENOTCONN (the handler is not called). */
int must_check redis_send(struct redis *r, struct slice resp, redis_answer *answer, void *arg);
int must_check redis_send_argv(struct redis *r, int argc, const char **argv, const size_t *lengths,
                               redis_answer *answer, void *arg);
/* Unanswered calls get NULL. */
void redis_close(struct redis **r);

/* Blocking: connects, authenticates. Returns 0 (gives *ret), -errno; `ret_why` is filled on failure. */
int must_check redis_connect(const char *url, const char *user, const char *password, int64_t timeout_ms,
                             redisContext **ret, char ret_why[256]);

#endif
