/* SPDX-License-Identifier: Apache-2.0 */
#include "simulate_read.h"
#include "plan/worth.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { RECIPIENTS_MOST = 100, MARKS_ROOM = 8192 };

#define CONTACT "org.deskbell.contact."

/* ---- members */

static struct slice text_of(const json_t *from, const char *name) {
  const json_t *j = json_object_get(from, name);
  return json_is_string(j) ? slice_of(json_string_value(j), json_string_length(j)) : SLICE("");
}

/* "2026-11-24T09:30:00.123Z", as clock_rfc3339() writes it; the fraction may be missing. */
static bool time_of(struct slice text, int64_t *ret_ms) {
  struct tm t = {0};
  char copy[40];
  if (text.len < 20 || text.len >= sizeof(copy))
    return false;
  memcpy(copy, text.at, text.len);
  copy[text.len] = '\0';
  const char *end = strptime(copy, "%Y-%m-%dT%H:%M:%S", &t);
  char *behind = NULL;
  double fraction = end && *end == '.' ? strtod(end, &behind) : 0;
  if (!end || strcmp(behind ? behind : end, "Z") != 0 || t.tm_year < 70)
    return false;
  *ret_ms = (int64_t)timegm(&t) * 1000 + (int64_t)(fraction * 1000 + 0.5);
  return true;
}

static void cursor_of(const json_t *event, struct history_fact *f) {
  struct slice rest = text_of(event, "cursor"), ms;
  uint64_t number = 0;
  if (slice_split(&rest, '-', &ms) && slice_to_u64(ms, INT64_MAX, &f->cursor_ms) == 0 &&
      slice_to_u64(rest, UINT32_MAX, &number) == 0)
    f->cursor_number = number;
}

/* A list of texts, a text with marks between separators, or an object of those that are true: "|a|b|". */
static void add_marks(struct buf *b, const json_t *from) {
  size_t i;
  const char *name;
  json_t *one;
  buf_add_char(b, '|');
  json_array_foreach(from, i, one) if (json_is_string(one)) buf_printf(b, "%s|", json_string_value(one));
  json_object_foreach((json_t *)from, name, one) if (json_is_true(one)) buf_printf(b, "%s|", name);
  for (const char *at = json_string_value(from); at && *at;) {
    size_t len = strcspn(at, ";,| \t\n");
    if (len)
      buf_printf(b, "%.*s|", (int)len, at);
    at += len + (at[len] != '\0');
  }
}

/* ---- a contact event */

struct contact_room {
  struct slice recipients[RECIPIENTS_MOST];
  struct buf tags, consents;
};

static size_t recipients_of(const json_t *data, struct slice ret[RECIPIENTS_MOST]) {
  const json_t *list = json_object_get(data, "to");
  size_t count = 0;
  for (size_t i = 0; i < json_array_size(list) && count < RECIPIENTS_MOST; i++)
    ret[count++] = text_of(json_array_get(list, i), "address");
  return count;
}

/* The kinds that rules know; what only asks for silence is none (AR-17). */
static struct slice automatic_of(const json_t *data) {
  static const char *const kinds[] = {"reply", "bounce", "report", "list", "bulk"};
  struct slice kind = text_of(json_object_get(data, "automatic"), "kind");
  for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
    if (slice_equal(kind, slice_text(kinds[i])))
      return kind;
  return SLICE("");
}

static void fill_customer(const json_t *data, struct contact_room *room, struct history_contact *c) {
  const json_t *context = json_object_get(data, "context"), *value = json_object_get(context, "value");
  add_marks(&room->tags, json_object_get(context, "tags"));
  add_marks(&room->consents, json_object_get(json_object_get(context, "profile"), "consent"));
  c->customer = text_of(data, "customer");
  c->tags = buf_slice(&room->tags);
  c->consents = buf_slice(&room->consents);
  c->language = text_of(context, "language");
  c->last_agent = text_of(context, "last_agent");
  c->value = json_is_number(value) ? json_number_value(value) : NAN;
  c->open = (double)json_array_size(json_object_get(context, "open_conversations"));
}

/* The journal leaves out a profile of more than 2 KiB: then only tags and value count. */
static void set_worth(const struct simulate_reading *r, const json_t *data, int64_t at_ms, struct history_contact *c) {
  const json_t *profile = json_object_get(json_object_get(data, "context"), "profile");
  bool asked = r->desks[0]->factor_count || r->desks[1]->factor_count;
  char *text = asked && profile ? json_dumps(profile, JSON_COMPACT) : NULL;
  for (size_t i = 0; i < 2; i++)
    c->worth[i] = desk_worth(r->desks[i], c->tags.at, c->value, slice_text(text), at_ms);
  free(text);
}

