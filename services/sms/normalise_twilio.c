/* SPDX-License-Identifier: Apache-2.0 */
#include "normalise_twilio.h"
#include "opt_out.h"
#include <stdio.h>

#define MEDIA_MAX 100

static struct slice value_of(const struct form *f, const char *name) {
  const struct form_part *part = form_find(f, name);
  return part ? part->value : SLICE("");
}

static struct slice first_of(const struct form *f, const char *const *names) {
  struct slice value = SLICE("");
  for (; *names && value.len == 0; names++)
    value = value_of(f, *names);
  return value;
}

/* What an agent or a rule may want beside the text; everything else stays in the original. */
static const char *const kept_fields[] = {
    "MessagingServiceSid", "NumSegments", "WaId", "ButtonText", "ButtonPayload", "OptOutType", "Latitude", "Longitude",
    "Address", "Label", "FromCity", "FromState", "FromZip", "FromCountry", "Forwarded", "FrequentlyForwarded",
    "ReferralHeadline", "ReferralBody", "ReferralSourceUrl", "ReferralSourceId", "ReferralSourceType",
    "InteractiveData", "FlowData", "ExternalUserId",
};

static void keep_fields(struct draft *d, const struct form *form) {
  for (size_t i = 0; i < sizeof(kept_fields) / sizeof(kept_fields[0]); i++)
    draft_field(d, kept_fields[i], value_of(form, kept_fields[i]));
}

static void keep_media(struct draft *d, const struct form *form) {
  for (unsigned n = 0; n < MEDIA_MAX; n++) {
    char name[32];
    snprintf(name, sizeof(name), "MediaUrl%u", n);
    struct slice url = value_of(form, name);
    if (url.len == 0)
      return;
    snprintf(name, sizeof(name), "MediaContentType%u", n);
    if (draft_attachment(d, url, value_of(form, name)))
      draft_media_url(d, url);
  }
}

static void answer_to(struct draft *d, struct slice replied) {
  Deskbell__V1__ThreadHints *t = replied.len ? arena_alloc(d->arena, sizeof(*t)) : NULL;
  char **list = t ? arena_alloc(d->arena, sizeof(*list)) : NULL;
  d->failed |= replied.len && !list;
  if (!list)
    return;
  deskbell__v1__thread_hints__init(t);
  list[0] = draft_line(d, replied, DRAFT_NAME_MAX);
  t->in_reply_to = list;
  t->n_in_reply_to = 1;
  d->event->thread = t;
}

/* A message from one of our own numbers is an echo of ourselves and must never be answered (SM-21). */
static void mark_own(struct draft *d) {
  static const char *const evidence[] = {"from-own-number"};
  const event_party *from = d->event->from;
  for (size_t i = 0; from && i < d->source->own_number_count; i++) {
    if (!*from->address || strcmp(d->source->own_numbers[i], from->address) != 0)
      continue;
    Deskbell__V1__Automatic *a = arena_alloc(d->arena, sizeof(*a));
    d->failed |= !a;
    if (!a)
      return;
    deskbell__v1__automatic__init(a);
    a->kind = (char *)"loopback";
    a->evidence = (char **)evidence; /* nobody writes into an event's lists */
    a->n_evidence = 1;
    d->event->automatic = a;
  }
}

static void check_recipient(struct draft *d) {
  const char *to = d->event->n_to ? d->event->to[0]->address : "";
  for (size_t i = 0; i < d->source->own_number_count; i++)
    if (strcmp(d->source->own_numbers[i], to) == 0)
      return;
  if (d->source->own_number_count)
    draft_warn(d, "recipient-not-ours");
}

static int message(const struct source *source, const struct form *form, struct slice sid, contact_event **ret) {
  struct draft d;
  struct slice text = value_of(form, "Body"), name = value_of(form, "ProfileName");
  int r = draft_start(&d, source, DESKBELL__V1__EVENT_KIND__MESSAGE);
  if (r)
    return r;
  draft_id(&d, "message", sid, SLICE(""));
  draft_body(&d, text.len ? text : value_of(form, "ButtonText"));
  enum opt opt = opt_of_provider(value_of(form, "OptOutType"), text);
  if (opt != OPT_NONE)
    d.event->kind = opt == OPT_OUT ? DESKBELL__V1__EVENT_KIND__OPT_OUT : DESKBELL__V1__EVENT_KIND__OPT_IN;
  d.event->from = draft_phone_party(&d, value_of(form, "From"));
  if (d.event->from) {
    d.event->from->name = draft_line(&d, name, DRAFT_NAME_MAX);
    d.event->from->verified = (char *)"signature:twilio";
  }
  draft_to(&d, draft_phone_party(&d, value_of(form, "To")));
  d.event->raw_type = draft_line(&d, value_of(form, "MessageType"), DRAFT_NAME_MAX);
  answer_to(&d, value_of(form, "OriginalRepliedMessageSid"));
  keep_fields(&d, form);
  keep_media(&d, form);
  mark_own(&d);
  check_recipient(&d);
  d.event->signature = (char *)"twilio";
  return draft_end(&d, ret);
}

/* In a callback From is ours and To is the customer; in our events `from` is always the customer's side. */
static int status(const struct source *source, const struct form *form, struct slice sid, struct slice state,
                  contact_event **ret) {
  struct draft d;
  struct slice error = value_of(form, "ErrorCode");
  int r = draft_start(&d, source, DESKBELL__V1__EVENT_KIND__STATUS);
  if (r)
    return r;
  Deskbell__V1__DeliveryStatus *s = arena_alloc(d.arena, sizeof(*s));
  char *content = arena_printf(d.arena, "%.*s:%.*s", (int)state.len, state.at, (int)error.len, error.at);
  if (!s || !content)
    return -ENOMEM;
  deskbell__v1__delivery_status__init(s);
  draft_id(&d, "status", sid, slice_text(content));
  s->provider_status = draft_line(&d, state, DRAFT_NAME_MAX);
  s->error_code = draft_line(&d, error, DRAFT_NAME_MAX);
  s->of_source_id = draft_line(&d, sid, DRAFT_NAME_MAX);
  d.event->status = s;
  d.event->from = draft_phone_party(&d, value_of(form, "To"));
  draft_to(&d, draft_phone_party(&d, value_of(form, "From")));
  draft_field(&d, "ErrorMessage", value_of(form, "ErrorMessage"));
  draft_field(&d, "MessagingServiceSid", value_of(form, "MessagingServiceSid"));
  draft_field(&d, "RawDlrDoneDate", value_of(form, "RawDlrDoneDate"));
  d.event->signature = (char *)"twilio";
  return draft_end(&d, ret);
}

int normalise_twilio(const struct source *source, const struct form *form, contact_event **ret) {
  static const char *const sids[] = {"MessageSid", "SmsSid", "SmsMessageSid", NULL};
  static const char *const states[] = {"MessageStatus", "SmsStatus", NULL};
  struct slice sid = first_of(form, sids), state = first_of(form, states);
  if (sid.len == 0)
    return NORMALISE_BAD;
  bool inbound = state.len == 0 || slice_equal_nocase(state, SLICE("received")) ||
                 slice_equal_nocase(state, SLICE("receiving"));
  return inbound ? message(source, form, sid, ret) : status(source, form, sid, state, ret);
}
