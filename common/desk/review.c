/* SPDX-License-Identifier: Apache-2.0 */
/* The review's frame, and what can be said of hours, queues and agents one by one. */
#include "desk/reviewing.h"
#include "hours/zone.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static printf_like(4, 0) void tell(struct reviewing *r, bool wrong, const struct complaint_place *place,
                                   const char *format, va_list args) {
  struct desk_finding f = {.wrong = wrong, .place = *place};
  vsnprintf(f.text, sizeof(f.text), format, args);
  r->wrong += wrong;
  r->tell(r->arg, &f);
}

void review_wrong(struct reviewing *r, const struct complaint_place *place, const char *format, ...) {
  va_list args;
  va_start(args, format);
  tell(r, true, place, format, args);
  va_end(args);
}

void review_alarm(struct reviewing *r, const struct complaint_place *place, const char *format, ...) {
  va_list args;
  va_start(args, format);
  tell(r, false, place, format, args);
  va_end(args);
}

size_t review_index(const struct reviewing *r, const char *queue) {
  return names_find(&r->queues, slice_text(queue));
}

/* ---- one by one */

/* A zone that the system does not know is template_review()'s to tell. */
static void look_at_hours(struct reviewing *r, int64_t now_ms) {
  for (size_t i = 0; i < r->desk->hours_count; i++) {
    const struct hours *h = &r->desk->hours[i];
    if (zone_known(h->zone) && hours_next(h, now_ms) < 0)
      review_wrong(r, &h->place, "hours '%s' do not open within %d days from now", h->name, HOURS_FAR_DAYS);
  }
}

static void look_at_real_time(struct reviewing *r) {
  size_t count = 0;
  for (size_t i = 0; i < r->desk->queue_count; i++) {
    const struct desk_queue *q = &r->desk->queues[i];
    count += q->real_time;
    if (q->real_time && count == RULE_REAL_TIME + 1)
      review_wrong(r, &q->place, "queue '%s' is one too many for which agents are kept free: at most %d; it needs "
                   "'real_time: false'", q->name, RULE_REAL_TIME);
  }
}

static void look_at_members(struct reviewing *r) {
  for (size_t i = 0; i < r->desk->queue_count; i++) {
    const struct desk_queue *q = &r->desk->queues[i];
    if (q->nobody_able)
      review_alarm(r, &q->able_place, "no agent has all the skills that make a member of queue '%s'", q->name);
  }
}

int review_room(const struct desk_agent *a, const char *kind) {
  for (size_t i = 0; i < a->kind_count; i++)
    if (strcmp(a->kinds[i].kind, kind) == 0)
      return a->kinds[i].units;
  return a->capacity;
}

static void look_at_capacity(struct reviewing *r) {
  const struct desk_dispatch *x = &r->desk->dispatch;
  for (size_t i = 0; i < r->desk->agent_count; i++) {
    const struct desk_agent *a = &r->desk->agents[i];
    bool fits = a->queue_count == 0;
    for (size_t k = 0; k < x->unit_count && !fits; k++)
      fits = review_room(a, x->units[k].kind) >= x->units[k].units;
    if (!fits)
      review_wrong(r, a->capacity_place.line ? &a->capacity_place : &a->place,
                   "agent '%s' has no capacity for a work item of any kind: each takes more units (dispatch: units) than "
                   "the agent has for it", a->name);
  }
}

/* ---- the whole */

static void count_members(struct reviewing *r) {
  const struct desk *d = r->desk;
  for (size_t i = 0; i < d->queue_count; i++)
    names_add(&r->queues, slice_text(d->queues[i].name), (uint32_t)i);
  for (size_t i = 0; i < d->agent_count; i++)
    for (size_t q = 0; q < d->agents[i].queue_count; q++)
      r->member_count[review_index(r, d->agents[i].queues[q])]++;
  for (size_t i = 0; i < d->queue_count; i++) {
    r->members[i] = must_calloc(r->member_count[i] + 1, sizeof(*r->members[i]));
    r->member_count[i] = 0;
  }
  for (size_t i = 0; i < d->agent_count; i++)
    for (size_t q = 0; q < d->agents[i].queue_count; q++) {
      size_t index = review_index(r, d->agents[i].queues[q]);
      r->members[index][r->member_count[index]++] = (uint32_t)i;
    }
}

size_t desk_review(const struct desk *d, int64_t now_ms, desk_tell *tell_finding, void *arg) {
  struct reviewing r = {.desk = d, .tell = tell_finding, .arg = arg};
  r.members = must_calloc(d->queue_count + 1, sizeof(*r.members));
  r.member_count = must_calloc(d->queue_count + 1, sizeof(*r.member_count));
  count_members(&r);
  look_at_hours(&r, now_ms);
  look_at_real_time(&r);
  look_at_capacity(&r);
  look_at_members(&r);
  review_ways(&r);
  review_duty(&r, now_ms);
  review_shadows(&r);
  review_skills(&r);
  for (size_t i = 0; i < d->queue_count; i++)
    free(r.members[i]);
  free(r.members);
  free(r.member_count);
  names_free(&r.queues);
  return r.wrong;
}
