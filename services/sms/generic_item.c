/* SPDX-License-Identifier: Apache-2.0 */
/* Types are rows: which kind of event, what makes its id unique, and what it must have. */
#include "base/encode.h"
#include "generic_item.h"
#include "json_read.h"
#include "opt_out.h"
#include <stdlib.h>

#define LANGUAGE_MAX 35

struct type {
  const char *name;
  Deskbell__V1__EventKind kind;
  const char *id_kind;
  bool content;                  /* must have something to read */
  bool status;                   /* must have a state */
};

static const struct type types[] = {
    {"message", DESKBELL__V1__EVENT_KIND__MESSAGE, "message", true, false},
    {"status", DESKBELL__V1__EVENT_KIND__STATUS, "status", false, true},
    {"edit", DESKBELL__V1__EVENT_KIND__EDIT, "edit", false, false},
    {"delete", DESKBELL__V1__EVENT_KIND__EDIT, "edit", false, false},
    {"opt_out", DESKBELL__V1__EVENT_KIND__OPT_OUT, "message", false, false},
    {"opt-out", DESKBELL__V1__EVENT_KIND__OPT_OUT, "message", false, false},
    {"opt_in", DESKBELL__V1__EVENT_KIND__OPT_IN, "message", false, false},
    {"opt-in", DESKBELL__V1__EVENT_KIND__OPT_IN, "message", false, false},
};
static const struct type unknown_type = {"", DESKBELL__V1__EVENT_KIND__STATUS, "other", false, false};

static const struct type *find_type(struct slice name) {
  for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
    if (slice_equal_nocase(name, slice_text(types[i].name)))
      return &types[i];
  return &unknown_type;
}

/* "+1…" or {"address": "+1…", "name": "Ann"}. */
static event_party *party(struct draft *d, const json_t *value) {
  bool object = json_is_object(value);
  event_party *p =
      draft_any_party(d, object ? json_member_text(value, "address", d->arena) : json_text(value, d->arena));
  struct slice name = object ? json_member_text(value, "name", d->arena) : SLICE("");
  if (!p && name.len && (p = event_party_new(d->arena)) == NULL)
    d->failed = true;
  if (p)
    p->name = draft_line(d, name, DRAFT_NAME_MAX);
  return p;
}

static void parties(struct draft *d, const json_t *from, const json_t *to) {
  event_party *sender = party(d, from);
  if (sender)
    sender->verified = (char *)"signature:standard-webhooks";
  d->event->from = sender;
  if (!json_is_array(to)) {
    draft_to(d, party(d, to));
    return;
  }
  for (size_t i = 0; i < json_array_size(to) && i < 1000; i++)
    draft_to(d, party(d, json_array_get(to, i)));
}

/* Puts the decoded content away. What is no base64 keeps its name, so that staff ask for it again. */
static void put_content(struct draft *d, event_attachment *a, struct slice content) {
  size_t len = 0;
  uint8_t digest[32];
  char *bytes = arena_alloc(d->arena, content.len + 1);
  if (!bytes) {
    d->failed = true;
    return;
  }
  if (base64_decode(content, bytes, content.len + 1, &len) != 0) {
    draft_warn(d, "attachment-unreadable");
    return;
  }
  if (d->source->blobs.put(d->source->blobs.arg, slice_of(bytes, len), digest) != 0) {
    d->deferred = true;
    return;
  }
  a->blob = event_blob_new(d->arena, digest, len);
  d->failed |= !a->blob;
}

static void attach(struct draft *d, const json_t *value) {
  const json_t *content = json_object_get(value, "content");
  struct slice name = json_member_text(value, "name", d->arena), url = json_member_text(value, "url", d->arena);
  if (!json_is_object(value)) {
    draft_warn(d, "attachment-unreadable");
    return;
  }
  event_attachment *a = draft_attachment(d, name.len ? name : url, json_member_text(value, "type", d->arena));
  if (!a)
    return;
  if (json_is_string(content))
    put_content(d, a, json_text(content, d->arena));
  else if (slice_starts_nocase(url, SLICE("https://")) || slice_starts_nocase(url, SLICE("http://")))
    draft_media_url(d, url);
  else
    draft_warn(d, "attachment-unreadable");
}

static void attachments(struct draft *d, const json_t *list) {
  for (size_t i = 0; i < json_array_size(list) && i <= DRAFT_ATTACHMENTS_MAX; i++)
    attach(d, json_array_get(list, i));
}

static void fields(struct draft *d, const json_t *object) {
  json_t *all = (json_t *)object; /* jansson's iterators are not const */
  for (void *at = json_object_iter(all); at; at = json_object_iter_next(all, at)) {
    const json_t *value = json_object_iter_value(at);
    if (json_is_string(value) || json_is_integer(value)) {
      draft_field(d, json_object_iter_key(at), json_text(value, d->arena));
      continue;
    }
    char *text = json_is_null(value) ? NULL : json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    draft_field(d, json_object_iter_key(at), slice_text(text));
    free(text);
  }
}

