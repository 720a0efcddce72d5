/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /v1/items/{item}: the item, then its conversation, then the entry of the message it came from, for the context as
 * it was then. An entry that was trimmed from the journal is left out.
 */
#include "event/event.h"
#include "journal/entry_json.h"
#include "show.h"
#include "text/utf8.h"
#include "work.h"

enum { PREVIEW = 300 };

enum { STATE, QUEUE, AGENT, OFFERED, UNTIL, NOTE, CHANGED, FACTS, REASON, INTO, ITEM_FIELDS };
enum { CONV_ITEM, CONV_MESSAGES, CONV_FACTS, CONV_SUBJECT, CONV_LAST_MS, CONV_FIELDS };
enum { CONV_FACT_CUSTOMER, CONV_FACT_CHANNEL, CONV_FACT_CREATED, CONV_FACT_REFERENCE, CONV_FACT_SUBJECT,
       CONV_FACT_COUNT };

static void finish(struct work *w) {
  json_t *body = w->body;
  w->body = NULL;
  work_end(w, result_ok(body));
}

/* ---- what else of this customer is open, as it stands now */

enum { OPEN_CONVERSATION, OPEN_ITEM, OPEN_STATE, OPEN_QUEUE, OPEN_AGENTS, OPEN_UNTIL, OPEN_CHANNEL, OPEN_REFERENCE, OPEN_SUBJECT,
       OPEN_LAST_MS, OPEN_FIELDS };

/* That there is one, where and with whom, is for everybody who serves the customer; what it is about only for who may see it. */
static json_t *open_json(const struct work *w, redisReply *const *f) {
  struct slice self = slice_text(w->caller.agent), agents = show_text(f[OPEN_AGENTS]);
  json_t *row = json_object();
  show_set(row, "conversation", show_text(f[OPEN_CONVERSATION]));
  show_set(row, "item", show_text(f[OPEN_ITEM]));
  show_set(row, "state", show_text(f[OPEN_STATE]));
  show_set(row, "queue", show_text(f[OPEN_QUEUE]));
  show_words(row, "agents", agents, ' ');
  show_moment(row, "until", show_text(f[OPEN_UNTIL]));
  show_set(row, "channel", show_text(f[OPEN_CHANNEL]));
  show_moment(row, "last_message", show_text(f[OPEN_LAST_MS]));
  if (w->caller.role == ACCESS_SUPERVISOR || slice_lists(agents, ' ', self) ||
      definition_serves(w->inbox->definition, self, show_text(f[OPEN_QUEUE]))) {
    show_set(row, "reference", show_text(f[OPEN_REFERENCE]));
    show_set(row, "subject", show_text(f[OPEN_SUBJECT]));
  }
  return row;
}

static void on_open(struct work *w, redisReply *reply) {
  json_t *list = json_array();
  for (size_t i = 0; reply->type == REDIS_REPLY_ARRAY && i < reply->elements; i++) {
    const redisReply *row = reply->element[i];
    bool whole = row->type == REDIS_REPLY_ARRAY && row->elements >= OPEN_FIELDS;
    if (whole && !slice_equal(show_text(row->element[OPEN_ITEM]), w->ask.text[FIELD_ITEM]))
      json_array_append_new(list, open_json(w, row->element));
  }
  json_object_set_new(w->body, "open_conversations", list);
  finish(w);
}

static void look_for_others(struct work *w) {
  const char *customer = json_string_value(json_object_get(w->body, "customer"));
  if (customer)
    WORK_ASK(w, on_open, "FCALL", "deskbell_open", "1", TAG, work_now(w), customer);
  else
    finish(w);
}

/* ---- the message */

static void add_event(struct work *w, const struct entry *e) {
  contact_event *event = NULL;
  const char *why;
  if (!slice_equal(e->type, SLICE("event")) || event_unpack(e->event, w->arena, &event, &why) != 0)
    return;
  json_t *j = json_object();
  show_set(j, "id", slice_text(event->id));
  show_set(j, "channel", slice_text(event->channel));
  if (event->from) {
    show_set(j, "from", slice_text(event->from->address[0] ? event->from->address : event->from->raw));
    show_set(j, "name", slice_text(event->from->name));
  }
  show_set(j, "subject", slice_text(event->subject));
  struct slice text = slice_text(event->text);
  char *line = utf8_one_line(w->arena, slice_of(text.at, utf8_cut(text, PREVIEW)));
  show_set(j, "text", slice_text(line));
  json_object_set_new(w->body, "event", j);
}

static void on_entry(struct work *w, redisReply *reply) {
  struct entry e;
  if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 1 && entry_read(reply->element[0], &e)) {
    json_object_set_new(w->body, "context", entry_context_json(&e));
    add_event(w, &e);
  }
  look_for_others(w);
}

static void on_cursor(struct work *w, redisReply *reply) {
  char *cursor = reply->type == REDIS_REPLY_STRING ? arena_copy(w->arena, slice_of(reply->str, reply->len)) : NULL;
  if (cursor)
    WORK_ASK(w, on_entry, "XRANGE", TAG ":journal", cursor, cursor);
  else
    look_for_others(w);
}

