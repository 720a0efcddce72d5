/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose turn it is: when the step in Redis is to be called. Pure; `now_ms` is the loop's clock, which never goes back.
 *
 *   at once      when the connection came up, when woken, while the step says that there is more
 *   when due     at the time the step said
 *   at least     every TURN_SAFETY_MS: a wake-up may be lost with a connection, a clock may be set
 *   never        while a call is under way: what wakes it meanwhile means one call more, however often it did
 *   after a refusal, when a pause is over that doubles up to TURN_PAUSE_MOST_MS, however often it is woken
 */
#ifndef DISPATCH_TURN_H
#define DISPATCH_TURN_H

#include <stdbool.h>
#include <stdint.h>

#define TURN_SAFETY_MS 1000
#define TURN_PAUSE_FIRST_MS 50
#define TURN_PAUSE_MOST_MS 1000
#define TURN_NOTHING_DUE INT64_MAX

/* Zeroed: no connection, nothing under way. */
struct turn {
  bool up, under_way, woken;
  int64_t at_ms;    /* of the next call, when nothing wakes it before */
  int64_t pause_ms; /* after the last refusal; 0: it was none */
};

/* The connection for calls. Down: what was under way will not be answered. */
void turn_up(struct turn *t, int64_t now_ms);
void turn_down(struct turn *t);
/* Something was marked. */
void turn_woken(struct turn *t);
/* True: call now. The caller does, and says turn_answered(), turn_refused() or turn_down() about it. */
bool turn_take(struct turn *t, int64_t now_ms);
/* `due_in_ms`: how long until the step has something to do by itself; TURN_NOTHING_DUE; 0 or less: it is late already.
 */
void turn_answered(struct turn *t, int64_t now_ms, bool more, int64_t due_in_ms);
void turn_refused(struct turn *t, int64_t now_ms);
/* How long to wait before turn_take() is worth asking, if nothing happens; -1: until something happens. */
int64_t turn_wait_ms(const struct turn *t, int64_t now_ms);

#endif
