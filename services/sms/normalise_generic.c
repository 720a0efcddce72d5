/* SPDX-License-Identifier: Apache-2.0 */
#include "normalise_generic.h"
#include "generic_item.h"
#include "json_read.h"

struct batch {
  const struct source *source;
  struct slice webhook_id;
  bool duplicate_keys;
  struct normalised *into;
};

/* A bad item of a batch stays visible (G4): an entry that names it; the whole body is the original. */
static int quarantine(struct batch *b, size_t index, const char *why, contact_event **ret) {
  struct draft d;
  int r = draft_start(&d, b->source, DESKBELL__V1__EVENT_KIND__QUARANTINE);
  char *id = r ? NULL : arena_printf(d.arena, "%.*s#%zu", (int)b->webhook_id.len, b->webhook_id.at, index);
  Deskbell__V1__QuarantineReason *q = id ? arena_alloc(d.arena, sizeof(*q)) : NULL;
  if (!q)
    return -ENOMEM;
  deskbell__v1__quarantine_reason__init(q);
  q->reason = (char *)"invalid-event";
  q->detail = (char *)why;
  d.event->quarantine = q;
  d.event->signature = (char *)"standard-webhooks";
  draft_id(&d, "quarantine", slice_text(id), SLICE(""));
  return draft_end(&d, ret);
}

static int add(struct batch *b, const json_t *json, const char *type, size_t index) {
  struct normalised *into = b->into;
  struct item item = {.json = json, .fallback_type = type, .duplicate_keys = b->duplicate_keys};
  char *id = arena_printf(b->source->arena, "%.*s#%zu", (int)b->webhook_id.len, b->webhook_id.at, index);
  if (!id)
    return -ENOMEM;
  item.fallback_id = into->batch ? slice_text(id) : b->webhook_id;
  int r = generic_item(b->source, &item, &into->events[into->count]);
  if (r == NORMALISE_BAD && into->batch) {
    into->bad++;
    r = quarantine(b, index, item.why, &into->events[into->count]);
  } else if (r == NORMALISE_BAD) {
    into->why = item.why;
  }
  into->count += r == 0;
  into->unknown += item.unknown;
  return r;
}

static int add_list(struct batch *b, const json_t *list, const char *type, size_t *index) {
  int r = 0;
  for (size_t i = 0; i < json_array_size(list) && r == 0; i++)
    r = add(b, json_array_get(list, i), type, (*index)++);
  return r;
}

static int refuse(struct normalised *ret, const char *why) {
  ret->why = why;
  return NORMALISE_BAD;
}

static int normalise(struct batch *b, const json_t *root) {
  const json_t *messages = json_object_get(root, "messages"), *statuses = json_object_get(root, "statuses");
  struct normalised *into = b->into;
  size_t index = 0;
  into->batch = json_is_array(root) || json_is_array(messages) || json_is_array(statuses);
  size_t count = !into->batch ? 1 : json_array_size(root) + json_array_size(messages) + json_array_size(statuses);
  if (count > GENERIC_ITEMS_MAX)
    return refuse(into, "more than 1000 items");
  into->events = arena_alloc(b->source->arena, (count + 1) * sizeof(*into->events));
  if (!into->events)
    return -ENOMEM;
  if (!into->batch)
    return json_is_object(root) ? add(b, root, "message", 0) : refuse(into, "neither an object nor a list");
  int r = add_list(b, root, "message", &index);
  r = r ? r : add_list(b, messages, "message", &index);
  return r ? r : add_list(b, statuses, "status", &index);
}

int normalise_generic(const struct source *source, struct slice body, struct slice webhook_id,
                      struct normalised *ret) {
  struct batch b = {.source = source, .webhook_id = webhook_id, .into = ret};
  json_t *root;
  *ret = (struct normalised){0};
  int r = json_read(body, source->arena, &root, &b.duplicate_keys);
  if (r < 0)
    return r;
  if (r)
    return refuse(ret, r == JSON_TOO_DEEP ? "nested more than 64 deep" : "not valid JSON in UTF-8");
  r = normalise(&b, root);
  json_decref(root);
  return r;
}
