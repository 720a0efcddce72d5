/* SPDX-License-Identifier: Apache-2.0 */
#include "result.h"
#include <stdio.h>
#include <stdlib.h>

static const struct {
  unsigned status;
  const char *code, *title;
} problems[] = {
#define PROBLEM(id, status, code, title) {status, code, title},
#include "outcomes.def"
};

struct result result_problem(enum problem problem, const char *detail) {
  struct result r = {
      .status = problems[problem].status, .code = problems[problem].code, .title = problems[problem].title};
  snprintf(r.detail, sizeof(r.detail), "%s", detail ? detail : "");
  if (r.status == 503 || r.status == 429)
    r.retry_after_s = 1;
  return r;
}

struct result result_ok(json_t *body) {
  return (struct result){.status = 200, .code = "ok", .title = "", .body = body ? body : json_object()};
}

struct result result_text(struct slice text, const char *type, uint64_t version) {
  return (struct result){.status = 200, .code = "ok", .title = "", .text = text, .type = type, .version = version};
}

void result_free(struct result *r) {
  json_decref(r->body);
  r->body = NULL;
}

static int add(const char *bytes, size_t len, void *to) {
  return buf_add(to, bytes, len) == 0 ? 0 : -1;
}

static json_t *problem_json(const struct result *r) {
  json_t *p = json_object();
  char type[80];
  snprintf(type, sizeof(type), "urn:deskbell:problem:%s", r->code);
  json_object_set_new(p, "type", json_string(type));
  json_object_set_new(p, "title", json_string(r->title));
  json_object_set_new(p, "status", json_integer((json_int_t)r->status));
  json_object_set_new(p, "code", json_string(r->code));
  if (r->detail[0])
    json_object_set_new(p, "detail", json_string(r->detail));
  if (r->body)
    json_object_update(p, r->body);
  return p;
}

bool result_write(const struct result *r, struct buf *b) {
  json_t *body = r->status >= 400 ? problem_json(r) : json_incref(r->body);
  bool good = body && json_dump_callback(body, add, b, JSON_COMPACT) == 0 && buf_add_char(b, '\n') == 0;
  json_decref(body);
  return good;
}
