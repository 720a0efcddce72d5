/* SPDX-License-Identifier: Apache-2.0 */
/* What `deskbell events` prints, as facts for a replay. What cannot be read is counted, told at first, and left out. */
#ifndef CTL_SIMULATE_READ_H
#define CTL_SIMULATE_READ_H

#include "simulate/history.h"
#include <jansson.h>

#define SIMULATE_LINE_MOST (64 * 1024 * 1024)
#define SIMULATE_TOLD_MOST 5   /* complaints about lines, before they are only counted */

struct simulate_reading {
  struct history *history;
  const struct desk *desks[2];
  const char *name;            /* of the input, for complaints */
  size_t lines, broken, aside; /* aside: facts that a replay does not need */
  bool full;                   /* a limit was reached: the rest is not read */
};

/* One fact. Returns NULL, or what is wrong with it (static). */
const char *simulate_read_event(struct simulate_reading *r, const json_t *event);
/* One line of JSON; complaints go to standard error. */
void simulate_read_line(struct simulate_reading *r, struct slice line);

#endif
