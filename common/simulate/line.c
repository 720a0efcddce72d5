/* SPDX-License-Identifier: Apache-2.0 */
/* Lines: what an item asks after waiting so long, and who may take it then. */
#include "simulate/model.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { NEEDS_MOST = 40 };

struct need {
  struct slice name;
  int level;
};

struct needs {
  struct need list[NEEDS_MOST];
  size_t count;
  bool relaxed;
};

/* ---- needs */

static int skill_level(const struct desk_agent *a, struct slice name) {
  for (size_t i = 0; i < a->skill_count; i++)
    if (slice_equal(slice_text(a->skills[i].name), name))
      return a->skills[i].level;
  return 0;
}

/* The latest step that names the skill counts. */
static int softened(const struct desk_queue *q, struct need need, int64_t waited_ms) {
  for (size_t i = q->relax_count; i > 0; i--) {
    const struct desk_relax *step = &q->relax[i - 1];
    for (size_t k = 0; waited_ms >= step->after_ms && k < step->count; k++)
      if (slice_equal(slice_text(step->most[k].name), need.name))
        return step->most[k].level < need.level ? step->most[k].level : need.level;
  }
  return need.level;
}

static void need(struct needs *n, const struct desk_queue *q, struct need wanted, int64_t waited_ms) {
  int level = softened(q, wanted, waited_ms);
  n->relaxed |= level < wanted.level;
  for (size_t i = 0; i < n->count; i++)
    if (slice_equal(n->list[i].name, wanted.name)) {
      n->list[i].level = level > n->list[i].level ? level : n->list[i].level;
      return;
    }
  if (level > 0 && n->count < NEEDS_MOST)
    n->list[n->count++] = (struct need){wanted.name, level};
}

static void need_skills(struct needs *n, const struct desk_queue *q, const char *skills, int64_t waited_ms) {
  struct slice rest = slice_text(skills), term;
  while (slice_split(&rest, ',', &term)) {
    const char *op = term.len ? memchr(term.at, '>', term.len) : NULL;
    if (op)
      need(n, q, (struct need){slice_of(term.at, (size_t)(op - term.at)), atoi(op + 2)}, waited_ms);
  }
}

static bool somebody_speaks(const struct model *m, size_t queue, struct slice language) {
  for (size_t p = 0; p < m->profile_count; p++)
    if (model_speed(m, m->profiles[p].agent, queue) > 0 &&
        skill_level(m->profiles[p].agent, language) >= m->desk->queues[queue].language)
      return true;
  return false;
}

static bool names_skill(const char *skills, struct slice name) {
  struct slice rest = slice_text(skills), term;
  while (slice_split(&rest, ',', &term))
    if (term.len > name.len && memcmp(term.at, name.at, name.len) == 0 && term.at[name.len] == '>')
      return true;
  return false;
}

/* de-AT is de. What the rule asks of a language goes before what the queue does. */
static void need_language(struct needs *n, const struct model *m, const struct line_wish *w) {
  const struct desk_queue *q = &m->desk->queues[w->queue];
  struct slice language = slice_of(w->language, strspn(w->language, "abcdefghijklmnopqrstuvwxyz"));
  if (q->language > 0 && language.len && !names_skill(w->skills, language) && somebody_speaks(m, w->queue, language))
    need(n, q, (struct need){language, q->language}, w->waited_ms);
}

static int by_name(const void *a, const void *b) {
  const struct need *x = a, *y = b;
  size_t shorter = x->name.len < y->name.len ? x->name.len : y->name.len;
  int order = memcmp(x->name.at, y->name.at, shorter);
  return order ? order : (x->name.len > y->name.len) - (x->name.len < y->name.len);
}

static void collect_needs(const struct model *m, const struct line_wish *w, struct needs *ret) {
  ret->count = 0;
  ret->relaxed = false;
  need_skills(ret, &m->desk->queues[w->queue], w->skills, w->waited_ms);
  need_language(ret, m, w);
  if (ret->count)
    qsort(ret->list, ret->count, sizeof(*ret->list), by_name);
}

/* ---- who may */

static size_t overflows(const struct model *m, const struct line_wish *w) {
  const struct desk_queue *q = &m->desk->queues[w->queue];
  size_t count = 0;
  while (count < q->overflow_count && w->waited_ms >= q->overflow[count].after_ms)
    count++;
  return count;
}

/* Of all queues whose members may, the one he is fastest in. */
static double ln_speed(const struct model *m, const struct line_wish *w, const struct needs *needs, size_t profile,
                       size_t stand_in) {
  const struct desk_agent *a = m->profiles[profile].agent;
  const struct model_queue *q = &m->queues[w->queue];
  double speed = model_speed(m, a, w->queue);
  for (size_t i = 0; i < overflows(m, w); i++)
    if (q->overflow[i] != MODEL_NO_QUEUE)
      speed = fmax(speed, model_speed(m, a, q->overflow[i]));
  if (stand_in != MODEL_NO_QUEUE)
    speed = fmax(speed, model_speed(m, a, stand_in));
  for (size_t i = 0; i < needs->count; i++)
    if (skill_level(a, needs->list[i].name) < needs->list[i].level)
      return RULE_LACKS;
  return speed > 0 ? log(speed) : RULE_LACKS;
}

