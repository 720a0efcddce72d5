/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Outbound messages over providers' HTTP interfaces, by libcurl in the loop. What is said and what an answer means is
 * provider_out.h; when a message is tried is the delivery store's (common/outbound).
 *
 * The body of a request is held back until it is on disk that it may now arrive; a connection that breaks before that is an
 * ordinary failure, one that breaks after it leaves the message unsure. A GET has no body: it is noted before.
 */
#ifndef SMS_DELIVER_HTTP_H
#define SMS_DELIVER_HTTP_H

#include "config/config.h"
#include "outbound/outbound.h"

struct curl_loop;
struct deliver_http;

struct deliver_http_options {
  const struct config *config;   /* borrowed */
  struct curl_loop *curl;        /* borrowed */
  int64_t deadline_ms;           /* of one request */
  /* Where reports on a channel's messages shall come, its public webhook; "" none. In `ret`. May be NULL. */
  void (*callback_url)(void *arg, const char *channel, char ret[1024]);
  void *arg;
};

/* Returns 0 or < 0 with the complaint filled. */
int must_check deliver_http_open(uv_loop_t *loop, const struct deliver_http_options *options, struct deliver_http **ret,
                                 struct complaint *complaint);
/* The store whose tries it serves; to be set before the first one. */
void deliver_http_serve(struct deliver_http *d, struct outbound *store);
/* Breaks off what is under way. To be called before outbound_close(), in the same turn of the loop. */
void deliver_http_close(struct deliver_http **d);

/* Hooks of struct outbound_options; `arg` is the deliverer. */
const char *deliver_http_destination(void *arg, const outbound_message *m);
void deliver_http_attempt(void *arg, const char *id, const outbound_message *m, uint32_t attempt);
bool deliver_http_resend(void *arg, const outbound_message *m);

#endif
