/* SPDX-License-Identifier: Apache-2.0 */
#include "outbound.h"
#include "journal_work.h"
#include "base/clock.h"
#include "base/encode.h"
#include "text/utf8.h"
#include <stdio.h>
#include <stdlib.h>

enum { PREVIEW = 160 };

const char *outbound_words(const char *state) {
  static const struct {
    const char *state, *words;
  } rows[] = {
#define STATE(name, final, text) {#name, text},
#define MOVE(from, to)
#include "outbound/delivery.def"
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
    if (strcmp(rows[i].state, state) == 0)
      return rows[i].words;
  return "";
}

/* ---- one message */

enum form { TEXT, NUMBER, TIME, FLAG };

static const struct field {
  const char *name;
  enum form form;
} fields[] = {{"state", TEXT},      {"kind", TEXT},     {"channel", TEXT},     {"conversation", TEXT}, {"to", TEXT},
              {"agent", TEXT},      {"created", TIME},  {"changed", TIME},     {"expires", TIME},      {"answers", TEXT},
              {"attempt", NUMBER},  {"next_try", TIME}, {"why", TEXT},         {"code", TEXT},         {"destination", TEXT},
              {"parts", NUMBER},
              {"source", TEXT},     {"order", TEXT},    {"taken", FLAG},       {"wish", TEXT},         {"key", TEXT},
              {"entry", TEXT}};
#define FIELDS (sizeof(fields) / sizeof(fields[0]))

static void set_field(json_t *to, const struct field *f, const char *value) {
  uint64_t n = 0;
  char text[RFC3339_LEN + 1];
  bool number = slice_to_u64(slice_text(value), INT64_MAX, &n) == 0;
  if (f->form == TEXT && value[0])
    json_object_set_new(to, f->name, slice_json(slice_text(value)));
  else if (f->form == NUMBER && number)
    json_object_set_new(to, f->name, json_integer((json_int_t)n));
  else if (f->form == FLAG)
    json_object_set_new(to, f->name, json_boolean(value[0] != '\0'));
  else if (f->form == TIME && number && n > 0) {
    clock_rfc3339((int64_t)n, text);
    json_object_set_new(to, f->name, json_string(text));
  }
}

int outbound_json(struct desk_view *v, const char *id, json_t **ret) {
  char key[128];
  const char *argv[2 + FIELDS] = {"HMGET", key};
  snprintf(key, sizeof(key), TAG ":out:%.64s", id);
  for (size_t i = 0; i < FIELDS; i++)
    argv[2 + i] = fields[i].name;
  auto_reply *reply = desk_call(v, 2 + FIELDS, argv);
  if (!reply)
    return -EIO;
  if (reply->elements != FIELDS || reply->element[0]->type != REDIS_REPLY_STRING)
    return -ENOENT;
  json_t *m = json_object();
  json_object_set_new(m, "id", json_string(id));
  for (size_t i = 0; i < FIELDS; i++)
    set_field(m, &fields[i], reply_text(reply->element[i]));
  *ret = m;
  return 0;
}

static const char *text_of(const json_t *object, const char *name) {
  const char *s = json_string_value(json_object_get(object, name));
  return s ? s : "";
}

void outbound_print(const json_t *m) {
  const char *state = text_of(m, "state");
  printf("%s  %-10s %s over %s to %s", text_of(m, "id"), state, text_of(m, "kind"), text_of(m, "channel"),
         text_of(m, "to"));
  if (text_of(m, "agent")[0])
    printf(", by %s", text_of(m, "agent"));
  printf(", %s\n    since %s: %s", text_of(m, "created"), text_of(m, "changed"), outbound_words(state));
  if (text_of(m, "why")[0])
    printf(": %s", text_of(m, "why"));
  if (text_of(m, "code")[0])
    printf(" (%s)", text_of(m, "code"));
  if (json_integer_value(json_object_get(m, "attempt")))
    printf(", try %" JSON_INTEGER_FORMAT, json_integer_value(json_object_get(m, "attempt")));
  if (text_of(m, "destination")[0])
    printf(" at %s", text_of(m, "destination"));
  if (text_of(m, "next_try")[0])
    printf(", next %s", text_of(m, "next_try"));
  if (text_of(m, "order")[0] && json_is_true(json_object_get(m, "taken")))
    printf(", the channel program is to %s it", text_of(m, "order"));
  printf("\n");
}

/* ---- what it says */

static void set(json_t *to, const char *name, const char *value) {
  if (value[0])
    json_object_set_new(to, name, slice_json(slice_text(value)));
}

static void set_list(json_t *to, const char *name, char **list, size_t count) {
  if (count == 0)
    return;
  json_t *array = json_array();
  for (size_t i = 0; i < count; i++)
    json_array_append_new(array, slice_json(slice_text(list[i])));
  json_object_set_new(to, name, array);
}

static void set_attachments(json_t *to, const Deskbell__V1__OutboundMessage *m) {
  if (m->n_attachments == 0)
    return;
  json_t *array = json_array();
  for (size_t i = 0; i < m->n_attachments; i++) {
    const event_attachment *a = m->attachments[i];
    json_t *one = json_object();
    set(one, "name", a->name);
    set(one, "type", a->type);
    if (a->blob && a->blob->sha256.len == 32) {
      char hex[HEX_LEN(32) + 1];
      hex_encode(a->blob->sha256.data, 32, hex);
      json_object_set_new(one, "size", json_integer((json_int_t)a->blob->size));
      json_object_set_new(one, "sha256", json_string(hex));
    }
    json_array_append_new(array, one);
  }
  json_object_set_new(to, "attachments", array);
}

json_t *outbound_content(struct desk_view *v, struct slice packed) {
  arena_reset(v->arena);
  Deskbell__V1__OutboundMessage *m =
      deskbell__v1__outbound_message__unpack(arena_protobuf(v->arena), packed.len, (const uint8_t *)packed.at);
  json_t *j = json_object();
  if (!m)
    return j;
  const struct {
    const char *name, *value;
  } rows[] = {{"id", m->id},           {"channel", m->channel},         {"to", m->to},
              {"to_name", m->to_name}, {"subject", m->subject},         {"text", m->text},
              {"html", m->html},       {"in_reply_to", m->in_reply_to}, {"message_id", m->message_id},
              {"agent", m->agent},     {"language", m->language},       {"in_answer_to", m->in_answer_to}};
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
    set(j, rows[i].name, rows[i].value);
  set_list(j, "cc", m->cc, m->n_cc);
  set_list(j, "references", m->references, m->n_references);
  set_attachments(j, m);
  return j;
}

int outbound_packed(struct desk_view *v, const char *id, struct buf *ret) {
  char key[128];
  snprintf(key, sizeof(key), TAG ":out:%.64s", id);
  auto_reply *reply = CALL(v, "HMGET", key, "message", "entry");
  if (!reply)
    return -EIO;
  if (reply->elements == 2 && reply->element[0]->type == REDIS_REPLY_STRING)
    return buf_add(ret, reply->element[0]->str, reply->element[0]->len) == 0 ? 0 : -ENOENT;
  const char *cursor = reply->elements == 2 ? reply_text(reply->element[1]) : "";
  redisReply *stored = NULL;
  struct entry e;
  int r = cursor[0] ? entry_get(v, cursor, &stored, &e) : -ENOENT;
  if (r == 0)
    r = slice_equal(e.type, SLICE("outbound")) && buf_add_slice(ret, e.event) == 0 ? 0 : -ENOENT;
  reply_free(&stored);
  return r;
}

/* ---- what happened to it */

bool outbound_of_entry(const struct entry *e, struct slice *ret_id, struct slice *ret_rest) {
  static const char *const types[] = {"outbound", "outbound_state", "outbound_order", "reopen"};
  bool about = slice_equal(e->type, SLICE("event")) && slice_equal(e->meta[META_HOW], SLICE("outbound"));
  for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
    about = about || slice_equal(e->type, slice_text(types[i]));
  about = about && !work_type_of(e);
  struct slice rest = e->meta[META_EVIDENCE];
  if (!about || !slice_split(&rest, ' ', ret_id))
    return false;
  *ret_rest = rest;
  return true;
}

static void add_step(json_t *one, int64_t at_ms, const char *step, const char *detail) {
  char at[RFC3339_LEN + 1];
  json_t *s = json_object();
  clock_rfc3339(at_ms, at);
  json_object_set_new(s, "at", json_string(at));
  json_object_set_new(s, "step", json_string(step));
  json_object_set_new(s, "detail", slice_json(slice_text(detail)));
  json_array_append_new(json_object_get(one, "steps"), s);
}

static void add_words(struct buf *b, const char *before, const char *text, const char *behind) {
  if (text[0])
    buf_printf(b, "%s%s%s", before, text, behind);
}

/* What the report itself says; of a status event. */
static void say_report(struct desk_view *v, const struct entry *e, struct buf *b) {
  const contact_event *event = entry_event(v, e);
  const Deskbell__V1__DeliveryStatus *s = event ? event->status : NULL;
  char at[RFC3339_LEN + 1];
  if (!s)
    return;
  add_words(b, ": ", s->why[0] || s->state[0] ? s->why : s->provider_status, "");
  add_words(b, " (", s->code[0] ? s->code : s->error_code, ")");
  if (s->attempt)
    buf_printf(b, ", try %u", s->attempt);
  add_words(b, " at ", s->destination, "");
  if (s->next_try_ms > 0) {
    clock_rfc3339(s->next_try_ms, at);
    buf_printf(b, ", next %s", at);
  }
}

static void word(struct slice *rest, char *ret, size_t room) {
  struct slice first = SLICE("");
  ret[0] = '\0';
  if (slice_split(rest, ' ', &first))
    snprintf(ret, room, "%.*s", (int)first.len, first.at);
}

/* "queued failed why" of a change, "queued why" of a creation, "cancel why" of an order, words of the others. */
static void say_step(struct desk_view *v, json_t *one, const struct entry *e, struct slice rest) {
  auto_clean(buf_free) struct buf b = BUF_INIT(4096);
  char first[32], second[32], why[1200];
  struct slice agent = e->meta[META_AGENT];
  bool reopened = slice_equal(e->type, SLICE("reopen")), created = slice_equal(e->type, SLICE("outbound"));
  bool report = slice_equal(e->type, SLICE("event")), ordered = slice_equal(e->type, SLICE("outbound_order"));
  snprintf(why, sizeof(why), "%.*s", (int)rest.len, rest.at);
  if (reopened) {
    buf_printf(&b, "work item %.*s: %s", (int)e->meta[META_WORK_ITEM].len, e->meta[META_WORK_ITEM].at, why);
    add_step(one, entry_at(e), "reopened", buf_slice(&b).at);
    return;
  }
  if (strncmp(why, "ignored: ", 9) == 0) {
    buf_add_text(&b, why);
    say_report(v, e, &b);
    add_step(one, entry_at(e), "reported", buf_slice(&b).at);
    return;
  }
  word(&rest, first, sizeof(first));
  if (!created && !ordered)
    word(&rest, second, sizeof(second));
  const char *state = created || ordered ? first : second;
  snprintf(why, sizeof(why), "%.*s", (int)rest.len, rest.at);
  buf_add_text(&b, ordered ? "to the channel program" : outbound_words(state));
  if (agent.len)
    buf_printf(&b, ", by %.*s", (int)agent.len, agent.at);
  add_words(&b, ": ", why, "");
  if (report)
    say_report(v, e, &b);
  add_step(one, entry_at(e), ordered ? first : state, buf_slice(&b).at);
}

/* The trace of this message in the list; made when it is not there yet. */
static json_t *trace_of(struct desk_view *v, json_t *list, struct slice id) {
  size_t i;
  json_t *one, *now = NULL;
  json_array_foreach(list, i, one)
    if (slice_equal(slice_text(text_of(one, "outbound")), id))
      return one;
  char text[64];
  snprintf(text, sizeof(text), "%.*s", (int)id.len, id.at);
  one = json_object();
  json_object_set_new(one, "outbound", json_string(text));
  if (outbound_json(v, text, &now) == 0) {
    static const char *const names[] = {"kind", "channel", "state", "conversation", "to"};
    for (size_t n = 0; n < sizeof(names) / sizeof(names[0]); n++)
      json_object_set(one, names[n], json_object_get(now, names[n]));
    json_decref(now);
  }
  json_object_set_new(one, "steps", json_array());
  json_array_append_new(list, one);
  return one;
}

json_t *outbound_traces(struct desk_view *v, const char *conversation, const char *id) {
  enum { MOST = 2000 };
  char cursors[MOST][48];
  size_t count = 0;
  struct chain chain;
  struct entry e;
  struct slice of, rest;
  chain_open(&chain, v, conversation);
  while (count < MOST && chain_next(&chain, &e))
    if (outbound_of_entry(&e, &of, &rest) && (!id[0] || slice_equal(of, slice_text(id))))
      snprintf(cursors[count++], sizeof(cursors[0]), "%s", e.cursor);
  chain_close(&chain);
  json_t *list = json_array();
  while (count > 0) {
    redisReply *reply = NULL;
    if (entry_get(v, cursors[--count], &reply, &e) == 0 && outbound_of_entry(&e, &of, &rest))
      say_step(v, trace_of(v, list, of), &e, rest);
    reply_free(&reply);
  }
  return list;
}
