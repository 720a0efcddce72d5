/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Identifiers. A contact event's id is made from its channel and its source's own id, never from time or chance,
 * so that a message taken twice is the same event. Ids of what an event creates (customer,
 * conversation, work item) are made from the event's id, so that a replay creates nothing new:
 * one prefix letter and the first 16 characters of the event id: "c…", "v…", "w…", and "o…" for what goes out.
 */
#ifndef BASE_ID_H
#define BASE_ID_H

#include "base/slice.h"

#define EVENT_ID_BYTES 16
#define EVENT_ID_LEN 26      /* Crockford base32, lower case */
#define DERIVED_ID_LEN 17    /* prefix + 16 characters */

struct event_id {
  uint8_t bytes[EVENT_ID_BYTES];
};

/* From the channel's name, a kind of source ("message", "status", …), the source's id, and optionally a digest of
 * the content (empty: none). First 128 bits of SHA-256 over the length-prefixed parts. */
struct event_id event_id_make(struct slice channel, struct slice kind, struct slice source_id, struct slice content);
void event_id_text(const struct event_id *id, char ret[EVENT_ID_LEN + 1]);
/* Returns 0 or -EINVAL. */
int must_check event_id_parse(struct slice text, struct event_id *ret);
/* The reference shown to a customer for an event: 12 characters of the id, in threes of four: "7kq2-m9xd-4tab". */
#define REFERENCE_LEN 14
void event_reference(const char *event_id_text, char ret[REFERENCE_LEN + 1]);
/* The id of an outbound message, "o…", from its channel and the idempotency key of who orders it: the same again is the
 * same message. */
void outbound_id_make(struct slice channel, struct slice key, char ret[DERIVED_ID_LEN + 1]);
/* Digest of a Message-ID (without <>) as it stands in Redis: 26 characters. */
void message_id_digest(struct slice message_id, char ret[EVENT_ID_LEN + 1]);
/* FNV-1a 64; for lanes and tables, never for security. With a secret: for tables of names that others choose. */
uint64_t hash64(struct slice s);
uint64_t hash64_with(uint64_t secret, struct slice s);

#endif
