/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ways of work items from queue to queue: because nobody is there, after hours, above a limit. Whatever the time and
 * the load, an item must stay somewhere, so these ways together have no circle; and where it stays somebody should be.
 */
#include "desk/reviewing.h"
#include "desk/when.h"
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

/* ---- nobody there, or nobody with room */

/* Is one of its members fit to take an item of this kind? NULL: of any; being a member is all. */
static bool member_fits(const struct reviewing *r, size_t queue, const struct desk_units *kind) {
  for (size_t i = 0; i < r->member_count[queue]; i++)
    if (!kind || review_room(&r->desk->agents[r->members[queue][i]], kind->kind) >= kind->units)
      return true;
  return false;
}

/* Members of its own, of a queue it overflows to, or of the one for when nobody is there. */
static bool somebody(const struct reviewing *r, size_t queue, const struct desk_units *kind) {
  for (size_t steps = 0; queue != NOWHERE && steps <= r->desk->queue_count; steps++) {
    const struct desk_queue *q = &r->desk->queues[queue];
    if (member_fits(r, queue, kind))
      return true;
    for (size_t i = 0; i < q->overflow_count; i++)
      if (member_fits(r, review_index(r, q->overflow[i].queue), kind))
        return true;
    queue = q->nobody ? review_index(r, q->nobody) : NOWHERE;
  }
  return false;
}

/* Which kinds (bits beside dispatch.units) come to which queue. */
static void spread(const struct reviewing *r, size_t queue, unsigned kinds, unsigned *reached) {
  struct way ways[WAYS];
  if ((reached[queue] & kinds) == kinds)
    return;
  reached[queue] |= kinds;
  ways_of(r, queue, ways);
  for (size_t i = 0; i < WAYS; i++)
    if (ways[i].to != NOWHERE)
      spread(r, ways[i].to, kinds, reached);
}

/* A rule that does not ask for kinds takes all. */
static unsigned kinds_of(const struct desk *d, const struct desk_rule *rule) {
  unsigned kinds = 0;
  for (size_t i = 0; i < d->dispatch.unit_count; i++)
    for (size_t k = 0; rule->when && k < rule->when->kind_count; k++)
      if (strcmp(rule->when->kinds[k], d->dispatch.units[i].kind) == 0)
        kinds |= 1u << i;
  return kinds ? kinds : (1u << d->dispatch.unit_count) - 1;
}

static void look_for_room(struct reviewing *r, size_t queue, unsigned kinds) {
  const struct desk_queue *q = &r->desk->queues[queue];
  auto_clean(buf_free) struct buf list = BUF_INIT(200);
  size_t listed = 0, all = r->desk->dispatch.unit_count;
  for (size_t i = 0; i < all; i++)
    if ((kinds & 1u << i) && !somebody(r, queue, &r->desk->dispatch.units[i]))
      buf_printf(&list, "%s%s", listed++ ? ", " : "", r->desk->dispatch.units[i].kind);
  if (listed && listed < all) /* all: it is told of the agents */
    review_alarm(r, &q->place, "no agent who could take work items of queue '%s' has room for one of kind %s: should one come, "
                 "it is offered to nobody", q->name, list.at);
}

static void look_for_nobody(struct reviewing *r) {
  const struct desk *d = r->desk;
  unsigned *reached = must_calloc(d->queue_count + 1, sizeof(*reached));
  for (size_t i = 0; i < d->rule_count; i++)
    spread(r, review_index(r, d->rules[i].queue), kinds_of(d, &d->rules[i]), reached);
  for (size_t i = 0; i < d->queue_count; i++)
    if (reached[i] && !somebody(r, i, NULL))
      review_alarm(r, &d->queues[i].place, "work items come to queue '%s', and no agent is a member: they are offered to "
                   "nobody", d->queues[i].name);
    else if (reached[i])
      look_for_room(r, i, reached[i]);
  free(reached);
}

/* A desk that names no agents works by hand. */
void review_ways(struct reviewing *r) {
  look_for_circles(r);
  if (r->desk->agent_count > 0)
    look_for_nobody(r);
}
