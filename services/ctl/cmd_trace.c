/* SPDX-License-Identifier: Apache-2.0 */
/*
 * deskbell trace WHAT: "where is my message?" WHAT is an event id, a reference, a conversation, a work item, an
 * outbound message, a customer's address, a Message-ID or a provider's id. The direct ways are tried first (keys),
 * then the journal is searched from its end.
 */
#include "base/clock.h"
#include "base/encode.h"
#include "conversation.h"
#include "item.h"
#include "journal_work.h"
#include "outbound.h"
#include "text/address.h"
#include "threading.h"
#include <stdio.h>
#include <stdlib.h>

enum { SEARCH_MOST = 200000, FOUND_MAX = 50, LIFE_MAX = 1000, WORDS_MAX = 4096 };

struct trace {
  struct desk_view *view;
  const char *what;
  char key[512];               /* WHAT as an address key; "" when it is none */
  json_t *found;               /* array of traces */
};

/* ---- one event's trace */

static void add_step(json_t *steps, int64_t at_ms, const char *step, const char *detail) {
  char text[RFC3339_LEN + 1];
  if (at_ms <= 0)
    return;
  clock_rfc3339(at_ms, text);
  json_t *s = json_object();
  json_object_set_new(s, "at", json_string(text));
  json_object_set_new(s, "step", json_string(step));
  json_object_set_new(s, "detail", json_string(detail));
  json_array_append_new(steps, s);
}

static void words(char *ret, size_t room, const char *format, struct slice a, struct slice b) {
  char x[300], y[300];
  snprintf(x, sizeof(x), "%.*s", (int)(a.len > 256 ? 256 : a.len), a.at);
  snprintf(y, sizeof(y), "%.*s", (int)(b.len > 256 ? 256 : b.len), b.at);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  snprintf(ret, room, format, x, y);
#pragma GCC diagnostic pop
}

static void decision_steps(json_t *steps, const struct entry *e, const contact_event *event) {
  char text[700];
  int64_t at = entry_at(e);
  if (slice_equal(e->type, SLICE("quarantine"))) {
    words(text, sizeof(text), "could not be read: %s; kept with its original (deskbell quarantine show %s)",
          e->meta[META_EVIDENCE], e->meta[META_EVENT]);
    add_step(steps, at, "quarantined", text);
    return;
  }
  struct slice context[2];
  split_parts(e->meta[META_CONTEXT], '\x1e', context, 2);
  words(text, sizeof(text), "customer %s, context %s", e->meta[META_CUSTOMER].len ? e->meta[META_CUSTOMER] : SLICE("unknown"),
        context[0]);
  add_step(steps, at, "identified", text);
  auto_clean(buf_free) struct buf why = BUF_INIT(WORDS_MAX);
  threading_words(e->meta[META_CONVERSATION], e->meta[META_HOW], e->meta[META_EVIDENCE], event, &why);
  buf_add(&why, "", 1);
  add_step(steps, at, "threaded", why.at ? why.at : "");
  if (e->meta[META_RULE].len) {
    words(text, sizeof(text), "rule \"%s\" of desk version %s", e->meta[META_RULE], e->meta[META_DESK]);
    add_step(steps, at, "decided", text);
  }
  if (e->meta[META_WORK_ITEM].len) {
    words(text, sizeof(text), "work item %s in queue %s", e->meta[META_WORK_ITEM], e->meta[META_QUEUE]);
    add_step(steps, at, "enqueued", text);
  }
}

/* What people did with a conversation that concerns one message: `first` is where it was put, `now` where it is; the
 * chain looked at is one of the two. */
static bool is_about(const struct entry *at, const struct entry *e, const char *first, const char *now) {
  struct slice evidence = at->meta[META_EVIDENCE];
  char event[EVENT_ID_LEN + 1];
  snprintf(event, sizeof(event), "%.*s", (int)e->meta[META_EVENT].len, e->meta[META_EVENT].at);
  bool moved = slice_equal(at->type, SLICE("move")), cut = threading_has(evidence, "at");
  if (slice_equal(at->type, SLICE("merge")))
    return threading_has(evidence, "into");
  if (!moved && !cut)
    return threading_has(evidence, "out_of");
  if (moved && !threading_has(evidence, event))
    return false;
  if (threading_has(evidence, "without"))
    return moved || threading_has(evidence, now);
  return !slice_equal(at->meta[META_CONVERSATION], slice_text(first)) && !threading_has(evidence, first);
}

