/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The delivery side of one channel program: a durable store of outbound messages (LMDB in DIR/<program>/outbound) and the
 * queue manager over it – when which message is tried, how many at a time to one destination, when again.
 *
 *   router ──▶ outbound_take() ──▶ store (synced) ──▶ answer TAKEN
 *                                    └──▶ due? destination free? ──▶ attempt() ──▶ outbound_committing() ──▶ outbound_done()
 *                                                                                     each change of state ──▶ status event (spool)
 *
 * Threads: all calls from the loop thread; one writer thread inside commits in groups (one sync for all that changed
 * in a turn). attempt() may hand its work to threads of its own but answers from the loop.
 * Failure: what outbound_take()'s done() said 0 for is tried until it is final. After a crash, an attempt that had not said
 * outbound_committing() is tried again as if it had not been; one that had becomes `unsure`. Of a message in parts this is
 * true of the part that was tried; those before it are through.
 * The status events are made durable in the spool before a state is forgotten; a repeat has the same event id.
 * Limits: the preallocated file (LATER to the router above four fifths of it); a message 64 KiB.
 */
#ifndef OUTBOUND_OUTBOUND_H
#define OUTBOUND_OUTBOUND_H

#include "base/buf.h"
#include "base/id.h"
#include "deskbell/v1/outbound.pb-c.h"
#include "outbound/delivery.h"
#include <uv.h>

#define OUTBOUND_ID_LEN DERIVED_ID_LEN /* "o" + 16 */
#define OUTBOUND_MAX_BYTES (64 * 1024)
#define OUTBOUND_WHY_MAX 1000
#define OUTBOUND_PARTS_MAX 20       /* parts of one message, each sent by itself */
#define OUTBOUND_PROVIDER_ID_MAX 190
#define OUTBOUND_ID_SEPARATOR '\x1e' /* between the provider's ids of parts */

typedef Deskbell__V1__OutboundMessage outbound_message;

struct outbound;

/* What is known of one message; lent during a call. */
struct outbound_item {
  const char *id;
  enum delivery_state state;
  uint32_t attempt;            /* the last try, from 1; 0: none yet */
  int64_t changed_ms;
  int64_t next_try_ms;         /* deferred, or unsure and sent again by itself; else 0 */
  const char *channel, *to_key;
  uint32_t part, parts;        /* so many of `parts` are through; parts 0: sent as a whole */
  const char *why, *code, *destination, *provider_id; /* "" unknown. Of parts: in order, with OUTBOUND_ID_SEPARATOR */
};

/* How a try ended. */
enum outbound_outcome {
  OUTBOUND_ACCEPTED,           /* the next system has it */
  OUTBOUND_DEFERRED,           /* try again by the schedule (4xx, greylisting, rate limit, not reached) */
  OUTBOUND_FAILED,             /* permanent (unknown recipient, refused content) */
  OUTBOUND_UNSURE,             /* sent, and the answer never came */
  OUTBOUND_SUPPRESSED,         /* the next system says the customer does not want it */
};

struct outbound_result {
  enum outbound_outcome outcome;
  const char *why;             /* words; the next system's own answer; at most OUTBOUND_WHY_MAX */
  const char *code;            /* "550 5.1.1", "HTTP 429"; "" none */
  struct slice provider_id;
  int64_t retry_after_ms;      /* the next system asked for a pause; 0: by the schedule */
  bool destination_down;       /* the host itself, not the message: others for it wait as well */
  uint32_t parts;              /* this try was of one of so many parts; 0 or 1: of the whole */
};

