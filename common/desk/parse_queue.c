/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Queues: what is promised, who is asked and when that softens, and where an item goes when nobody can take it. All
 * names are known before the first is read, because queues lead to each other.
 */
#include "desk/when.h"
#include <stdlib.h>

#define DEFAULT_PRIORITY 5
#define DEFAULT_WARN_AT 0.8
#define DEFAULT_HANDLING_MS (600 * SECOND_MS)
#define DEFAULT_OFFER_MS (30 * SECOND_MS)
#define REAL_TIME_MS (900 * SECOND_MS)
#define OFFER_MOST 5
#define LIMIT_MOST 1000000
#define UNSET (-1)

static int queue_priority(struct reading *r, const struct node *value, void *into) {
  return read_number(r, value, "priority", 1, 9, &((struct desk_queue *)into)->priority);
}

static int queue_answer(struct reading *r, const struct node *value, void *into) {
  return read_within(r, value, "answer_within", &((struct desk_queue *)into)->answer_within_ms);
}

static int queue_next(struct reading *r, const struct node *value, void *into) {
  return read_within(r, value, "next_within", &((struct desk_queue *)into)->next_within_ms);
}

static int queue_resolve(struct reading *r, const struct node *value, void *into) {
  return read_within(r, value, "resolve_within", &((struct desk_queue *)into)->resolve_within_ms);
}

static int queue_warn(struct reading *r, const struct node *value, void *into) {
  return read_decimal(r, value, "share of a target", 0.01, 1, &((struct desk_queue *)into)->warn_at);
}

static int queue_hours(struct reading *r, const struct node *value, void *into) {
  return read_hours_name(r, value, &((struct desk_queue *)into)->hours);
}

static int queue_real_time(struct reading *r, const struct node *value, void *into) {
  return read_bool(r, value, &((struct desk_queue *)into)->real_time);
}

static int queue_handling(struct reading *r, const struct node *value, void *into) {
  return read_time(r, value, "handling", SECOND_MS, 30 * DAY_MS, &((struct desk_queue *)into)->handling_ms);
}

static int queue_language(struct reading *r, const struct node *value, void *into) {
  return read_number(r, value, "skill level", 0, 10, &((struct desk_queue *)into)->language);
}

static int queue_nobody(struct reading *r, const struct node *value, void *into) {
  struct desk_queue *q = into;
  q->nobody_place = place_of(value);
  return read_queue_name(r, value, &q->nobody);
}

static int queue_wrap(struct reading *r, const struct node *value, void *into) {
  return read_duration(r, value, "wrap_up", 8 * HOUR_MS, &((struct desk_queue *)into)->wrap_ms);
}

/* ---- after hours */

static int after_to(struct reading *r, const struct node *value, void *into) {
  struct desk_queue *q = into;
  q->after = AFTER_TO;
  return read_queue_name(r, value, &q->after_queue);
}

static const struct field after_fields[] = {{"to", true, after_to}};

static int queue_after(struct reading *r, const struct node *value, void *into) {
  struct desk_queue *q = into;
  q->after_place = place_of(value);
  if (value->kind == NODE_MAP)
    return read_fields(r, value, after_fields, COUNT(after_fields), "'after_hours'", q);
  bool take = slice_equal(value->text, SLICE("take"));
  if (value->kind != NODE_TEXT || (!take && !slice_equal(value->text, SLICE("hold"))))
    return complain_value(r, value, "is nothing to do after hours: hold, take, or {to: QUEUE}");
  q->after = take ? AFTER_TAKE : AFTER_HOLD;
  return 0;
}

/* ---- limit and offer */

static int limit_waiting(struct reading *r, const struct node *value, void *into) {
  return read_number(r, value, "number of waiting items", 1, LIMIT_MOST, &((struct desk_queue *)into)->limit);
}

static int limit_to(struct reading *r, const struct node *value, void *into) {
  return read_queue_name(r, value, &((struct desk_queue *)into)->limit_queue);
}

static const struct field limit_fields[] = {{"waiting", true, limit_waiting}, {"to", true, limit_to}};

static int queue_limit(struct reading *r, const struct node *value, void *into) {
  struct desk_queue *q = into;
  q->limit_place = place_of(value);
  return read_fields(r, value, limit_fields, COUNT(limit_fields), "'limit'", q);
}

static int offer_to(struct reading *r, const struct node *value, void *into) {
  return read_number(r, value, "number of agents", 1, OFFER_MOST, &((struct desk_queue *)into)->offer_to);
}

static int offer_within(struct reading *r, const struct node *value, void *into) {
  return read_time(r, value, "within", SECOND_MS, DAY_MS, &((struct desk_queue *)into)->offer_ms);
}

static const struct field offer_fields[] = {{"to", false, offer_to}, {"within", false, offer_within}};

