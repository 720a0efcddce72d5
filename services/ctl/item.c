/* SPDX-License-Identifier: Apache-2.0 */
#include "item.h"
#include "base/clock.h"
#include "text/utf8.h"
#include <stdio.h>
#include <stdlib.h>

enum { PREVIEW = 160 };

static void set(json_t *to, const char *name, struct slice value) {
  if (value.len)
    json_object_set_new(to, name, slice_json(value));
}

static void set_number(json_t *to, const char *name, struct slice value) {
  uint64_t n = 0;
  if (slice_to_u64(value, INT64_MAX, &n) == 0)
    json_object_set_new(to, name, json_integer((json_int_t)n));
}

static void set_time(json_t *to, const char *name, struct slice value) {
  uint64_t ms = 0;
  if (slice_to_u64(value, INT64_MAX, &ms) == 0)
    json_set_time(to, name, (int64_t)ms);
}

static json_t *names_json(struct slice names) {
  json_t *list = json_array();
  struct slice name;
  while (slice_split(&names, ' ', &name))
    if (name.len)
      json_array_append_new(list, slice_json(name));
  return list;
}

static int set_event(struct desk_view *v, json_t *item, struct slice event_id) {
  char id[64];
  snprintf(id, sizeof(id), "%.*s", (int)event_id.len, event_id.at);
  redisReply *reply = NULL;
  struct entry e;
  int r = entry_of_event(v, id, &reply, &e);
  if (r < 0)
    return r == -ENOENT ? 0 : r; /* trimmed: the item stands without it */
  json_object_set_new(item, "context", entry_context(&e));
  contact_event *event = entry_event(v, &e);
  if (event) {
    json_t *j = json_object();
    json_object_set_new(j, "id", json_string(event->id));
    json_object_set_new(j, "channel", json_string(event->channel));
    if (event->from) {
      const char *address = event->from->address[0] ? event->from->address : event->from->raw;
      json_object_set_new(j, "from", json_string(address));
      set(j, "name", slice_text(event->from->name));
    }
    set(j, "subject", slice_text(event->subject));
    struct slice text = slice_text(event->text);
    char *line = utf8_one_line(v->arena, slice_of(text.at, utf8_cut(text, PREVIEW)));
    set(j, "text", slice_text(line));
    json_object_set_new(item, "event", j);
  }
  freeReplyObject(reply);
  return 0;
}

enum { OPEN_CONVERSATION, OPEN_ITEM, OPEN_STATE, OPEN_QUEUE, OPEN_AGENTS, OPEN_UNTIL, OPEN_CHANNEL, OPEN_REFERENCE, OPEN_SUBJECT,
       OPEN_LAST_MS, OPEN_FIELDS };

static json_t *open_json(const redisReply *row) {
  json_t *j = json_object();
  json_object_set_new(j, "conversation", json_string(reply_text(row->element[OPEN_CONVERSATION])));
  json_object_set_new(j, "item", json_string(reply_text(row->element[OPEN_ITEM])));
  set(j, "state", slice_text(reply_text(row->element[OPEN_STATE])));
  set(j, "queue", slice_text(reply_text(row->element[OPEN_QUEUE])));
  json_object_set_new(j, "agents", names_json(slice_text(reply_text(row->element[OPEN_AGENTS]))));
  set_time(j, "until", slice_text(reply_text(row->element[OPEN_UNTIL])));
  set(j, "channel", slice_text(reply_text(row->element[OPEN_CHANNEL])));
  set(j, "reference", slice_text(reply_text(row->element[OPEN_REFERENCE])));
  set(j, "subject", slice_text(reply_text(row->element[OPEN_SUBJECT])));
  set_time(j, "last_message", slice_text(reply_text(row->element[OPEN_LAST_MS])));
  return j;
}