/* The automatic first answer, or why there was none; of the message that began the conversation. */
static bool acknowledgement_step(json_t *steps, const struct entry *at, const struct entry *e) {
  struct slice evidence = at->meta[META_EVIDENCE], first = SLICE("");
  bool silent = slice_equal(at->type, SLICE("acknowledge")) && slice_equal(at->meta[META_EVENT], e->meta[META_EVENT]);
  bool made = slice_equal(at->type, SLICE("outbound")) && slice_equal(at->meta[META_RULE], SLICE("acknowledgement")) &&
              slice_equal(e->meta[META_HOW], SLICE("new"));
  char text[700];
  if (!silent && !made)
    return false;
  (void)!slice_split(&evidence, ' ', &first);
  words(text, sizeof(text), silent ? "%s%s" : "%s%s: deskbell trace shows what became of it", silent ? evidence : first,
        SLICE(""));
  add_step(steps, entry_at(at), silent ? "not acknowledged" : "acknowledged", text);
  return true;
}

/* What became of the work item that the message came under. */
static bool work_step(json_t *steps, const struct entry *at, const struct entry *e) {
  const struct work_type *type = work_type_of(at);
  if (!type || !slice_equal(at->meta[META_WORK_ITEM], e->meta[META_WORK_ITEM]))
    return type != NULL;
  auto_clean(buf_free) struct buf text = BUF_INIT(WORDS_MAX);
  work_words(at, &text);
  buf_add(&text, "", 1);
  add_step(steps, entry_at(at), type->step, text.at ? text.at : "");
  return true;
}

static void life_step(json_t *steps, const struct entry *at, const struct entry *e) {
  static const struct {
    const char *type, *step, *format;
    bool item; /* about its work item, not its conversation */
  } rows[] = {{"done", "done", "ended by %s%s", true},
              {"merge", "merged", "by %s: %s", false},
              {"split", "split", "by %s: %s", false},
              {"move", "moved", "by %s: %s", false}};
  char text[700], what[400];
  if (acknowledgement_step(steps, at, e) || work_step(steps, at, e))
    return;
  struct slice agent = at->meta[META_AGENT].len ? at->meta[META_AGENT] : SLICE("the operator");
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    if (!slice_equal(at->type, slice_text(rows[i].type)) ||
        (rows[i].item && !slice_equal(at->meta[META_WORK_ITEM], e->meta[META_WORK_ITEM])))
      continue;
    words(what, sizeof(what), "%s %s", at->meta[META_CONVERSATION], at->meta[META_EVIDENCE]);
    struct slice about = rows[i].item ? SLICE("") : slice_text(what);
    words(text, sizeof(text), rows[i].format, agent, about);
    add_step(steps, entry_at(at), rows[i].step, text);
  }
}

/* What happened afterwards in one conversation: its chain of entries, from its end. */
static void life_steps(struct trace *t, json_t *steps, const struct entry *e, const char *chain, const char *first,
                       const char *now) {
  struct chain entries;
  struct entry at;
  chain_open(&entries, t->view, chain);
  for (int n = 0; n < LIFE_MAX && chain_next(&entries, &at) && cursor_compare(at.cursor, e->cursor) > 0; n++) {
    bool place = slice_equal(at.type, SLICE("merge")) || slice_equal(at.type, SLICE("split")) ||
                 slice_equal(at.type, SLICE("move"));
    if (!slice_equal(at.type, SLICE("event")) && (!place || is_about(&at, e, first, now)))
      life_step(steps, &at, e);
  }
  chain_close(&entries);
}

static int by_time(const void *a, const void *b) {
  json_t *const *x = a, *const *y = b;
  return strcmp(json_string_value(json_object_get(*x, "at")), json_string_value(json_object_get(*y, "at")));
}

