/* SPDX-License-Identifier: Apache-2.0 */
/* A delivery store that remembers what it was given and answers as it is told. */
#ifndef FAKE_OUTBOUND_H
#define FAKE_OUTBOUND_H

#include "outbound/outbound.h"

#define FAKE_MOST 200

struct fake_take {
  char id[OUTBOUND_ID_LEN + 1], order[16];
  size_t len;
};

struct fake_outbound {
  struct outbound_options options; /* of the one that is open */
  char folder[256];
  struct fake_take takes[FAKE_MOST];
  size_t take_count;
  int outcome;                     /* answered to takes */
  struct {
    char id[OUTBOUND_ID_LEN + 1];
    enum delivery_state state;
    uint32_t attempt;
  } reported[FAKE_MOST];
  size_t reported_count;
  struct outbound_state state;
  int open_outcome;
  bool resend;                     /* what is unsure is sent again by itself */
};

extern struct fake_outbound fake;

/* As if the state of a message had changed. */
int fake_change(const outbound_message *m, enum delivery_state state, uint32_t attempt, int64_t changed_ms);

#endif
