/* SPDX-License-Identifier: Apache-2.0 */
#include "ask.h"
#include "base/encode.h"
#include "base/moment.h"
#include "text/utf8.h"
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define LATEST_MS 253402300799999 /* 9999-12-31 */

enum form { FORM_NAME, FORM_ID, FORM_IDS, FORM_LINE, FORM_TEXT, FORM_MOMENT, FORM_NUMBER, FORM_PRESENCE,
            FORM_ETAG, FORM_DOCUMENT };

static const struct {
  const char *name;
  enum form form;
  int64_t least, most;
} fields[] = {
#define FIELD(id, name, form, least, most) {name, FORM_##form, least, most},
#include "verbs.def"
};

#define ROLE(role) (1u << ACCESS_##role)
enum {
  WHO_AGENT = ROLE(AGENT) | ROLE(SUPERVISOR),
  WHO_SUPERVISOR = ROLE(SUPERVISOR),
  WHO_OPERATOR = ROLE(OPERATOR),
  WHO_DESK = ROLE(SUPERVISOR) | ROLE(OPERATOR),
};

#define TAKES(id) (1u << FIELD_##id)
static const struct verb_row verbs[] = {
#define VERB(id, method, path, who, takes, needs, step) {#id, method, path, WHO_##who, takes, needs, step},
#include "verbs.def"
};

const struct verb_row *verb_row(enum verb verb) {
  return &verbs[verb];
}

const char *verb_refuses(enum verb verb, enum access_role role) {
  unsigned who = verbs[verb].who;
  if (who & (1u << role))
    return NULL;
  return who == WHO_AGENT        ? "Only for agents and supervisors."
         : who == WHO_SUPERVISOR ? "Only for supervisors."
         : who == WHO_OPERATOR   ? "Only for operators."
                                 : "Only for supervisors and operators.";
}

struct ask ask_new(enum verb verb) {
  struct ask ask = {.verb = verb};
  for (size_t i = 0; i < FIELD_COUNT; i++)
    ask.text[i] = SLICE("");
  return ask;
}

const char *field_name(enum field field) {
  return fields[field].name;
}

enum field field_find(struct slice name) {
  for (size_t i = 0; i < FIELD_COUNT; i++)
    if (slice_equal(name, slice_text(fields[i].name)))
      return (enum field)i;
  return FIELD_COUNT;
}

/* ---- complaints */

static int wrong(struct ask_fault *fault, bool syntax, const char *field, const char *format, ...) printf_like(4, 5);
static int wrong(struct ask_fault *fault, bool syntax, const char *field, const char *format, ...) {
  va_list ap;
  va_start(ap, format);
  vsnprintf(fault->words, sizeof(fault->words), format, ap);
  va_end(ap);
  fault->field = field;
  fault->syntax = syntax;
  return ASK_WRONG;
}

/* ---- forms */

static bool is_id(struct slice s) {
  if (s.len == 0 || s.len > 64)
    return false;
  for (size_t i = 0; i < s.len; i++)
    if (!((s.at[i] >= 'a' && s.at[i] <= 'z') || (s.at[i] >= '0' && s.at[i] <= '9') || s.at[i] == '-'))
      return false;
  return true;
}

static bool is_ids(struct slice s) {
  struct slice one;
  while (s.len && slice_split(&s, ',', &one))
    if (!is_id(one))
      return false;
  return true;
}

/* Controls would break lines of logs and the separators of Redis's values. */
static bool is_text(struct slice s, bool several_lines) {
  for (size_t i = 0; i < s.len; i++) {
    unsigned char c = (unsigned char)s.at[i];
    if ((c < 0x20 && !(several_lines && (c == '\n' || c == '\t'))) || c == 0x7f)
      return false;
  }
  return utf8_valid(s);
}

static bool is_presence(struct slice s) {
  static const char *const words[] = {"ready", "busy", "break", "away", "offline"};
  for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
    if (slice_equal(s, slice_text(words[i])))
      return true;
  return false;
}

/* What is asked of it, for a sentence "`name` must be …"; NULL: it is well. */
static const char *unfit(enum form form, struct slice s) {
  switch (form) {
  case FORM_NAME: return access_agent_ok(s) ? NULL : "a name: 1 to 32 of a-z, 0-9 and '-'";
  case FORM_ID: return is_id(s) ? NULL : "an id of a work item";
  case FORM_IDS: return is_ids(s) ? NULL : "ids of work items, separated by commas";
  case FORM_LINE: return is_text(s, false) ? NULL : "one line of UTF-8 without control characters";
  case FORM_TEXT: return is_text(s, true) ? NULL : "UTF-8 without control characters";
  case FORM_PRESENCE: return is_presence(s) ? NULL : "ready, busy, break, away or offline";
  case FORM_MOMENT:
  case FORM_NUMBER:
  case FORM_ETAG:
  case FORM_DOCUMENT: break;
  }
  return NULL;
}

int ask_number(struct ask *a, enum field field, int64_t number, struct ask_fault *fault) {
  const char *name = fields[field].name;
  if (fields[field].form != FORM_NUMBER)
    return wrong(fault, false, name, "must be a text");
  if (number < fields[field].least || number > fields[field].most)
    return wrong(fault, false, name, "must be from %lld to %lld", (long long)fields[field].least,
                 (long long)fields[field].most);
  a->number[field] = number;
  a->given |= 1u << field;
  return 0;
}

