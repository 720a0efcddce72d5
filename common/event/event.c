/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making and checking. The check walks protobuf-c's own field descriptors, so that a string added to the .proto is
 * checked from that day on without anybody remembering it; only the limits that differ per field are rows here.
 */
#include "event/event.h"
#include "text/utf8.h"

#define CHANNEL_MAX 64
#define STRING_MAX (16 * 1024) /* of any string that has no row of its own */
#define TEXTS_MAX 1000         /* of any repeated field that has no row of its own */

contact_event *event_new(struct arena *a) {
  contact_event *e = arena_alloc(a, sizeof(*e));
  if (e)
    deskbell__v1__contact_event__init(e);
  return e;
}

event_party *event_party_new(struct arena *a) {
  event_party *p = arena_alloc(a, sizeof(*p));
  if (p)
    deskbell__v1__party__init(p);
  return p;
}

event_blob *event_blob_new(struct arena *a, const uint8_t sha256[32], uint64_t size) {
  event_blob *b = arena_alloc(a, sizeof(*b));
  uint8_t *digest = b ? arena_alloc(a, 32) : NULL;
  if (!digest)
    return NULL;
  deskbell__v1__blob__init(b);
  memcpy(digest, sha256, 32);
  b->sha256 = (ProtobufCBinaryData){.len = 32, .data = digest};
  b->size = size;
  return b;
}

static const char *const kind_texts[] = {
    [DESKBELL__V1__EVENT_KIND__EVENT_KIND_UNSPECIFIED] = "unspecified",
    [DESKBELL__V1__EVENT_KIND__MESSAGE] = "message",
    [DESKBELL__V1__EVENT_KIND__STATUS] = "status",
    [DESKBELL__V1__EVENT_KIND__EDIT] = "edit",
    [DESKBELL__V1__EVENT_KIND__OPT_OUT] = "opt-out",
    [DESKBELL__V1__EVENT_KIND__OPT_IN] = "opt-in",
    [DESKBELL__V1__EVENT_KIND__QUARANTINE] = "quarantine",
};
#define KIND_COUNT (sizeof(kind_texts) / sizeof(kind_texts[0]))

const char *event_kind_text(Deskbell__V1__EventKind kind) {
  return (unsigned)kind < KIND_COUNT ? kind_texts[kind] : kind_texts[0];
}

/* What differs from STRING_MAX and TEXTS_MAX. */
static const struct limit {
  const ProtobufCMessageDescriptor *message;
  const char *field;
  size_t most;
  const char *why;
} limits[] = {
    {&deskbell__v1__contact_event__descriptor, "text", EVENT_TEXT_MAX, "text is longer than 32 KiB"},
    {&deskbell__v1__field__descriptor, "value", EVENT_MAX_BYTES, "a field is longer than an event"},
    {&deskbell__v1__thread_hints__descriptor, "references", 200, "more than 200 references"},
    {&deskbell__v1__contact_event__descriptor, "channel", CHANNEL_MAX, "channel is longer than 64 bytes"},
    {&deskbell__v1__contact_event__descriptor, "spans", EVENT_SPANS_MAX, "more than 500 spans"},
    {&deskbell__v1__report__descriptor, "recipients", EVENT_REPORTED_MAX, "a report on more than 100 recipients"},
};

static const struct limit *limit_of(const ProtobufCMessageDescriptor *message, const char *field) {
  for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
    if (limits[i].message == message && strcmp(limits[i].field, field) == 0)
      return &limits[i];
  return NULL;
}

static int walk(const ProtobufCMessage *m, const char **ret_why);

