/* SPDX-License-Identifier: Apache-2.0 */
#include "send.h"
#include "channel/channel_outbound.h"
#include "curl/curl_loop.h"
#include "deliver_http.h"
#include <stdlib.h>

enum { DEADLINE_MS = 30 * 1000 };

struct send {
  struct curl_loop *curl;
  struct deliver_http *deliver;
  struct channel_outbound *outbound;
};

int send_open(uv_loop_t *loop, const struct config *config, struct channel *channel,
              void (*hook_url)(void *arg, const char *channel, char ret[1024]), void *arg, struct send **ret,
              struct complaint *complaint) {
  struct send *s = must_calloc(1, sizeof(*s));
  s->curl = curl_loop_open(loop);
  const struct deliver_http_options http = {.config = config, .curl = s->curl, .deadline_ms = DEADLINE_MS,
                                            .callback_url = hook_url, .arg = arg};
  int r = deliver_http_open(loop, &http, &s->deliver, complaint);
  if (r == 0) {
    const struct channel_outbound_options options = {.program = "sms", .config = config, .channel_kind = "sms",
                                                     .destination = deliver_http_destination,
                                                     .attempt = deliver_http_attempt, .resend = deliver_http_resend,
                                                     .arg = s->deliver};
    r = channel_outbound_open(loop, channel, &options, &s->outbound, complaint);
  }
  if (r < 0) {
    send_close(&s);
    return r;
  }
  deliver_http_serve(s->deliver, channel_outbound_store(s->outbound));
  *ret = s;
  return 0;
}

void send_drain(struct send *s, void (*drained)(void *arg), void *arg) {
  channel_outbound_drain(s->outbound, drained, arg);
}

void send_close(struct send **send) {
  if (!send || !*send)
    return;
  struct send *s = *send;
  *send = NULL;
  deliver_http_close(&s->deliver);
  channel_outbound_close(&s->outbound);
  curl_loop_close(&s->curl);
  free(s);
}

void send_unhealthy(struct send *s, struct buf *ret_reasons) {
  channel_outbound_unhealthy(s->outbound, ret_reasons);
}

void send_measure(struct send *s) {
  channel_outbound_measure(s->outbound);
}
