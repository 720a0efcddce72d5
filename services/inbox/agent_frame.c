/* SPDX-License-Identifier: Apache-2.0 */
#include "agent_frame.h"
#include "deskbell/v1/agents.pb-c.h"
#include <stdio.h>

typedef Deskbell__V1__AgentFrame agent_frame;
typedef Deskbell__V1__AgentRequest agent_request;

/* ---- requests */

static const ProtobufCFieldDescriptor *kind_of(const agent_request *r) {
  return protobuf_c_message_descriptor_get_field(&deskbell__v1__agent_request__descriptor, (unsigned)r->body_case);
}

static bool find_verb(const char *name, enum verb *ret) {
  for (size_t i = 0; i < VERB_COUNT; i++)
    if (slice_equal_nocase(slice_text(name), slice_text(verb_row((enum verb)i)->name))) {
      *ret = (enum verb)i;
      return true;
    }
  return false;
}

/* "until_ms" is our `until`. */
static enum field field_of(const char *name) {
  return strcmp(name, "until_ms") == 0 ? FIELD_UNTIL : field_find(slice_text(name));
}

static int take_number(struct ask *ask, enum field field, int64_t n, struct ask_fault *fault) {
  if (n == 0)
    return 0;
  if (field == FIELD_UNTIL)
    return ask_moment(ask, field, n, fault);
  return ask_number(ask, field, field == FIELD_KEEP && n == -1 ? 0 : n, fault);
}

static int take_field(struct ask *ask, const ProtobufCFieldDescriptor *d, const void *at, struct arena *arena,
                      struct ask_fault *fault) {
  enum field field = field_of(d->name);
  assert(field < FIELD_COUNT); /* a name of agents.proto that verbs.def does not have */
  if (d->type == PROTOBUF_C_TYPE_STRING) {
    const char *text = *(const char *const *)at;
    return text && text[0] ? ask_text(ask, field, slice_text(text), arena, fault) : 0;
  }
  if (d->type == PROTOBUF_C_TYPE_INT64)
    return take_number(ask, field, *(const int64_t *)at, fault);
  assert(d->type == PROTOBUF_C_TYPE_UINT32);
  return take_number(ask, field, (int64_t)*(const uint32_t *)at, fault);
}

static int take_fields(struct ask *ask, const ProtobufCMessage *body, struct arena *arena, struct ask_fault *fault) {
  for (unsigned i = 0; i < body->descriptor->n_fields; i++) {
    const ProtobufCFieldDescriptor *d = &body->descriptor->fields[i];
    int r = take_field(ask, d, (const char *)body + d->offset, arena, fault);
    if (r)
      return r < 0 ? r : AGENT_FRAME_WRONG;
  }
  return 0;
}

static int wrong(struct ask_fault *fault, const char *field, const char *words) {
  *fault = (struct ask_fault){.field = field, .syntax = field[0] == '\0'};
  snprintf(fault->words, sizeof(fault->words), "%s", words);
  return AGENT_FRAME_WRONG;
}

/* What HTTP has in the path. */
static int complete(const struct ask *ask, struct ask_fault *fault) {
  const char *path = verb_row(ask->verb)->path;
  if (strstr(path, "{item}") && !ask_has(ask, FIELD_ITEM))
    return wrong(fault, "item", "must be given");
  if (strstr(path, "{queue}") && !ask_has(ask, FIELD_QUEUE))
    return wrong(fault, "queue", "must be given");
  return ask_complete(ask, fault) ? AGENT_FRAME_WRONG : 0;
}

int agent_frame_read(struct slice bytes, struct arena *arena, uint64_t *ret_id, enum agent_request *ret_kind,
                     struct ask *ret, struct ask_fault *fault) {
  if (bytes.len > AGENT_FRAME_MAX)
    return AGENT_FRAME_BROKEN;
  agent_frame *f =
      deskbell__v1__agent_frame__unpack(arena_protobuf(arena), bytes.len, (const uint8_t *)bytes.at);
  if (!f || f->body_case != DESKBELL__V1__AGENT_FRAME__BODY_REQUEST || !f->request)
    return AGENT_FRAME_BROKEN;
  const agent_request *r = f->request;
  *ret_id = r->id;
  *ret_kind = AGENT_ASK;
  const ProtobufCFieldDescriptor *kind = r->body_case ? kind_of(r) : NULL;
  if (!kind)
    return wrong(fault, "", "there is no such request");
  if (r->body_case == DESKBELL__V1__AGENT_REQUEST__BODY_SUBSCRIBE ||
      r->body_case == DESKBELL__V1__AGENT_REQUEST__BODY_PING) {
    *ret_kind = r->body_case == DESKBELL__V1__AGENT_REQUEST__BODY_PING ? AGENT_PING : AGENT_SUBSCRIBE;
    return 0;
  }
  enum verb verb;
  bool known = find_verb(kind->name, &verb);
  assert(known); /* a name of agents.proto that verbs.def does not have */
  *ret = ask_new(verb);
  const ProtobufCMessage *body = *(const ProtobufCMessage *const *)(const void *)((const char *)r + kind->offset);
  int outcome = take_fields(ret, body, arena, fault);
  return outcome ? outcome : complete(ret, fault);
}

/* ---- answers and news */

static bool pack(const agent_frame *f, struct buf *b) {
  size_t len = deskbell__v1__agent_frame__get_packed_size(f);
  char *at;
  if (buf_reserve(b, len, &at) != 0)
    return false;
  deskbell__v1__agent_frame__pack(f, (uint8_t *)at);
  buf_advance(b, len);
  return true;
}

static char *text_of(const json_t *body, const char *name) {
  const char *text = json_string_value(json_object_get(body, name));
  return (char *)(text ? text : "");
}

bool agent_frame_answer(uint64_t id, const struct result *r, struct buf *b) {
  Deskbell__V1__AgentAnswer answer = DESKBELL__V1__AGENT_ANSWER__INIT;
  agent_frame f = DESKBELL__V1__AGENT_FRAME__INIT;
  auto_clean(buf_free) struct buf body = BUF_INIT(AGENT_ANSWER_MAX);
  if (!result_write(r, &body))
    return false;
  answer.id = id;
  answer.status = r->status;
  answer.code = (char *)r->code;
  answer.detail = (char *)(r->detail[0] ? r->detail : r->title);
  answer.json = body.at;
  answer.item = text_of(r->body, "item");
  answer.agent = text_of(r->body, "agent");
  f.body_case = DESKBELL__V1__AGENT_FRAME__BODY_ANSWER;
  f.answer = &answer;
  buf_clear(b);
  return pack(&f, b);
}

static bool write_notice(const char *event, const char *cursor, const char *json, const char *item, struct buf *b) {
  Deskbell__V1__AgentNotice notice = DESKBELL__V1__AGENT_NOTICE__INIT;
  agent_frame f = DESKBELL__V1__AGENT_FRAME__INIT;
  notice.event = (char *)event;
  notice.cursor = (char *)cursor;
  notice.json = (char *)json;
  notice.item = (char *)item;
  f.body_case = DESKBELL__V1__AGENT_FRAME__BODY_NOTICE;
  f.notice = &notice;
  buf_clear(b);
  return pack(&f, b);
}

bool agent_frame_notice(struct notice *n, struct buf *b) {
  return write_notice(n->event, n->cursor, notice_text(n), text_of(n->data, "item"), b);
}

bool agent_frame_reset(const char *why, struct buf *b) {
  char json[64];
  snprintf(json, sizeof(json), "{\"reason\":\"%s\"}", why);
  return write_notice("reset", "", json, "", b);
}
