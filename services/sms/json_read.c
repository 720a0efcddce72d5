/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jansson is strict but goes 2 048 deep, refuses integers over 64 bits, and turns "1.10" into 1.1. One walk over the
 * bytes before it measures the depth and puts such numbers into quotes; what is no number, jansson still refuses.
 */
#include "json_read.h"

struct walk {
  const char *at, *end;
  char *out;                 /* NULL while only measuring */
  size_t depth, extra;       /* bytes the quotes add */
};

static bool digit(const struct walk *w, const char *at) {
  return at < w->end && *at >= '0' && *at <= '9';
}

static const char *digits(const struct walk *w, const char *at) {
  while (digit(w, at))
    at++;
  return at;
}

/* RFC 8259 number at `at`; returns its end or NULL. *ret_exact: a 64-bit integer holds it. */
static const char *number_end(const struct walk *w, const char *at, bool *ret_exact) {
  const char *first = at + (at < w->end && *at == '-');
  const char *end = digits(w, first);
  if (end == first || (*first == '0' && end - first > 1))
    return NULL;
  *ret_exact = end - first <= 18;
  if (end < w->end && *end == '.') {
    const char *fraction = end + 1;
    end = digits(w, fraction);
    if (end == fraction)
      return NULL;
    *ret_exact = false;
  }
  if (end < w->end && (*end == 'e' || *end == 'E')) {
    const char *exponent = end + 1;
    exponent += exponent < w->end && (*exponent == '+' || *exponent == '-');
    end = digits(w, exponent);
    if (end == exponent)
      return NULL;
    *ret_exact = false;
  }
  return end;
}

static void copy(struct walk *w, const char *until) {
  if (w->out) {
    memcpy(w->out, w->at, (size_t)(until - w->at));
    w->out += until - w->at;
  }
  w->at = until;
}

static void quote(struct walk *w) {
  w->extra++;
  if (w->out)
    *w->out++ = '"';
}

/* Behind the quote that ends the string: the next one with an even run of backslashes before it. */
static const char *string_end(const struct walk *w) {
  const char *start = w->at + 1, *at = start, *quote;
  while ((quote = memchr(at, '"', (size_t)(w->end - at))) != NULL) {
    const char *back = quote;
    while (back > start && back[-1] == '\\')
      back--;
    at = quote + 1;
    if ((quote - back) % 2 == 0)
      return at;
  }
  return w->end;
}

static void number(struct walk *w) {
  bool exact;
  const char *end = number_end(w, w->at, &exact);
  if (!end || exact) {
    copy(w, end ? end : w->at + 1);
    return;
  }
  quote(w);
  copy(w, end);
  quote(w);
}

/* Returns the greatest depth. */
static size_t walk(struct walk *w) {
  size_t depth = 0, deepest = 0;
  while (w->at < w->end) {
    char c = *w->at;
    if (c == '"') {
      copy(w, string_end(w));
      continue;
    }
    if (c == '-' || (c >= '0' && c <= '9')) {
      number(w);
      continue;
    }
    if (c == '[' || c == '{')
      deepest = ++depth > deepest ? depth : deepest;
    else if ((c == ']' || c == '}') && depth)
      depth--;
    copy(w, w->at + 1);
  }
  return deepest;
}

static int prepare(struct slice body, struct arena *a, struct slice *ret) {
  struct walk measure = {.at = body.at, .end = body.at + body.len};
  if (walk(&measure) > JSON_DEPTH_MAX)
    return JSON_TOO_DEEP;
  *ret = body;
  if (measure.extra == 0)
    return 0;
  char *start = arena_alloc(a, body.len + measure.extra);
  if (!start)
    return -ENOMEM;
  struct walk write = {.at = body.at, .end = body.at + body.len, .out = start};
  walk(&write);
  *ret = slice_of(start, (size_t)(write.out - start));
  return 0;
}

int json_read(struct slice body, struct arena *a, json_t **ret, bool *ret_duplicate_keys) {
  json_error_t error;
  struct slice text;
  int r = prepare(body, a, &text);
  if (r)
    return r;
  json_t *json = json_loadb(text.at, text.len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
  bool duplicates = !json && json_error_code(&error) == json_error_duplicate_key;
  if (duplicates)
    json = json_loadb(text.at, text.len, JSON_ALLOW_NUL, &error);
  if (!json)
    return json_error_code(&error) == json_error_out_of_memory ? -ENOMEM : JSON_BAD;
  *ret = json;
  *ret_duplicate_keys = duplicates;
  return 0;
}

struct slice json_text(const json_t *value, struct arena *a) {
  if (json_is_string(value))
    return slice_of(json_string_value(value), json_string_length(value));
  if (!json_is_integer(value))
    return SLICE("");
  char *text = arena_printf(a, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
  return slice_text(text);
}

struct slice json_member_text(const json_t *object, const char *name, struct arena *a) {
  return json_text(json_object_get(object, name), a);
}
