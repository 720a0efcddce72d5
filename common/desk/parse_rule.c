/* SPDX-License-Identifier: Apache-2.0 */
/* Rules and what they decide: queue, priority, deadline, skills; what is left open comes from the queue. */
#include "config/value.h"
#include "desk/when.h"
#include <stdlib.h>

#define NEEDS_MAX 20
#define SKILLS_TEXT_MAX 1024
#define UNSET (-1)

/* ---- then */

static int then_queue(struct reading *r, const struct node *value, void *into) {
  return read_queue_name(r, value, &((struct desk_rule *)into)->queue);
}

static int then_priority(struct reading *r, const struct node *value, void *into) {
  return read_number(r, value, "priority", 1, 9, &((struct desk_rule *)into)->priority);
}

static int then_within(struct reading *r, const struct node *value, void *into) {
  struct desk_rule *rule = into;
  rule->own_within = true;
  return read_within(r, value, "answer_within", &rule->answer_within_ms);
}

/* "billing >= 3", or "billing" for at least 1. */
static int read_need(struct reading *r, const struct node *item, struct names *seen, struct desk_skill *ret) {
  struct slice text = slice_trim(item->text), name = text, level = SLICE("1");
  const char *compare = text.len ? memmem(text.at, text.len, ">=", 2) : NULL;
  if (compare) {
    name = slice_trim(slice_of(text.at, (size_t)(compare - text.at)));
    level = slice_trim(slice_of(compare + 2, text.len - (size_t)(compare + 2 - text.at)));
  }
  struct node part = *item;
  int64_t number = 0;
  if (item->kind != NODE_TEXT || value_count(level, &number) || number > 10)
    return complain_value(r, item, "is not a skill: \"billing >= 3\" (0 to 10) or \"billing\"");
  char copy[64] = "";
  if (name.len < sizeof(copy))
    memcpy(copy, name.at, name.len);
  part.text = slice_of(copy, name.len < sizeof(copy) ? name.len : 0);
  part.plain = false;
  int fault = read_name(r, &part, &ret->name);
  ret->level = (int)number;
  if (!fault && !names_add(seen, slice_text(ret->name), 0))
    fault = complain_value(r, item, "is given twice");
  return fault;
}

int read_skill_needs(struct reading *r, const struct node *value, struct desk_skill **ret, size_t *ret_count) {
  struct names seen = {0};
  int fault = read_list_shape(r, value, "skills", NEEDS_MAX);
  if (fault)
    return fault;
  *ret = must_calloc(value->count + 1, sizeof(**ret));
  for (const struct node *n = value->first; n && !fault; n = n->next)
    fault = read_need(r, n, &seen, &(*ret)[(*ret_count)++]);
  names_free(&seen);
  return fault;
}

static int then_skills(struct reading *r, const struct node *value, void *into) {
  struct buf text = BUF_INIT(SKILLS_TEXT_MAX);
  struct desk_skill *needs = NULL;
  size_t count = 0;
  int fault = read_skill_needs(r, value, &needs, &count);
  buf_add_text(&text, "");
  for (size_t i = 0; i < count && !fault; i++)
    buf_printf(&text, "%s%s>=%d", i ? "," : "", needs[i].name, needs[i].level);
  skills_free(needs, count);
  assert(!text.full); /* NEEDS_MAX names of at most 32 bytes */
  ((struct desk_rule *)into)->skills = text.at;
  ((struct desk_rule *)into)->skills_place = place_of(value);
  return fault;
}

static const struct field then_fields[] = {{"queue", true, then_queue},
                                           {"priority", false, then_priority},
                                           {"answer_within", false, then_within},
                                           {"skills", false, then_skills}};

static int read_then(struct reading *r, const struct node *value, const char *where, struct desk_rule *rule) {
  rule->priority = UNSET;
  int fault = read_fields(r, value, then_fields, COUNT(then_fields), where, rule);
  if (fault)
    return fault;
  const struct desk_queue *queue = &r->desk->queues[names_find(&r->queues, slice_text(rule->queue))];
  if (rule->priority == UNSET)
    rule->priority = queue->priority;
  if (!rule->own_within)
    rule->answer_within_ms = queue->answer_within_ms;
  if (!rule->skills)
    rule->skills = must_strdup("");
  return 0;
}

/* ---- rules */

static int rule_name(struct reading *r, const struct node *value, void *into) {
  struct desk_rule *rule = into;
  int fault = read_name(r, value, &rule->name);
  if (fault)
    return fault;
  if (!names_add(&r->rules, slice_text(rule->name), 0))
    return strcmp(rule->name, "default") == 0
               ? complain_value(r, value, "is the name of the last rule; name this one otherwise")
               : document_complain(&r->document, value, "rule '%s' is defined twice", rule->name);
  return 0;
}

static int rule_when(struct reading *r, const struct node *value, void *into) {
  return read_when(r, value, into);
}

static int rule_then(struct reading *r, const struct node *value, void *into) {
  return read_then(r, value, "'then'", into);
}

/* In this order when read; a map's keys may stand in any, and none of the three needs another. */
static const struct field rule_fields[] = {
    {"name", true, rule_name}, {"when", true, rule_when}, {"then", true, rule_then}};

int read_rules(struct reading *r, const struct node *rules, const struct node *fallback) {
  size_t count = rules ? rules->count : 0;
  int fault = rules ? read_list_shape(r, rules, "rules", DESK_MAX_RULES) : 0;
  if (fault)
    return fault;
  struct desk *desk = r->desk;
  desk->rules = must_calloc(count + 1, sizeof(*desk->rules));
  names_add(&r->rules, SLICE("default"), 0);
  for (const struct node *n = rules ? rules->first : NULL; n; n = n->next) {
    struct desk_rule *rule = &desk->rules[desk->rule_count++];
    rule->place = place_of(n);
    fault = read_fields(r, n, rule_fields, COUNT(rule_fields), "a rule", rule);
    if (fault)
      return fault;
  }
  struct desk_rule *last = &desk->rules[desk->rule_count++];
  last->name = must_strdup("default");
  last->customer = must_strdup("");
  last->place = place_of(fallback);
  return read_then(r, fallback, "'default'", last);
}
