/* SPDX-License-Identifier: Apache-2.0 */
/* When a program that died is started again. Pure. */
#ifndef CTL_RESTART_H
#define CTL_RESTART_H

#include "base/fault.h"

#define RESTART_FIRST_MS 100
#define RESTART_MOST_MS 5000
#define RESTART_FORGET_MS 10000 /* a life so long makes it a first death again */

struct restart {
  int64_t delay_ms; /* the last one; 0: it never died */
  unsigned failed;  /* starts in a row that ended before the program was ready */
};

/* It died after `lived_ms`; `was_ready`: in that life it got ready. Returns the delay before the next start. */
int64_t restart_after(struct restart *r, int64_t lived_ms, bool was_ready);

#endif