static int queue_offer(struct reading *r, const struct node *value, void *into) {
  return read_fields(r, value, offer_fields, COUNT(offer_fields), "'offer'", into);
}

/* ---- relax */

static int relax_after(struct reading *r, const struct node *value, void *into) {
  return read_time(r, value, "after", SECOND_MS, 365 * DAY_MS, &((struct desk_relax *)into)->after_ms);
}

static int relax_skills(struct reading *r, const struct node *value, void *into) {
  struct desk_relax *step = into;
  int fault = read_skill_levels(r, value, &step->most, &step->count);
  if (!fault && step->count == 0)
    return document_complain(&r->document, value, "'skills' needs at least one entry");
  return fault;
}

static const struct field relax_fields[] = {{"after", true, relax_after}, {"skills", true, relax_skills}};

static struct desk_skill *skill_of(struct desk_relax *step, const char *name) {
  for (size_t i = 0; i < step->count; i++)
    if (strcmp(step->most[i].name, name) == 0)
      return &step->most[i];
  return NULL;
}

/* Steps add up: what this one does not name stays as the one before it has it. */
static int add_up(struct reading *r, const struct node *at, const struct desk_relax *before, struct desk_relax *step) {
  if (step->after_ms <= before->after_ms)
    return document_complain(&r->document, at, "'after' must rise from step to step of 'relax'");
  step->most = must_realloc(step->most, (step->count + before->count) * sizeof(*step->most));
  for (size_t i = 0; i < before->count; i++) {
    const struct desk_skill *soft = &before->most[i], *now = skill_of(step, soft->name);
    if (now && now->level > soft->level)
      return document_complain(&r->document, at, "'%s' was softened to %d in the step before; it cannot rise to %d",
                               soft->name, soft->level, now->level);
    if (!now)
      step->most[step->count++] = (struct desk_skill){must_strdup(soft->name), soft->level};
  }
  return 0;
}

static int queue_relax(struct reading *r, const struct node *value, void *into) {
  struct desk_queue *q = into;
  int fault = read_list_shape(r, value, "relax", DESK_MAX_STEPS);
  if (fault)
    return fault;
  q->relax = must_calloc(value->count + 1, sizeof(*q->relax));
  for (const struct node *n = value->first; n && !fault; n = n->next) {
    struct desk_relax *step = &q->relax[q->relax_count++];
    fault = read_fields(r, n, relax_fields, COUNT(relax_fields), "a step of 'relax'", step);
    if (!fault && q->relax_count > 1)
      fault = add_up(r, n, step - 1, step);
  }
  return fault;
}

/* ---- overflow */

static int overflow_after(struct reading *r, const struct node *value, void *into) {
  return read_time(r, value, "after", SECOND_MS, 365 * DAY_MS, &((struct desk_overflow *)into)->after_ms);
}

static int overflow_to(struct reading *r, const struct node *value, void *into) {
  return read_queue_name(r, value, &((struct desk_overflow *)into)->queue);
}

static const struct field overflow_fields[] = {{"after", true, overflow_after}, {"to", true, overflow_to}};

static int check_overflow(struct reading *r, const struct node *at, const struct desk_queue *q) {
  const struct desk_overflow *last = &q->overflow[q->overflow_count - 1];
  if (strcmp(last->queue, q->name) == 0)
    return document_complain(&r->document, at, "queue '%s' overflows to itself", q->name);
  for (const struct desk_overflow *o = q->overflow; o < last; o++)
    if (strcmp(o->queue, last->queue) == 0)
      return document_complain(&r->document, at, "queue '%s' is given twice in 'overflow'", last->queue);
  if (q->overflow_count > 1 && last->after_ms <= last[-1].after_ms)
    return document_complain(&r->document, at, "'after' must rise from step to step of 'overflow'");
  return 0;
}

static int queue_overflow(struct reading *r, const struct node *value, void *into) {
  struct desk_queue *q = into;
  int fault = read_list_shape(r, value, "overflow", DESK_MAX_STEPS);
  if (fault)
    return fault;
  q->overflow = must_calloc(value->count + 1, sizeof(*q->overflow));
  for (const struct node *n = value->first; n && !fault; n = n->next) {
    fault = read_fields(r, n, overflow_fields, COUNT(overflow_fields), "a step of 'overflow'",
                        &q->overflow[q->overflow_count++]);
    if (!fault)
      fault = check_overflow(r, n, q);
  }
  return fault;
}

/* ---- levels */

static int level_when(struct reading *r, const struct node *value, void *into) {
  return read_when_customer(r, value, "'when' of a level", &((struct desk_level *)into)->customer);
}

static int level_answer(struct reading *r, const struct node *value, void *into) {
  return read_within(r, value, "answer_within", &((struct desk_level *)into)->answer_within_ms);
}

static int level_next(struct reading *r, const struct node *value, void *into) {
  return read_within(r, value, "next_within", &((struct desk_level *)into)->next_within_ms);
}