/* ---- the conversation */

static void on_conversation(struct work *w, redisReply *reply) {
  struct slice facts[CONV_FACT_COUNT];
  if (reply->type != REDIS_REPLY_ARRAY || reply->elements != CONV_FIELDS) {
    work_fail(w, PROBLEM_STRANGE, NULL);
    return;
  }
  split_parts(show_text(reply->element[CONV_FACTS]), '\x1f', facts, CONV_FACT_COUNT);
  struct slice renamed = show_text(reply->element[CONV_SUBJECT]);
  show_set(w->body, "channel", facts[CONV_FACT_CHANNEL]);
  show_set(w->body, "reference", facts[CONV_FACT_REFERENCE]);
  show_set(w->body, "subject", facts[CONV_FACT_SUBJECT].len ? facts[CONV_FACT_SUBJECT] : renamed);
  show_moment(w->body, "last_message", show_text(reply->element[CONV_LAST_MS]));
  if (slice_equal(show_text(reply->element[CONV_ITEM]), w->ask.text[FIELD_ITEM]))
    show_number(w->body, "messages", show_text(reply->element[CONV_MESSAGES]));
  char *key = w->cursor.len ? arena_printf(w->arena, TAG ":event:%s", w->cursor.at) : NULL;
  if (key)
    WORK_ASK(w, on_cursor, "GET", key);
  else
    look_for_others(w);
}

/* ---- the item */

static bool may_see(const struct work *w, const redisReply *reply) {
  struct slice self = slice_text(w->caller.agent);
  if (w->caller.role == ACCESS_SUPERVISOR || slice_equal(show_text(reply->element[AGENT]), self) ||
      slice_lists(show_text(reply->element[OFFERED]), ' ', self))
    return true;
  return definition_serves(w->inbox->definition, self, show_text(reply->element[QUEUE]));
}

static json_t *item_json(const struct work *w, const redisReply *reply, const struct slice *facts) {
  json_t *item = json_object();
  show_set(item, "id", w->ask.text[FIELD_ITEM]);
  show_set(item, "state", show_text(reply->element[STATE]));
  show_set(item, "queue", show_text(reply->element[QUEUE]));
  show_set(item, "agent", show_text(reply->element[AGENT]));
  show_words(item, "offered", show_text(reply->element[OFFERED]), ' ');
  show_moment(item, "until", show_text(reply->element[UNTIL]));
  show_set(item, "note", show_text(reply->element[NOTE]));
  show_moment(item, "changed", show_text(reply->element[CHANGED]));
  show_set(item, "reason", show_text(reply->element[REASON]));
  show_set(item, "into", show_text(reply->element[INTO]));
  show_set(item, "conversation", facts[FACT_CONVERSATION]);
  show_set(item, "customer", facts[FACT_CUSTOMER]);
  show_number(item, "priority", facts[FACT_PRIORITY]);
  show_moment(item, "deadline", facts[FACT_DEADLINE]);
  show_set(item, "skills", facts[FACT_SKILLS]);
  show_set(item, "rule", facts[FACT_RULE]);
  show_number(item, "desk_version", facts[FACT_DESK]);
  show_moment(item, "created", facts[FACT_CREATED]);
  return item;
}

static void on_item(struct work *w, redisReply *reply) {
  struct slice facts[FACT_COUNT];
  if (reply->type != REDIS_REPLY_ARRAY || reply->elements != ITEM_FIELDS) {
    work_fail(w, PROBLEM_STRANGE, NULL);
    return;
  }
  if (reply->element[STATE]->type != REDIS_REPLY_STRING) {
    work_fail(w, PROBLEM_NOT_FOUND, "There is no such work item.");
    return;
  }
  if (!may_see(w, reply)) {
    work_fail(w, PROBLEM_FORBIDDEN, "Not a work item of this agent's queues.");
    return;
  }
  split_parts(show_text(reply->element[FACTS]), '\x1f', facts, FACT_COUNT);
  w->body = item_json(w, reply, facts);
  char *event = arena_copy(w->arena, facts[FACT_EVENT]);
  w->cursor = slice_text(event);
  char *key = arena_printf(w->arena, TAG ":conv:%.*s", (int)facts[FACT_CONVERSATION].len, facts[FACT_CONVERSATION].at);
  if (!key)
    work_fail(w, PROBLEM_MEMORY, NULL);
  else
    WORK_ASK(w, on_conversation, "HMGET", key, "item", "messages", "facts", "subject", "last_ms");
}

void show_item(struct work *w) {
  char *key = arena_printf(w->arena, TAG ":item:%s", w->ask.text[FIELD_ITEM].at);
  if (!key)
    work_fail(w, PROBLEM_MEMORY, NULL);
  else
    WORK_ASK(w, on_item, "HMGET", key, "state", "queue", "agent", "offered", "until", "note", "changed", "facts",
             "reason", "into");
}
