/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From text to struct config: defaults first, then what the document says, then the checks that look at several
 * settings together (config_check.c). Nothing here knows a setting by name.
 */
#include "base/file.h"
#include "config/rows.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define TREE_CEILING (96u * 1024 * 1024) /* never reached below DOCUMENT_MAX_NODES nodes */
#define ALLOWED_MAX 64

static void defaults(void *base, const char *section, unsigned kind_bit) {
  for (size_t i = 0; i < config_row_count; i++)
    if (strcmp(config_rows[i].section, section) == 0)
      row_default(&config_rows[i], base, row_applies(&config_rows[i], section, kind_bit));
}

static size_t allowed_keys(const char *section, unsigned kind_bit, const char *ret[ALLOWED_MAX]) {
  size_t count = 0;
  for (size_t i = 0; i < config_row_count && count < ALLOWED_MAX; i++)
    if (row_applies(&config_rows[i], section, kind_bit))
      ret[count++] = config_rows[i].key;
  return count;
}

static int read_rows(const struct document *d, const struct node *map, const char *section, unsigned kind_bit,
                     const char *where, void *base) {
  for (const struct node *n = map->first; n; n = n->next) {
    const struct row *row = row_find(section, n->key->text, kind_bit);
    if (!row) {
      const char *allowed[ALLOWED_MAX];
      size_t count = allowed_keys(section, kind_bit, allowed);
      if (row_find(section, n->key->text, ~0u))
        return document_complain(d, n->key, "key '%s' does not fit %s", n->key->text.at, where);
      return document_unknown_key(d, n->key, where, allowed, count);
    }
    int r = row_read(row, base, n, d);
    if (r)
      return r;
  }
  return 0;
}

static int read_section(struct config *c, const struct document *d, const char *section, const struct node *n) {
  char where[64];
  snprintf(where, sizeof(where), "section '%s'", section);
  if (node_is_null(n))
    return 0; /* all its settings are commented out */
  if (n->kind != NODE_MAP)
    return document_complain(d, n, "%s must be made of 'key: value' lines", where);
  return read_rows(d, n, section, 0, where, c);
}

static int read_item(const struct list_section *list, void *item, const struct document *d, const struct node *n) {
  char where[64];
  unsigned kind_bit = 0;
  const struct row *kind = list->kind ? row_find(list->name, slice_text(list->kind), ~0u) : NULL;
  if (n->kind != NODE_MAP)
    return document_complain(d, n, "a %s must be made of 'key: value' lines", list->item);
  for (size_t i = 0; i < sizeof(list->needs) / sizeof(list->needs[0]) && list->needs[i]; i++)
    if (!node_member(n, list->needs[i]))
      return document_complain(d, n, "a %s needs '%s'", list->item, list->needs[i]);
  snprintf(where, sizeof(where), "a %s", list->item);
  if (kind) {
    int r = row_read(kind, item, node_member(n, list->kind), d);
    if (r)
      return r;
    kind_bit = list_item_kind(list, item);
    snprintf(where, sizeof(where), "a %s of %s '%.20s'", list->item, list->kind, node_member(n, list->kind)->text.at);
  }
  defaults(item, list->name, kind_bit);
  return read_rows(d, n, list->name, kind_bit, where, item); /* the kind again: the default has none */
}

static int read_list(struct config *c, const struct document *d, const struct list_section *list,
                     const struct node *n) {
  if (node_is_null(n))
    return 0;
  if (n->kind != NODE_LIST)
    return document_complain(d, n, "'%s' must be a list: each %s begins with '- name: …'", list->name, list->item);
  if (n->count > list->most)
    return document_complain(d, n, "%zu %s; at most %zu are allowed", n->count, list->name, list->most);
  *(void **)(void *)((char *)c + list->offset) = must_calloc(n->count, list->size);
  size_t *count = (size_t *)(void *)((char *)c + list->count_offset);
  for (const struct node *item = n->first; item; item = item->next) {
    int r = read_item(list, list_item(list, c, (*count)++), d, item);
    if (r)
      return r;
  }
  return 0;
}

static int read_document(struct config *c, const struct document *d) {
  for (const struct node *n = d->root->first; n; n = n->next) {
    const char *section = NULL, *allowed[ALLOWED_MAX];
    for (size_t i = 0; i < config_section_count; i++) {
      allowed[i] = config_sections[i].name;
      if (slice_equal(n->key->text, slice_text(allowed[i])))
        section = allowed[i];
    }
    if (!section)
      return document_unknown_key(d, n->key, "the document", allowed, config_section_count);
    const struct list_section *list = list_section(section);
    int r = list ? read_list(c, d, list, n) : read_section(c, d, section, n);
    if (r)
      return r;
  }
  return 0;
}

/* Absolute and without a slash at its end. It need not exist yet. */
static char *absolute(const char *dir) {
  char here[4096];
  char *path = NULL;
  if (dir[0] == '/')
    path = must_strdup(dir);
  else if (getcwd(here, sizeof(here)))
    path = strcmp(dir, ".") == 0 ? must_strdup(here) : path_join(here, dir);
  for (size_t len = path ? strlen(path) : 0; len > 1 && path[len - 1] == '/'; len--)
    path[len - 1] = '\0';
  return path;
}

int config_parse(struct slice yaml, const char *name, const char *dir, struct config **ret,
                 struct complaint *complaint) {
  struct document document = {.name = name, .complaint = complaint};
  if (!dir || !*dir)
    return document_complain(&document, NULL, "the desk's folder is not given (--dir)");
  auto_clean(config_free) struct config *c = must_calloc(1, sizeof(*c));
  auto_clean(arena_free) struct arena *arena = arena_new(16 * 1024, TREE_CEILING);
  c->dir = absolute(dir);
  if (!c->dir)
    return document_complain(&document, NULL, "the current folder cannot be found: %s", strerror(errno));
  for (size_t i = 0; i < config_section_count; i++)
    if (!list_section(config_sections[i].name))
      defaults(c, config_sections[i].name, 0);
  int r = document_read(yaml, arena, &document);
  if (r == 0)
    r = read_document(c, &document);
  if (r == 0)
    r = config_check(c, &document);
  if (r)
    return r;
  *ret = c;
  c = NULL;
  return 0;
}

int config_load(const char *path, const char *dir, struct config **ret, struct complaint *complaint) {
  if (!path || !*path)
    return config_parse(slice_text(config_default_yaml()), "(default desk)", dir, ret, complaint);
  auto_clean(buf_free) struct buf bytes = BUF_INIT(DOCUMENT_MAX_BYTES);
  int r = file_read(path, &bytes);
  if (r == FILE_TOO_LARGE)
    return complain(complaint, path, 0, 0, "larger than 1MiB");
  if (r) {
    complain(complaint, path, 0, 0, "cannot be read: %s", strerror(-r));
    return r;
  }
  return config_parse(buf_slice(&bytes), path, dir, ret, complaint);
}

void config_free(struct config **c) {
  if (!c || !*c)
    return;
  struct config *gone = *c;
  *c = NULL;
  for (size_t i = 0; i < config_row_count; i++) {
    const struct row *row = &config_rows[i];
    const struct list_section *list = list_section(row->section);
    if (!list)
      row_free(row, gone);
    void *item;
    for (size_t n = 0; list && (item = list_item(list, gone, n)); n++)
      row_free(row, item);
  }
  config_index_free(gone);
  free(gone->channels);
  free(gone->mailboxes);
  free(gone->dir);
  free(gone);
}
