/* SPDX-License-Identifier: Apache-2.0 */
/* https://www.twilio.com/docs/messaging/api/message-resource, error codes: https://www.twilio.com/docs/api/errors */
#include "base/encode.h"
#include "json_read.h"
#include "provider_out.h"

#define API "https://api.twilio.com/2010-04-01/Accounts/%s/Messages.json"

static void add_field(struct buf *b, const char *name, const char *value) {
  if (b->len)
    buf_add_char(b, '&');
  buf_add_text(b, name);
  buf_add_char(b, '=');
  percent_encode(slice_text(value), b);
}

static bool is_whatsapp(const char *from) {
  return strncmp(from, "whatsapp:", 9) == 0;
}

static int make(const struct out_channel *c, const outbound_message *m, struct arena *a, struct out_request *ret,
                const char **ret_why) {
  const struct channel_config *config = c->config;
  const char *from = *config->out_from ? config->out_from : config->address_count ? config->addresses[0] : "";
  if (!*config->account_sid || !*c->secret || !*from) {
    *ret_why = "its channel lacks account_sid, a secret or a number to send from";
    return OUT_IMPOSSIBLE;
  }
  auto_clean(buf_free) struct buf body = BUF_INIT(OUT_BODY_MAX);
  const char *to = is_whatsapp(from) ? arena_printf(a, "whatsapp:%s", m->to) : m->to;
  if (!to)
    return -ENOMEM;
  add_field(&body, "To", to);
  add_field(&body, strncmp(from, "MG", 2) == 0 ? "MessagingServiceSid" : "From", from);
  add_field(&body, "Body", m->text);
  if (*c->callback)
    add_field(&body, "StatusCallback", c->callback);
  char *kept = body.full ? NULL : arena_copy(a, buf_slice(&body));
  char *url = *config->out_url ? arena_copy(a, slice_text(config->out_url)) : arena_printf(a, API, config->account_sid);
  if (!kept || !url)
    return -ENOMEM;
  *ret = (struct out_request){.method = "POST", .url = url, .body = slice_text(kept), .password = c->secret,
                              .user = *config->out_user ? config->out_user : config->account_sid,
                              .headers = {"Content-Type: application/x-www-form-urlencoded", "Accept: application/json"},
                              .header_count = 2};
  return 0;
}

/* What Twilio's own code means, where its HTTP status says too little. */
static const struct row {
  int code;
  enum outbound_outcome outcome;
  bool down;
} rows[] = {
    {20003, OUTBOUND_DEFERRED, true},  /* authentication */
    {20005, OUTBOUND_DEFERRED, true},  /* account not active */
    {20429, OUTBOUND_DEFERRED, true},  /* too many requests */
    {14107, OUTBOUND_DEFERRED, true},  /* rate */
    {21610, OUTBOUND_SUPPRESSED, false}, /* the customer has sent STOP */
    {21611, OUTBOUND_DEFERRED, true},  /* its queue for this number is full */
    {21211, OUTBOUND_FAILED, false},   /* no valid number */
    {21217, OUTBOUND_FAILED, false},
    {21408, OUTBOUND_FAILED, false},   /* region not permitted */
    {21606, OUTBOUND_DEFERRED, true},  /* From is not ours: an operator mends it */
    {21612, OUTBOUND_FAILED, false},
    {21614, OUTBOUND_FAILED, false},   /* no mobile number */
    {21617, OUTBOUND_FAILED, false},   /* too long */
    {21660, OUTBOUND_DEFERRED, true},
    {63016, OUTBOUND_FAILED, false},   /* WhatsApp: outside the window for free text */
    {63018, OUTBOUND_DEFERRED, true},  /* rate of the channel */
};

static void judge(const struct out_channel *c, const struct out_reply *reply, struct arena *a,
                  struct outbound_result *ret) {
  json_t *json = NULL;
  bool duplicates;
  (void)c;
  out_judge_status(reply, a, ret);
  if (json_read(reply->body, a, &json, &duplicates) != 0 || !json_is_object(json)) {
    json_decref(json);
    if (ret->outcome != OUTBOUND_ACCEPTED)
      return;
    ret->outcome = OUTBOUND_UNSURE;
    ret->why = "Twilio answered with success but not in JSON, so that its id is not known";
    return;
  }
  struct slice sid = json_member_text(json, "sid", a), message = json_member_text(json, "message", a);
  int code = (int)json_integer_value(json_object_get(json, "code"));
  char *kept = arena_copy(a, sid), *why = arena_printf(a, "Twilio: %.*s", (int)(message.len < 300 ? message.len : 300), message.at);
  for (size_t i = 0; ret->outcome != OUTBOUND_ACCEPTED && i < sizeof(rows) / sizeof(rows[0]); i++)
    if (rows[i].code == code) {
      ret->outcome = rows[i].outcome;
      ret->destination_down = rows[i].down;
    }
  if (code)
    ret->code = arena_printf(a, "%d", code);
  ret->code = ret->code ? ret->code : "";
  ret->why = message.len && why ? why : "";
  ret->provider_id = kept ? slice_text(kept) : SLICE("");
  json_decref(json);
}

const struct provider_out provider_out_twilio = {.make = make, .judge = judge, .destination = "twilio"};
