/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One thing that was asked, on its way through Redis: a step, or a reading (show_*.c). HTTP and ZeroMQ come here alike.
 * Whoever asked may be gone when the answer comes: what was begun is done all the same.
 */
#ifndef INBOX_WORK_H
#define INBOX_WORK_H

#include "inbox.h"

struct work;
/* Lent until it returns. */
typedef void work_done(void *arg, const struct result *r);

struct work {
  struct inbox *inbox;
  struct arena *arena;
  struct caller caller;
  struct ask ask;               /* its texts live in the arena */
  struct holding holding;
  bool acted;                   /* a step was sent: its outcome may be unknown */
  json_t *body;                 /* of a reading, while it is made */
  struct slice cursor;          /* of the entry that is read next; show_item.c, show_why.c */
  void (*next)(struct work *w, redisReply *reply); /* who reads the answer that is waited for */
  work_done *done;
  void *arg;
};

#define WORK_ARENA (256 * 1024)
#define WORK_ROWS 50

/* Takes the arena, in which the ask's texts live. `done` may be called before it returns. */
void work_start(struct inbox *inbox, const struct caller *caller, const struct ask *ask, struct arena *arena,
                work_done *done, void *arg);

/* For the readings: asks Redis, `next` reads the answer, which is neither lost nor an error. Ends the work
 * otherwise. */
void work_ask(struct work *w, void (*next)(struct work *w, redisReply *reply), int argc, const char **argv,
              const size_t *lengths);
#define WORK_ASK(w, next, ...)                                                                                      \
  work_ask(w, next, (int)(sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *)), (const char *[]){__VA_ARGS__}, NULL)
/* A number as an argument, in the arena; the clock; how many rows are asked for, WORK_ROWS unless said. */
const char *work_number(struct work *w, int64_t n);
const char *work_now(struct work *w);
const char *work_limit(struct work *w);
/* Ends it with an object for each row of the answer that has as many fields. */
void work_rows(struct work *w, const redisReply *reply, size_t fields, json_t *(*row)(redisReply *const *f));
/* Ends it; takes the result. */
void work_end(struct work *w, struct result r);
void work_fail(struct work *w, enum problem problem, const char *detail);
/* ... because the version of the desk definition that was asked for is not there. */
void work_no_version(struct work *w);

/* Readings by verb: show_me.c, show_item.c, show_why.c, show_desk.c, show_definition.c. */
void show_me(struct work *w);
void show_item(struct work *w);
void show_why(struct work *w);
void show_queues(struct work *w);
void show_waiting(struct work *w);
void show_agents(struct work *w);
void show_aside(struct work *w);
void show_definition(struct work *w);
void show_version(struct work *w);
void show_versions(struct work *w);
void show_diff(struct work *w);
/* desk_apply.c: the desk definition that the ask holds, checked, and unless that was all put into force; an older one. */
void desk_apply(struct work *w);
void desk_rollback(struct work *w);

#endif
