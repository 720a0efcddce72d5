/* SPDX-License-Identifier: Apache-2.0 */
/* How long to wait before the next try to connect: doubling with jitter, and much slower after a refused login, so that
 * no account gets locked and no server is hammered. Pure; zeroed at the start. */
#ifndef IMAP_BACKOFF_H
#define IMAP_BACKOFF_H

#include "base/fault.h"

#define BACKOFF_FIRST_MS 1000
#define BACKOFF_MOST_MS (5 * 60 * 1000)
#define BACKOFF_REFUSED_FIRST_MS (60 * 1000)
#define BACKOFF_REFUSED_MOST_MS (30 * 60 * 1000)
#define BACKOFF_HEALTHY_MS (60 * 1000) /* up for so long, and the next failure is the first again */

struct backoff {
  int64_t next_ms;    /* 0: the first */
  bool refused;       /* by which scale */
};

/* After a failure; `up_ms`: how long the connection had been good, 0 when it was not; `random`: any number. Returns
 * between half and all of the step. */
int64_t backoff_next(struct backoff *b, bool refused, int64_t up_ms, uint32_t random);

#endif