/* What happened in the conversation it was put into, and in the one it is in now when people decided otherwise. */
static void later_steps(struct trace *t, json_t *one, json_t *steps, const struct entry *e) {
  struct conversation place, now;
  char first[64];
  snprintf(first, sizeof(first), "%.*s", (int)e->meta[META_CONVERSATION].len, e->meta[META_CONVERSATION].at);
  json_t *found = json_array(), *sorted[2 * LIFE_MAX];
  struct arena *a = arena_new(16 * 1024, 4 * 1024 * 1024);
  bool elsewhere = conversation_of(t->view, a, e->cursor, first, &place) == 0 &&
                   conversation_survivor(t->view, a, &place, &now) == 0 && strcmp(now.id, first) != 0;
  life_steps(t, found, e, first, first, elsewhere ? place.id : first);
  if (elsewhere) {
    life_steps(t, found, e, now.id, first, place.id);
    json_object_set_new(one, "conversation", json_string(now.id));
  }
  size_t count = json_array_size(found);
  for (size_t i = 0; i < count; i++)
    sorted[i] = json_array_get(found, count - 1 - i);
  qsort(sorted, count, sizeof(sorted[0]), by_time);
  for (size_t i = 0; i < count; i++)
    json_array_append(steps, sorted[i]);
  json_decref(found);
  arena_free(&a);
}

static bool known(const struct trace *t, struct slice event_id) {
  size_t i;
  json_t *one;
  json_array_foreach(t->found, i, one)
    if (slice_equal(slice_text(json_string_value(json_object_get(one, "event"))), event_id))
      return true;
  return false;
}

static void add_trace(struct trace *t, const struct entry *e) {
  if (!e->meta[META_EVENT].len || json_array_size(t->found) >= FOUND_MAX || known(t, e->meta[META_EVENT]) ||
      slice_equal(e->type, SLICE("quarantine_end")) || slice_equal(e->type, SLICE("acknowledge")))
    return;
  contact_event *event = entry_event(t->view, e);
  json_t *one = json_object(), *steps = json_array();
  json_object_set_new(one, "event", slice_json(e->meta[META_EVENT]));
  if (event) {
    json_object_set_new(one, "kind", json_string(event_kind_text(event->kind)));
    json_object_set_new(one, "channel", json_string(event->channel));
    json_object_set_new(one, "source_id", json_string(event->source_id));
  }
  json_object_set_new(one, "conversation", slice_json(e->meta[META_CONVERSATION]));
  json_object_set_new(one, "work_item", slice_json(e->meta[META_WORK_ITEM]));
  json_object_set_new(one, "queue", slice_json(e->meta[META_QUEUE]));
  int64_t times[4];
  entry_trace(e, times);
  char text[200];
  snprintf(text, sizeof(text), "over channel %.32s%s%.40s", event ? event->channel : "?",
           event && event->signature[0] ? ", proven by " : "", event ? event->signature : "");
  add_step(steps, times[0], "taken", text);
  add_step(steps, times[1], "spooled", "synced to disk, then the source was answered");
  add_step(steps, times[2], "sent", "over the link");
  add_step(steps, times[3], "received", "by the router");
  decision_steps(steps, e, event);
  if (e->meta[META_CONVERSATION].len)
    later_steps(t, one, steps, e);
  json_object_set_new(one, "steps", steps);
  json_array_append_new(t->found, one);
}

/* ---- ways to find events */

static void by_event(struct trace *t, const char *id) {
  redisReply *reply = NULL;
  struct entry e;
  if (entry_of_event(t->view, id, &reply, &e) == 0) {
    add_trace(t, &e);
    freeReplyObject(reply);
  }
}

/* Of one outbound message ("": of all) of a conversation. */
static void add_outbound(struct trace *t, const char *conversation, const char *id) {
  json_t *list = outbound_traces(t->view, conversation, id), *one;
  size_t i;
  json_array_foreach(list, i, one)
    if (json_array_size(t->found) < FOUND_MAX)
      json_array_append(t->found, one);
  json_decref(list);
}

static void by_outbound(struct trace *t, const char *id) {
  char key[128];
  snprintf(key, sizeof(key), TAG ":out:%.64s", id);
  auto_reply *conversation = CALL(t->view, "HGET", key, "conversation");
  if (reply_text(conversation)[0])
    add_outbound(t, reply_text(conversation), id);
}

