/* SPDX-License-Identifier: Apache-2.0 */
#include "draft.h"
#include "text/utf8.h"

#define SUBJECT_MAX 1000

int draft_start(struct draft *d, const struct source *source, Deskbell__V1__EventKind kind) {
  *d = (struct draft){.source = source, .arena = source->arena, .event = event_new(source->arena)};
  if (!d->event)
    return -ENOMEM;
  d->event->kind = kind;
  d->event->channel = arena_copy(d->arena, source->channel);
  d->event->channel_kind = (char *)source->channel_kind;
  d->event->received_at_ms = source->received_ms;
  return d->event->channel ? 0 : -ENOMEM;
}

static char *empty(struct draft *d) {
  d->failed = true;
  return (char *)"";
}

void draft_id(struct draft *d, const char *kind, struct slice source_id, struct slice content) {
  struct event_id id = event_id_make(d->source->channel, slice_text(kind), source_id, content);
  char *text = arena_alloc(d->arena, EVENT_ID_LEN + 1);
  if (!text) {
    d->failed = true;
    return;
  }
  event_id_text(&id, text);
  d->event->id = text;
  d->event->source_id = draft_line(d, source_id, DRAFT_NAME_MAX);
}

char *draft_text(struct draft *d, struct slice s) {
  if (s.len == 0)
    return (char *)"";
  if (!utf8_valid(s))
    draft_warn(d, "invalid-utf8");
  char *text = utf8_mend(d->arena, s, NULL);
  return text ? text : empty(d);
}

char *draft_line(struct draft *d, struct slice s, size_t most) {
  char *text = draft_text(d, s);
  char *line = utf8_one_line(d->arena, slice_text(text));
  if (!line)
    return empty(d);
  line[utf8_cut(slice_text(line), most)] = '\0';
  return line;
}

void draft_warn(struct draft *d, const char *warning) {
  contact_event *e = d->event;
  for (size_t i = 0; i < e->n_warnings; i++)
    if (strcmp(e->warnings[i], warning) == 0)
      return;
  char **list = arena_alloc(d->arena, (e->n_warnings + 1) * sizeof(*list)); /* a handful of static ones at most */
  if (!list) {
    d->failed = true;
    return;
  }
  if (e->n_warnings)
    memcpy(list, e->warnings, e->n_warnings * sizeof(*list));
  list[e->n_warnings++] = (char *)warning;
  e->warnings = list;
}

/* Room for one more pointer in an arena's list, doubling. */
static bool grow(struct draft *d, void *list_at, size_t count, size_t *room) {
  void **list = *(void ***)list_at;
  if (count < *room)
    return true;
  size_t more = *room ? *room * 2 : 8;
  void **next = arena_alloc(d->arena, more * sizeof(*next));
  if (!next) {
    d->failed = true;
    return false;
  }
  if (count)
    memcpy(next, list, count * sizeof(*next));
  *(void ***)list_at = next;
  *room = more;
  return true;
}

void draft_field(struct draft *d, const char *name, struct slice value) {
  contact_event *e = d->event;
  if (value.len == 0)
    return;
  if (e->n_fields >= DRAFT_FIELDS_MAX) {
    draft_warn(d, "too-many-fields");
    return;
  }
  Deskbell__V1__Field *f = arena_alloc(d->arena, sizeof(*f));
  if (!f || !grow(d, &e->fields, e->n_fields, &d->field_room)) {
    d->failed = true;
    return;
  }
  deskbell__v1__field__init(f);
  f->name = draft_line(d, slice_text(name), DRAFT_NAME_MAX);
  f->value = draft_text(d, value);
  e->fields[e->n_fields++] = f;
}

void draft_body(struct draft *d, struct slice text) {
  d->event->text = draft_text(d, text);
  size_t len = strlen(d->event->text);
  uint8_t digest[32];
  if (len <= EVENT_TEXT_MAX)
    return;
  if (d->source->blobs.put(d->source->blobs.arg, slice_of(d->event->text, len), digest) != 0) {
    d->deferred = true;
    return;
  }
  d->event->text_blob = event_blob_new(d->arena, digest, len);
  d->failed |= !d->event->text_blob; /* the text itself is cut when the event is packed */
}

/* Of a path or URL only what stands behind the last separator. */
static struct slice last_part(struct slice name) {
  for (size_t i = name.len; i > 0; i--)
    if (name.at[i - 1] == '/' || name.at[i - 1] == '\\')
      return slice_of(name.at + i, name.len - i);
  return name;
}

static bool is_media_type(struct slice s) {
  size_t slashes = 0;
  for (size_t i = 0; i < s.len; i++) {
    char c = s.at[i];
    slashes += c == '/';
    bool token = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("!#$&-^_.+/", c);
    if (!c || !token)
      return false;
  }
  return slashes == 1 && s.len >= 3 && s.len <= 127 && s.at[0] != '/' && s.at[s.len - 1] != '/';
}

static char *media_type(struct draft *d, struct slice type) {
  const char *end = type.len ? memchr(type.at, ';', type.len) : NULL;
  struct slice plain = slice_trim(end ? slice_of(type.at, (size_t)(end - type.at)) : type);
  if (!is_media_type(plain))
    return (char *)"application/octet-stream";
  char *copy = arena_copy(d->arena, plain);
  if (!copy)
    return empty(d);
  for (char *c = copy; *c; c++)
    if (*c >= 'A' && *c <= 'Z')
      *c = (char)(*c + ('a' - 'A'));
  return copy;
}

event_attachment *draft_attachment(struct draft *d, struct slice name, struct slice type) {
  contact_event *e = d->event;
  if (e->n_attachments >= DRAFT_ATTACHMENTS_MAX) {
    draft_warn(d, "too-many-attachments");
    return NULL;
  }
  event_attachment *a = arena_alloc(d->arena, sizeof(*a));
  if (!a || !grow(d, &e->attachments, e->n_attachments, &d->attachment_room)) {
    d->failed = true;
    return NULL;
  }
  deskbell__v1__attachment__init(a);
  e->attachments[e->n_attachments++] = a;
  a->name = draft_line(d, last_part(name), DRAFT_NAME_MAX);
  if (!*a->name || strcmp(a->name, ".") == 0 || strcmp(a->name, "..") == 0) {
    a->name = arena_printf(d->arena, "attachment-%zu", e->n_attachments);
    if (!a->name)
      a->name = empty(d);
  }
  a->type = media_type(d, type);
  return a;
}

void draft_media_url(struct draft *d, struct slice url) {
  char *name = arena_printf(d->arena, "media_url_%zu", d->event->n_attachments ? d->event->n_attachments - 1 : 0);
  if (name)
    draft_field(d, name, url);
  d->failed |= !name;
}

/* Packing can spare everything but these, so they alone must never fill an event. */
void draft_to(struct draft *d, event_party *party) {
  if (!party)
    return;
  d->to_bytes += deskbell__v1__party__get_packed_size(party);
  if (d->to_bytes > DRAFT_TO_BYTES)
    draft_warn(d, "cut: recipients");
  else if (grow(d, &d->event->to, d->event->n_to, &d->to_room))
    d->event->to[d->event->n_to++] = party;
}

int draft_end(struct draft *d, contact_event **ret) {
  if (d->failed)
    return -ENOMEM;
  if (d->deferred)
    return NORMALISE_DEFER;
  d->event->subject = draft_line(d, slice_text(d->event->subject), SUBJECT_MAX);
  if (d->failed)
    return -ENOMEM;
  *ret = d->event;
  return 0;
}
