/* SPDX-License-Identifier: Apache-2.0 */
#include "posted.h"
#include "http/form.h"
#include "text/utf8.h"
#include "upload.h"
#include <jansson.h>

#define EXTRA_NAME_MAX 64

static const char *const field_names[FIELD_COUNT] = {
    [FIELD_NAME] = "name",       [FIELD_EMAIL] = "email",     [FIELD_PHONE] = "phone",
    [FIELD_SUBJECT] = "subject", [FIELD_MESSAGE] = "message", [FIELD_FILES] = "files",
    [FIELD_CONSENT] = "consent", [FIELD_TRAP] = "homepage",   [FIELD_TOKEN] = "token",
    [FIELD_SUBMISSION] = "submission",
};

const char *posted_field_name(enum posted_field field) {
  assert((unsigned)field < FIELD_COUNT);
  return field_names[field];
}

void posted_clear(struct posted *p) {
  *p = (struct posted){0};
  for (size_t i = 0; i < FIELD_COUNT; i++)
    p->value[i] = "";
}

size_t posted_extra_kept(const struct posted *p) {
  return p->extra_count < POSTED_EXTRA_MAX ? p->extra_count : POSTED_EXTRA_MAX;
}

enum posted_kind posted_kind_of(const char *content_type) {
  static const struct {
    const char *type;
    enum posted_kind kind;
  } rows[] = {
      {"application/x-www-form-urlencoded", POSTED_URLENCODED},
      {"multipart/form-data", POSTED_MULTIPART},
      {"application/json", POSTED_JSON},
  };
  struct slice rest = slice_text(content_type), type;
  slice_split(&rest, ';', &type);
  type = slice_trim(type);
  for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
    if (slice_equal_nocase(type, slice_text(rows[i].type)))
      return rows[i].kind;
  }
  return POSTED_UNSUPPORTED;
}

static enum posted_field field_of(struct slice name) {
  size_t i = 0;
  while (i < FIELD_COUNT && !slice_equal(name, slice_text(field_names[i])))
    i++;
  return (enum posted_field)i;
}

/* --- one value --- */

static int mend(struct arena *a, struct slice value, struct posted *p, char **ret) {
  size_t mended;
  *ret = utf8_mend(a, value, &mended);
  if (!*ret)
    return POSTED_TOO_LARGE;
  p->mended |= mended > 0;
  return 0;
}

/* The first of a name wins; the others are in the original. */
static int add_known(struct arena *a, enum posted_field field, struct slice value, struct posted *p) {
  char *text;
  if (p->value[field][0])
    return 0;
  int r = mend(a, value, p, &text);
  if (r == 0)
    p->value[field] = text;
  return r;
}

static int add_extra(struct arena *a, struct slice name, struct slice value, struct posted *p) {
  if (name.len == 0 || name.len > EXTRA_NAME_MAX)
    return 0;
  if (p->extra_count++ >= POSTED_EXTRA_MAX)
    return 0;
  if (!p->extra && !(p->extra = arena_zalloc(a, POSTED_EXTRA_MAX * sizeof(*p->extra))))
    return POSTED_TOO_LARGE;
  struct posted_extra *extra = &p->extra[p->extra_count - 1];
  extra->name = utf8_one_line(a, name);
  int r = mend(a, value, p, &extra->value);
  return extra->name ? r : POSTED_TOO_LARGE;
}

static int add_file(struct arena *a, const struct form_part *part, struct posted *p) {
  if (part->filename.len == 0 && part->value.len == 0)
    return 0; /* what a browser sends for a field nobody used */
  if (p->file_count++ >= UPLOAD_MAX_FILES)
    return 0;
  if (!p->files && !(p->files = arena_zalloc(a, UPLOAD_MAX_FILES * sizeof(*p->files))))
    return POSTED_TOO_LARGE;
  struct posted_file *file = &p->files[p->file_count - 1];
  file->bytes = part->value;
  file->name = upload_clean_name(a, part->filename);
  return file->name ? 0 : POSTED_TOO_LARGE;
}

/* --- form bodies --- */

static int add_part(struct arena *a, const struct form_part *part, struct posted *p) {
  if (part->is_file)
    return add_file(a, part, p);
  if (slice_equal(part->name, SLICE("_charset_"))) {
    p->foreign_charset = part->value.len > 0 && !slice_equal_nocase(part->value, SLICE("utf-8"));
    return 0;
  }
  enum posted_field field = field_of(part->name);
  if (field == FIELD_COUNT)
    return add_extra(a, part->name, part->value, p);
  return field == FIELD_FILES ? 0 : add_known(a, field, part->value, p);
}

static int read_form(struct arena *a, enum posted_kind kind, const char *content_type, struct slice body,
                     struct posted *p) {
  struct form form;
  int r = kind == POSTED_MULTIPART ? form_parse_multipart(a, slice_text(content_type), body, &form)
                                   : form_parse_urlencoded(a, body, &form);
  if (r)
    return r == FORM_BROKEN ? POSTED_BROKEN : POSTED_TOO_LARGE;
  size_t text_len = 0;
  for (size_t i = 0; i < form.count && r == 0; i++) {
    if (!form.parts[i].is_file)
      text_len += form.parts[i].value.len;
    r = text_len > POSTED_TEXT_MAX ? POSTED_TOO_LARGE : add_part(a, &form.parts[i], p);
  }
  return r;
}

/* --- JSON --- */

static int add_json(struct arena *a, const char *key, const json_t *value, struct posted *p) {
  enum posted_field field = field_of(slice_text(key));
  struct slice text = slice_of(json_string_value(value), json_string_length(value));
  if (json_is_null(value))
    return 0;
  if (field == FIELD_CONSENT && json_is_boolean(value)) {
    p->value[field] = json_is_true(value) ? "yes" : "";
    return 0;
  }
  if (field == FIELD_COUNT) {
    if (json_is_string(value))
      return add_extra(a, slice_text(key), text, p);
    p->not_text_extra = true;
    return 0;
  }
  if (!json_is_string(value) || field == FIELD_FILES) {
    p->not_text[field] = true;
    return 0;
  }
  return add_known(a, field, text, p);
}

/* jansson refuses bytes that are not UTF-8, double keys and nesting over its own limit. */
static int read_json(struct arena *a, struct slice body, struct posted *p) {
  json_t *root = json_loadb(body.at, body.len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
  int r = json_is_object(root) ? 0 : POSTED_BROKEN;
  const char *key;
  json_t *value;
  if (r == 0) {
    json_object_foreach(root, key, value) {
      r = r ? r : add_json(a, key, value, p);
    }
  }
  json_decref(root);
  return r;
}

int posted_read(struct arena *a, enum posted_kind kind, const char *content_type, struct slice body,
                struct posted *ret) {
  assert(kind != POSTED_UNSUPPORTED);
  posted_clear(ret);
  if (kind != POSTED_MULTIPART && body.len > POSTED_TEXT_MAX)
    return POSTED_TOO_LARGE;
  if (kind == POSTED_JSON)
    return read_json(a, body, ret);
  return read_form(a, kind, content_type, body, ret);
}
