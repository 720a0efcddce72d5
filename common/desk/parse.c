/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The document from the top: hours and queues first, because others name them, wherever they stand in the file.
 * Every map is read by a table of its keys.
 */
#include "config/forms.h"
#include "config/value.h"
#include "base/pattern.h"
#include "desk/when.h"
#include "desk/words.h"
#include <stdio.h>
#include <stdlib.h>

#define TREE_CEILING (96u * 1024 * 1024)
#define FIELDS_MAX 24
#define WITHIN_MAX_MS (365 * DAY_MS)
#define SKILLS_MAX 100

/* ---- readers that all maps share */

int complain_value(struct reading *r, const struct node *value, const char *why) {
  char shown[SHOWN_MAX];
  return document_complain(&r->document, value, "'%s' %s", slice_shown(value->text, shown), why);
}

static const struct field *field_of(const struct field *fields, size_t count, struct slice key) {
  for (size_t i = 0; i < count; i++)
    if (slice_equal(key, slice_text(fields[i].key)))
      return &fields[i];
  return NULL;
}

int read_fields(struct reading *r, const struct node *map, const struct field *fields, size_t count,
                const char *where, void *into) {
  const char *allowed[FIELDS_MAX];
  assert(count <= FIELDS_MAX);
  if (map->kind != NODE_MAP)
    return document_complain(&r->document, map, "%s must be made of 'key: value' pairs", where);
  for (size_t i = 0; i < count; i++) {
    allowed[i] = fields[i].key;
    if (fields[i].required && !node_member(map, fields[i].key))
      return document_complain(&r->document, map, "%s needs '%s'", where, fields[i].key);
  }
  for (const struct node *n = map->first; n; n = n->next) {
    const struct field *field = field_of(fields, count, n->key->text);
    if (!field)
      return document_unknown_key(&r->document, n->key, where, allowed, count);
    int fault = field->read(r, n, into);
    if (fault)
      return fault;
  }
  return 0;
}

int read_later(struct reading *r, const struct node *value, void *into) {
  (void)r, (void)value, (void)into;
  return 0;
}

int read_list_shape(struct reading *r, const struct node *value, const char *what, size_t most) {
  if (node_is_null(value))
    return 0;
  if (value->kind != NODE_LIST)
    return document_complain(&r->document, value, "'%s' must be a list", what);
  if (value->count > most)
    return document_complain(&r->document, value, "'%s' has %zu entries; at most %zu are allowed", what, value->count,
                             most);
  return 0;
}

int read_texts(struct reading *r, const struct node *value, item_reader *read, size_t most, char ***ret,
               size_t *ret_count) {
  int fault = read_list_shape(r, value, value->key->text.at, most);
  if (fault)
    return fault;
  if (value->count == 0)
    return document_complain(&r->document, value, "'%s' needs at least one entry", value->key->text.at);
  *ret = must_calloc(value->count, sizeof(**ret));
  for (const struct node *n = value->first; n; n = n->next) {
    fault = read(r, n, &(*ret)[*ret_count]);
    if (fault)
      return fault;
    (*ret_count)++;
  }
  return 0;
}

int read_name(struct reading *r, const struct node *value, char **ret) {
  if (value->kind != NODE_TEXT || node_is_null(value))
    return document_complain(&r->document, value, "a name is needed here");
  if (!form_name(value->text))
    return complain_value(r, value, "is not a name: 1 to 32 of a-z, 0-9 and '-', beginning with a letter or digit");
  *ret = must_strdup(value->text.at);
  return 0;
}

int read_number(struct reading *r, const struct node *value, const char *what, int least, int most, int *ret) {
  int64_t number;
  char shown[SHOWN_MAX];
  if (value->kind != NODE_TEXT || value_count(value->text, &number) || number < least || number > most)
    return document_complain(&r->document, value, "'%s' is not a %s: %d to %d", slice_shown(value->text, shown), what,
                             least, most);
  *ret = (int)number;
  return 0;
}

int read_decimal(struct reading *r, const struct node *value, const char *what, double least, double most,
                 double *ret) {
  char shown[SHOWN_MAX];
  double number;
  bool negative = value->kind == NODE_TEXT && value->text.len > 0 && value->text.at[0] == '-';
  struct slice text = negative ? slice_of(value->text.at + 1, value->text.len - 1) : value->text;
  if (value->kind == NODE_TEXT && !value_decimal(text, &number)) {
    number = negative ? 0 - number : number;
    if (number >= least && number <= most) {
      *ret = number;
      return 0;
    }
  }
  return document_complain(&r->document, value, "'%s' is not a %s: %.10g to %.10g", slice_shown(value->text, shown),
                           what, least, most);
}

int read_bool(struct reading *r, const struct node *value, bool *ret) {
  if (value->kind != NODE_TEXT || value_bool(value->text, ret))
    return complain_value(r, value, "is not true or false");
  return 0;
}

int read_time(struct reading *r, const struct node *value, const char *what, int64_t least_ms, int64_t most_ms,
              int64_t *ret_ms) {
  int64_t ms;
  char least[VALUE_LEN], most[VALUE_LEN], why_out[100];
  if (value->kind != NODE_TEXT || node_is_null(value))
    return document_complain(&r->document, value, "'%s' has no value", what);
  const char *why = value_duration(value->text, &ms);
  if (!why && (ms < least_ms || ms > most_ms)) {
    snprintf(why_out, sizeof(why_out), "is too %s for '%s': %s to %s", ms < least_ms ? "small" : "large", what,
             least_ms ? duration_text(least_ms, least) : "0", duration_text(most_ms, most));
    why = why_out;
  }
  if (why)
    return complain_value(r, value, why);
  *ret_ms = ms;
  return 0;
}

