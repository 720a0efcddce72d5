/* SPDX-License-Identifier: Apache-2.0 */
/* Clients look endpoints up by name alone, so a name has one owner. */
#include "endpoints.h"
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

static int change(struct endpoint *row, const char *program, const char *value) {
  if (strcmp(row->program, program) != 0)
    return -EEXIST;
  if (strcmp(row->value, value) == 0)
    return ENDPOINT_SAME;
  free(row->value);
  row->value = must_strdup(value);
  return 0;
}

int endpoints_set(struct endpoint_table *t, const char *program, const char *name, const char *value) {
  for (size_t i = 0; i < t->count; i++)
    if (strcmp(t->rows[i].name, name) == 0)
      return change(&t->rows[i], program, value);
  if (t->count == ENDPOINTS_MAX)
    return -ENOSPC;
  if (t->count == t->room) {
    t->room = t->room ? t->room * 2 : 16;
    t->rows = must_realloc(t->rows, t->room * sizeof(*t->rows));
  }
  t->rows[t->count++] =
      (struct endpoint){.program = must_strdup(program), .name = must_strdup(name), .value = must_strdup(value)};
  return 0;
}

static void free_row(struct endpoint *row) {
  free(row->program);
  free(row->name);
  free(row->value);
}

void endpoints_forget(struct endpoint_table *t, const char *program) {
  size_t kept = 0;
  for (size_t i = 0; i < t->count; i++)
    if (strcmp(t->rows[i].program, program) == 0)
      free_row(&t->rows[i]);
    else
      t->rows[kept++] = t->rows[i];
  t->count = kept;
}

void endpoints_free(struct endpoint_table *t) {
  for (size_t i = 0; i < t->count; i++)
    free_row(&t->rows[i]);
  free(t->rows);
  *t = (struct endpoint_table){0};
}

int endpoints_json(const struct endpoint_table *t, struct buf *ret) {
  json_t *object = json_object();
  int r = 0;
  for (size_t i = 0; i < t->count && r == 0; i++)
    r = json_object_set_new(object, t->rows[i].name, json_string(t->rows[i].value));
  char *text = r == 0 ? json_dumps(object, JSON_INDENT(2)) : NULL;
  json_decref(object);
  if (!text)
    return -EINVAL;
  r = buf_add_text(ret, text) || buf_add_char(ret, '\n') ? -EINVAL : 0;
  free(text);
  return r;
}