/* All events that belong to a conversation, or to the one that took it over, the latest first; then what went out. */
static void by_conversation(struct trace *t, const char *id) {
  struct conversation c, survivor;
  struct said_list list = {0};
  struct arena *a = arena_new(64 * 1024, 64 * 1024 * 1024);
  if (conversation_read(t->view, a, id, &c) == 0 && conversation_survivor(t->view, a, &c, &survivor) == 0 &&
      conversation_all(t->view, a, &survivor, &list) == 0)
    for (size_t i = list.count; i > 0; i--) {
      redisReply *reply = NULL;
      struct slice outbound, rest;
      struct entry e;
      if (entry_get(t->view, list.at[i - 1]->cursor, &reply, &e) < 0)
        break;
      if (!outbound_of_entry(&e, &outbound, &rest))
        add_trace(t, &e);
      freeReplyObject(reply);
    }
  arena_free(&a);
  add_outbound(t, id, "");
}

static void by_item(struct trace *t, const char *id) {
  char key[128], conversation[64];
  snprintf(key, sizeof(key), TAG ":item:%.64s", id);
  auto_reply *facts = CALL(t->view, "HGET", key, "facts");
  struct slice first;
  split_parts(slice_text(reply_text(facts)), '\x1f', &first, 1);
  snprintf(conversation, sizeof(conversation), "%.*s", (int)first.len, first.at);
  if (conversation[0])
    by_conversation(t, conversation);
}

static void by_key(struct trace *t, const char *format, const char *what) {
  char key[512];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  snprintf(key, sizeof(key), format, what);
#pragma GCC diagnostic pop
  auto_reply *id = CALL(t->view, "GET", key);
  if (id && id->type == REDIS_REPLY_STRING)
    by_conversation(t, id->str);
}

/* A provider's or source's own id: the event's id follows from it, channel by channel; or it is of what went out. */
static void by_source(struct trace *t) {
  static const char *const kinds[] = {"message", "form"};
  for (size_t c = 0; c < t->view->config->channel_count; c++) {
    char key[1200];
    snprintf(key, sizeof(key), TAG ":out:source:%.64s:%s", t->view->config->channels[c].name, t->what);
    auto_reply *outbound = CALL(t->view, "GET", key);
    char sent[64];
    snprintf(sent, sizeof(sent), "%.*s", (int)strcspn(reply_text(outbound), " "), reply_text(outbound)); /* of a part: its number */
    if (sent[0])
      by_outbound(t, sent);
    for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
      struct event_id id = event_id_make(slice_text(t->view->config->channels[c].name), slice_text(kinds[k]),
                                         slice_text(t->what), SLICE(""));
      char text[EVENT_ID_LEN + 1];
      event_id_text(&id, text);
      by_event(t, text);
    }
  }
}

static bool entry_matches(struct trace *t, const struct entry *e) {
  struct slice what = slice_text(t->what);
  if (slice_equal(e->meta[META_CUSTOMER], what))
    return true;
  if (!memmem(e->event.at, e->event.len, t->what, what.len) &&
      !(t->key[0] && memmem(e->event.at, e->event.len, t->key, strlen(t->key))))
    return false; /* cheap first look: the strings stand in the packed bytes as they are */
  contact_event *event = entry_event(t->view, e);
  if (!event)
    return false;
  if (strcmp(event->source_id, t->what) == 0 || strcmp(event->reference, t->what) == 0 ||
      (event->thread && strcmp(event->thread->message_id, t->what) == 0))
    return true;
  return event->from && (strcmp(event->from->address, t->what) == 0 || (t->key[0] && strcmp(event->from->key, t->key) == 0));
}

/* Our own Message-ID, or whom it went to. */
static void match_outbound(struct trace *t, const struct entry *e) {
  struct slice id, rest;
  char text[64];
  bool hit = memmem(e->event.at, e->event.len, t->what, strlen(t->what)) ||
             (t->key[0] && memmem(e->event.at, e->event.len, t->key, strlen(t->key)));
  if (!hit || !outbound_of_entry(e, &id, &rest))
    return;
  snprintf(text, sizeof(text), "%.*s", (int)id.len, id.at);
  by_outbound(t, text);
}

