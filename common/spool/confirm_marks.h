/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Up to where everything was confirmed at which time: how far a replay goes back, and what may be deleted. When a
 * record was taken says neither: what waited out an hour's outage is confirmed a moment before Redis may lose it.
 * In memory only; after a restart all counts as confirmed at the start. Where marks are missing the answer is too low,
 * which keeps and repeats more than needed, never less. Pure. Internal to spool/.
 */
#ifndef SPOOL_CONFIRM_MARKS_H
#define SPOOL_CONFIRM_MARKS_H

#include <stddef.h>
#include <stdint.h>

#define CONFIRM_MARKS 128

struct confirm_marks {
  struct {
    int64_t at_ms;
    uint64_t upto;
  } marks[CONFIRM_MARKS];  /* a ring */
  size_t head, count;
  int64_t keep_ms;         /* marks lie keep_ms / 64 apart, so that they reach back twice as far */
  int64_t last_ms;         /* of the last confirm */
};

/* `upto`: what is confirmed already. */
void confirm_marks_init(struct confirm_marks *m, int64_t keep_ms, int64_t now_ms, uint64_t upto);
void confirm_marks_add(struct confirm_marks *m, int64_t now_ms, uint64_t upto);
/* Up to here all was confirmed before `since_ms`; 0: not known. */
uint64_t confirm_marks_before(const struct confirm_marks *m, int64_t since_ms);
/* Up to here nobody will ask again: confirmed keep_ms before the last confirm. While nothing is confirmed nothing grows
 * old, because a Redis that is away may come back without its last seconds. */
uint64_t confirm_marks_old(const struct confirm_marks *m);

#endif
