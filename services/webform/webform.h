/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of this program share while it runs. All of it belongs to the loop thread. */
#ifndef WEBFORM_WEBFORM_H
#define WEBFORM_WEBFORM_H

#include "channel/channel.h"
#include "guard.h"
#include "http/http.h"
#include "metrics/metrics.h"
#include "repeats.h"
#include "words.h"

/* How a request ended: one counter each. */
enum outcome {
  OUTCOME_ACCEPTED,
  OUTCOME_SUSPECTED,    /* accepted, and marked */
  OUTCOME_REPEATED,     /* the same message again */
  OUTCOME_REUSED,       /* another message under a used token or key */
  OUTCOME_INVALID,
  OUTCOME_UNCONFIRMED,  /* token missing, broken or expired */
  OUTCOME_BROKEN,
  OUTCOME_LIMITED,
  OUTCOME_FULL,
  OUTCOME_FORBIDDEN,
  OUTCOME_UNSUPPORTED,
  OUTCOME_TOO_LARGE,
  OUTCOME_METHOD,
  OUTCOME_NOT_FOUND,
  OUTCOME_SHOWN,        /* a page was read */
  OUTCOME_COUNT
};

struct form_channel {
  const struct channel_config *config; /* borrowed */
  char *policy;                        /* Content-Security-Policy of its pages */
  struct guard *guard;
};

struct webform {
  const struct config *config;         /* borrowed */
  uint8_t secret[64];
  size_t secret_len;
  struct channel *channel;
  struct http_server *http;
  struct form_channel *channels;
  size_t channel_count;
  struct repeats *repeats;
  char *plain_policy;                  /* of pages that belong to no channel */
  struct buf page, event;              /* every answer and every event is made here, one after the other */
  struct metric *requests[OUTCOME_COUNT];
  struct metric *take_seconds;
};

#endif
