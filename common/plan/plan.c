/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of a plan, in the order of plan.h. What does not fit leaves the buffer full, which is looked at once. */
#include "plan/plan.h"
#include "hours/hours.h"
#include "plan/agents.h"
#include <math.h>

#define DAY_MS (24 * 3600 * 1000LL)

static void add_ms(struct buf *b, int64_t ms) {
  buf_printf(b, US "%lld", (long long)ms);
}

static void add_number(struct buf *b, double number) {
  buf_printf(b, US "%.17g", number);
}

static void add_text(struct buf *b, const char *text) {
  buf_printf(b, US "%s", text ? text : "");
}

/* ---- W, D, K */

static void add_weights(struct buf *b, const struct rule_weights *w) {
  buf_add_text(b, "W");
#define WEIGHT(member, name, standard, least, most, unit, what) add_number(b, w->member);
#include "dispatch/rule_weights.def"
#undef WEIGHT
  buf_add_text(b, RS);
}

static void add_dispatch(struct buf *b, const struct desk_dispatch *d) {
  buf_printf(b, "D" US "%d", d->misses);
  add_ms(b, d->lease_ms);
  add_ms(b, d->transfer_ms);
  add_ms(b, d->known_ms);
  add_ms(b, d->prefer_ms);
  add_ms(b, d->again_ms);
  buf_add_text(b, RS);
  for (size_t i = 0; i < d->unit_count; i++)
    buf_printf(b, "K" US "%s" US "%d" RS, d->units[i].kind, d->units[i].units);
}

/* ---- Q, L */

static const char *after_text(const struct desk_queue *q) {
  if (q->after == AFTER_TO)
    return q->after_queue;
  return q->after == AFTER_TAKE ? "take" : "hold";
}

static void add_relax(struct buf *b, const struct desk_queue *q) {
  buf_add_text(b, US);
  for (size_t i = 0; i < q->relax_count; i++) {
    const struct desk_relax *step = &q->relax[i];
    buf_printf(b, "%s%lld", i ? " " : "", (long long)step->after_ms);
    for (size_t s = 0; s < step->count; s++)
      buf_printf(b, "%s%s=%d", s ? "," : ":", step->most[s].name, step->most[s].level);
  }
}

static void add_overflow(struct buf *b, const struct desk_queue *q) {
  buf_add_text(b, US);
  for (size_t i = 0; i < q->overflow_count; i++)
    buf_printf(b, "%s%lld:%s", i ? " " : "", (long long)q->overflow[i].after_ms, q->overflow[i].queue);
}

static void add_level_ms(struct buf *b, int64_t ms) {
  if (ms == DESK_AS_QUEUE)
    buf_add_text(b, US);
  else
    add_ms(b, ms);
}

static void add_levels(struct buf *b, const struct desk_queue *q) {
  for (size_t i = 0; i < q->level_count; i++) {
    const struct desk_level *level = &q->levels[i];
    buf_printf(b, "L" US "%s" US "%s", q->name, level->customer);
    add_level_ms(b, level->answer_within_ms);
    add_level_ms(b, level->next_within_ms);
    add_level_ms(b, level->resolve_within_ms);
    buf_add_text(b, RS);
  }
}

static void add_queue(struct buf *b, const struct desk_queue *q) {
  buf_printf(b, "Q" US "%s" US "%d", q->name, q->priority);
  add_text(b, q->hours ? q->hours->name : "");
  add_text(b, after_text(q));
  buf_printf(b, US "%d", q->real_time);
  add_ms(b, q->handling_ms);
  add_ms(b, q->answer_within_ms);
  add_ms(b, q->next_within_ms);
  add_ms(b, q->resolve_within_ms);
  add_number(b, q->warn_at);
  buf_printf(b, US "%d", q->offer_to);
  add_ms(b, q->offer_ms);
  add_ms(b, q->wrap_ms);
  buf_printf(b, US "%d", q->language);
  add_text(b, q->nobody);
  buf_printf(b, US "%d", q->limit);
  add_text(b, q->limit_queue);
  add_relax(b, q);
  add_overflow(b, q);
  buf_add_text(b, RS);
  add_levels(b, q);
}

/* ---- V */

static void add_points(struct buf *b, const struct desk_factor *f) {
  buf_add_text(b, US);
  for (size_t i = 0; i < f->point_count; i++)
    buf_printf(b, "%s%.17g:%.17g", i ? " " : "", f->points[i].x, f->points[i].factor);
}

static void add_factor(struct buf *b, const struct desk_factor *f) {
  static const char *const kinds[] = {[FACTOR_FIGURE] = "figure", [FACTOR_AGE] = "age", [FACTOR_LIFETIME] = "lifetime",
                                      [FACTOR_TAG] = "tag", [FACTOR_IS] = "is"};
  buf_printf(b, "V" US "%s" US "%s", kinds[f->kind], f->name);
  if (f->kind == FACTOR_TAG || f->kind == FACTOR_IS)
    add_number(b, f->factor);
  else
    add_points(b, f);
  if (f->kind == FACTOR_IS)
    add_text(b, f->text);
  if (f->kind == FACTOR_LIFETIME && isnan(f->keeps))
    add_text(b, f->keeps_name);
  else if (f->kind == FACTOR_LIFETIME)
    add_number(b, f->keeps);
  if (f->kind == FACTOR_LIFETIME)
    buf_printf(b, US "%d", f->years);
  buf_add_text(b, RS);
}

int plan_write(const struct desk *d, struct buf *b) {
  add_weights(b, &d->dispatch.weights);
  add_dispatch(b, &d->dispatch);
  for (size_t i = 0; i < d->queue_count; i++)
    add_queue(b, &d->queues[i]);
  plan_agents(d, b);
  for (size_t i = 0; i < d->factor_count; i++)
    add_factor(b, &d->factors[i]);
  return b->full ? BUF_FULL : 0;
}

/* ---- H */

static void add_hours(struct buf *b, const struct hours *h, int64_t begin_ms, int64_t end_ms) {
  buf_printf(b, "H" US "%s" US, h->name);
  const char *blank = "";
  for (int64_t from = hours_next(h, begin_ms), to; from >= 0 && from < end_ms; from = hours_next(h, to)) {
    to = hours_end(h, from);
    if (to < 0 || to > end_ms)
      to = end_ms;
    buf_printf(b, "%s%lld %lld", blank, (long long)from, (long long)to);
    blank = " ";
    if (to == end_ms)
      break;
  }
  buf_add_text(b, RS);
}

int plan_write_hours(const struct desk *d, int64_t now_ms, struct buf *b) {
  int64_t begin = now_ms - now_ms % DAY_MS;
  for (size_t i = 0; i < d->hours_count && !b->full; i++)
    add_hours(b, &d->hours[i], begin, begin + PLAN_DAYS * DAY_MS);
  return b->full ? BUF_FULL : 0;
}
