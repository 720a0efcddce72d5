/* SPDX-License-Identifier: Apache-2.0 */
#include "journal.h"
#include "journal_work.h"
#include "outbound.h"
#include "base/clock.h"
#include "base/encode.h"
#include "base/file.h"
#include "journal/entry_json.h"
#include "redis/redis.h"
#include "redis/redis_config.h"
#include "spool/blob.h"
#include <stdio.h>
#include <stdlib.h>

enum { TIMEOUT_MS = 10000, ARENA_MOST = 16 * 1024 * 1024, TEXT_MOST = 64 * 1024 * 1024 };

int desk_view_open(const struct ctl *ctl, struct desk_view *ret) {
  struct desk_view v = {.ctl = ctl};
  int r = ctl_need_dir(ctl);
  if (r == CTL_OK)
    r = ctl_config(ctl, &v.config);
  if (r != CTL_OK)
    return r;
  char *url = redis_config_url(v.config), *password = NULL, why[256];
  struct complaint complaint;
  if (redis_config_password(v.config, &password, &complaint) < 0)
    r = ctl_fail(ctl, "%s: %s", complaint.file, complaint.text);
  else if (redis_connect(url, v.config->redis.user, password, TIMEOUT_MS, &v.redis, why) < 0)
    r = ctl_fail(ctl, "%s; is the desk running? (deskbell up --dir %s)", why, ctl->dir);
  free(url);
  free(password);
  if (r != CTL_OK) {
    config_free(&v.config);
    return r;
  }
  v.arena = arena_new(256 * 1024, ARENA_MOST);
  *ret = v;
  return CTL_OK;
}

void desk_view_close(struct desk_view *v) {
  if (v->redis)
    redisFree(v->redis);
  v->redis = NULL;
  arena_free(&v->arena);
  config_free(&v->config);
}

void reply_free(redisReply **r) {
  if (*r)
    freeReplyObject(*r);
  *r = NULL;
}

redisReply *desk_call(struct desk_view *v, int argc, const char **argv) {
  return desk_call_bytes(v, argc, argv, NULL);
}

redisReply *desk_call_bytes(struct desk_view *v, int argc, const char **argv, const size_t *lengths) {
  redisReply *reply = redisCommandArgv(v->redis, argc, argv, lengths);
  if (!reply) {
    ctl_fail(v->ctl, "Redis does not answer: %s", v->redis->errstr);
    return NULL;
  }
  if (reply->type == REDIS_REPLY_ERROR) {
    ctl_fail(v->ctl, "Redis refuses: %s", reply->str);
    freeReplyObject(reply);
    return NULL;
  }
  return reply;
}

const char *reply_text(const redisReply *r) {
  return r && (r->type == REDIS_REPLY_STRING || r->type == REDIS_REPLY_STATUS) ? r->str : "";
}

int entry_get(struct desk_view *v, const char *cursor, redisReply **ret_reply, struct entry *ret) {
  redisReply *reply = CALL(v, "XRANGE", TAG ":journal", cursor, cursor);
  if (!reply)
    return -EIO;
  if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 1 || !entry_read(reply->element[0], ret)) {
    freeReplyObject(reply);
    return -ENOENT;
  }
  *ret_reply = reply;
  return 0;
}

int entry_of_event(struct desk_view *v, const char *event_id, redisReply **ret_reply, struct entry *ret) {
  char key[128];
  snprintf(key, sizeof(key), TAG ":event:%.80s", event_id);
  auto_reply *cursor = CALL(v, "GET", key);
  if (!cursor)
    return -EIO;
  return cursor->type == REDIS_REPLY_STRING ? entry_get(v, cursor->str, ret_reply, ret) : -ENOENT;
}

void chain_open(struct chain *c, struct desk_view *v, const char *conversation) {
  char key[128];
  snprintf(key, sizeof(key), TAG ":conv:%.64s", conversation);
  auto_reply *last = CALL(v, "HGET", key, "last");
  *c = (struct chain){.view = v};
  snprintf(c->cursor, sizeof(c->cursor), "%s", reply_text(last));
}