static int check_string(const char *s, const ProtobufCMessageDescriptor *message, const ProtobufCFieldDescriptor *field,
                        const char **ret_why) {
  if (!s || !*s)
    return 0;
  size_t len = strlen(s);
  if (len > 64) { /* no limit is smaller: the rows are looked up for long strings only */
    const struct limit *limit = field->label == PROTOBUF_C_LABEL_REPEATED ? NULL : limit_of(message, field->name);
    if (len > (limit ? limit->most : STRING_MAX)) {
      *ret_why = limit ? limit->why : "a string is longer than 16 KiB";
      return EVENT_INVALID;
    }
  }
  if (!utf8_clean(slice_of(s, len))) {
    *ret_why = "a string is not clean UTF-8";
    return EVENT_INVALID;
  }
  return 0;
}

static int check_value(const void *at, const ProtobufCMessageDescriptor *message, const ProtobufCFieldDescriptor *field,
                       const char **ret_why) {
  if (field->type == PROTOBUF_C_TYPE_STRING)
    return check_string(*(char *const *)at, message, field, ret_why);
  if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
    const ProtobufCMessage *sub = *(const ProtobufCMessage *const *)at;
    return sub ? walk(sub, ret_why) : 0;
  }
  return 0;
}

static int check_repeated(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *field, const char **ret_why) {
  size_t count = *(const size_t *)((const char *)m + field->quantifier_offset);
  if (count == 0)
    return 0;
  const struct limit *limit = limit_of(m->descriptor, field->name);
  if (count > (limit ? limit->most : TEXTS_MAX)) {
    *ret_why = limit ? limit->why : "a list has more than 1000 entries";
    return EVENT_INVALID;
  }
  const char *list = *(const char *const *)((const char *)m + field->offset);
  int r = 0;
  for (size_t i = 0; i < count && r == 0; i++)
    r = check_value(list + i * sizeof(void *), m->descriptor, field, ret_why);
  return r;
}

/* No message of ours contains itself, so this goes at most three deep. */
static int walk(const ProtobufCMessage *m, const char **ret_why) {
  if (m->descriptor == &deskbell__v1__blob__descriptor && ((const event_blob *)m)->sha256.len != 32) {
    *ret_why = "a blob's digest is not 32 bytes";
    return EVENT_INVALID;
  }
  int r = 0;
  for (unsigned i = 0; i < m->descriptor->n_fields && r == 0; i++) {
    const ProtobufCFieldDescriptor *field = &m->descriptor->fields[i];
    if (field->label == PROTOBUF_C_LABEL_REPEATED)
      r = check_repeated(m, field, ret_why);
    else
      r = check_value((const char *)m + field->offset, m->descriptor, field, ret_why);
  }
  return r;
}

static bool is_border(const char *text, size_t at) {
  return ((uint8_t)text[at] & 0xC0) != 0x80;
}

static bool spans_fit(const contact_event *e) {
  size_t len = e->n_spans ? strlen(e->text) : 0, at = 0;
  for (size_t i = 0; i < e->n_spans; i++) {
    const Deskbell__V1__TextSpan *span = e->spans[i];
    if (span->begin < at || span->end <= span->begin || span->end > len || !is_border(e->text, span->begin) ||
        !is_border(e->text, span->end))
      return false;
    at = span->end;
  }
  return true;
}

int event_check(const contact_event *e, const char **ret_why) {
  struct event_id id;
  const char *why = NULL;
  if (!e->id || event_id_parse(slice_text(e->id), &id) < 0)
    why = "id is missing or not 26 characters of base32";
  else if ((unsigned)e->kind >= KIND_COUNT || e->kind == DESKBELL__V1__EVENT_KIND__EVENT_KIND_UNSPECIFIED)
    why = "kind is missing or unknown";
  else if (!e->channel || !*e->channel)
    why = "channel is missing";
  else if (e->kind == DESKBELL__V1__EVENT_KIND__QUARANTINE && (!e->quarantine || !*e->quarantine->reason))
    why = "a quarantined event does not say why";
  else if (!spans_fit(e))
    why = "the spans do not fit the text";
  if (why) {
    *ret_why = why;
    return EVENT_INVALID;
  }
  return walk(&e->base, ret_why);
}
