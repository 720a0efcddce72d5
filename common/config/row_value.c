/* SPDX-License-Identifier: Apache-2.0 */
/* One setting between YAML and the struct: read, default, print, free. The row says where and how. */
#include "config/rows.h"
#include "config/value.h"
#include <stdlib.h>

static void *place_of(const struct row *row, const void *base) {
  return (char *)(uintptr_t)base + row->offset;
}

static size_t *count_of(const struct row *row, const void *base) {
  return (size_t *)(void *)((char *)(uintptr_t)base + row->count_offset);
}

static void integer_set(const struct row *row, void *base, int64_t value) {
  if (row->width == sizeof(uint32_t))
    *(uint32_t *)place_of(row, base) = (uint32_t)value;
  else
    *(int64_t *)place_of(row, base) = value; /* int64_t and size_t */
}

static int64_t integer_get(const struct row *row, const void *base) {
  return row->width == sizeof(uint32_t) ? (int64_t)*(uint32_t *)place_of(row, base) : *(int64_t *)place_of(row, base);
}

static const char *integer_read(const struct row *row, struct slice text, int64_t *ret) {
  switch (row->type) {
  case ROW_DURATION: return value_duration(text, ret);
  case ROW_SIZE: return value_size(text, ret);
  default: return value_count(text, ret);
  }
}

/* ---- complaints */

static int complain_value(const struct document *d, const struct node *value, const char *why) {
  char shown[SHOWN_MAX];
  return document_complain(d, value, "'%s' %s", slice_shown(value->text, shown), why);
}

static int complain_range(const struct row *row, const struct document *d, const struct node *value, bool small) {
  char shown[SHOWN_MAX];
  return document_complain(d, value, "'%s' is too %s for '%s': %s to %s", slice_shown(value->text, shown),
                           small ? "small" : "large", row->key, row->least, row->most);
}

static int complain_choice(const struct row *row, const struct document *d, const struct node *value) {
  char shown[SHOWN_MAX];
  struct buf list = BUF_INIT(300);
  struct slice all = slice_text(row->least), one;
  while (slice_split(&all, '|', &one)) {
    buf_add_text(&list, list.len ? ", " : "");
    buf_add_slice(&list, one);
  }
  int r = document_complain(d, value, "'%s' is not allowed for '%s': %s", slice_shown(value->text, shown), row->key,
                            buf_slice(&list).at);
  buf_free(&list);
  return r;
}

/* ---- reading */

static int choice_index(const struct row *row, struct slice text) {
  struct slice all = slice_text(row->least), one;
  for (int i = 0; slice_split(&all, '|', &one); i++)
    if (slice_equal(one, text))
      return i;
  return -1;
}

static int text_check(const struct row *row, const struct node *value, const struct document *d, size_t least,
                      size_t most) {
  const struct row_form *form = row_form(row);
  if (value->text.len == 0 && least > 0)
    return document_complain(d, value, "'%s' may not be empty", row->key);
  if (value->text.len > most)
    return document_complain(d, value, "the text for '%s' has %zu bytes; at most %zu are allowed", row->key,
                             value->text.len, most);
  if (value->text.len && form->fits && !form->fits(value->text))
    return complain_value(d, value, form->what);
  return 0;
}

static int read_text(const struct row *row, void *base, const struct node *value, const struct document *d) {
  if (row->type == ROW_WORD && choice_index(row, value->text) < 0)
    return complain_choice(row, d, value);
  if (row->type != ROW_WORD) {
    int r = text_check(row, value, d, strtoul(row->least, NULL, 10), strtoul(row->most, NULL, 10));
    if (r)
      return r;
  }
  row_free(row, base);
  *(char **)place_of(row, base) = must_strdup(value->text.at);
  return 0;
}

static int read_list(const struct row *row, void *base, const struct node *value, const struct document *d) {
  if (value->kind != NODE_LIST)
    return document_complain(d, value, "'%s' needs a list: [\"…\", \"…\"]", row->key);
  if (value->count > strtoul(row->most, NULL, 10))
    return document_complain(d, value, "'%s' has %zu entries; at most %s are allowed", row->key, value->count,
                             row->most);
  row_free(row, base);
  char **items = must_calloc(value->count, sizeof(*items));
  *(char ***)place_of(row, base) = items;
  size_t *count = count_of(row, base);
  for (const struct node *n = value->first; n; n = n->next) {
    if (n->kind != NODE_TEXT || node_is_null(n))
      return document_complain(d, n, "an entry of '%s' must be a text", row->key);
    int r = text_check(row, n, d, 1, 1024);
    if (r)
      return r;
    items[(*count)++] = must_strdup(n->text.at);
  }
  return 0;
}

static int read_integer(const struct row *row, void *base, const struct node *value, const struct document *d) {
  int64_t number = 0, least = 0, most = 0;
  const char *why = integer_read(row, value->text, &number);
  if (why)
    return complain_value(d, value, why);
  const char *broken_least = integer_read(row, slice_text(row->least), &least);
  const char *broken_most = integer_read(row, slice_text(row->most), &most);
  assert(!broken_least && !broken_most);
  if (number < least || number > most)
    return complain_range(row, d, value, number < least);
  integer_set(row, base, number);
  return 0;
}

