/* SPDX-License-Identifier: Apache-2.0 */
#include "csv.h"

void csv_open(struct csv *c, struct slice text) {
  if (text.len >= 3 && memcmp(text.at, "\xef\xbb\xbf", 3) == 0)
    text = slice_of(text.at + 3, text.len - 3);
  *c = (struct csv){.rest = text, .separator = ',', .next_line = 1};
  size_t commas = 0, semicolons = 0, tabs = 0;
  for (size_t i = 0; i < text.len && text.at[i] != '\n'; i++) {
    commas += text.at[i] == ',';
    semicolons += text.at[i] == ';';
    tabs += text.at[i] == '\t';
  }
  if (semicolons > commas && semicolons >= tabs)
    c->separator = ';';
  else if (tabs > commas)
    c->separator = '\t';
}

static char next(const struct csv *c) {
  return c->rest.len ? c->rest.at[0] : '\0';
}

static char take(struct csv *c) {
  char ch = next(c);
  c->rest = slice_of(c->rest.at + 1, c->rest.len - 1);
  c->next_line += ch == '\n';
  return ch;
}

/* A quoted field after its first quote. */
static int take_quoted(struct csv *c, char *out, size_t *ret_len) {
  size_t len = 0;
  while (c->rest.len) {
    char ch = take(c);
    if (ch != '"') {
      out[len++] = ch;
    } else if (next(c) == '"' && c->rest.len) {
      out[len++] = take(c);
    } else {
      *ret_len = len;
      return 0;
    }
  }
  return CSV_BROKEN;
}

static bool at_end_of_field(const struct csv *c) {
  return c->rest.len == 0 || next(c) == c->separator || next(c) == '\n' ||
         (next(c) == '\r' && (c->rest.len == 1 || c->rest.at[1] == '\n'));
}

/* How long the field is at most: bounds its room without a second look at quotes. */
static size_t field_room(const struct csv *c) {
  if (next(c) == '"') {
    size_t n = 1;
    while (n < c->rest.len && !(c->rest.at[n] == '"' && (n + 1 >= c->rest.len || c->rest.at[n + 1] != '"')))
      n += c->rest.at[n] == '"' ? 2 : 1;
    const char *stop = n < c->rest.len ? memchr(c->rest.at + n, '\n', c->rest.len - n) : NULL;
    return stop ? (size_t)(stop - c->rest.at) : c->rest.len;
  }
  size_t n = 0;
  while (n < c->rest.len && c->rest.at[n] != c->separator && c->rest.at[n] != '\n')
    n++;
  return n;
}

static int take_field(struct csv *c, struct arena *a, struct slice *ret) {
  char *out = arena_alloc(a, field_room(c) + 1);
  if (!out)
    return -ENOMEM;
  size_t len = 0;
  if (next(c) == '"') {
    take(c);
    int r = take_quoted(c, out, &len);
    if (r)
      return r;
  }
  while (!at_end_of_field(c)) /* plain, or what stands behind a closing quote */
    out[len++] = take(c);
  *ret = slice_trim(slice_of(out, len));
  return 0;
}

int csv_row(struct csv *c, struct arena *a, struct slice ret_fields[CSV_COLUMNS_MAX], size_t *ret_count) {
  while (c->rest.len && (next(c) == '\n' || next(c) == '\r'))
    take(c);
  if (c->rest.len == 0)
    return CSV_END;
  c->line = c->next_line;
  size_t count = 0;
  for (;;) {
    if (count == CSV_COLUMNS_MAX)
      return CSV_TOO_MANY;
    int r = take_field(c, a, &ret_fields[count]);
    if (r)
      return r;
    count++;
    if (c->rest.len == 0 || next(c) != c->separator)
      break;
    take(c);
  }
  while (c->rest.len && next(c) == '\r')
    take(c);
  if (c->rest.len)
    take(c);
  *ret_count = count;
  return 0;
}