static void language(struct draft *d, struct slice s) {
  bool good = s.len <= LANGUAGE_MAX;
  for (size_t i = 0; i < s.len && good; i++) {
    char c = s.at[i];
    good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
  }
  if (good)
    d->event->language = draft_text(d, s);
  else
    draft_warn(d, "language-invalid");
}

static void timestamp(struct draft *d, struct slice s) {
  if (s.len && timestamp_parse(s, &d->event->occurred_at_ms) != 0)
    draft_warn(d, "timestamp-invalid");
}

static void answer_to(struct draft *d, struct slice of) {
  Deskbell__V1__ThreadHints *t = of.len ? arena_alloc(d->arena, sizeof(*t)) : NULL;
  char **list = t ? arena_alloc(d->arena, sizeof(*list)) : NULL;
  d->failed |= of.len && !list;
  if (!list)
    return;
  deskbell__v1__thread_hints__init(t);
  list[0] = draft_line(d, of, DRAFT_NAME_MAX);
  t->in_reply_to = list;
  t->n_in_reply_to = 1;
  d->event->thread = t;
}

/* The state is part of the id, or later states of one message would be taken for repeats (WH-06). */
static int delivery(struct draft *d, struct item *item, struct slice of, struct slice state) {
  struct slice error = json_member_text(item->json, "error", d->arena);
  Deskbell__V1__DeliveryStatus *s = arena_alloc(d->arena, sizeof(*s));
  char *content = arena_printf(d->arena, "%.*s:%.*s", (int)state.len, state.at, (int)error.len, error.at);
  if (!s || !content)
    return -ENOMEM;
  deskbell__v1__delivery_status__init(s);
  s->provider_status = draft_line(d, state, DRAFT_NAME_MAX);
  s->error_code = draft_line(d, error, DRAFT_NAME_MAX);
  s->of_source_id = draft_line(d, of, DRAFT_NAME_MAX);
  d->event->status = s;
  draft_id(d, "status", of, slice_text(content));
  return 0;
}

static int reject(struct item *item, const char *why) {
  item->why = why;
  return NORMALISE_BAD;
}

/* Sets the id and what is of this type alone. Returns 0, NORMALISE_BAD, -ENOMEM. */
static int identify(struct draft *d, struct item *item, const struct type *type) {
  struct slice id = json_member_text(item->json, "id", d->arena), of = json_member_text(item->json, "of", d->arena);
  struct slice state = json_member_text(item->json, "status", d->arena);
  if (type->status) {
    of = of.len ? of : id;
    if (of.len == 0 || state.len == 0)
      return reject(item, "a status needs the members of and status");
    return delivery(d, item, of, state);
  }
  draft_id(d, type->id_kind, id.len ? id : item->fallback_id, SLICE(""));
  answer_to(d, of.len ? of : json_member_text(item->json, "in_reply_to", d->arena));
  return 0;
}

static bool has_content(const struct draft *d) {
  const contact_event *e = d->event;
  return *e->text || *e->subject || e->from || e->n_attachments;
}

/* On a phone the words count; a system that calls us says what it means by the type. */
static void apply_opt_words(struct draft *d) {
  enum opt opt = opt_of_text(slice_text(d->event->text));
  if (opt != OPT_NONE)
    d->event->kind = opt == OPT_OUT ? DESKBELL__V1__EVENT_KIND__OPT_OUT : DESKBELL__V1__EVENT_KIND__OPT_IN;
}

int generic_item(const struct source *source, struct item *item, contact_event **ret) {
  if (!json_is_object(item->json))
    return reject(item, "an item is not an object");
  struct slice name = json_member_text(item->json, "type", source->arena);
  const struct type *type = find_type(name.len ? name : slice_text(item->fallback_type));
  struct draft d;
  int r = draft_start(&d, source, type->kind);
  if (r)
    return r;
  d.event->signature = (char *)"standard-webhooks";
  item->unknown = type == &unknown_type;
  if (item->unknown || strcmp(type->name, "delete") == 0)
    d.event->raw_type = draft_line(&d, name, DRAFT_NAME_MAX);
  if ((r = identify(&d, item, type)) != 0)
    return r;
  parties(&d, json_object_get(item->json, "from"), json_object_get(item->json, "to"));
  d.event->subject = draft_text(&d, json_member_text(item->json, "subject", d.arena));
  draft_body(&d, json_member_text(item->json, "text", d.arena));
  attachments(&d, json_object_get(item->json, "attachments"));
  fields(&d, json_object_get(item->json, "fields"));
  language(&d, json_member_text(item->json, "language", d.arena));
  timestamp(&d, json_member_text(item->json, "timestamp", d.arena));
  if (item->duplicate_keys)
    draft_warn(&d, "duplicate-keys");
  if (type->content && !has_content(&d))
    return reject(item, "a message without sender, text and attachments");
  if (source->sms && type->kind == DESKBELL__V1__EVENT_KIND__MESSAGE)
    apply_opt_words(&d);
  return draft_end(&d, ret);
}
