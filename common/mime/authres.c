/* SPDX-License-Identifier: Apache-2.0 */
/* A cursor that only goes forward. What does not fit the grammar is skipped up to the next ';' that is in no comment
 * and no quotes, so that a comment or a quoted string can never be read as a result. */
#include "mime/authres.h"

struct cursor {
  const char *at, *end;
};

static bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Behind the comment at `at`; one that is never closed has the rest of the field. */
static const char *skip_comment(const char *at, const char *end) {
  size_t depth = 0;
  for (; at < end; at++) {
    if (*at == '\\' && at + 1 < end)
      at++;
    else if (*at == '(')
      depth++;
    else if (*at == ')' && --depth == 0)
      return at + 1;
  }
  return end;
}

static const char *skip_quoted(const char *at, const char *end) {
  for (at++; at < end; at++) {
    if (*at == '\\' && at + 1 < end)
      at++;
    else if (*at == '"')
      return at + 1;
  }
  return end;
}

static void skip_space(struct cursor *c) {
  while (c->at < c->end && (is_blank(*c->at) || *c->at == '('))
    c->at = *c->at == '(' ? skip_comment(c->at, c->end) : c->at + 1;
}

static bool take(struct cursor *c, char wanted) {
  skip_space(c);
  if (c->at == c->end || *c->at != wanted)
    return false;
  c->at++;
  return true;
}

/* Behind the next ';'. */
static void skip_result(struct cursor *c) {
  while (c->at < c->end && *c->at != ';') {
    if (*c->at == '(')
      c->at = skip_comment(c->at, c->end);
    else if (*c->at == '"')
      c->at = skip_quoted(c->at, c->end);
    else
      c->at++;
  }
  c->at += c->at < c->end;
}

/* Up to white space, a comment or one of `ends`; quoted strings are part of it. */
static struct slice take_word(struct cursor *c, const char *ends) {
  skip_space(c);
  const char *start = c->at;
  while (c->at < c->end && !is_blank(*c->at) && *c->at != '(' && !strchr(ends, *c->at))
    c->at = *c->at == '"' ? skip_quoted(c->at, c->end) : c->at + 1;
  return slice_of(start, (size_t)(c->at - start));
}

static struct slice unquoted(struct slice s) {
  bool quoted = s.len >= 2 && s.at[0] == '"' && s.at[s.len - 1] == '"';
  return quoted ? slice_of(s.at + 1, s.len - 2) : s;
}

static void keep_property(struct authres_result *result, struct slice type, struct slice name, struct slice value) {
  const struct {
    const char *type, *name;
    struct slice *into;
    bool second; /* only when nothing better was there */
  } rows[] = {
      {"header", "from", &result->from, false},
      {"header", "d", &result->signer, false},
      {"header", "i", &result->signer, true},
      {"smtp", "mailfrom", &result->mail_from, false},
      {"smtp", "mail", &result->mail_from, true},
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
    if (slice_equal_nocase(type, slice_text(rows[i].type)) && slice_equal_nocase(name, slice_text(rows[i].name)) &&
        (!rows[i].second || !rows[i].into->len))
      *rows[i].into = unquoted(value);
}

/* "header.d = x", "reason=\"y\"", or a word that means nothing. */
static void read_property(struct cursor *c, struct authres_result *result) {
  const char *before = c->at;
  struct slice type = take_word(c, ".=;"), name = {"", 0}, value;
  if (take(c, '.'))
    name = take_word(c, "=;");
  if (take(c, '=')) {
    value = take_word(c, ";");
    keep_property(result, type, name, value);
  }
  if (c->at == before) /* a stray mark */
    c->at++;
}

/* "method/1 = result" and its properties, up to the ';'. False when it is no result. */
static bool read_result(struct cursor *c, struct authres_result *ret) {
  *ret = (struct authres_result){.method = take_word(c, "/=;")};
  if (take(c, '/'))
    take_word(c, "=;");
  if (!ret->method.len || !take(c, '='))
    return false;
  ret->result = take_word(c, ";");
  for (skip_space(c); c->at < c->end && *c->at != ';'; skip_space(c))
    read_property(c, ret);
  return ret->result.len;
}

/* False for another version than 1. */
static bool read_id(struct cursor *c, struct authres *ret) {
  const struct cursor start = *c;
  ret->id = take_word(c, ";=");
  skip_space(c);
  if (c->at < c->end && (*c->at == '=' || *c->at == '/')) { /* a result already */
    ret->id = SLICE("-");
    *c = start;
    return true;
  }
  ret->id = unquoted(ret->id);
  struct slice version = take_word(c, ";");
  skip_result(c);
  return ret->id.len && (!version.len || slice_equal(version, SLICE("1")));
}

bool authres_read(struct slice value, struct authres *ret) {
  struct cursor c = {value.at, value.at + value.len};
  ret->count = 0;
  skip_space(&c);
  if (c.at == c.end || !read_id(&c, ret))
    return false;
  while (c.at < c.end && ret->count < AUTHRES_MAX) {
    if (read_result(&c, &ret->results[ret->count]))
      ret->count++;
    skip_result(&c);
  }
  return true;
}