int read_duration(struct reading *r, const struct node *value, const char *what, int64_t most_ms, int64_t *ret_ms) {
  return read_time(r, value, what, 0, most_ms, ret_ms);
}

int read_within(struct reading *r, const struct node *value, const char *what, int64_t *ret_ms) {
  return read_duration(r, value, what, WITHIN_MAX_MS, ret_ms);
}

int read_skill_levels(struct reading *r, const struct node *value, struct desk_skill **ret, size_t *ret_count) {
  if (node_is_null(value))
    return 0;
  if (value->kind != NODE_MAP)
    return document_complain(&r->document, value, "'skills' must be a map: {billing: 5, zh: 8}");
  if (value->count > SKILLS_MAX)
    return document_complain(&r->document, value, "'skills' has %zu entries; at most %d are allowed", value->count,
                             SKILLS_MAX);
  *ret = must_calloc(value->count + 1, sizeof(**ret));
  for (const struct node *n = value->first; n; n = n->next) {
    struct desk_skill *skill = &(*ret)[(*ret_count)++];
    int fault = read_name(r, n->key, &skill->name);
    fault = fault ? fault : read_number(r, n, "skill level", 0, 10, &skill->level);
    if (fault)
      return fault;
  }
  return 0;
}

void skills_free(struct desk_skill *skills, size_t count) {
  for (size_t i = 0; i < count; i++)
    free(skills[i].name);
  free(skills);
}

int complain_twice(struct reading *r, const struct node *at, const char *what, const char *name) {
  return document_complain(&r->document, at, "%s '%s' is defined twice", what, name);
}

struct complaint_place place_of(const struct node *n) {
  return (struct complaint_place){n->line, n->column};
}

int read_queue_name(struct reading *r, const struct node *value, char **ret) {
  const char *defined[DESK_MAX_QUEUES];
  char shown[SHOWN_MAX];
  if (value->kind != NODE_TEXT)
    return document_complain(&r->document, value, "the name of a queue is needed here");
  if (names_find(&r->queues, value->text) != NAMES_NONE) {
    *ret = must_strdup(value->text.at);
    return 0;
  }
  for (size_t i = 0; i < r->desk->queue_count; i++)
    defined[i] = r->desk->queues[i].name;
  const char *near = nearest_name(value->text, defined, r->desk->queue_count);
  return document_complain(&r->document, value, "queue '%s' is not defined under 'queues'%s%s%s",
                           slice_shown(value->text, shown), near ? "; did you mean '" : "", near ? near : "",
                           near ? "'?" : "");
}

/* ---- the whole */

/* Read in the order they depend on each other, not in that of the file. */
static const struct field top_fields[] = {
    {"queues", true, read_later},      {"agents", false, read_later},   {"rules", false, read_later},
    {"default", true, read_later},     {"hours", false, read_later},    {"templates", false, read_later},
    {"acknowledge", false, read_later}, {"dispatch", false, read_later}, {"value", false, read_later}};

/* A section that may be absent. */
static int read_section(struct reading *r, const char *key, int (*read)(struct reading *r, const struct node *list)) {
  const struct node *section = node_member(r->document.root, key);
  return section ? read(r, section) : 0;
}

static int read_desk(struct reading *r) {
  const struct node *root = r->document.root;
  int fault = read_fields(r, root, top_fields, COUNT(top_fields), "the desk", NULL);
  if (fault)
    return fault;
  fault = read_section(r, "hours", read_hours);
  fault = fault ? fault : read_queues(r, node_member(root, "queues"));
  fault = fault ? fault : read_section(r, "agents", read_agents);
  fault = fault ? fault : read_members(r, node_member(root, "queues"));
  fault = fault ? fault : read_rules(r, node_member(root, "rules"), node_member(root, "default"));
  fault = fault ? fault : read_dispatch(r, node_member(root, "dispatch"));
  fault = fault ? fault : read_section(r, "value", read_value);
  fault = fault ? fault : read_section(r, "templates", read_templates);
  return fault ? fault : read_acknowledge(r, node_member(root, "acknowledge"));
}

int desk_parse(struct slice yaml, const char *name, struct desk **ret, struct complaint *complaint) {
  auto_clean(desk_free) struct desk *desk = must_calloc(1, sizeof(*desk));
  auto_clean(arena_free) struct arena *arena = arena_new(16 * 1024, TREE_CEILING);
  struct reading r = {.document = {.name = name, .complaint = complaint}, .desk = desk};
  static_assert(DESK_MAX_BYTES == DOCUMENT_MAX_BYTES, "the document's limit is the desk's");
  int fault = document_read(yaml, arena, &r.document);
  if (!fault)
    fault = read_desk(&r);
  names_free(&r.queues);
  names_free(&r.agents);
  names_free(&r.rules);
  names_free(&r.hours);
  names_free(&r.templates);
  if (fault)
    return fault;
  *ret = desk;
  desk = NULL;
  return 0;
}
