/* SPDX-License-Identifier: Apache-2.0 */
#include "send.h"
#include "channel/channel_outbound.h"
#include "deliver_smtp.h"
#include <stdlib.h>

struct send {
  struct deliver_smtp *deliver;
  struct channel_outbound *outbound;
};

int send_open(uv_loop_t *loop, const struct config *config, struct channel *channel, struct send **ret,
              struct complaint *complaint) {
  struct send *s = must_calloc(1, sizeof(*s));
  int r = deliver_smtp_open(loop, config, channel_outbound_blob, &s->deliver, complaint);
  if (r == 0) {
    const struct channel_outbound_options options = {.program = "email", .config = config, .channel_kind = "email",
                                                     .destination = deliver_smtp_destination,
                                                     .attempt = deliver_smtp_attempt, .resend = deliver_smtp_resend,
                                                     .arg = s->deliver};
    r = channel_outbound_open(loop, channel, &options, &s->outbound, complaint);
  }
  if (r < 0) {
    send_close(&s);
    return r;
  }
  deliver_smtp_serve(s->deliver, channel_outbound_store(s->outbound));
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
  deliver_smtp_close(&s->deliver);
  channel_outbound_close(&s->outbound);
  free(s);
}

void send_unhealthy(struct send *s, struct buf *ret_reasons) {
  channel_outbound_unhealthy(s->outbound, ret_reasons);
}

void send_measure(struct send *s) {
  channel_outbound_measure(s->outbound);
}
