/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who waits for news, by agent: event streams, waiting requests, ZeroMQ subscriptions. Having one is the agent's lease:
 * while there is any, presence is renewed every third of its time; after the last has ended nothing is, and the agent
 * is offline when that time is over.
 *
 * A listener that cannot take more is its own business: hear() must not wait. Loop thread only.
 */
#ifndef INBOX_LISTENERS_H
#define INBOX_LISTENERS_H

#include "notice.h"
#include "step.h"

struct listeners;
struct listener;

struct listener_user {
  /* News that concerns it. May remove this listener, and no other. */
  void (*hear)(void *arg, struct notice *n);
  /* Its token was revoked, the program stops, news was lost: `why` is one of the codes "signed-out", "stopping",
   * "lost". Must remove it, but for "lost". */
  void (*told)(void *arg, const char *why);
  void *arg;
};

struct listeners_options {
  uint32_t most;              /* of one agent */
  int64_t keep_ms;
  /* Renew this agent's presence; `keep_ms` from now on. Answered by listeners_renewed() or not at all. */
  void (*renew)(void *arg, const char *agent, int64_t keep_ms);
  void *arg;
};

struct listeners *listeners_new(const struct listeners_options *options);
/* All must have been removed. */
void listeners_free(struct listeners **all);

/* NULL: this agent has too many. `row`: by what it was let in; copied. */
struct listener *listener_add(struct listeners *all, const struct access_row *row, const struct listener_user *user,
                              int64_t now_ms);
void listener_remove(struct listener **l);
void listeners_tell(struct listeners *all, struct notice *n);
/* Says it to all, or to those that `row_holds` does not let in any more. */
void listeners_say(struct listeners *all, const char *why, bool (*row_holds)(void *arg, const struct access_row *row),
                   void *arg);
/* Once in a while (listeners_tick_ms()): renews what is due. */
void listeners_tick(struct listeners *all, int64_t now_ms);
/* All, at once: Redis was away, and may have taken them for gone. */
void listeners_renew(struct listeners *all, int64_t now_ms);
int64_t listeners_tick_ms(const struct listeners *all);
/* An agent said itself how long its presence is kept; counts while it has listeners. */
void listeners_keep(struct listeners *all, const char *agent, int64_t keep_ms);
size_t listeners_count(const struct listeners *all);

#endif
