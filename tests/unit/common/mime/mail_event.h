/* SPDX-License-Identifier: Apache-2.0 */
/* One mail read, with everything that can be said of it as JSON. */
#ifndef TEST_MAIL_EVENT_H
#define TEST_MAIL_EVENT_H

#include "mime/mime.h"

#define MAIL_RECEIVED_MS 1795944600000LL /* 2026-11-29T09:30:00Z */

struct mail_event {
  struct arena *arena;
  struct mime_result result;
  const char *why;
  int outcome;
};

/* As delivered to support+tok@desk.example on channel "support"; <joe@customer.example> in the envelope. Trusted:
 * Authentication-Results of mx.desk.example and mx2.desk.example, and those without an id; the usual spam headers.
 * Ours: support@desk.example, @help.desk.example. */
void mail_event_read(struct mail_event *m, struct slice raw);
void mail_event_free(struct mail_event *m);
/* event_json() and what it leaves out: tokens, the text of the HTML. Gives a new reference. */
json_t *mail_event_json(const struct mail_event *m);
/* The same bytes with every line end as CRLF. */
struct buf mail_crlf(struct slice raw);

#endif
