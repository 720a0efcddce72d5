/* SPDX-License-Identifier: Apache-2.0 */
/* A delivery store in a temporary folder with a next system that does what the test says, and a clock the test owns. */
#ifndef TEST_OUTBOUND_WORLD_H
#define TEST_OUTBOUND_WORLD_H

#include "outbound/outbound.h"

enum { WORLD_MOST = 4096 };

struct told {
  char id[OUTBOUND_ID_LEN + 1], why[128], code[32], channel[33], provider_id[64];
  enum delivery_state state;
  uint32_t attempt, part, parts;
};

struct tried {
  char id[OUTBOUND_ID_LEN + 1], destination[32];
  uint32_t attempt, part;
};

struct world {
  uv_loop_t loop;
  char folder[64];
  struct outbound *o;
  size_t size;
  uint32_t per_destination, in_all;
  /* what the next system does: NULL leaves the try open */
  void (*next_system)(struct world *w, const char *id, const outbound_message *m);
  bool resend;
  uint32_t parts;           /* the next system is given a message in so many; 0: as a whole */
  int spool;                /* what changed() answers */
  bool forget_reports;      /* the status events are lost with a crash */
  struct told told[WORLD_MOST];
  size_t told_count;
  struct tried tried[WORLD_MOST];
  size_t tried_count;
  int answers[WORLD_MOST];
  size_t answer_count;
};

extern int64_t world_now_ms;

struct world *world_new(void);
void world_open(struct world *w);
/* As a kill does: what is not on disk is lost. */
void world_crash(struct world *w);
void world_free(struct world **w);
/* Gives a message to the store. `to` names its destination: what stands behind the '@'. */
void world_take(struct world *w, const char *id, const char *to);
/* As the channel does when the store does not know what is to be tried again. */
void world_deliver(struct world *w, const char *id, const char *to, uint32_t attempt);
/* A retry that brings the message, and says which try it is to make. */
void world_retry(struct world *w, const char *id, const char *to, uint32_t attempt);
void world_order(struct world *w, const char *id, const char *order);
/* Runs until nothing happens any more (nothing is on its way to the disk, nothing is due). */
void world_settle(struct world *w);
void world_answer(struct world *w, const char *id, enum outbound_outcome outcome, const char *why);
/* The last state told of it; DELIVERY_STATES: none. */
enum delivery_state world_told(const struct world *w, const char *id);
size_t world_tries(const struct world *w, const char *id);
const char *world_id(unsigned n);

#endif
