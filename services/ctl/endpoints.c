/* SPDX-License-Identifier: Apache-2.0 */
/* Clients look endpoints up by name alone, so a name has one owner. */
#include "endpoints.h"
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

int endpoints_set(struct endpoint_table *t, const char *program, const char *name, const char *value) {
  if (strlen(program) > ENDPOINT_NAME_MAX || strlen(name) > ENDPOINT_NAME_MAX || strlen(value) > ENDPOINT_VALUE_MAX)
    return -ENAMETOOLONG;
  for (size_t i = 0; i < t->count; i++) {
    struct endpoint *row = &t->rows[i];
    if (strcmp(row->name, name) != 0)
      continue;
    if (strcmp(row->program, program) != 0)
      return -EEXIST;
    if (strcmp(row->value, value) == 0)
      return ENDPOINT_SAME;
    strcpy(row->value, value);
    return 0;
  }
  if (t->count == ENDPOINTS_MAX)
    return -ENOSPC;
  struct endpoint *row = &t->rows[t->count++];
  strcpy(row->program, program);
  strcpy(row->name, name);
  strcpy(row->value, value);
  return 0;
}

void endpoints_forget(struct endpoint_table *t, const char *program) {
  size_t kept = 0;
  for (size_t i = 0; i < t->count; i++)
    if (strcmp(t->rows[i].program, program) != 0)
      t->rows[kept++] = t->rows[i];
  t->count = kept;
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
