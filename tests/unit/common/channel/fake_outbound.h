/* SPDX-License-Identifier: Apache-2.0 */
/* A delivery store that remembers what it was given and answers as it is told. */
#ifndef FAKE_OUTBOUND_H
#define FAKE_OUTBOUND_H

#include "outbound/outbound.h"

#define FAKE_MOST 200

struct fake_take {
  char id[OUTBOUND_ID_LEN + 1], order[16];
  size_t len;
  uint32_t attempt;
};

struct fake_outbound {
  struct outbound_options options; /* of the one that is open */
  char folder[256];
  struct fake_take takes[FAKE_MOST];
  size_t take_count;
  int outcome;                     /* answered to takes */
  bool unknown;                    /* orders are about what it does not know */
  bool silent;                     /* nothing is answered */
  struct {
    char id[OUTBOUND_ID_LEN + 1];
    enum delivery_state state;
    uint32_t attempt;
  } reported[FAKE_MOST];
  size_t reported_count;
  struct outbound_state state;
  int open_outcome;
};

extern struct fake_outbound fake;

/* As if the state of a message had changed. Returns what changed() did. */
int fake_change(const char *id, enum delivery_state state, uint32_t attempt, int64_t changed_ms, int64_t next_try_ms);

#endif