/* What else of this customer is open, as it stands now. */
static int set_open(struct desk_view *v, json_t *item, const char *id) {
  const char *customer = json_string_value(json_object_get(item, "customer"));
  auto_reply *rows = customer ? CALL(v, "FCALL_RO", "deskbell_open", "1", TAG, "0", customer) : NULL;
  if (!customer || !rows)
    return customer ? -EIO : 0;
  json_t *list = json_array();
  for (size_t i = 0; i < rows->elements; i++) {
    const redisReply *row = rows->element[i];
    if (row->elements >= OPEN_FIELDS && strcmp(reply_text(row->element[OPEN_ITEM]), id) != 0)
      json_array_append_new(list, open_json(row));
  }
  json_object_set_new(item, "open_conversations", list);
  return 0;
}

int item_json(struct desk_view *v, const char *id, json_t **ret) {
  char key[128];
  snprintf(key, sizeof(key), TAG ":item:%.64s", id);
  auto_reply *reply = CALL(v, "HMGET", key, "state", "queue", "agent", "changed", "facts", "reason", "offered",
                           "until", "note", "into");
  if (!reply)
    return -EIO;
  if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 10 || reply->element[0]->type != REDIS_REPLY_STRING)
    return -ENOENT;
  struct slice facts[FACT_COUNT];
  split_parts(slice_text(reply_text(reply->element[4])), '\x1f', facts, FACT_COUNT);
  json_t *item = json_object();
  json_object_set_new(item, "id", json_string(id));
  set(item, "state", slice_text(reply_text(reply->element[0])));
  set(item, "queue", slice_text(reply_text(reply->element[1])));
  set(item, "agent", slice_text(reply_text(reply->element[2])));
  set(item, "conversation", facts[FACT_CONVERSATION]);
  set(item, "customer", facts[FACT_CUSTOMER]);
  set_number(item, "priority", facts[FACT_PRIORITY]);
  set_time(item, "deadline", facts[FACT_DEADLINE]);
  set(item, "skills", facts[FACT_SKILLS]);
  set(item, "rule", facts[FACT_RULE]);
  set(item, "reason", slice_text(reply_text(reply->element[5])));
  if (reply_text(reply->element[6])[0])
    json_object_set_new(item, "offered", names_json(slice_text(reply_text(reply->element[6]))));
  set_time(item, "until", slice_text(reply_text(reply->element[7])));
  set(item, "note", slice_text(utf8_one_line(v->arena, slice_text(reply_text(reply->element[8])))));
  set(item, "into", slice_text(reply_text(reply->element[9])));
  set_number(item, "desk_version", facts[FACT_DESK]);
  set_time(item, "created", facts[FACT_CREATED]);
  set_time(item, "changed", slice_text(reply_text(reply->element[3])));
  snprintf(key, sizeof(key), TAG ":conv:%.*s", (int)facts[FACT_CONVERSATION].len, facts[FACT_CONVERSATION].at);
  auto_reply *conversation = CALL(v, "HMGET", key, "item", "messages");
  int r = conversation ? 0 : -EIO;
  if (r == 0 && conversation->elements == 2 && strcmp(reply_text(conversation->element[0]), id) == 0)
    set_number(item, "messages", slice_text(reply_text(conversation->element[1])));
  if (r == 0)
    r = set_event(v, item, facts[FACT_EVENT]);
  if (r == 0)
    r = set_open(v, item, id);
  if (r < 0) {
    json_decref(item);
    return r;
  }
  *ret = item;
  return 0;
}

static const char *text_of(const json_t *object, const char *name) {
  const char *s = json_string_value(json_object_get(object, name));
  return s ? s : "";
}

/* Whose turn it is, and until when. */
static void print_hands(const json_t *item) {
  const json_t *offered = json_object_get(item, "offered"), *name;
  size_t i;
  json_array_foreach(offered, i, name) printf("%s %s", i ? "," : ", offered to", json_string_value(name));
  if (text_of(item, "agent")[0] && !json_array_size(offered))
    printf(", with %s", text_of(item, "agent"));
  if (text_of(item, "until")[0])
    printf("%s until %s", json_array_size(offered) || text_of(item, "agent")[0] ? "" : ",", text_of(item, "until"));
}