bool chain_next(struct chain *c, struct entry *ret) {
  reply_free(&c->reply);
  if (!c->cursor[0] || entry_get(c->view, c->cursor, &c->reply, ret) < 0)
    return false;
  snprintf(c->cursor, sizeof(c->cursor), "%.*s", (int)ret->meta[META_PREVIOUS].len, ret->meta[META_PREVIOUS].at);
  return true;
}

void chain_close(struct chain *c) {
  reply_free(&c->reply);
}

static int64_t number(struct slice s) {
  uint64_t n = 0;
  return slice_to_u64(s, INT64_MAX, &n) == 0 ? (int64_t)n : 0;
}

int64_t entry_at(const struct entry *e) {
  return number(e->meta[META_AT]);
}

void entry_trace(const struct entry *e, int64_t ret[4]) {
  struct slice parts[4];
  split_parts(e->meta[META_TRACE], ' ', parts, 4);
  for (size_t i = 0; i < 4; i++)
    ret[i] = number(parts[i]);
}

/* ---- JSON */

json_t *slice_json(struct slice s) {
  json_t *j = json_stringn(s.at, s.len);
  return j ? j : json_string(""); /* not UTF-8: cannot come from us */
}

static void set(json_t *to, const char *name, struct slice value) {
  if (value.len)
    json_object_set_new(to, name, slice_json(value));
}

void json_set_time(json_t *to, const char *name, int64_t at_ms) {
  char text[RFC3339_LEN + 1];
  if (at_ms <= 0)
    return;
  clock_rfc3339(at_ms, text);
  json_object_set_new(to, name, json_string(text));
}

json_t *entry_context(const struct entry *e) {
  return entry_context_json(e);
}

contact_event *entry_event(struct desk_view *v, const struct entry *e) {
  contact_event *event = NULL;
  const char *why;
  arena_reset(v->arena);
  if (slice_equal(e->type, SLICE("outbound")) || work_type_of(e))
    return NULL;
  return e->event.len && event_unpack(e->event, v->arena, &event, &why) == 0 ? event : NULL;
}

/* The whole text when the event carries only its beginning and the blob is here. */
static void set_whole_text(struct desk_view *v, json_t *data, const contact_event *event) {
  if (!event->text_blob || event->text_blob->sha256.len != SHA256_BYTES)
    return;
  auto_clean(buf_free) struct buf text = BUF_INIT(TEXT_MOST);
  if (desk_blob(v, event->text_blob->sha256.data, &text) != 0)
    return;
  json_t *whole = json_stringn(buf_slice(&text).at, text.len);
  if (whole)
    json_object_set_new(data, "text", whole);
}

/* About an outbound message: its id, at its creation all of it, and what happened in words. */
static void set_outbound(struct desk_view *v, json_t *data, const struct entry *e) {
  struct slice id, rest;
  if (!outbound_of_entry(e, &id, &rest))
    return;
  set(data, "outbound", id);
  set(data, "change", rest);
  if (slice_equal(e->type, SLICE("outbound"))) {
    set(data, "kind", e->meta[META_RULE]);
    json_object_set_new(data, "message", outbound_content(v, e->event));
  }
}

static void set_threading(json_t *data, const struct entry *e) {
  if (!e->meta[META_HOW].len) {
    set(data, "evidence", e->meta[META_EVIDENCE]);
    return;
  }
  json_t *threading = json_object();
  set(threading, "how", e->meta[META_HOW]);
  set(threading, "evidence", e->meta[META_EVIDENCE]);
  json_object_set_new(data, "threading", threading);
}