static int read_decimal(const struct row *row, void *base, const struct node *value, const struct document *d) {
  double number = 0, most = 0;
  const char *why = value_decimal(value->text, &number);
  if (why)
    return complain_value(d, value, why);
  const char *broken = value_decimal(slice_text(row->most), &most);
  assert(!broken);
  if (number > most)
    return complain_range(row, d, value, false);
  *(double *)place_of(row, base) = number;
  return 0;
}

static int read_bool(const struct row *row, void *base, const struct node *value, const struct document *d) {
  const char *why = value_bool(value->text, place_of(row, base));
  return why ? complain_value(d, value, why) : 0;
}

static int read_choice(const struct row *row, void *base, const struct node *value, const struct document *d) {
  int index = choice_index(row, value->text);
  if (index < 0)
    return complain_choice(row, d, value);
  *(unsigned *)place_of(row, base) = (unsigned)index;
  return 0;
}

static int (*const readers[])(const struct row *, void *, const struct node *, const struct document *) = {
    [SHAPE_TEXT] = read_text,       [SHAPE_LIST] = read_list, [SHAPE_INTEGER] = read_integer,
    [SHAPE_DECIMAL] = read_decimal, [SHAPE_BOOL] = read_bool, [SHAPE_CHOICE] = read_choice,
};

int row_read(const struct row *row, void *base, const struct node *value, const struct document *d) {
  enum row_shape shape = row_form(row)->shape;
  if (node_is_null(value))
    return document_complain(d, value, shape == SHAPE_TEXT ? "'%s' has no value; write \"\" for an empty one"
                                                           : "'%s' has no value", row->key);
  if (shape != SHAPE_LIST && value->kind != NODE_TEXT)
    return document_complain(d, value, "'%s' needs one value, not a %s", row->key,
                             value->kind == NODE_LIST ? "list" : "map");
  return readers[shape](row, base, value, d);
}

void row_free(const struct row *row, void *base) {
  enum row_shape shape = row_form(row)->shape;
  if (shape == SHAPE_TEXT) {
    char **text = place_of(row, base);
    free(*text);
    *text = NULL;
  } else if (shape == SHAPE_LIST) {
    char ***list = place_of(row, base);
    for (size_t i = 0; i < *count_of(row, base); i++)
      free((*list)[i]);
    free(*list);
    *list = NULL;
    *count_of(row, base) = 0;
  }
}

void row_default(const struct row *row, void *base, bool applies) {
  enum row_shape shape = row_form(row)->shape;
  char **text = place_of(row, base);
  if (shape == SHAPE_TEXT && !*text)
    *text = must_strdup(applies ? row->fallback : "");
  if (shape == SHAPE_TEXT || shape == SHAPE_LIST || !applies || !*row->fallback)
    return; /* the struct is zeroed */
  struct slice fallback = slice_text(row->fallback);
  struct node value = {.kind = NODE_TEXT, .text = fallback};
  struct document nowhere = {.name = ""};
  int r = readers[shape](row, base, &value, &nowhere);
  assert(r == 0);
}

/* ---- printing */

void row_print(const struct row *row, const void *base, struct buf *ret) {
  char text[VALUE_LEN];
  const void *at = place_of(row, base);
  switch (row_form(row)->shape) {
  case SHAPE_TEXT:
    if (row->type == ROW_WORD)
      buf_add_text(ret, *(char *const *)at);
    else
      quoted_text(ret, *(char *const *)at);
    break;
  case SHAPE_LIST:
    buf_add_char(ret, '[');
    for (size_t i = 0; i < *count_of(row, base); i++) {
      buf_add_text(ret, i ? ", " : "");
      quoted_text(ret, (*(char **const *)at)[i]);
    }
    buf_add_char(ret, ']');
    break;
  case SHAPE_INTEGER:
    if (row->type == ROW_COUNT)
      buf_printf(ret, "%lld", (long long)integer_get(row, base));
    else
      buf_add_text(ret, row->type == ROW_SIZE ? size_text(integer_get(row, base), text)
                                              : duration_text(integer_get(row, base), text));
    break;
  case SHAPE_DECIMAL:
    buf_add_text(ret, decimal_text(*(const double *)at, text));
    break;
  case SHAPE_BOOL:
    buf_add_text(ret, *(const bool *)at ? "true" : "false");
    break;
  case SHAPE_CHOICE: {
    struct slice all = slice_text(row->least), one = all;
    for (unsigned i = *(const unsigned *)at + 1; i > 0 && slice_split(&all, '|', &one); i--)
      ;
    buf_add_slice(ret, one);
  }
  }
}

void row_print_default(const struct row *row, struct buf *ret) {
  enum row_shape shape = row_form(row)->shape;
  if (shape == SHAPE_LIST)
    buf_add_text(ret, "[]");
  else if (shape == SHAPE_TEXT && row->type != ROW_WORD)
    quoted_text(ret, row->fallback);
  else
    buf_add_text(ret, row->fallback);
}

void row_print_range(const struct row *row, struct buf *ret) {
  enum row_shape shape = row_form(row)->shape;
  if (shape == SHAPE_INTEGER || shape == SHAPE_DECIMAL)
    buf_printf(ret, "%s to %s", row->least, row->most);
  else if (shape == SHAPE_CHOICE || row->type == ROW_WORD) {
    struct slice all = slice_text(row->least), one;
    for (const char *between = ""; slice_split(&all, '|', &one); between = ", ") {
      buf_add_text(ret, between);
      buf_add_slice(ret, one);
    }
  } else if (shape == SHAPE_LIST)
    buf_printf(ret, "at most %s", row->most);
}