/* "before  4 contacts, 2 conversations begun, the last contact 2026-11-20T…" */
static void print_history(const json_t *h) {
  json_int_t contacts = json_integer_value(json_object_get(h, "contacts"));
  json_int_t conversations = json_integer_value(json_object_get(h, "conversations"));
  printf("    before  %" JSON_INTEGER_FORMAT " contact%s", contacts, contacts == 1 ? "" : "s");
  if (contacts)
    printf(", %" JSON_INTEGER_FORMAT " conversation%s begun, the last contact %s", conversations, conversations == 1 ? "" : "s",
           text_of(h, "last_contact"));
  if (text_of(h, "last_served")[0])
    printf(", last served %s", text_of(h, "last_served"));
  printf(" · known since %s\n", text_of(h, "known_since"));
}

static void print_context(const json_t *context) {
  if (!context)
    return;
  printf("    context %s", text_of(context, "state"));
  if (text_of(context, "name")[0])
    printf(" · %s", text_of(context, "name"));
  size_t i;
  json_t *tag;
  json_array_foreach(json_object_get(context, "tags"), i, tag) printf(" · #%s", json_string_value(tag));
  json_array_foreach(json_object_get(context, "consent"), i, tag)
    printf("%s%s", i ? ", " : " · agreed to ", json_string_value(tag));
  if (json_object_get(context, "value"))
    printf(" · value %g", json_real_value(json_object_get(context, "value")));
  if (text_of(context, "language")[0])
    printf(" · %s", text_of(context, "language"));
  if (json_object_get(context, "profile")) {
    char *profile = json_dumps(json_object_get(context, "profile"), JSON_COMPACT);
    printf(" · %s", profile ? profile : "");
    free(profile);
  }
  if (text_of(context, "as_of")[0])
    printf(" · as of %s", text_of(context, "as_of"));
  printf("\n");
  if (json_object_get(context, "history"))
    print_history(json_object_get(context, "history"));
}

/* "    also    w7kq2m9xd4tabnrfc active in billing, with cy (mail) Invoice 7" */
static void print_open(const json_t *open) {
  size_t i, k;
  const json_t *one, *name;
  json_array_foreach(open, i, one) {
    printf("    also    %s %s in %s", text_of(one, "item"), text_of(one, "state"), text_of(one, "queue"));
    json_array_foreach(json_object_get(one, "agents"), k, name) printf("%s %s", k ? "," : ", with", json_string_value(name));
    printf(" (%s) %s\n", text_of(one, "channel"), text_of(one, "subject"));
  }
}

void item_print(const json_t *item) {
  const json_t *event = json_object_get(item, "event");
  printf("%s  %s in %s, priority %" JSON_INTEGER_FORMAT, text_of(item, "id"), text_of(item, "state"), text_of(item, "queue"),
         json_integer_value(json_object_get(item, "priority")));
  print_hands(item);
  if (text_of(item, "deadline")[0])
    printf(", answer due %s", text_of(item, "deadline"));
  printf(", since %s\n", text_of(item, "created"));
  if (text_of(item, "reason")[0])
    printf("    ! %s\n", text_of(item, "reason"));
  if (text_of(item, "note")[0])
    printf("    note: %s\n", text_of(item, "note"));
  if (event)
    printf("    %s: %s%s%s%s  %s%s%s\n", text_of(event, "channel"), text_of(event, "name"),
           text_of(event, "name")[0] ? " <" : "", text_of(event, "from"), text_of(event, "name")[0] ? ">" : "",
           text_of(event, "subject"), text_of(event, "subject")[0] ? " – " : "", text_of(event, "text"));
  print_context(json_object_get(item, "context"));
  print_open(json_object_get(item, "open_conversations"));
}
