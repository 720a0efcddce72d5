/* SPDX-License-Identifier: Apache-2.0 */
/* Templates of acknowledgements: when each is taken, and its words, which are only a text here. */
#include "base/pattern.h"
#include "config/forms.h"
#include "desk/when.h"
#include <stdlib.h>

#define LIST_MAX 200
#define SUBJECT_MAX 400

/* ---- when */

static int read_language(struct reading *r, const struct node *item, char **ret) {
  if (item->kind != NODE_TEXT || !form_language(item->text))
    return complain_value(r, item, "is not a language: de, pt-BR, zh-Hant");
  *ret = must_strdup(item->text.at);
  lower_copy(item->text, *ret);
  return 0;
}

static int when_channel(struct reading *r, const struct node *value, void *into) {
  struct desk_template *t = into;
  return read_texts(r, value, read_name, LIST_MAX, &t->channels, &t->channel_count);
}

static int when_queue(struct reading *r, const struct node *value, void *into) {
  struct desk_template *t = into;
  return read_texts(r, value, read_queue_name, LIST_MAX, &t->queues, &t->queue_count);
}

static int when_language(struct reading *r, const struct node *value, void *into) {
  struct desk_template *t = into;
  return read_texts(r, value, read_language, LIST_MAX, &t->languages, &t->language_count);
}

static int when_hours(struct reading *r, const struct node *value, void *into) {
  struct desk_template *t = into;
  return read_hours_side(r, value, &t->hours, &t->outside);
}

static const struct field when_fields[] = {{"channel", true, when_channel},
                                           {"queue", false, when_queue},
                                           {"language", false, when_language},
                                           {"hours", false, when_hours}};

/* ---- the parts of a template */

static int template_name(struct reading *r, const struct node *value, void *into) {
  return read_name(r, value, &((struct desk_template *)into)->name);
}

static int template_when(struct reading *r, const struct node *value, void *into) {
  return read_fields(r, value, when_fields, COUNT(when_fields), "'when' of a template", into);
}

static int template_over(struct reading *r, const struct node *value, void *into) {
  struct desk_template *t = into;
  t->over_place = place_of(value);
  return read_name(r, value, &t->over);
}

static int template_subject(struct reading *r, const struct node *value, void *into) {
  struct desk_template *t = into;
  if (value->kind != NODE_TEXT || node_is_null(value) || slice_trim(value->text).len == 0)
    return document_complain(&r->document, value, "'subject' has no text; leave it out for the default");
  if (value->text.len > SUBJECT_MAX || !form_line(value->text))
    return complain_value(r, value, "is not a subject: one line of at most 400 bytes without control characters");
  t->subject = must_strdup(value->text.at);
  t->subject_place = place_of(value);
  return 0;
}

/* What follows the last word is only how YAML was written, and would count in an SMS. */
static int template_text(struct reading *r, const struct node *value, void *into) {
  struct desk_template *t = into;
  if (value->kind != NODE_TEXT || node_is_null(value) || slice_trim(value->text).len == 0)
    return document_complain(&r->document, value, "'text' has no text");
  if (value->text.len > DESK_MAX_TEMPLATE_BYTES)
    return document_complain(&r->document, value, "'text' has %zu bytes; at most %d are allowed", value->text.len,
                             DESK_MAX_TEMPLATE_BYTES);
  if (!form_prose(value->text))
    return document_complain(&r->document, value, "'text' has control characters other than TAB and line breaks");
  t->text = must_strdup(value->text.at);
  size_t len = value->text.len;
  while (len > 0 && strchr(" \t\n", t->text[len - 1]))
    len--;
  t->text[len] = '\0';
  t->text_place = place_of(value);
  return 0;
}

static int read_allowed(struct reading *r, const struct node *item, unsigned *ret) {
  static const char *const names[] = {"return-path-differs", "not-addressed", "typed-address", "postmaster"};
  static const unsigned bits[] = {ALLOW_RETURN_PATH_DIFFERS, ALLOW_NOT_ADDRESSED, ALLOW_TYPED_ADDRESS,
                                  ALLOW_POSTMASTER};
  char shown[SHOWN_MAX];
  for (size_t i = 0; item->kind == NODE_TEXT && i < COUNT(names); i++)
    if (slice_equal(item->text, slice_text(names[i]))) {
      *ret |= bits[i];
      return 0;
    }
  const char *near = item->kind == NODE_TEXT ? nearest_name(item->text, names, COUNT(names)) : NULL;
  return document_complain(&r->document, item, "'%s' is nothing to allow%s%s%s; known: return-path-differs, "
                           "not-addressed, typed-address, postmaster", slice_shown(item->text, shown),
                           near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static int template_allow(struct reading *r, const struct node *value, void *into) {
  struct desk_template *t = into;
  int fault = read_list_shape(r, value, "allow", LIST_MAX);
  for (const struct node *n = fault ? NULL : value->first; n && !fault; n = n->next)
    fault = read_allowed(r, n, &t->allow);
  return fault;
}

static const struct field template_fields[] = {{"name", true, template_name},     {"when", true, template_when},
                                               {"over", false, template_over},    {"subject", false, template_subject},
                                               {"text", true, template_text},     {"allow", false, template_allow}};

int read_templates(struct reading *r, const struct node *list) {
  int fault = read_list_shape(r, list, "templates", DESK_MAX_TEMPLATES);
  if (fault)
    return fault;
  r->desk->templates = must_calloc(list->count + 1, sizeof(*r->desk->templates));
  for (const struct node *n = list->first; n; n = n->next) {
    size_t index = r->desk->template_count++;
    struct desk_template *t = &r->desk->templates[index];
    t->place = place_of(n);
    fault = read_fields(r, n, template_fields, COUNT(template_fields), "a template", t);
    if (fault)
      return fault;
    if (!names_add(&r->templates, slice_text(t->name), (uint32_t)index))
      return document_complain(&r->document, node_member(n, "name"), "template '%s' is defined twice", t->name);
  }
  return 0;
}

void template_clear(struct desk_template *t) {
  free(t->name);
  free_texts(t->channels, t->channel_count);
  free_texts(t->queues, t->queue_count);
  free_texts(t->languages, t->language_count);
  free(t->over);
  free(t->subject);
  free(t->text);
}