static int level_resolve(struct reading *r, const struct node *value, void *into) {
  return read_within(r, value, "resolve_within", &((struct desk_level *)into)->resolve_within_ms);
}

static const struct field level_fields[] = {{"when", true, level_when},
                                            {"answer_within", false, level_answer},
                                            {"next_within", false, level_next},
                                            {"resolve_within", false, level_resolve}};

static int queue_levels(struct reading *r, const struct node *value, void *into) {
  struct desk_queue *q = into;
  int fault = read_list_shape(r, value, "levels", DESK_MAX_STEPS);
  if (fault)
    return fault;
  q->levels = must_calloc(value->count + 1, sizeof(*q->levels));
  for (const struct node *n = value->first; n && !fault; n = n->next) {
    struct desk_level *level = &q->levels[q->level_count++];
    level->answer_within_ms = level->next_within_ms = level->resolve_within_ms = DESK_AS_QUEUE;
    fault = read_fields(r, n, level_fields, COUNT(level_fields), "a level", level);
    if (!fault && n->count < 2)
      return document_complain(&r->document, n, "a level needs 'answer_within', 'next_within' or 'resolve_within'");
  }
  return fault;
}

/* ---- the section */

/* read_names() has the name, read_members() the members. */
static const struct field queue_fields[] = {
    {"name", true, read_later},          {"priority", false, queue_priority},
    {"answer_within", false, queue_answer}, {"next_within", false, queue_next},
    {"resolve_within", false, queue_resolve}, {"levels", false, queue_levels},
    {"warn_at", false, queue_warn},      {"hours", false, queue_hours},
    {"after_hours", false, queue_after}, {"real_time", false, queue_real_time},
    {"handling", false, queue_handling}, {"language", false, queue_language},
    {"relax", false, queue_relax},       {"overflow", false, queue_overflow},
    {"nobody", false, queue_nobody},     {"limit", false, queue_limit},
    {"offer", false, queue_offer},       {"wrap_up", false, queue_wrap},
    {"members", false, read_later},
};

static int read_queue(struct reading *r, const struct node *n, struct desk_queue *q) {
  q->place = place_of(n);
  q->priority = DEFAULT_PRIORITY;
  q->next_within_ms = UNSET;
  q->warn_at = DEFAULT_WARN_AT;
  q->handling_ms = DEFAULT_HANDLING_MS;
  q->offer_to = 1;
  q->offer_ms = DEFAULT_OFFER_MS;
  int fault = read_fields(r, n, queue_fields, COUNT(queue_fields), "a queue", q);
  if (fault)
    return fault;
  if (q->next_within_ms == UNSET)
    q->next_within_ms = q->answer_within_ms;
  if (!node_member(n, "real_time"))
    q->real_time = q->answer_within_ms > 0 && q->answer_within_ms <= REAL_TIME_MS;
  if (q->real_time && !q->answer_within_ms)
    return document_complain(&r->document, node_member(n, "real_time"),
                             "'real_time' needs 'answer_within': agents are kept free by its length");
  if (!q->hours && q->after_place.line)
    return document_complain(&r->document, node_member(n, "after_hours"), "'after_hours' needs 'hours'");
  return 0;
}

static int read_names(struct reading *r, const struct node *list) {
  for (const struct node *n = list->first; n; n = n->next) {
    size_t index = r->desk->queue_count++;
    const struct node *name = node_member(n, "name");
    int fault = name ? read_name(r, name, &r->desk->queues[index].name) : 0; /* read_fields() says what is missing */
    if (fault)
      return fault;
    if (name && !names_add(&r->queues, name->text, (uint32_t)index))
      return complain_twice(r, name, "queue", name->text.at);
    if (!name)
      r->desk->queues[index].name = must_strdup("");
  }
  return 0;
}

int read_queues(struct reading *r, const struct node *list) {
  int fault = read_list_shape(r, list, "queues", DESK_MAX_QUEUES);
  if (fault)
    return fault;
  r->desk->queues = must_calloc(list->count, sizeof(*r->desk->queues));
  fault = read_names(r, list);
  size_t index = 0;
  for (const struct node *n = list->first; n && !fault; n = n->next)
    fault = read_queue(r, n, &r->desk->queues[index++]);
  return fault;
}

void queue_clear(struct desk_queue *q) {
  free(q->name);
  free(q->after_queue);
  free(q->nobody);
  free(q->limit_queue);
  for (size_t i = 0; i < q->relax_count; i++)
    skills_free(q->relax[i].most, q->relax[i].count);
  free(q->relax);
  for (size_t i = 0; i < q->overflow_count; i++)
    free(q->overflow[i].queue);
  free(q->overflow);
  for (size_t i = 0; i < q->level_count; i++)
    free(q->levels[i].customer);
  free(q->levels);
}
