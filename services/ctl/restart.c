/* SPDX-License-Identifier: Apache-2.0 */
/*
 * At once would burn the processor when a program cannot start; slowly would leave customers outside after a single
 * crash. So the first restart is quick and the delay doubles while it does not help.
 */
#include "restart.h"

int64_t restart_after(struct restart *r, int64_t lived_ms, bool was_ready) {
  if (lived_ms >= RESTART_FORGET_MS)
    *r = (struct restart){0};
  r->failed = was_ready ? 0 : r->failed + 1;
  r->delay_ms = r->delay_ms ? r->delay_ms * 2 : RESTART_FIRST_MS;
  if (r->delay_ms > RESTART_MOST_MS)
    r->delay_ms = RESTART_MOST_MS;
  return r->delay_ms;
}
