/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From what was posted to a contact event. Pure: the clock, the blobs' names and the submission's key come in.
 * A typed address proves nothing: the event's `from.verified` stays empty (AR-23). Peer address and user agent are not
 * part of the event (WF-51).
 */
#ifndef WEBFORM_NORMALISE_H
#define WEBFORM_NORMALISE_H

#include "config/config.h"
#include "event/event.h"
#include "posted.h"
#include "spool/blob.h"
#include "words.h"

#define MESSAGE_MAX 100000       /* characters */
#define SOURCE_KEY_MAX 200
#define FORM_ERRORS_MAX (FIELD_COUNT + 10)

struct form_error {
  enum posted_field field;       /* FIELD_COUNT: of none in particular */
  enum word text;
  const char *argument;          /* for the text's "{}"; may be NULL */
};

struct checked {
  struct form_error errors[FORM_ERRORS_MAX];
  size_t error_count;            /* 0: the rest is valid */
  char *name, *subject, *phone;  /* one line each */
  char *raw, *address, *key;     /* how the customer is reached, as typed and made canonical */
  uint8_t digest[32];            /* of everything the customer said: two posts with the same one say the same */
};

/* Returns 0 – look at error_count – or -ENOMEM (arena's ceiling). */
int must_check form_check(struct arena *a, const struct channel_config *channel, const struct posted *posted,
                          struct checked *ret);

/* Reason code when it looks like a robot's work (WF-12), NULL otherwise. `fill_ms`: from page to post, < 0 unknown. */
const char *form_suspected(const struct channel_config *channel, const struct posted *posted,
                           const struct checked *checked, int64_t fill_ms);

struct form_facts {
  const struct channel_config *channel;
  const struct posted *posted;
  const struct checked *checked;
  const char *id;                /* event id */
  const char *source_id;
  const char *suspected;         /* or NULL */
  int64_t now_ms;
  struct blob_ref original;
  const struct blob_ref *text;   /* the whole message when it is longer than EVENT_TEXT_MAX, else NULL */
  const struct blob_ref *files;  /* one per posted file */
};

/* NULL at the arena's ceiling. */
contact_event *form_event(struct arena *a, const struct form_facts *facts);

#endif