struct outbound_options {
  const char *folder;          /* DIR/<program>/outbound */
  size_t size;                 /* bytes preallocated; above four fifths the router hears LATER */
  uint32_t per_destination;    /* tries under way to one destination */
  uint32_t in_all;             /* tries under way */
  int64_t keep_ms;             /* what became of a message is known so long, for repeats and late reports */
  /* "email", "sms", …: whose retry schedule counts (schedule.h). */
  const char *channel_kind;
  /* Where it goes: "smtp.example.com:587", "twilio"; messages of one destination share limits. Lent until the next call.
   * NULL: it can go nowhere (its channel is gone): it fails. */
  const char *(*destination)(void *arg, const outbound_message *m);
  /* Starts a try. outbound_done() must be called once, later or at once. The message is lent until then. */
  void (*attempt)(void *arg, const char *id, const outbound_message *m, uint32_t attempt);
  /* Is a message whose fate is unknown sent again by itself? */
  bool (*resend)(void *arg, const outbound_message *m);
  /* A state is on disk: becomes a status event. Called again after a crash until outbound_reported(). `sending` is not told.
   * Returns 0, or > 0: not now (the spool is full), asked again in a second. */
  int (*changed)(void *arg, const struct outbound_item *item);
  /* For tests; NULL: the clock and schedule_next(). */
  int64_t (*now_ms)(void);
  int (*next)(const char *channel_kind, uint32_t attempt, int64_t age_ms, int64_t left_ms, int64_t asked_ms,
              uint64_t salt, int64_t *ret_pause_ms);
  void *arg;
};

/* Returns 0 (gives *ret) or -errno with the complaint filled. */
int must_check outbound_open(uv_loop_t *loop, const struct outbound_options *options, struct outbound **ret,
                             struct complaint *complaint);
/* Starts no more tries; `drained` is called once, from the loop, when none is under way and all that ended is on disk. */
void outbound_drain(struct outbound *o, void (*drained)(void *arg), void *arg);
/* Waits for the commit under way. Running tries are forgotten as a crash would. */
void outbound_close(struct outbound **o);

enum { OUTBOUND_FULL = 1, OUTBOUND_UNREADABLE = 2, OUTBOUND_UNKNOWN = 3, OUTBOUND_ILLEGAL = 4, OUTBOUND_TEXT_GONE = 5 };
/* `outcome`: 0 durable (also when it was there before, and for an order that changes nothing), OUTBOUND_FULL,
 * OUTBOUND_UNREADABLE, OUTBOUND_UNKNOWN (an order about a message that is not here), OUTBOUND_ILLEGAL (it is too late for
 * this order, or there is no such order), OUTBOUND_TEXT_GONE (to be tried again, but nobody has its text any more), < 0 a
 * disk fault. */
typedef void outbound_done_fn(void *arg, const char *id, int outcome);
/* An order of the router: "deliver" with the message, "hold" and "cancel" without, "release" and "retry" with or without.
 * `attempt`: the try that a retry is to make, so that the same order given again makes no other; 0: not said. What the
 * next system had accepted is sent again from its first part, what failed from the part that did. Copies. `done` is called
 * once, now or later. */
void outbound_take(struct outbound *o, const char *id, struct slice message, const char *order, uint32_t attempt,
                   outbound_done_fn *done, void *arg);

/* The bytes that make the next system act are about to be completed: `ready` is called when that is on disk. */
void outbound_committing(struct outbound *o, const char *id, void (*ready)(void *arg), void *arg);
/* OUTBOUND_ACCEPTED of a part that is not the last: the next part is tried; nothing of it is sent before it is on disk that
 * this one is through (outbound_committing()). */
void outbound_done(struct outbound *o, const char *id, const struct outbound_result *result);
/* Which part the running try is of, from 0. */
uint32_t outbound_part(struct outbound *o, const char *id);
/* The status event of this state is in the spool. */
void outbound_reported(struct outbound *o, const char *id, enum delivery_state state, uint32_t attempt);

struct outbound_state {
  size_t waiting, under_way, unsure, held;
  int64_t oldest_ms;           /* created_ms of the oldest that waits; 0 none */
  size_t destinations_down;
  size_t used, size;           /* bytes */
  bool full;
  uint64_t damaged;            /* rows that could not be read at the start; their messages are unsure */
};
void outbound_state(const struct outbound *o, struct outbound_state *ret);

#endif
