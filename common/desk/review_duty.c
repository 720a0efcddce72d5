/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Queues whose members are never there while it is open: all of them have hours, and none of those meets the queue's. Looked
 * at for some weeks from now, opening by opening.
 */
#include "desk/reviewing.h"
#include <stdlib.h>

#define LOOK_MS (35 * 86400000LL)

/* Answers for each pair of hours, asked once: most agents have the same. */
enum answer { UNKNOWN, MEET, APART };

struct duty {
  struct reviewing *r;
  int64_t now_ms;
  enum answer *answers;    /* queue's hours × agent's hours */
};

static bool meet_within(const struct hours *a, const struct hours *b, int64_t now_ms, int64_t end_ms) {
  for (int64_t at = now_ms; at >= 0 && at < end_ms;) {
    int64_t opens = hours_next(a, at), closes = opens < 0 ? -1 : hours_end(a, opens);
    if (opens < 0)
      return false;
    int64_t there = hours_next(b, opens);
    if (there < 0)
      return false;
    if (closes < 0 || there < closes)
      return true;
    at = there; /* `a` is closed then, or open again */
  }
  return false;
}

static bool meet(struct duty *d, const struct hours *a, const struct hours *b) {
  const struct desk *desk = d->r->desk;
  enum answer *known = &d->answers[(size_t)(a - desk->hours) * desk->hours_count + (size_t)(b - desk->hours)];
  if (*known == UNKNOWN)
    *known = a == b || meet_within(a, b, d->now_ms, d->now_ms + LOOK_MS) ? MEET : APART;
  return *known == MEET;
}

static bool anybody(struct duty *d, size_t queue) {
  const struct hours *open = d->r->desk->queues[queue].hours;
  for (size_t i = 0; i < d->r->member_count[queue]; i++) {
    const struct hours *there = d->r->desk->agents[d->r->members[queue][i]].hours;
    if (!there || meet(d, open, there))
      return true;
  }
  return d->r->member_count[queue] == 0; /* told elsewhere */
}

void review_duty(struct reviewing *r, int64_t now_ms) {
  const struct desk *desk = r->desk;
  struct duty d = {r, now_ms, must_calloc(desk->hours_count * desk->hours_count + 1, sizeof(*d.answers))};
  for (size_t i = 0; i < desk->queue_count; i++) {
    const struct desk_queue *q = &desk->queues[i];
    /* Hours that never open are told of by themselves. */
    if (q->hours && q->after != AFTER_TAKE && hours_next(q->hours, now_ms) >= 0 && !anybody(&d, i))
      review_alarm(r, &q->place, "queue '%s' is never open while one of its members is there: look at its hours and theirs",
                   q->name);
  }
  free(d.answers);
}
