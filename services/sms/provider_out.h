/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a provider is told to send a message, and what its answer means: a row each, as for what comes in (sms.h). Pure.
 *
 *   twilio    https://www.twilio.com/docs/messaging/api/message-resource (POST, form body, basic authentication)
 *   generic   URL, header fields and body from the configuration; {{to}} {{from}} {{text}} {{id}} {{conversation}}
 *             {{subject}} {{secret}} are filled in, each escaped for the place where it stands, so that no value can end a
 *             JSON string, a form value, a URL or a header field (SE-12)
 */
#ifndef SMS_PROVIDER_OUT_H
#define SMS_PROVIDER_OUT_H

#include "base/arena.h"
#include "config/config.h"
#include "outbound/outbound.h"

#define OUT_HEADERS_MAX 24
#define OUT_BODY_MAX (256 * 1024)

struct out_channel {
  const struct channel_config *config;
  const char *secret;            /* "" none */
  const char *callback;          /* URL for reports on what became of it; "" none */
};

struct out_request {
  const char *method, *url, *user, *password; /* user NULL: no HTTP authentication */
  struct slice body;             /* empty: none */
  const char *headers[OUT_HEADERS_MAX];
  size_t header_count;
};

struct out_reply {
  long status;
  struct slice body;             /* at most 64 KiB of it */
  int64_t retry_after_ms;        /* 0: not said */
};

struct provider_out {
  /* Returns 0 or OUT_IMPOSSIBLE with `*ret_why` for a person, -ENOMEM. In the arena. */
  int (*make)(const struct out_channel *c, const outbound_message *m, struct arena *a, struct out_request *ret,
              const char **ret_why);
  /* Texts in the arena, or static. */
  void (*judge)(const struct out_channel *c, const struct out_reply *reply, struct arena *a, struct outbound_result *ret);
  const char *destination;       /* NULL: the host of the URL */
};

enum { OUT_IMPOSSIBLE = 1 };

extern const struct provider_out provider_out_twilio, provider_out_generic;

/* What the HTTP status alone says (RFC 9110): 2xx accepted; 408, 425, 429 and 5xx later, 401 and 403 later for the whole
 * provider (a wrong key is mended by an operator), other 4xx never. */
void out_judge_status(const struct out_reply *reply, struct arena *a, struct outbound_result *ret);
/* Fills {{name}} of a template. `escape` writes a value for the place it stands in. Returns BUF_FULL or 0. */
typedef int out_escape(struct slice value, struct buf *ret);
int out_fill(const char *template, const struct out_channel *c, const outbound_message *m, out_escape *escape,
             struct buf *ret);
int out_escape_json(struct slice value, struct buf *ret);
int out_escape_url(struct slice value, struct buf *ret);
int out_escape_header(struct slice value, struct buf *ret);
int out_escape_none(struct slice value, struct buf *ret);
/* Whether every {{name}} in it is known; else *ret_name lends the one that is not. */
bool out_template_ok(const char *template, struct slice *ret_name);

#endif
