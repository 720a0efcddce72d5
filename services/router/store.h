/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the router needs of Redis before it can route: the function library, the desk definition in force and its plan
 * (plan/plan.h), which it writes there, and whether it is still the same Redis (its run_id). Uses a connection of its
 * own.
 */
#ifndef ROUTER_STORE_H
#define ROUTER_STORE_H

#include "desk/desk.h"
#include "redis/redis.h"

struct store;

struct store_user {
  /* A desk definition is in force (first, or a newer one). Lent until the next call of loaded(). */
  void (*loaded)(void *arg, const struct desk *desk);
  /* Another Redis process than before answers: it may have lost what was answered since `since_ms`. */
  void (*replaced)(void *arg, int64_t since_ms);
  void (*changed)(void *arg, bool up, const char *why);
  /* Redis did not take the plan of the definition in force, in words for an operator: events are routed, dispatch goes
   * on with the plan before. NULL: it has it now. */
  void (*unplanned)(void *arg, const char *words);
  /* The store cannot be used, in words for an operator; said again only when the words change. */
  void (*trouble)(void *arg, const char *words);
  void *arg;
};

struct store *store_open(uv_loop_t *loop, const struct redis_options *redis, const char *tag,
                         const struct store_user *user);
/* Loads library and desk again if they are missing or newer; asked for by refusals and by a timer. */
void store_refresh(struct store *s);
/* Forgets journal entries older than this that every follower has read; a part of them at a time. */
void store_trim(struct store *s, int64_t before_ms);
/* Redis was heard at this time. */
void store_heard(struct store *s, int64_t now_ms);
void store_close(struct store **s);

#endif
