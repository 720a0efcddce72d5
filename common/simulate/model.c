/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers of a desk definition: queues, channel kinds, profiles of agents, hours, offered load. */
#include "simulate/model.h"
#include "simulate/customer.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define DEFAULT_HANDLING_MS (10 * 60000)
#define DEFAULT_CAPACITY 4
#define PROFILE_ROOM (64 * 1024)
#define RATE_FADES_MS 900000
#define KIND_KEPT_MS 86400000

size_t model_queue_named(const struct model *m, const char *name) {
  uint32_t n = name ? names_find(&m->queue_numbers, slice_text(name)) : NAMES_NONE;
  return n == NAMES_NONE ? MODEL_NO_QUEUE : n;
}

double model_speed(const struct model *m, const struct desk_agent *a, size_t queue) {
  const char *name = m->desk->queues[queue].name;
  for (size_t i = 0; i < a->queue_count; i++)
    if (strcmp(a->queues[i], name) == 0)
      return a->speeds ? a->speeds[i] : 1;
  return 0;
}

/* ---- an item's target */

static int64_t of_level(int64_t level_ms, int64_t queue_ms) {
  return level_ms == DESK_AS_QUEUE ? queue_ms : level_ms;
}

int64_t simulate_target(const struct desk *d, size_t queue, const struct desk_rule *rule, bool next,
                        const struct simulate_customer *customer) {
  const struct desk_queue *q = &d->queues[queue];
  int64_t as_queue = next ? q->next_within_ms : q->answer_within_ms;
  if (!next && rule->own_within)
    return rule->answer_within_ms;
  for (size_t i = 0; i < q->level_count; i++)
    if (customer_fits(customer, q->levels[i].customer))
      return of_level(next ? q->levels[i].next_within_ms : q->levels[i].answer_within_ms, as_queue);
  return as_queue;
}

/* ---- channel kinds */

/* One that the desk does not know is as its first. */
static struct model_kind kind_of(const struct desk *d, const char *kind) {
  size_t at = 0;
  while (at < d->dispatch.unit_count && at < RULE_KINDS && strcmp(d->dispatch.units[at].kind, kind) != 0)
    at++;
  if (at == d->dispatch.unit_count || at == RULE_KINDS)
    at = 0;
  int units = at < d->dispatch.unit_count ? d->dispatch.units[at].units : 1;
  return (struct model_kind){(unsigned)at, units > 0 ? units : 1};
}

static int capacity_of(const struct desk_agent *a) {
  return a->capacity > 0 ? a->capacity : DEFAULT_CAPACITY;
}

static int capacity_for(const struct desk *d, const struct desk_agent *a, size_t kind) {
  const char *name = kind < d->dispatch.unit_count ? d->dispatch.units[kind].kind : "";
  for (size_t i = 0; i < a->kind_count; i++)
    if (strcmp(a->kinds[i].kind, name) == 0 && a->kinds[i].units < capacity_of(a))
      return a->kinds[i].units;
  return capacity_of(a);
}

/* ---- agents who are alike */

/* Everything that a line may ask about, so equal texts are equal agents. */
static void describe(const struct desk_agent *a, struct buf *b) {
  buf_printf(b, "%d", a->capacity);
  for (size_t i = 0; i < a->kind_count; i++)
    buf_printf(b, "\036%s=%d", a->kinds[i].kind, a->kinds[i].units);
  for (size_t i = 0; i < a->queue_count; i++)
    buf_printf(b, "\035%s=%.17g", a->queues[i], a->speeds ? a->speeds[i] : 1);
  for (size_t i = 0; i < a->skill_count; i++)
    buf_printf(b, "\034%s=%d", a->skills[i].name, a->skills[i].level);
}

static void make_profiles(struct model *m) {
  const struct desk *d = m->desk;
  struct names known = {0};
  auto_clean(buf_free) struct buf text = BUF_INIT(PROFILE_ROOM);
  m->profiles = must_calloc(d->agent_count + 1, sizeof(*m->profiles));
  m->profile_of = must_calloc(d->agent_count + 1, sizeof(*m->profile_of));
  for (size_t i = 0; i < d->agent_count; i++) {
    buf_clear(&text);
    text.full = false;
    describe(&d->agents[i], &text);
    if (text.full) { /* long beyond reason: alike to nobody */
      buf_clear(&text);
      text.full = false;
      buf_printf(&text, "agent %zu", i);
    }
    uint32_t number = names_find(&known, buf_slice(&text));
    if (number == NAMES_NONE) {
      number = (uint32_t)m->profile_count++;
      names_add(&known, buf_slice(&text), number);
      m->profiles[number].agent = &d->agents[i];
      m->profiles[number].units = capacity_of(&d->agents[i]);
      for (size_t k = 0; k < RULE_KINDS; k++)
        m->profiles[number].kind_units[k] = capacity_for(d, &d->agents[i], k);
    }
    m->profile_of[i] = number;
  }
  names_free(&known);
}

/* ---- queues */

static void make_hours(struct model *m, const struct simulate_input *in) {
  const struct desk *d = m->desk;
  m->hours = must_calloc(d->hours_count + 1, sizeof(*m->hours));
  for (size_t i = 0; i < d->hours_count; i++)
    m->hours[i] = calendar_of_hours(&d->hours[i], in->from_ms, in->to_ms);
  m->hours[d->hours_count] = calendar_always();
}

