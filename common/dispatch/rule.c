/* SPDX-License-Identifier: Apache-2.0 */
/* Prepared numbers, scores, and the order of items and agents. */
#include "dispatch/rule_internal.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const struct rule_weight_about weights_about[] = {
#define WEIGHT(member, name, standard, least, most, unit, what)                                                        \
  {name, unit, what, standard, least, most, offsetof(struct rule_weights, member)},
#include "dispatch/rule_weights.def"
#undef WEIGHT
};

static double weight_at(const struct rule_weights *w, const struct rule_weight_about *about) {
  double value;
  memcpy(&value, (const char *)w + about->offset, sizeof(value));
  return value;
}

struct rule_weights rule_weights_standard(void) {
  struct rule_weights w;
  for (size_t i = 0; i < COUNT(weights_about); i++)
    memcpy((char *)&w + weights_about[i].offset, &weights_about[i].standard, sizeof(double));
  return w;
}

const struct rule_weight_about *rule_weights_about(size_t *ret_count) {
  *ret_count = COUNT(weights_about);
  return weights_about;
}

const struct rule_weight_about *rule_weights_wrong(const struct rule_weights *w) {
  for (size_t i = 0; i < COUNT(weights_about); i++) {
    double value = weight_at(w, &weights_about[i]);
    if (!(value >= weights_about[i].least && value <= weights_about[i].most)) /* NAN is wrong too */
      return &weights_about[i];
  }
  return NULL;
}

/* ---- prepared numbers */

static double above_guard_ms(const struct rule_weights *w, double target_ms) {
  double guard = fmax(w->guard_share * target_ms, w->guard_ms);
  return fmax(0, floor(target_ms - guard));
}

/* An item with nobody to keep agents free for is never parked: that saves it a timer. */
static bool defers_to_any(const struct rule_weights *w, const struct rule_queue *queues, size_t count, size_t own) {
  for (size_t q = 0; q < count; q++)
    if (q != own && queues[q].target_ms * w->reserve_ratio <= queues[own].target_ms)
      return true;
  return false;
}

void rule_prepare(const struct rule_weights *w, struct rule_queue *queues, size_t count) {
  for (size_t i = 0; i < count; i++) {
    struct rule_queue *q = &queues[i];
    double growth = log(w->ageing);
    q->base = -log(q->handling_ms * q->target_ms);
    q->slope = growth / q->target_ms;
    q->head_start_ms = q->target_ms / growth;
    q->late_base = log(w->late) + q->base;
    q->late_slope = 1 / w->late_growth_ms;
    q->parked_ms = defers_to_any(w, queues, count, i) ? above_guard_ms(w, q->target_ms) : 0;
    q->keep = (int)floor(w->reserve * sqrt(q->on_duty) + 0.5);
  }
}

static bool group_has_room(const struct rule_group *g, const struct rule_queue *q) {
  return g->room >= q->units && g->kind_room[q->kind] >= q->units;
}

void rule_count(struct rule_queue *queues, size_t queue_count, const struct rule_group *groups, size_t group_count) {
  for (size_t q = 0; q < queue_count; q++) {
    queues[q].able = 0;
    for (size_t g = 0; g < group_count; g++)
      if (groups[g].ln_speed[q] > RULE_LACKS && group_has_room(&groups[g], &queues[q]))
        queues[q].able += (int)groups[g].count;
  }
}

double rule_ln_value(const struct rule_weights *w, double value) {
  if (!(value > w->value_least))
    value = w->value_least;
  return log(value < w->value_most ? value : w->value_most);
}

double rule_crowded(const struct rule_weights *w, int used, int units) {
  return log(1 + w->slowdown * used / units);
}

/* ---- an item's place */

enum rule_set rule_set_at(const struct rule_queue *q, double arrival_ms, double now_ms) {
  if (now_ms < arrival_ms + q->parked_ms)
    return RULE_PARKED;
  return now_ms <= arrival_ms + q->target_ms ? RULE_ON_TIME : RULE_LATE;
}

double rule_score(const struct rule_weights *w, const struct rule_queue *q, enum rule_set set, double arrival_ms,
                  double ln_value) {
  return arrival_ms - (set == RULE_LATE ? w->late_growth_ms : q->head_start_ms) * ln_value;
}

double rule_leaves(const struct rule_queue *q, enum rule_set set, double arrival_ms) {
  switch (set) {
  case RULE_PARKED: return arrival_ms + q->parked_ms;
  case RULE_ON_TIME: return arrival_ms + q->target_ms + 1; /* at the target itself it is still on time */
  default: return RULE_NEVER;
  }
}

double rule_index(const struct rule_queue *q, enum rule_set set, double score) {
  if (set == RULE_LATE)
    return q->late_base + ((q->now_ms - q->target_ms) - score) * q->late_slope;
  return q->base + (q->now_ms - score) * q->slope;
}

/* ---- order */

double rule_price(const struct rule_queue *queues, size_t count, rule_queues lost) {
  double price = 0;
  for (size_t q = 0; q < count; q++)
    if (rule_has(lost, q) && queues[q].real_time)
      price = price + queues[q].scarcity / (queues[q].able > 1 ? queues[q].able : 1);
  return price;
}

double rule_cost(const struct rule_weights *w, const struct rule_agent_row *row) {
  return ((row->crowded - row->ln_speed) - row->ln_known) + w->flexibility * row->price;
}

/* As Redis orders members of a sorted set. */
static int compare_bytes(struct slice a, struct slice b) {
  size_t shorter = a.len < b.len ? a.len : b.len;
  int order = shorter ? memcmp(a.at, b.at, shorter) : 0;
  return order ? order : (a.len > b.len) - (a.len < b.len);
}

static int compare(double a, double b) {
  return (a > b) - (a < b);
}

int rule_item_order(const struct rule_item_row *a, const struct rule_item_row *b) {
  int order = compare(b->index, a->index);
  return order ? order : compare_bytes(a->item.id, b->item.id);
}

int rule_agent_order(const struct rule_agent_row *a, const struct rule_agent_row *b) {
  int order = compare(a->cost, b->cost);
  if (!order)
    order = compare((double)a->used / a->units, (double)b->used / b->units);
  if (!order)
    order = compare(a->idle_since_ms, b->idle_since_ms);
  return order ? order : compare_bytes(a->agent, b->agent);
}
