/* SPDX-License-Identifier: Apache-2.0 */
/* What outbound.c (tries, life), outbound_order.c (orders) and outbound_commit.c (to disk, and what follows) share. Inside
 * common/outbound only. */
#ifndef OUTBOUND_OUTBOUND_INTERNAL_H
#define OUTBOUND_OUTBOUND_INTERNAL_H

#include "base/arena.h"
#include "outbound/destination.h"
#include "outbound/outbound.h"
#include "outbound/store.h"

enum { TEXT_WHY, TEXT_CODE, TEXT_DESTINATION, TEXT_PROVIDER_ID, TEXT_CHANNEL, TEXT_TO_KEY, TEXTS };

/* Somebody waits for the next commit of a message. */
struct waiter {
  struct waiter *next;
  void (*ready)(void *arg);          /* or, when NULL, done */
  outbound_done_fn *done;
  void *arg;
};

/* A message that is still to be worked on. */
struct entry {
  struct waiting waiting;            /* first */
  struct outbound *o;
  struct entry *chain, *below, *above;
  struct entry *next_dirty, *next_group;
  char id[OUTBOUND_ID_LEN + 1];
  enum delivery_state state, told;
  uint32_t attempt, told_attempt, part, parts, part_began; /* as in struct row */
  bool committing, kept_back, running, cancelled, held_later;
  bool is_new, dirty, in_group, asked; /* asked: changed() was called, outbound_reported() is missing */
  int64_t created_ms, changed_ms, next_try_ms, expires_ms;
  char *texts[TEXTS];                /* heap; NULL "" */
  char *message;                     /* heap, until it is on disk: it is new, or came back with a retry */
  size_t message_len;
  struct arena *arena;               /* of the unpacked message, while it is tried */
  struct waiter *waiters, *group_waiters;
};

struct outbound {
  uv_loop_t *loop;
  struct outbound_options options;
  char *channel_kind;
  struct store store;
  struct entry **table;              /* by hash of the id; a power of two */
  size_t room, count;
  struct entry *all;
  struct destinations destinations;
  size_t under_way;
  struct entry *dirty, *group;
  struct store_batch batch, loose;   /* loose: rows without an entry, for the next commit */
  size_t used_after;
  int outcome;
  uv_work_t work;
  uv_idle_t soon;
  uv_timer_t due, again, sweeping;   /* the next try; what a full disk or spool put off; the hourly forgetting */
  bool working, closing, pumping, draining;
  void (*drained)(void *arg);
  void *drained_arg;
  unsigned handles;
  uint64_t damaged;
  struct buf scratch;
};

static inline const char *entry_text(const struct entry *e, size_t which) {
  return e->texts[which] ? e->texts[which] : "";
}
int64_t outbound_now(const struct outbound *o);

struct entry *entry_find(struct outbound *o, const char *id);
/* Adds an empty one. */
struct entry *entry_new(struct outbound *o, const char *id);
void entry_free(struct entry *e);
void entry_set_text(struct entry *e, size_t which, struct slice text);
void entry_set_state(struct entry *e, enum delivery_state state);
/* From its row on disk; NULL when there is none. */
struct entry *entry_load(struct outbound *o, const char *id);
void entry_from_row(struct entry *e, const struct row *row);

/* It differs from what is on disk: written with the next group. */
void entry_touch(struct entry *e);
/* Frees it if there is nothing more to do about it. */
void entry_settle(struct entry *e);
void outbound_commit_soon(struct outbound *o);
/* Tells the states that are on disk and were not told. */
void entry_tell(struct entry *e);
void waiter_add(struct entry *e, void (*ready)(void *arg), outbound_done_fn *done, void *arg);

outbound_message *message_unpack(struct arena *a, struct slice bytes);
/* Failed for good; `why` in words. */
void entry_fail(struct entry *e, const char *why);
/* Puts it where it belongs by its state: into the queue of its destination, or out of it. */
void entry_place(struct entry *e);
/* Starts what is due. */
void outbound_pump(struct outbound *o);
void outbound_free_when_closed(struct outbound *o);
void outbound_say_drained(struct outbound *o);

#endif
