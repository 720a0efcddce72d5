/* SPDX-License-Identifier: Apache-2.0 */
/* GET /v1/desk, GET /v1/desk/versions, GET /v1/desk/versions/{version}, and what changed from it to another. */
#include "show.h"
#include "text/lines_diff.h"
#include "work.h"
#include <stdio.h>

#define DOCUMENTS TAG ":desk:documents"
#define DIFF_MAX LINES_DIFF_ROOM(2 * DESK_MAX_BYTES)
enum { ROW_NUMBER, ROW_APPLIED, ROW_BYTES, ROW_BY, ROW_IN_FORCE, ROW_FIELDS };

/* ---- one */

/* The version that is asked for stands in the ask. */
static void on_document(struct work *w, redisReply *reply) {
  int64_t version = w->ask.number[FIELD_VERSION];
  if (reply->type == REDIS_REPLY_STRING)
    work_end(w, result_text(show_text(reply), "application/yaml", (uint64_t)version));
  else
    work_no_version(w);
}

void show_version(struct work *w) {
  WORK_ASK(w, on_document, "HGET", DOCUMENTS, work_number(w, w->ask.number[FIELD_VERSION]));
}

/* False: there is none, and it was answered. */
static bool in_force(struct work *w, const redisReply *reply, enum field field) {
  w->ask.number[field] = show_int(reply);
  if (w->ask.number[field] > 0)
    return true;
  work_fail(w, PROBLEM_NOT_FOUND, "No desk definition is in force; has the router been up once?");
  return false;
}

static void on_version(struct work *w, redisReply *reply) {
  if (in_force(w, reply, FIELD_VERSION))
    show_version(w);
}

void show_definition(struct work *w) {
  WORK_ASK(w, on_version, "GET", TAG ":desk");
}

/* ---- all */

static json_t *version_json(redisReply *const *f) {
  json_t *row = json_object();
  show_number(row, "version", show_text(f[ROW_NUMBER]));
  show_moment(row, "applied", show_text(f[ROW_APPLIED]));
  show_number(row, "bytes", show_text(f[ROW_BYTES]));
  show_set(row, "by", show_text(f[ROW_BY]));
  json_object_set_new(row, "in_force", json_boolean(show_int(f[ROW_IN_FORCE])));
  return row;
}

static void on_versions(struct work *w, redisReply *reply) {
  work_rows(w, reply, ROW_FIELDS, version_json);
}

void show_versions(struct work *w) {
  WORK_ASK(w, on_versions, "FCALL", "deskbell_desk_versions", "1", TAG, work_now(w), work_limit(w));
}

/* ---- the difference */

static void on_two(struct work *w, redisReply *reply) {
  auto_clean(buf_free) struct buf diff = BUF_INIT(DIFF_MAX);
  char old_name[40], new_name[40];
  const redisReply *const *f = (const redisReply *const *)reply->element;
  bool two = reply->type == REDIS_REPLY_ARRAY && reply->elements == 2;
  if (!two || f[0]->type != REDIS_REPLY_STRING || f[1]->type != REDIS_REPLY_STRING) {
    if (two)
      work_no_version(w);
    else
      work_fail(w, PROBLEM_STRANGE, NULL);
    return;
  }
  snprintf(old_name, sizeof(old_name), "version %lld", (long long)w->ask.number[FIELD_VERSION]);
  snprintf(new_name, sizeof(new_name), "version %lld", (long long)w->ask.number[FIELD_TO]);
  if (lines_diff(show_text(f[0]), old_name, show_text(f[1]), new_name, &diff))
    work_fail(w, PROBLEM_MEMORY, NULL);
  else
    work_end(w, result_text(diff.len ? buf_slice(&diff) : SLICE(""), "text/plain; charset=utf-8", 0));
}

static void ask_two(struct work *w) {
  WORK_ASK(w, on_two, "HMGET", DOCUMENTS, work_number(w, w->ask.number[FIELD_VERSION]),
           work_number(w, w->ask.number[FIELD_TO]));
}

static void on_other(struct work *w, redisReply *reply) {
  if (in_force(w, reply, FIELD_TO))
    ask_two(w);
}

void show_diff(struct work *w) {
  if (ask_has(&w->ask, FIELD_TO))
    ask_two(w);
  else
    WORK_ASK(w, on_other, "GET", TAG ":desk");
}
