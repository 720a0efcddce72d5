/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The contact event in memory (proto/deskbell/v1/contact_event.proto), made and checked in one place.
 * A struct made here lives in an arena. Strings are never NULL.
 */
#ifndef EVENT_EVENT_H
#define EVENT_EVENT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/id.h"
#include "deskbell/v1/contact_event.pb-c.h"
#include <jansson.h>

#define EVENT_MAX_BYTES (64 * 1024)
#define EVENT_TEXT_MAX (32 * 1024)
#define EVENT_SPANS_MAX 500
#define EVENT_REPORTED_MAX 100

typedef Deskbell__V1__ContactEvent contact_event;
typedef Deskbell__V1__Party event_party;
typedef Deskbell__V1__Blob event_blob;
typedef Deskbell__V1__Attachment event_attachment;

enum { EVENT_TOO_LARGE = 1, EVENT_INVALID = 2 };

/* An empty event; NULL at the arena's ceiling. */
contact_event *event_new(struct arena *a);
event_party *event_party_new(struct arena *a);
event_blob *event_blob_new(struct arena *a, const uint8_t sha256[32], uint64_t size);

/* Checks what every reader relies on: id, channel, kind present; UTF-8 everywhere; sizes; counts; spans
 * in order and inside the text. Returns 0, or
 * EVENT_INVALID with `*ret_why` a static sentence. */
int must_check event_check(const contact_event *e, const char **ret_why);
/* Packs into `ret` (cleared first). When larger than EVENT_MAX_BYTES it drops what can be spared in this order: fields
 * over 4 KiB are cut, recipients over 100, references over 20, the text to what fits – each with a warning
 * ("cut: …") – and packs again. Returns 0, EVENT_TOO_LARGE (cannot happen for events made by our programs), -ENOMEM. */
int must_check event_pack(contact_event *e, struct arena *a, struct buf *ret);
/* Unpacks into the arena and checks. Returns 0, EVENT_INVALID (`*ret_why`), -ENOMEM. */
int must_check event_unpack(struct slice bytes, struct arena *a, contact_event **ret, const char **ret_why);

const char *event_kind_text(Deskbell__V1__EventKind kind); /* "message", "status", … */
/* The event as the `data` of a CloudEvent (names of issue/contract: kind, channel, channel_kind, source_id,
 * from {address,name}, to[], subject, text, attachments[] {name,type,size,sha256}, occurred_at, received_at, …).
 * Gives a new reference. */
json_t *event_json(const contact_event *e);

#endif
