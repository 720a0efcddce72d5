/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deskbell's own webhook body (docs of provider `generic`) → contact events. One item, a list of items, or
 * {"messages": […], "statuses": […]}; each item is an event of its own and a bad one does not reject the rest (WH-09).
 *
 *   {"type": "message", "id": "m1", "from": {"address": "+14155552671", "name": "Ann"}, "to": "…", "subject": "…",
 *    "text": "…", "timestamp": "2026-11-24T09:30:00Z", "language": "en",
 *    "attachments": [{"name": "a.pdf", "type": "application/pdf", "content": "<base64>"}, {"url": "https://…"}],
 *    "fields": {"order": 4711}}
 *   {"type": "status", "of": "our message's id", "status": "delivered", "error": "…"}
 *
 * Types: message (also when there is none), status, edit, delete, opt_out, opt_in. An unknown type is taken as it is,
 * with its name (WH-10). Pure, but for the blobs it puts.
 */
#ifndef SMS_NORMALISE_GENERIC_H
#define SMS_NORMALISE_GENERIC_H

#include "draft.h"

#define GENERIC_ITEMS_MAX 1000

struct normalised {
  contact_event **events;
  size_t count;
  size_t unknown, bad;       /* of unknown type; quarantined */
  bool batch;
  const char *why;           /* of NORMALISE_BAD: one static sentence for the sender */
};

/* Returns 0, NORMALISE_BAD, NORMALISE_DEFER, -ENOMEM. */
int must_check normalise_generic(const struct source *source, struct slice body, struct slice webhook_id,
                                 struct normalised *ret);

#endif
