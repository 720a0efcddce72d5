/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /v1/items/{item}/why: of what waits, the decision as it would be now; of what was offered, the record of its
 * offer. In words, and in the numbers that it was reckoned with.
 */
#include "base/clock.h"
#include "dispatch/record.h"
#include "journal/entry.h"
#include "show.h"
#include "work.h"

enum { WORDS_MAX = 8 * 1024 };
enum { WHY_STATE, WHY_AGENTS, WHY_RECORD, WHY_CURSOR, WHY_BEFORE, WHY_LINE, WHY_DUE, WHY_FIELDS };

static void finish(struct work *w) {
  json_t *body = w->body;
  w->body = NULL;
  work_end(w, result_ok(body));
}

/* ---- a record */

/* What is no number (not known, never) is left out. */
static void set_real(json_t *to, const char *name, double value) {
  if (isfinite(value))
    json_object_set_new(to, name, json_real(value));
}

static const char *set_text(enum rule_set set) {
  return set == RULE_PARKED ? "parked" : set == RULE_ON_TIME ? "on_time" : "late";
}

static void set_queue(json_t *to, const char *name, const struct rule_record *r, size_t queue) {
  if (queue < RULE_QUEUES && (r->seen & ((rule_queues)1 << queue)))
    show_set(to, name, r->queues[queue].name);
}

static json_t *items_json(const struct rule_record *r, const struct rule_item_row *rows, size_t count) {
  json_t *list = json_array();
  for (size_t i = 0; i < count; i++) {
    json_t *one = json_object();
    show_set(one, "item", rows[i].item.id);
    set_queue(one, "queue", r, rows[i].item.queue);
    json_object_set_new(one, "set", json_string(set_text(rows[i].item.set)));
    set_real(one, "score", rows[i].item.score);
    set_real(one, "index", rows[i].index);
    set_real(one, "ln_speed", rows[i].ln_speed);
    set_real(one, "ln_known", rows[i].ln_known);
    set_real(one, "ln_value", rows[i].item.ln_value);
    show_set(one, "needs", rows[i].item.needs);
    set_queue(one, "kept_for", r, rows[i].kept_for);
    json_array_append_new(list, one);
  }
  return list;
}

static json_t *agents_json(const struct rule_record *r, const struct rule_agent_row *rows, size_t count) {
  json_t *list = json_array();
  for (size_t i = 0; i < count; i++) {
    json_t *one = json_object(), *lost = json_array();
    show_set(one, "agent", rows[i].agent);
    set_real(one, "cost", rows[i].cost);
    set_real(one, "price", rows[i].price);
    set_real(one, "crowded", rows[i].crowded);
    set_real(one, "ln_speed", rows[i].ln_speed);
    set_real(one, "ln_known", rows[i].ln_known);
    json_object_set_new(one, "used", json_integer(rows[i].used));
    json_object_set_new(one, "units", json_integer(rows[i].units));
    json_object_set_new(one, "alike", json_integer((json_int_t)rows[i].alike));
    set_queue(one, "kept_for", r, rows[i].kept_for);
    for (size_t q = 0; q < RULE_QUEUES; q++)
      if ((rows[i].lost & r->seen) & ((rule_queues)1 << q))
        json_array_append_new(lost, json_stringn(r->queues[q].name.at, r->queues[q].name.len));
    json_object_set_new(one, "lost", lost);
    json_array_append_new(list, one);
  }
  return list;
}

static json_t *record_json(const struct rule_record *r) {
  json_t *j = json_object();
  json_object_set_new(j, "items", items_json(r, r->items, r->item_count));
  json_object_set_new(j, "held", items_json(r, r->held, r->held_count));
  json_object_set_new(j, "agents", agents_json(r, r->agents, r->agent_count));
  json_object_set_new(j, "spared", agents_json(r, r->spared, r->spared_count));
  json_object_set_new(j, "more_items", json_integer((json_int_t)(r->items_left + r->held_left)));
  json_object_set_new(j, "more_agents", json_integer((json_int_t)(r->agents_left + r->spared_left)));
  json_object_set_new(j, "unfit", json_integer((json_int_t)r->unfit));
  return j;
}

static void add_record(struct work *w, struct slice text) {
  struct rule_record *r = arena_alloc(w->arena, sizeof(*r));
  auto_clean(buf_free) struct buf words = BUF_INIT(WORDS_MAX);
  if (!r || rule_record_read(text, r) < 0)
    return;
  if (rule_words(r, &words) == 0)
    show_set(w->body, "words", buf_slice(&words));
  json_object_set_new(w->body, "record", record_json(r));
}

/* ---- the way */

static void on_entry(struct work *w, redisReply *reply) {
  struct entry e;
  if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 1 && entry_read(reply->element[0], &e)) {
    show_moment(w->body, "decided", e.meta[META_AT]);
    add_record(w, e.event);
  }
  finish(w);
}

static void on_why(struct work *w, redisReply *reply) {
  if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 1) {
    work_fail(w, PROBLEM_NOT_FOUND, "There is no such work item.");
    return;
  }
  if (reply->type != REDIS_REPLY_ARRAY || reply->elements < WHY_FIELDS) {
    work_fail(w, PROBLEM_STRANGE, NULL);
    return;
  }
  json_t *body = w->body = json_object();
  show_set(body, "item", w->ask.text[FIELD_ITEM]);
  show_set(body, "state", show_text(reply->element[WHY_STATE]));
  show_words(body, "agents", show_text(reply->element[WHY_AGENTS]), ' ');
  json_object_set_new(body, "before", json_integer((json_int_t)show_int(reply->element[WHY_BEFORE])));
  show_set(body, "line", show_text(reply->element[WHY_LINE]));
  show_moment(body, "due", show_text(reply->element[WHY_DUE]));
  struct slice record = show_text(reply->element[WHY_RECORD]), cursor = show_text(reply->element[WHY_CURSOR]);
  char *at = cursor.len && !record.len ? arena_copy(w->arena, cursor) : NULL;
  if (record.len)
    add_record(w, record);
  if (at)
    WORK_ASK(w, on_entry, "XRANGE", TAG ":journal", at, at);
  else
    finish(w);
}

static void on_held(struct work *w, redisReply *reply) {
  enum problem problem;
  if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 4) {
    work_fail(w, PROBLEM_STRANGE, NULL);
    return;
  }
  struct slice queue = show_text(reply->element[2]);
  const struct holding holding = {show_text(reply->element[0]), show_text(reply->element[1]), queue,
                                  show_text(reply->element[3]),
                                  definition_serves(w->inbox->definition, slice_text(w->caller.agent), queue)};
  char *now = arena_printf(w->arena, "%lld", (long long)clock_now_ms());
  if (step_may(&w->ask, &w->caller, &holding, &problem) && (problem == PROBLEM_NOT_FOUND || !holding.serves))
    work_fail(w, problem == PROBLEM_NOT_FOUND ? problem : PROBLEM_FORBIDDEN, NULL);
  else if (!now)
    work_fail(w, PROBLEM_MEMORY, NULL);
  else
    WORK_ASK(w, on_why, "FCALL", "deskbell_why", "1", TAG, now, w->ask.text[FIELD_ITEM].at);
}

void show_why(struct work *w) {
  char *key = arena_printf(w->arena, TAG ":item:%s", w->ask.text[FIELD_ITEM].at);
  if (!key)
    work_fail(w, PROBLEM_MEMORY, NULL);
  else
    WORK_ASK(w, on_held, "HMGET", key, "state", "agent", "queue", "offered");
}
