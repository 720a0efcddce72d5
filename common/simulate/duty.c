/* SPDX-License-Identifier: Apache-2.0 */
/* Who worked when: by sign-ins and, where there are none, by what he did. */
#include "simulate/history_internal.h"
#include <stdlib.h>

#define DAY_MS 86400000
#define MOMENT_MS 60000        /* somebody who did one thing on a day was there for a minute */

static int64_t day_of(const struct history *h, int64_t at) {
  return (at + h->day_offset_ms) / DAY_MS;
}

static void end_day(struct past_agent *a) {
  if (a->first)
    calendar_add(&a->worked, a->first, a->last + MOMENT_MS);
  a->first = 0;
}

static void note_work(const struct history *h, struct past_agent *a, int64_t at) {
  if (a->first && day_of(h, a->first) != day_of(h, at))
    end_day(a);
  if (!a->first)
    a->first = at;
  a->last = at;
}

static void change(struct calendar *c, bool *is, int64_t *since, bool to, int64_t at) {
  if (*is && !to)
    calendar_add(c, *since, at);
  if (!*is && to)
    *since = at;
  *is = to;
}

static void note_presence(struct past_agent *a, const struct fact *f, int64_t begin) {
  if (!a->seen) { /* as it was before is how it has been since the beginning */
    a->seen = true;
    a->ready_since = a->there_since = begin;
    a->is_ready = f->was_ready;
    a->is_there = f->was_at_work;
  }
  change(&a->ready, &a->is_ready, &a->ready_since, f->ready, f->at_ms);
  change(&a->there, &a->is_there, &a->there_since, f->at_work, f->at_ms);
}

void duty_collect(const struct history *h, struct past *p) {
  struct past_agent all = {0};
  p->agents = must_calloc(h->names.count + 1, sizeof(*p->agents));
  for (size_t i = 0; i < h->fact_count; i++) {
    const struct fact *f = &h->facts[i];
    if (f->agent == SIMULATE_NONE || f->kind == HISTORY_CONTACT)
      continue;
    if (f->kind == HISTORY_PRESENCE) {
      note_presence(&p->agents[f->agent], f, p->from_ms);
      continue;
    }
    if (f->kind == HISTORY_LOST || f->kind == HISTORY_GONE)
      continue;
    note_work(h, &p->agents[f->agent], f->at_ms);
    note_work(h, &all, f->at_ms);
  }
  for (size_t i = 0; i < h->names.count; i++) {
    change(&p->agents[i].ready, &p->agents[i].is_ready, &p->agents[i].ready_since, false, p->to_ms);
    change(&p->agents[i].there, &p->agents[i].is_there, &p->agents[i].there_since, false, p->to_ms);
    end_day(&p->agents[i]);
  }
  end_day(&all);
  p->anybody = all.worked;
}

/* By what he did one sees the nights only, not the breaks. */
int64_t duty_worked(const struct history *h, const struct past *p, uint32_t agent, int64_t from, int64_t to) {
  const struct past_agent *a = &p->agents[agent];
  if (a->seen)
    return calendar_within(&a->there, from, to);
  return day_of(h, from) == day_of(h, to) ? to - from : calendar_within(&a->worked, from, to);
}

/* ---- for a run */

static const struct desk_agent *agent_named(const struct desk *d, const char *name) {
  for (size_t i = 0; i < d->agent_count; i++)
    if (strcmp(d->agents[i].name, name) == 0)
      return &d->agents[i];
  return NULL;
}

const char *past_stranger(const struct past *p, const struct desk *d, size_t *at) {
  while (*at < p->name_count) {
    size_t n = (*at)++;
    if (p->agents[n].worked.count && !agent_named(d, p->names[n]))
      return p->names[n];
  }
  return NULL;
}

static const struct past_agent *past_named(const struct past *p, const char *name) {
  for (size_t i = 0; i < p->name_count; i++)
    if (strcmp(p->names[i], name) == 0)
      return &p->agents[i];
  return NULL;
}

static bool has_new_hours(const struct past *p, const struct desk_agent *a, const struct desk *old) {
  const struct desk_agent *was = agent_named(old, a->name);
  if (!a->hours || !was)
    return a->hours != NULL;
  struct calendar now = calendar_of_hours(a->hours, p->from_ms, p->to_ms);
  struct calendar then = calendar_of_hours(was->hours, p->from_ms, p->to_ms);
  bool differ = !calendar_equal(&now, &then);
  calendar_free(&now);
  calendar_free(&then);
  return differ;
}

struct calendar past_duty(const struct past *p, const struct desk *d, size_t agent, const struct desk *old,
                          enum duty_source *ret_source) {
  const struct desk_agent *a = &d->agents[agent];
  const struct past_agent *was = past_named(p, a->name);
  struct calendar hours = calendar_of_hours(a->hours, p->from_ms, p->to_ms);
  if (was && was->seen && !has_new_hours(p, a, old)) {
    struct calendar both = calendar_both(&was->ready, &hours);
    calendar_free(&hours);
    *ret_source = DUTY_PRESENCE;
    return both;
  }
  if (a->hours) {
    *ret_source = DUTY_HOURS;
    return hours;
  }
  if (was && was->worked.count) {
    *ret_source = DUTY_WORK;
    return calendar_copy(&was->worked);
  }
  *ret_source = p->anybody.count ? DUTY_COLLEAGUES : DUTY_ALWAYS;
  return p->anybody.count ? calendar_copy(&p->anybody) : calendar_always();
}
