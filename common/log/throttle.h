/* SPDX-License-Identifier: Apache-2.0 */
/* Holds back repeats of one event name beyond THROTTLE_PER_SECOND. Pure. Internal to log/, and its unit test. */
#ifndef LOG_THROTTLE_H
#define LOG_THROTTLE_H

#include "base/fault.h"

#define THROTTLE_PER_SECOND 20
#define THROTTLE_SLOTS 64  /* event names at once; beyond, the stalest that holds nothing back is reused */
#define THROTTLE_NAME 47   /* characters of a name that count */

struct throttle_slot {
  char name[THROTTLE_NAME + 1];
  int64_t second;          /* start of its current second, ms */
  unsigned written;        /* in it */
  uint64_t held_back;      /* since the last written line */
};

struct throttle {
  struct throttle_slot slots[THROTTLE_SLOTS];
  size_t used;
};

/* True: write the line and say `*ret_held_back`. False: it is held back and counted. */
bool throttle_pass(struct throttle *t, const char *name, int64_t now_ms, uint64_t *ret_held_back);

#endif