static const char *add_contact(struct simulate_reading *r, const json_t *data, struct history_fact *f) {
  struct contact_room room = {.tags = BUF_INIT(MARKS_ROOM), .consents = BUF_INIT(MARKS_ROOM)};
  struct history_contact c = {.facts = {.channel = text_of(data, "channel"),
                                        .channel_kind = text_of(data, "channel_kind"),
                                        .recipients = room.recipients,
                                        .recipient_count = recipients_of(data, room.recipients),
                                        .subject = text_of(data, "subject"),
                                        .text = text_of(data, "text"),
                                        .automatic = automatic_of(data),
                                        .suspected = text_of(data, "suspected").len > 0,
                                        .now_ms = f->at_ms}};
  fill_customer(data, &room, &c);
  set_worth(r, data, f->at_ms, &c);
  f->contact = &c;
  r->full = history_add(r->history, f) == HISTORY_FULL;
  buf_free(&room.tags);
  buf_free(&room.consents);
  return NULL;
}

/* Colleagues' notes, machines' answers and reports on what we sent are no work. */
static bool is_work(const json_t *data) {
  struct slice evidence = text_of(json_object_get(data, "threading"), "evidence");
  bool aside = slice_lists(evidence, ' ', SLICE("no_work")) || slice_lists(evidence, ' ', SLICE("note"));
  return text_of(data, "work_item").len && !json_object_get(data, "outbound") && !aside;
}

/* ---- what became of it */

static enum history_kind on_done(const json_t *data) {
  struct slice why = text_of(data, "evidence");
  return slice_equal(why, SLICE("merged")) || slice_equal(why, SLICE("moved")) ? HISTORY_GONE : HISTORY_END;
}

static enum history_kind on_requeue(const json_t *data) {
  return json_is_true(json_object_get(data, "lease")) ? HISTORY_LOST : HISTORY_BACK;
}

static enum history_kind on_resume(const json_t *data) {
  return slice_equal(text_of(data, "how"), SLICE("agent")) ? HISTORY_CLAIM : HISTORY_AGAIN;
}

static const struct {
  const char *type;
  enum history_kind kind;
  enum history_kind (*which)(const json_t *data);
} types[] = {{"org.deskbell.work_item.claimed.v1", HISTORY_CLAIM, NULL},
             {"org.deskbell.work_item.done.v1", HISTORY_END, on_done},
             {"org.deskbell.work_item.requeued.v1", HISTORY_BACK, on_requeue},
             {"org.deskbell.work_item.held.v1", HISTORY_ASIDE, NULL},
             {"org.deskbell.work_item.snoozed.v1", HISTORY_ASIDE, NULL},
             {"org.deskbell.work_item.resumed.v1", HISTORY_AGAIN, on_resume},
             {"org.deskbell.work_item.wrapping.v1", HISTORY_END, NULL},
             {"org.deskbell.work_item.reopened.v1", HISTORY_AGAIN, NULL},
             {"org.deskbell.agent.presence.v1", HISTORY_PRESENCE, NULL}};

/* Is he there, and does he take offers? */
static bool presence_of(struct slice state, bool *ret_ready) {
  *ret_ready = slice_equal(state, SLICE("ready"));
  return *ret_ready || slice_equal(state, SLICE("busy"));
}

static const char *add_fact(struct simulate_reading *r, const json_t *data, struct history_fact *f) {
  if (f->kind == HISTORY_PRESENCE) {
    if (!f->agent.len)
      return "has no agent";
    f->at_work = presence_of(text_of(data, "presence"), &f->ready);
    f->was_at_work = presence_of(text_of(data, "was"), &f->was_ready);
  } else if (!f->work_item.len) {
    return "has no work_item";
  }
  r->full = history_add(r->history, f) == HISTORY_FULL;
  return NULL;
}

const char *simulate_read_event(struct simulate_reading *r, const json_t *event) {
  struct slice type = text_of(event, "type");
  const json_t *data = json_object_get(event, "data");
  struct history_fact f = {.work_item = text_of(data, "work_item"), .queue = text_of(data, "queue"),
                           .agent = text_of(data, "agent")};
  if (!type.len)
    return "has no type: is it a CloudEvent of `deskbell events`?";
  if (!json_is_object(data))
    return "has no data";
  struct slice at = text_of(data, "routed_at");
  if (!time_of(at.len ? at : text_of(event, "time"), &f.at_ms))
    return "has no time";
  cursor_of(event, &f);
  for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
    if (slice_equal(type, slice_text(types[i].type))) {
      f.kind = types[i].which ? types[i].which(data) : types[i].kind;
      return add_fact(r, data, &f);
    }
  if (slice_starts_nocase(type, SLICE(CONTACT)) && is_work(data)) {
    f.kind = HISTORY_CONTACT;
    f.agent = SLICE("");
    return add_contact(r, data, &f);
  }
  r->aside++;
  return NULL;
}

void simulate_read_line(struct simulate_reading *r, struct slice line) {
  json_error_t error;
  r->lines++;
  line = slice_trim(line);
  if (line.len == 0)
    return;
  json_t *event = json_loadb(line.at, line.len, JSON_REJECT_DUPLICATES, &error);
  const char *wrong = event ? simulate_read_event(r, event) : error.text;
  if (wrong && ++r->broken <= SIMULATE_TOLD_MOST)
    fprintf(stderr, "%s:%zu: %s%s\n", r->name, r->lines, event ? "" : "no JSON: ", wrong);
  json_decref(event);
}
