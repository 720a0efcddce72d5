/* SPDX-License-Identifier: Apache-2.0 */
/* Twilio: form bodies signed together with the public URL; hears an empty document, or nothing. */
#include "normalise_twilio.h"
#include "sms.h"
#include "webhook/signature.h"

static enum verdict verify(struct intake *in) {
  const struct http_request *r = in->request;
  const struct hook *h = in->hook;
  struct slice query = http_query(r), body = http_body(r);
  in->why = "wrong";
  /* Splitting into names and values is part of the signature; nothing is understood yet. */
  if (form_parse_urlencoded(in->arena, body, &in->form) != 0)
    return VERDICT_FORBIDDEN;
  char *url = arena_printf(in->arena, "%s%s%s%.*s", h->base_url, http_path(r), query.len ? "?" : "", (int)query.len,
                           query.at);
  struct slice header = slice_text(http_header(r, "X-Twilio-Signature"));
  if (!url || signature_twilio(h->secret_slices, h->secret_count, slice_text(url), &in->form, body, header,
                               in->arena) != 0)
    return VERDICT_FORBIDDEN;
  return TAKEN;
}

/* One secret may serve several accounts' numbers; the account is part of who may call. */
static bool right_account(const struct intake *in) {
  const char *configured = in->hook->config->account_sid;
  const struct form_part *sent = form_find(&in->form, "AccountSid");
  return !*configured || (sent && slice_equal(sent->value, slice_text(configured)));
}

static enum verdict normalise(struct intake *in) {
  if (!right_account(in)) {
    in->why = "account";
    return VERDICT_FORBIDDEN;
  }
  in->events = arena_alloc(in->arena, sizeof(*in->events));
  int r = in->events ? normalise_twilio(&in->source, &in->form, &in->events[0]) : -ENOMEM;
  in->count = 1;
  return r == 0 ? TAKEN : r == NORMALISE_BAD ? VERDICT_MALFORMED : VERDICT_DEFERRED;
}

static void accepted(const struct intake *in, struct buf *ret) {
  (void)in;
  buf_add_text(ret, "<Response/>");
}

const struct provider provider_twilio = {
    .media_type = "application/x-www-form-urlencoded",
    .verify = verify,
    .normalise = normalise,
    .accepted = accepted,
    .accepted_type = "text/xml",
    .explain = false,
};