static double *speeds(const struct model *m, const struct line_wish *w, const struct needs *needs, size_t stand_in) {
  double *all = must_calloc(m->profile_count + 1, sizeof(*all));
  for (size_t p = 0; p < m->profile_count; p++)
    all[p] = ln_speed(m, w, needs, p, stand_in);
  return all;
}

/* ---- a line */

/* Its numbers depend on the queues that agents are kept free for, by their targets. */
static void prepare(const struct model *m, struct line *l) {
  struct rule_queue all[1 + SIMULATE_REAL_TIME_MAX] = {l->rule};
  size_t count = 1, kept = 0;
  for (size_t q = 0; q < m->desk->queue_count && kept < SIMULATE_REAL_TIME_MAX; q++)
    if (m->desk->queues[q].real_time && m->desk->queues[q].answer_within_ms > 0) {
      kept++;
      if (q != l->queue)
        all[count++] = (struct rule_queue){.target_ms = (double)m->desk->queues[q].answer_within_ms, .handling_ms = 1};
    }
  rule_prepare(&m->weights, all, count);
  l->rule = all[0];
}

static struct line *line_make(const struct model *m, const struct line_wish *w, const struct needs *needs) {
  struct line *l = must_calloc(1, sizeof(*l));
  size_t stand_in = m->queues[w->queue].nobody;
  l->queue = w->queue;
  l->only = w->only;
  l->rule = (struct rule_queue){.name = slice_text(m->desk->queues[w->queue].name),
                                .target_ms = (double)(w->target_ms > 0 ? w->target_ms : SIMULATE_NO_PROMISE_MS),
                                .handling_ms = m->queues[w->queue].handling_ms,
                                .kind = w->kind.number,
                                .units = w->kind.units};
  prepare(m, l);
  l->ln_speed = speeds(m, w, needs, MODEL_NO_QUEUE);
  l->ln_stand_in = stand_in == MODEL_NO_QUEUE ? l->ln_speed : speeds(m, w, needs, stand_in);
  return l;
}

/* A name that says all that makes a line what it is. */
static void name_line(const struct model *m, const struct line_wish *w, const struct needs *needs, struct buf *b) {
  buf_printf(b, "%zu+%zu~%u~%lld~%u", w->queue, overflows(m, w), w->kind.number,
             (long long)(w->target_ms > 0 ? w->target_ms : SIMULATE_NO_PROMISE_MS), w->only);
  for (size_t i = 0; i < needs->count; i++)
    buf_printf(b, "~%.*s=%d", (int)needs->list[i].name.len, needs->list[i].name.at, needs->list[i].level);
}

uint32_t model_line(struct model *m, const struct line_wish *w, bool *ret_relaxed) {
  struct needs needs;
  collect_needs(m, w, &needs);
  *ret_relaxed = needs.relaxed;
  buf_clear(&m->key);
  m->key.full = false;
  name_line(m, w, &needs, &m->key);
  uint32_t number = names_find(&m->line_numbers, buf_slice(&m->key));
  if (number != NAMES_NONE)
    return number;
  if (m->line_count == m->line_room) {
    m->line_room = m->line_room ? 2 * m->line_room : 64;
    m->lines = must_realloc(m->lines, m->line_room * sizeof(struct line *));
    m->active = must_realloc(m->active, m->line_room * sizeof(struct line *));
  }
  number = (uint32_t)m->line_count;
  names_add(&m->line_numbers, buf_slice(&m->key), number);
  m->lines[m->line_count++] = line_make(m, w, &needs);
  return number;
}

int64_t model_next_step(const struct model *m, size_t queue, int64_t waited_ms) {
  const struct desk_queue *q = &m->desk->queues[queue];
  int64_t next = CALENDAR_NEVER;
  for (size_t i = 0; i < q->relax_count; i++)
    if (q->relax[i].after_ms > waited_ms && q->relax[i].after_ms < next)
      next = q->relax[i].after_ms;
  for (size_t i = 0; i < q->overflow_count; i++)
    if (q->overflow[i].after_ms > waited_ms && q->overflow[i].after_ms < next)
      next = q->overflow[i].after_ms;
  return next;
}

void line_add(struct model *m, struct line *l, size_t set, uint32_t *place, double score, uint32_t item) {
  heap_add(&l->sets[set], place, score, item);
  if (l->waiting++ == 0) {
    l->active_place = m->active_count;
    m->active[m->active_count++] = l;
  }
}

void line_remove(struct model *m, struct line *l, size_t set, uint32_t *place, uint32_t item) {
  heap_remove(&l->sets[set], place, item);
  if (--l->waiting == 0) {
    struct line *last = m->active[--m->active_count];
    m->active[l->active_place] = last;
    last->active_place = l->active_place;
  }
}
