/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packing within 64 KiB and unpacking what another program packed. What is cut here is still in the original blob, so
 * cutting loses nothing; refusing the event would. The cuts are rows, tried in the order of what can best be spared.
 */
#include "event/event.h"
#include "text/utf8.h"

#define FIELD_KEPT 4096
#define SUBJECT_KEPT 4096
#define RECIPIENTS_KEPT 100
#define REFERENCES_KEPT 20
#define LIST_KEPT 1000         /* what event_check() accepts */
#define REFERENCES_MOST 200
#define WARNINGS_KEPT 64
#define WARNING_ROOM 256       /* bytes left for the warnings that a cut of the text adds itself */

struct cut {
  const char *warning;
  /* Returns 1 when something was cut, 0 when there was nothing, -ENOMEM. */
  int (*make)(contact_event *e, struct arena *a, size_t excess);
};

static size_t packed_size(const contact_event *e) {
  return deskbell__v1__contact_event__get_packed_size(e);
}

/* Strings of an event may be borrowed, so a cut is a copy. */
static int cut_string(char **s, size_t most, struct arena *a) {
  size_t len = strlen(*s);
  if (len <= most)
    return 0;
  char *copy = arena_copy(a, slice_of(*s, utf8_cut(slice_of(*s, len), most)));
  if (!copy)
    return -ENOMEM;
  *s = copy;
  return 1;
}

static int cut_field_values(contact_event *e, struct arena *a, size_t most) {
  int cut = 0;
  for (size_t i = 0; i < e->n_fields; i++) {
    int r = cut_string(&e->fields[i]->value, most, a);
    if (r < 0)
      return r;
    cut |= r;
  }
  return cut;
}

static int cut_count(size_t *count, size_t most) {
  if (*count <= most)
    return 0;
  *count = most;
  return 1;
}

static int cut_fields(contact_event *e, struct arena *a, size_t excess) {
  (void)excess;
  return cut_field_values(e, a, FIELD_KEPT);
}

static int cut_recipients(contact_event *e, struct arena *a, size_t excess) {
  (void)a, (void)excess;
  return cut_count(&e->n_to, RECIPIENTS_KEPT);
}

/* Keeps the oldest, which names the thread, and the newest, which name its last messages. */
static int keep_references(contact_event *e, struct arena *a, size_t most) {
  Deskbell__V1__ThreadHints *t = e->thread;
  if (!t || t->n_references <= most)
    return 0;
  char **kept = arena_alloc(a, most * sizeof(*kept));
  if (!kept)
    return -ENOMEM;
  kept[0] = t->references[0];
  memcpy(kept + 1, t->references + t->n_references - (most - 1), (most - 1) * sizeof(*kept));
  t->references = kept;
  t->n_references = most;
  return 1;
}

static int cut_references(contact_event *e, struct arena *a, size_t excess) {
  (void)excess;
  return keep_references(e, a, REFERENCES_KEPT);
}

static int cut_text(contact_event *e, struct arena *a, size_t excess) {
  size_t len = strlen(e->text), spare = excess + WARNING_ROOM;
  return len == 0 ? 0 : cut_string(&e->text, len > spare ? len - spare : 0, a);
}

/* The last resorts: no event of ours comes so far unless a sender works at it. */
static int cut_field_list(contact_event *e, struct arena *a, size_t excess) {
  (void)a;
  size_t freed = 0, spare = excess + WARNING_ROOM, count = e->n_fields;
  while (count && freed < spare)
    freed += deskbell__v1__field__get_packed_size(e->fields[--count]);
  return cut_count(&e->n_fields, count);
}

static int cut_attachment_list(contact_event *e, struct arena *a, size_t excess) {
  (void)a;
  size_t freed = 0, spare = excess + WARNING_ROOM, count = e->n_attachments;
  while (count && freed < spare)
    freed += deskbell__v1__attachment__get_packed_size(e->attachments[--count]);
  return cut_count(&e->n_attachments, count);
}

static const struct cut cuts[] = {
    {"cut: fields", cut_fields},
    {"cut: recipients", cut_recipients},
    {"cut: references", cut_references},
    {"cut: text", cut_text},
    {"cut: last fields", cut_field_list},
    {"cut: last attachments", cut_attachment_list},
};

static int warn(contact_event *e, struct arena *a, const char *warning) {
  for (size_t i = 0; i < e->n_warnings; i++)
    if (strcmp(e->warnings[i], warning) == 0)
      return 0;
  char **list = arena_alloc(a, (e->n_warnings + 1) * sizeof(*list));
  if (!list)
    return -ENOMEM;
  if (e->n_warnings)
    memcpy(list, e->warnings, e->n_warnings * sizeof(*list));
  list[e->n_warnings++] = (char *)warning; /* protobuf-c has no const; nobody writes into an event's strings */
  e->warnings = list;
  return 0;
}