static bool search_journal(struct trace *t) {
  char before[72] = "+";
  for (size_t seen = 0; seen < SEARCH_MOST && json_array_size(t->found) < FOUND_MAX;) {
    auto_reply *reply = CALL(t->view, "XREVRANGE", TAG ":journal", before, "-", "COUNT", "1000");
    if (!reply)
      return false;
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements == 0)
      return true;
    for (size_t i = 0; i < reply->elements; i++) {
      struct entry e;
      if (!entry_read(reply->element[i], &e))
        continue;
      snprintf(before, sizeof(before), "(%s", e.cursor);
      if (slice_equal(e.type, SLICE("outbound")))
        match_outbound(t, &e);
      else if (entry_matches(t, &e))
        add_trace(t, &e);
    }
    seen += reply->elements;
  }
  return true;
}

static bool looks_like(const char *s, char prefix, size_t len) {
  return s[0] == prefix && strlen(s) == len && strspn(s, "0123456789abcdefghjkmnpqrstvwxyz") == len;
}

static bool find(struct trace *t) {
  const char *w = t->what;
  if (strlen(w) == EVENT_ID_LEN)
    by_event(t, w);
  if (looks_like(w, 'v', DERIVED_ID_LEN))
    by_conversation(t, w);
  if (looks_like(w, 'w', DERIVED_ID_LEN))
    by_item(t, w);
  if (looks_like(w, 'o', DERIVED_ID_LEN))
    by_outbound(t, w);
  if (strlen(w) == REFERENCE_LEN && w[4] == '-')
    by_key(t, TAG ":ref:%.64s", w);
  if (json_array_size(t->found) == 0)
    by_source(t);
  return json_array_size(t->found) > 0 || search_journal(t);
}

/* ---- output */

static const char *text_or(const json_t *one, const char *name, const char *otherwise) {
  const char *text = json_string_value(json_object_get(one, name));
  return text ? text : otherwise;
}

static void print_trace(const json_t *one) {
  if (json_object_get(one, "outbound"))
    printf("outbound %s  %s over %s to %s: %s\n", text_or(one, "outbound", "?"), text_or(one, "kind", "forgotten"),
           text_or(one, "channel", "?"), text_or(one, "to", "?"), text_or(one, "state", "?"));
  else
    printf("event %s  %s on %s, source id %s\n", text_or(one, "event", "?"), text_or(one, "kind", "unreadable"),
           text_or(one, "channel", "?"), text_or(one, "source_id", "?"));
  size_t i;
  json_t *step;
  json_array_foreach(json_object_get(one, "steps"), i, step)
    printf("  %s  %-11s %s\n", json_string_value(json_object_get(step, "at")),
           json_string_value(json_object_get(step, "step")), json_string_value(json_object_get(step, "detail")));
}

int cmd_trace(struct ctl *ctl, int argc, char **argv) {
  if (argc != 2 || !argv[1][0])
    return ctl_wrong_usage(ctl, "trace what?");
  struct desk_view v;
  int status = desk_view_open(ctl, &v);
  if (status != CTL_OK)
    return status;
  char what[1000];
  size_t len = strlen(argv[1]);
  bool angled = argv[1][0] == '<' && len > 2 && argv[1][len - 1] == '>';
  snprintf(what, sizeof(what), "%.*s", (int)(angled ? len - 2 : len), argv[1] + (angled ? 1 : 0));
  struct trace t = {.view = &v, .what = what, .found = json_array()};
  char *key = NULL;
  if (address_key_of(v.arena, slice_text(what), &key) == 0)
    snprintf(t.key, sizeof(t.key), "%s", key);
  if (!find(&t))
    status = CTL_FAILED;
  else if (json_array_size(t.found) == 0)
    status = ctl_fail(ctl, "nothing is known of \"%s\": not in the journal. If its source was answered with success, it still "
                           "waits in a spool; see `deskbell check`", argv[1]);
  else if (ctl->json)
    print_json(json_incref(t.found));
  else {
    size_t i;
    json_t *one;
    json_array_foreach(t.found, i, one) print_trace(one);
  }
  json_decref(t.found);
  desk_view_close(&v);
  return status;
}