int ask_moment(struct ask *a, enum field field, int64_t unix_ms, struct ask_fault *fault) {
  if (unix_ms < 0 || unix_ms > LATEST_MS)
    return wrong(fault, false, fields[field].name, "must be a moment in Unix ms");
  a->number[field] = unix_ms;
  a->given |= 1u << field;
  return 0;
}

int ask_text(struct ask *a, enum field field, struct slice text, struct arena *arena, struct ask_fault *fault) {
  const char *name = fields[field].name;
  enum form form = fields[field].form;
  uint64_t number;
  if (form == FORM_NUMBER)
    return slice_to_u64(text, INT64_MAX, &number) < 0 ? wrong(fault, false, name, "must be a whole number")
                                                      : ask_number(a, field, (int64_t)number, fault);
  if (form == FORM_MOMENT && moment_parse(text, &a->number[field]) < 0)
    return wrong(fault, false, name, "must be a moment as \"2026-11-24T09:30:00Z\"");
  if (form != FORM_MOMENT && text.len > (size_t)fields[field].most)
    return wrong(fault, false, name, "must have %lld bytes at most", (long long)fields[field].most);
  const char *what = unfit(form, text);
  if (what)
    return wrong(fault, false, name, "must be %s", what);
  char *copy = arena_copy(arena, text);
  if (!copy)
    return -ENOMEM;
  a->text[field] = slice_of(copy, text.len);
  a->given |= 1u << field;
  return 0;
}

/* ---- where it stands */

/* In a query or a JSON body? */
static bool taken(const struct ask *a, enum field field) {
  return field < FIELD_COUNT && (verbs[a->verb].takes & (1u << field)) && fields[field].form < FORM_ETAG;
}

int ask_query(struct ask *a, struct slice query, struct arena *arena, struct ask_fault *fault) {
  struct slice piece, name;
  if (query.len > ASK_QUERY_MAX)
    return wrong(fault, true, "", "the query is longer than %d bytes", ASK_QUERY_MAX);
  while (query.len && slice_split(&query, '&', &piece)) {
    auto_clean(buf_free) struct buf value = BUF_INIT(ASK_QUERY_MAX);
    slice_split(&piece, '=', &name);
    enum field field = field_find(name);
    if (!taken(a, field))
      continue;
    if (percent_decode(piece.at ? piece : SLICE(""), true, &value) < 0 || value.full)
      return wrong(fault, true, fields[field].name, "cannot be read");
    int r = ask_text(a, field, buf_slice(&value), arena, fault);
    if (r)
      return r;
  }
  return 0;
}

static int take_member(struct ask *a, enum field field, const json_t *value, struct arena *arena,
                       struct ask_fault *fault) {
  const char *name = fields[field].name;
  if (json_is_null(value))
    return 0;
  if (json_is_integer(value))
    return ask_number(a, field, json_integer_value(value), fault);
  if (!json_is_string(value))
    return wrong(fault, false, name, "must be a %s", fields[field].form == FORM_NUMBER ? "whole number" : "text");
  if (fields[field].form == FORM_NUMBER)
    return wrong(fault, false, name, "must be a whole number");
  return ask_text(a, field, slice_of(json_string_value(value), json_string_length(value)), arena, fault);
}

static int take_members(struct ask *a, json_t *root, struct arena *arena, struct ask_fault *fault) {
  const char *key;
  json_t *value;
  if (!json_is_object(root))
    return wrong(fault, true, "", "the body must be a JSON object");
  json_object_foreach(root, key, value) {
    enum field field = field_find(slice_text(key));
    int r = taken(a, field) ? take_member(a, field, value, arena, fault) : 0;
    if (r)
      return r;
  }
  return 0;
}

/* jansson nests by recursion, up to 2048 deep by its own limit; a body of 16 KiB cannot do worse. */
int ask_json(struct ask *a, struct slice body, struct arena *arena, struct ask_fault *fault) {
  json_error_t error;
  if (slice_trim(body).len == 0)
    return 0;
  json_t *root = json_loadb(body.at, body.len, JSON_REJECT_DUPLICATES, &error);
  if (!root)
    return wrong(fault, true, "", "the body is no JSON: line %d, column %d", error.line, error.column);
  int r = take_members(a, root, arena, fault);
  json_decref(root);
  return r;
}

int ask_etag(struct ask *a, struct slice value, struct ask_fault *fault) {
  uint64_t version;
  value = slice_trim(value);
  bool quoted = value.len > 2 && value.at[0] == '"' && value.at[value.len - 1] == '"';
  struct slice number = quoted ? slice_of(value.at + 1, value.len - 2) : SLICE("");
  bool padded = number.len > 1 && number.at[0] == '0'; /* ETags are compared byte for byte */
  if (padded || slice_to_u64(number, (uint64_t)fields[FIELD_VERSION].most, &version) < 0)
    return wrong(fault, true, fields[FIELD_EXPECTED].name, "must be the ETag of one version, as \"7\" with the quotes");
  a->number[FIELD_EXPECTED] = (int64_t)version;
  a->given |= 1u << FIELD_EXPECTED;
  return 0;
}

void ask_document(struct ask *a, struct slice body) {
  if (body.len == 0)
    return;
  a->text[FIELD_DOCUMENT] = body;
  a->given |= 1u << FIELD_DOCUMENT;
}

int ask_complete(const struct ask *a, struct ask_fault *fault) {
  unsigned missing = verbs[a->verb].needs & ~a->given;
  for (size_t i = 0; i < FIELD_COUNT; i++)
    if (missing & (1u << i))
      return wrong(fault, false, fields[i].name, "must be given");
  return 0;
}