/* Limits that hold however small the event is: what event_check() would refuse at the reader. */
static int cut_to_limits(contact_event *e, struct arena *a) {
  cut_count(&e->n_warnings, WARNINGS_KEPT);
  struct {
    const char *warning;
    int result;
  } made[] = {
      {"cut: text", cut_string(&e->text, EVENT_TEXT_MAX, a)},
      {"cut: subject", cut_string(&e->subject, SUBJECT_KEPT, a)},
      {"cut: recipients", cut_count(&e->n_to, LIST_KEPT)},
      {"cut: references", keep_references(e, a, REFERENCES_MOST)},
      {"cut: last fields", cut_count(&e->n_fields, LIST_KEPT)},
      {"cut: last attachments", cut_count(&e->n_attachments, LIST_KEPT)},
  };
  for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
    int r = made[i].result > 0 ? warn(e, a, made[i].warning) : made[i].result;
    if (r < 0)
      return r;
  }
  return 0;
}

static bool is_white(const char *text, size_t begin, size_t end) {
  while (begin < end && strchr(" \t\n", text[begin]))
    begin++;
  return begin == end;
}

static bool leaves_words(const contact_event *e, size_t len) {
  size_t at = 0;
  for (size_t i = 0; i < e->n_spans; at = e->spans[i++]->end)
    if (!is_white(e->text, at, e->spans[i]->begin))
      return true;
  return !is_white(e->text, at, len);
}

/* What the text lost its spans lose too; when they cover all of what is left of it there are none (QT-02). */
static void clip_spans(contact_event *e) {
  size_t len = e->n_spans ? strlen(e->text) : 0;
  cut_count(&e->n_spans, EVENT_SPANS_MAX);
  while (e->n_spans && e->spans[e->n_spans - 1]->begin >= len)
    e->n_spans--;
  if (e->n_spans && e->spans[e->n_spans - 1]->end > len)
    e->spans[e->n_spans - 1]->end = (uint32_t)len;
  if (e->n_spans && !leaves_words(e, len))
    e->n_spans = 0;
}

static int shrink(contact_event *e, struct arena *a) {
  int r = cut_to_limits(e, a);
  for (size_t i = 0; r == 0 && i < sizeof(cuts) / sizeof(cuts[0]); i++) {
    size_t size = packed_size(e);
    if (size <= EVENT_MAX_BYTES)
      return 0;
    int cut = cuts[i].make(e, a, size - EVENT_MAX_BYTES);
    r = cut > 0 ? warn(e, a, cuts[i].warning) : cut;
  }
  return r;
}

int event_pack(contact_event *e, struct arena *a, struct buf *ret) {
  buf_clear(ret);
  int r = shrink(e, a);
  if (r < 0)
    return r;
  clip_spans(e);
  size_t size = packed_size(e);
  char *at;
  if (size > EVENT_MAX_BYTES || buf_reserve(ret, size, &at) != 0)
    return EVENT_TOO_LARGE;
  size_t written = deskbell__v1__contact_event__pack(e, (uint8_t *)at);
  assert(written == size);
  buf_advance(ret, size);
  return 0;
}

/* protobuf-c says NULL both for nonsense and for no memory; this tells them apart. */
struct watched {
  ProtobufCAllocator base;
  struct arena *arena;
  bool failed;
};

static void *watched_alloc(void *self, size_t size) {
  struct watched *w = self;
  void *at = arena_alloc(w->arena, size);
  w->failed |= !at;
  return at;
}

static void watched_free(void *self, void *at) {
  (void)self, (void)at;
}

int event_unpack(struct slice bytes, struct arena *a, contact_event **ret, const char **ret_why) {
  if (bytes.len > EVENT_MAX_BYTES) {
    *ret_why = "larger than 64 KiB";
    return EVENT_INVALID;
  }
  struct watched w = {{watched_alloc, watched_free, &w}, a, false};
  contact_event *e = deskbell__v1__contact_event__unpack(&w.base, bytes.len, (const uint8_t *)bytes.at);
  if (!e && w.failed)
    return -ENOMEM;
  if (!e) {
    *ret_why = "not a packed contact event";
    return EVENT_INVALID;
  }
  int r = event_check(e, ret_why);
  if (r == 0)
    *ret = e;
  return r;
}
