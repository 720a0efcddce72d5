/* SPDX-License-Identifier: Apache-2.0 */
#include "turn.h"

/* What is late is asked for again soon, not at once: a step that could not do what was due must not be called in a
 * circle. */
enum { LATE_MS = 10 };

void turn_up(struct turn *t, int64_t now_ms) {
  *t = (struct turn){.up = true, .woken = true, .at_ms = now_ms};
}

void turn_down(struct turn *t) {
  *t = (struct turn){.up = false};
}

void turn_woken(struct turn *t) {
  t->woken = true;
}

static bool is_due(const struct turn *t, int64_t now_ms) {
  return now_ms >= t->at_ms || (t->woken && t->pause_ms == 0);
}

bool turn_take(struct turn *t, int64_t now_ms) {
  if (!t->up || t->under_way || !is_due(t, now_ms))
    return false;
  t->under_way = true;
  t->woken = false; /* what is marked from here on may not be seen by this call */
  return true;
}

static int64_t clamp(int64_t n, int64_t least, int64_t most) {
  return n < least ? least : n > most ? most : n;
}

void turn_answered(struct turn *t, int64_t now_ms, bool more, int64_t due_in_ms) {
  t->under_way = false;
  t->pause_ms = 0;
  t->at_ms = now_ms + (more ? 0 : clamp(due_in_ms, LATE_MS, TURN_SAFETY_MS));
}

void turn_refused(struct turn *t, int64_t now_ms) {
  t->under_way = false;
  t->pause_ms = clamp(t->pause_ms * 2, TURN_PAUSE_FIRST_MS, TURN_PAUSE_MOST_MS);
  t->at_ms = now_ms + t->pause_ms;
}

int64_t turn_wait_ms(const struct turn *t, int64_t now_ms) {
  if (!t->up || t->under_way)
    return -1;
  return is_due(t, now_ms) ? 0 : t->at_ms - now_ms;
}
