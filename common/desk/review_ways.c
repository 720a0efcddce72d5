/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ways of work items from queue to queue: because nobody is there, after hours, above a limit. Whatever the time and
 * the load, an item must stay somewhere, so these ways together have no circle; and where it stays somebody should be.
 */
#include "desk/reviewing.h"
#include <stdio.h>
#include <stdlib.h>

#define WAYS 3
#define NOWHERE SIZE_MAX

struct way {
  size_t to;               /* NOWHERE: none */
  const char *why;
  const struct complaint_place *place;
};

static void ways_of(const struct reviewing *r, size_t queue, struct way ret[WAYS]) {
  const struct desk_queue *q = &r->desk->queues[queue];
  ret[0] = (struct way){q->nobody ? review_index(r, q->nobody) : NOWHERE, "nobody", &q->nobody_place};
  ret[1] = (struct way){q->after_queue ? review_index(r, q->after_queue) : NOWHERE, "after_hours", &q->after_place};
  ret[2] = (struct way){q->limit_queue ? review_index(r, q->limit_queue) : NOWHERE, "limit", &q->limit_place};
}

/* ---- circles */

enum mark { NEW, ON_PATH, LEFT };

struct walk {
  struct reviewing *r;
  enum mark *marks;
  size_t *path;            /* queues from where it began */
  const char **why;        /* by which way each was left */
  size_t length;
};

/* The path's end leads back to `to`. */
static void tell_circle(struct walk *w, size_t to, const struct complaint_place *place) {
  struct buf text = BUF_INIT(1 << 16);
  const struct desk_queue *queues = w->r->desk->queues;
  size_t i = w->length;
  while (w->path[i - 1] != to)
    i--;
  for (i--; i < w->length; i++)
    buf_printf(&text, " '%s' (%s) to", queues[w->path[i]].name, w->why[i]);
  review_wrong(w->r, place, "work items would go in a circle: from%.400s '%s'", text.at, queues[to].name);
  buf_free(&text);
}

static void walk_from(struct walk *w, size_t queue) {
  struct way ways[WAYS];
  ways_of(w->r, queue, ways);
  w->marks[queue] = ON_PATH;
  w->path[w->length++] = queue;
  for (size_t i = 0; i < WAYS; i++) {
    if (ways[i].to == NOWHERE)
      continue;
    w->why[w->length - 1] = ways[i].why;
    if (w->marks[ways[i].to] == ON_PATH)
      tell_circle(w, ways[i].to, ways[i].place);
    else if (w->marks[ways[i].to] == NEW)
      walk_from(w, ways[i].to); /* as deep as there are queues: DESK_MAX_QUEUES */
  }
  w->length--;
  w->marks[queue] = LEFT;
}

static void look_for_circles(struct reviewing *r) {
  size_t count = r->desk->queue_count;
  struct walk w = {.r = r,
                   .marks = must_calloc(count + 1, sizeof(*w.marks)),
                   .path = must_calloc(count + 1, sizeof(*w.path)),
                   .why = must_calloc(count + 1, sizeof(*w.why))};
  for (size_t i = 0; i < count; i++)
    if (w.marks[i] == NEW)
      walk_from(&w, i);
  free(w.marks);
  free(w.path);
  free(w.why);
}

/* ---- nobody there */

/* Members of its own, of a queue it overflows to, or of the one for when nobody is there. */
static bool somebody(const struct reviewing *r, size_t queue) {
  for (size_t steps = 0; queue != NOWHERE && steps <= r->desk->queue_count; steps++) {
    const struct desk_queue *q = &r->desk->queues[queue];
    if (r->member_count[queue])
      return true;
    for (size_t i = 0; i < q->overflow_count; i++)
      if (r->member_count[review_index(r, q->overflow[i].queue)])
        return true;
    queue = q->nobody ? review_index(r, q->nobody) : NOWHERE;
  }
  return false;
}

static void spread(const struct reviewing *r, size_t queue, bool *reached) {
  struct way ways[WAYS];
  if (reached[queue])
    return;
  reached[queue] = true;
  ways_of(r, queue, ways);
  for (size_t i = 0; i < WAYS; i++)
    if (ways[i].to != NOWHERE)
      spread(r, ways[i].to, reached);
}

static void look_for_nobody(struct reviewing *r) {
  const struct desk *d = r->desk;
  bool *reached = must_calloc(d->queue_count + 1, sizeof(*reached));
  for (size_t i = 0; i < d->rule_count; i++)
    spread(r, review_index(r, d->rules[i].queue), reached);
  for (size_t i = 0; i < d->queue_count; i++)
    if (reached[i] && !somebody(r, i))
      review_alarm(r, &d->queues[i].place, "work items come to queue '%s', and no agent is a member: they are offered to "
                   "nobody", d->queues[i].name);
  free(reached);
}

/* A desk that names no agents works by hand. */
void review_ways(struct reviewing *r) {
  look_for_circles(r);
  if (r->desk->agent_count > 0)
    look_for_nobody(r);
}
