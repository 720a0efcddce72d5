/* SPDX-License-Identifier: Apache-2.0 */
/* Any system that signs by Standard Webhooks; hears the id under which `deskbell trace` finds its message. */
#include "base/clock.h"
#include "normalise_generic.h"
#include "sms.h"
#include "webhook/signature.h"

#define WEBHOOK_ID_MAX 256

static enum verdict verify(struct intake *in) {
  const struct http_request *r = in->request;
  const struct hook *h = in->hook;
  struct slice id = slice_text(http_header(r, "webhook-id"));
  int outcome = signature_standard(h->secret_slices, h->secret_count, id,
                                   slice_text(http_header(r, "webhook-timestamp")), http_body(r),
                                   slice_text(http_header(r, "webhook-signature")), clock_now_ms());
  in->why = outcome == SIGNATURE_STALE ? "stale" : "wrong";
  return outcome == 0 && id.len <= WEBHOOK_ID_MAX ? TAKEN : VERDICT_FORBIDDEN;
}

static enum verdict normalise(struct intake *in) {
  struct normalised n;
  int r = normalise_generic(&in->source, http_body(in->request), slice_text(http_header(in->request, "webhook-id")),
                            &n);
  in->why = r == -ENOMEM ? "too many parts for its size" : n.why;
  if (r) /* no memory means the request's own ceiling: it would not fit the next time either */
    return r == NORMALISE_BAD || r == -ENOMEM ? VERDICT_MALFORMED : VERDICT_DEFERRED;
  in->events = n.events;
  in->count = n.count;
  in->batch = n.batch;
  metric_add(in->sms->unknown_types, n.unknown);
  metric_add(in->sms->quarantined, n.bad);
  return TAKEN;
}

static void accepted(const struct intake *in, struct buf *ret) {
  if (!in->batch) {
    buf_printf(ret, "{\"id\":\"%s\"}", in->events[0]->id);
    return;
  }
  buf_add_text(ret, "{\"ids\":[");
  for (size_t i = 0; i < in->count; i++)
    buf_printf(ret, "%s\"%s\"", i ? "," : "", in->events[i]->id);
  buf_add_text(ret, "]}");
}

const struct provider provider_generic = {
    .media_type = "application/json",
    .verify = verify,
    .normalise = normalise,
    .accepted = accepted,
    .accepted_type = "application/json",
    .explain = true,
};
