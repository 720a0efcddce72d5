/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hears the journal from its end on, without a position of its own: for who shows what happens and may miss what
 * happened while nobody looked. Any number may listen. What came while Redis was away is read when it is back.
 *
 * Loop thread only; a connection of its own, because waiting for the next entry blocks it.
 */
#ifndef JOURNAL_TAIL_H
#define JOURNAL_TAIL_H

#include "journal/entry.h"
#include "redis/redis.h"

#define TAIL_CURSOR_MAX 48

struct tail;

struct tail_user {
  /* Lent until it returns. It may not close the tail. */
  void (*entry)(void *arg, const struct entry *e);
  /* From now on entries come; also after the journal was found shorter than it was (Redis lost its end): `lost`. */
  void (*begun)(void *arg, bool lost);
  /* Redis went away, or refuses; NULL: all is well again. */
  void (*trouble)(void *arg, const char *why);
  void *arg;
};

struct tail_options {
  struct redis_options redis;     /* changed and what follows it are the tail's */
  const char *tag;                /* "{p00}"; borrowed */
  unsigned batch_max;             /* entries at once */
};

struct tail *tail_open(uv_loop_t *loop, const struct tail_options *options, const struct tail_user *user);
/* Cursor of the last entry that was given, or behind which it began; "" before it began. Lent. */
const char *tail_position(const struct tail *t);
void tail_close(struct tail **t);

/* Orders cursors ("ms-n"): below, equal or above 0. */
int cursor_compare(const char *a, const char *b);
/* Could it be one? */
bool cursor_ok(struct slice text);

#endif
