/* SPDX-License-Identifier: Apache-2.0 */
/* The answers of this program, as pages or as JSON, with the headers each needs. Each ends the request. */
#ifndef WEBFORM_ANSWER_H
#define WEBFORM_ANSWER_H

#include "page.h"
#include "webform.h"

struct asker {
  struct webform *webform;
  const struct form_channel *channel; /* NULL: no such channel */
  struct http_request *request;
  bool json;                          /* wants JSON, not a page */
  const char *cors_origin;            /* the listed site that asks, or NULL */
};

/* The form page, or in JSON its errors (the notice is one without a field). `retry_after_s` 0: no such header. */
void answer_form(const struct asker *asker, unsigned status, enum outcome outcome, const struct page_form *form,
                 int64_t retry_after_s);
/* Taken: 303 to the thank-you page, or 202 with id and reference. */
void answer_taken(const struct asker *asker, enum outcome outcome, const struct event_id *id);
void answer_thanks(const struct asker *asker, const char *reference);
/* A heading and a sentence; `allow` (may be NULL) is the value of that header. */
void answer_plain(const struct asker *asker, unsigned status, enum outcome outcome, enum word title, enum word text,
                  const char *allow);
/* The answer to OPTIONS: what a listed site may send. */
void answer_preflight(const struct asker *asker);

#endif