static json_t *event_data(struct desk_view *v, const struct entry *e, const contact_event *event) {
  json_t *data = event ? event_json(event) : json_object();
  struct slice id, rest;
  bool outbound = outbound_of_entry(e, &id, &rest);
  if (event)
    set_whole_text(v, data, event);
  else
    set(data, "contact_event", e->meta[META_EVENT]);
  set_outbound(v, data, e);
  static const struct {
    const char *name;
    enum meta meta;
  } rows[] = {{"customer", META_CUSTOMER}, {"conversation", META_CONVERSATION}, {"work_item", META_WORK_ITEM},
              {"queue", META_QUEUE},       {"agent", META_AGENT},               {"rule", META_RULE}};
  for (size_t i = 0; i + outbound < sizeof(rows) / sizeof(rows[0]); i++)
    set(data, rows[i].name, e->meta[rows[i].meta]);
  if (e->meta[META_DESK].len)
    json_object_set_new(data, "desk_version", json_integer(number(e->meta[META_DESK])));
  if (work_type_of(e)) {
    work_set(data, e);
    json_set_time(data, "routed_at", entry_at(e));
    return data;
  }
  if (!outbound)
    set_threading(data, e);
  if (e->meta[META_CONTEXT].len)
    json_object_set_new(data, "context", entry_context(e));
  json_set_time(data, "routed_at", entry_at(e));
  return data;
}

static void type_of(const struct entry *e, const contact_event *event, char ret[64]) {
  static const struct {
    const char *type, *name;
  } rows[] = {{"quarantine", "org.deskbell.contact.quarantine.v1"}, {"quarantine_end", "org.deskbell.quarantine.ended.v1"},
              {"done", "org.deskbell.work_item.done.v1"},           {"desk", "org.deskbell.desk.applied.v1"},
              {"reopen", "org.deskbell.work_item.reopened.v1"},     {"outbound", "org.deskbell.outbound.created.v1"},
              {"acknowledge", "org.deskbell.acknowledgement.withheld.v1"},
              {"outbound_state", "org.deskbell.outbound.changed.v1"},
              {"outbound_order", "org.deskbell.outbound.ordered.v1"},
              {"merge", "org.deskbell.conversation.merged.v1"},     {"split", "org.deskbell.conversation.split.v1"},
              {"move", "org.deskbell.conversation.moved.v1"}};
  const struct work_type *work = work_type_of(e);
  if (work) {
    snprintf(ret, 64, "%s", work->cloud);
    return;
  }
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    if (slice_equal(e->type, slice_text(rows[i].type))) {
      snprintf(ret, 64, "%s", rows[i].name);
      return;
    }
  }
  snprintf(ret, 64, "org.deskbell.contact.%s.v1", event ? event_kind_text(event->kind) : "unknown");
}

/* An event that nobody can read has its id all the same: an operator finds it under the one in the quarantine. */
static json_t *entry_id(const struct entry *e, const contact_event *event) {
  if (event)
    return json_string(event->id);
  return e->event.len && e->meta[META_EVENT].len ? slice_json(e->meta[META_EVENT]) : json_string(e->cursor);
}

json_t *entry_json(struct desk_view *v, const struct entry *e) {
  contact_event *event = entry_event(v, e);
  char type[64], source[160];
  type_of(e, event, type);
  snprintf(source, sizeof(source), "/deskbell/%.64s%s%.32s", v->config->name, event ? "/" : "", event ? event->channel : "");
  json_t *c = json_object();
  json_object_set_new(c, "specversion", json_string("1.0"));
  json_object_set_new(c, "id", entry_id(e, event));
  json_object_set_new(c, "source", json_string(source));
  json_object_set_new(c, "type", json_string(type));
  json_set_time(c, "time", event && event->received_at_ms ? event->received_at_ms : entry_at(e));
  set(c, "subject", e->meta[META_CONVERSATION]);
  json_object_set_new(c, "cursor", json_string(e->cursor));
  json_object_set_new(c, "datacontenttype", json_string("application/json"));
  json_object_set_new(c, "data", event_data(v, e, event));
  return c;
}

void print_json(json_t *j) {
  json_dumpf(j, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER);
  fputc('\n', stdout);
  json_decref(j);
}

int desk_blob(struct desk_view *v, const uint8_t sha256[32], struct buf *ret) {
  static const char *const programs[] = {"email/blobs", "sms/blobs", "webform/blobs", "deskbell/blobs"};
  int found = BLOB_ABSENT;
  for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
    char *folder = path_join(v->ctl->dir, programs[i]);
    int r = blob_find(folder, sha256, ret);
    free(folder);
    if (r == 0)
      return 0;
    if (r != BLOB_ABSENT && r != -ENOENT)
      found = r;
  }
  return found;
}
