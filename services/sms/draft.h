/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A contact event while it is being made from what a provider sent. Values from outside become clean UTF-8 here, lists
 * grow within the arena, and a lack of memory is remembered, so that the makers check once, at the end. Pure.
 */
#ifndef SMS_DRAFT_H
#define SMS_DRAFT_H

#include "event/event.h"

#define DRAFT_FIELDS_MAX 1000
#define DRAFT_ATTACHMENTS_MAX 100
#define DRAFT_NAME_MAX 256
#define DRAFT_TO_BYTES (32 * 1024)

/* Where bytes go that are too large for an event; 0, or an outcome that means "not now". */
struct blob_sink {
  int (*put)(void *arg, struct slice bytes, uint8_t ret_sha256[32]);
  void *arg;
};

/* What is known before the input is looked at. */
struct source {
  struct arena *arena;
  struct slice channel;
  const char *channel_kind;      /* "sms", "webhook" */
  bool sms;                      /* people write on a phone: the opt-out words hold */
  char *const *own_numbers;
  size_t own_number_count;
  int64_t received_ms;
  struct blob_sink blobs;
};

struct draft {
  const struct source *source;
  struct arena *arena;
  contact_event *event;
  size_t field_room, attachment_room, to_room, to_bytes;
  bool failed;                   /* no memory */
  bool deferred;                 /* the sink had no room */
};

/* Outcomes of the normalisers. */
enum { NORMALISE_BAD = 1, NORMALISE_DEFER = 2 };

/* Starts an event of that kind. Returns 0 or -ENOMEM. */
int must_check draft_start(struct draft *d, const struct source *source, Deskbell__V1__EventKind kind);
/* The deterministic id, and source_id as readable text. */
void draft_id(struct draft *d, const char *kind, struct slice source_id, struct slice content);
/* Clean copies; never NULL. Mending adds a warning. */
char *draft_text(struct draft *d, struct slice s);
char *draft_line(struct draft *d, struct slice s, size_t most);
/* `warning` is static. The same one is kept once. */
void draft_warn(struct draft *d, const char *warning);
/* Skipped when the value is empty. */
void draft_field(struct draft *d, const char *name, struct slice value);
/* Sets the text; what is longer than an event may hold goes to the blobs as a whole. */
void draft_body(struct draft *d, struct slice text);
/* NULL when there are too many (warned) or no memory. */
event_attachment *draft_attachment(struct draft *d, struct slice name, struct slice type);
/* Left out when NULL, or when they get too many (warned). */
void draft_to(struct draft *d, event_party *party);
/* Keeps `url` as field media_url_N of the attachment made last; never fetched here (WH-13). */
void draft_media_url(struct draft *d, struct slice url);
/* Ends: 0, NORMALISE_DEFER, -ENOMEM. */
int must_check draft_end(struct draft *d, contact_event **ret);

/* A phone number, "whatsapp:+…", "messenger:123", a short code, a name. NULL when `raw` is empty. */
event_party *draft_phone_party(struct draft *d, struct slice raw);
/* An e-mail address, a phone number with '+' or of an sms channel, else an id of the sender's own. */
event_party *draft_any_party(struct draft *d, struct slice raw);

#endif