static void make_queue(struct model *m, size_t number) {
  const struct desk_queue *q = &m->desk->queues[number];
  struct model_queue *to = &m->queues[number];
  to->queue = q;
  to->hours = &m->hours[q->hours ? (size_t)(q->hours - m->desk->hours) : m->desk->hours_count];
  to->nobody = model_queue_named(m, q->nobody);
  to->limit_queue = q->limit > 0 ? model_queue_named(m, q->limit_queue) : MODEL_NO_QUEUE;
  to->after_queue = q->after == AFTER_TO ? model_queue_named(m, q->after_queue) : MODEL_NO_QUEUE;
  to->overflow = must_calloc(q->overflow_count + 1, sizeof(*to->overflow));
  for (size_t i = 0; i < q->overflow_count; i++)
    to->overflow[i] = model_queue_named(m, q->overflow[i].queue);
  to->handling_ms = q->handling_ms > 0 ? (double)q->handling_ms : DEFAULT_HANDLING_MS;
  to->base = SIMULATE_NONE;
  to->kind = kind_of(m->desk, "");
}

/* Mean handling times, as the steps learn them. */
static void measure_handling(struct model *m, const struct simulate_input *in) {
  size_t queues = m->desk->queue_count;
  double *sum = must_calloc(queues + 1, sizeof(*sum));
  size_t *count = must_calloc(queues + 1, sizeof(*count));
  for (size_t i = 0; i < in->count; i++) {
    size_t q = model_queue_named(m, m->desk->rules[in->places[i].rule].queue);
    if (q == MODEL_NO_QUEUE)
      continue;
    sum[q] += (double)in->items[i].handling_ms;
    count[q]++;
  }
  for (size_t q = 0; q < queues; q++)
    if (count[q])
      m->queues[q].handling_ms = sum[q] / (double)count[q];
  free(sum);
  free(count);
}

double model_rate(const struct model_queue *q, int64_t now) {
  return q->rate * exp(-(double)(now - q->rate_at) / RATE_FADES_MS);
}

/* The weightiest stays until a day without any. */
bool model_learn_arrival(struct model_queue *q, struct model_kind kind, int64_t now) {
  bool stays = q->kind_seen && q->kind.units >= kind.units && now - q->rate_at < KIND_KEPT_MS;
  bool changes = !stays && q->kind.number != kind.number;
  if (!stays)
    q->kind = kind;
  q->kind_seen = true;
  q->rate = model_rate(q, now) + 1.0 / RATE_FADES_MS;
  q->rate_at = now;
  return changes;
}

/* A desk built without weights has the standard ones. */
static struct rule_weights weights_of(const struct desk *d) {
  return rule_weights_wrong(&d->dispatch.weights) ? rule_weights_standard() : d->dispatch.weights;
}

static void make_bases(struct model *m) {
  for (size_t q = 0; q < m->desk->queue_count && m->base_count < SIMULATE_REAL_TIME_MAX; q++) {
    const struct desk_queue *queue = &m->desk->queues[q];
    if (!queue->real_time || queue->answer_within_ms <= 0)
      continue;
    struct line_wish wish = {.queue = q, .kind = kind_of(m->desk, ""), .target_ms = queue->answer_within_ms,
                             .skills = "", .language = "", .only = SIMULATE_NONE};
    bool relaxed;
    m->queues[q].base = model_line(m, &wish, &relaxed);
    m->bases[m->base_count++] = m->queues[q].base;
  }
}

void model_make(struct model *m, const struct simulate_input *in) {
  *m = (struct model){.desk = in->desk, .weights = weights_of(in->desk), .key = BUF_INIT(MODEL_KEY_ROOM)};
  m->kinds = must_calloc(in->kind_count + 1, sizeof(*m->kinds));
  for (size_t i = 0; i < in->kind_count; i++)
    m->kinds[i] = kind_of(in->desk, in->kinds[i]);
  m->queues = must_calloc(in->desk->queue_count + 1, sizeof(*m->queues));
  for (size_t q = 0; q < in->desk->queue_count; q++)
    names_add(&m->queue_numbers, slice_text(in->desk->queues[q].name), (uint32_t)q);
  make_hours(m, in);
  for (size_t q = 0; q < in->desk->queue_count; q++)
    make_queue(m, q);
  make_profiles(m);
  measure_handling(m, in);
  make_bases(m);
}

static void line_free(struct line *l) {
  if (l->ln_stand_in != l->ln_speed)
    free(l->ln_stand_in);
  free(l->ln_speed);
  for (size_t set = 0; set < RULE_SETS; set++)
    free(l->sets[set].members);
  free(l);
}

void model_free(struct model *m) {
  for (size_t i = 0; i < m->line_count; i++)
    line_free(m->lines[i]);
  for (size_t q = 0; q < m->desk->queue_count; q++)
    free(m->queues[q].overflow);
  for (size_t i = 0; i < m->desk->hours_count; i++)
    calendar_free(&m->hours[i]);
  free(m->hours);
  free(m->lines);
  free(m->active);
  free(m->queues);
  free(m->kinds);
  free(m->profiles);
  free(m->profile_of);
  buf_free(&m->key);
  names_free(&m->line_numbers);
  names_free(&m->queue_numbers);
}
