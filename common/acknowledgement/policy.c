/* SPDX-License-Identifier: Apache-2.0 */
/* A table of rules, asked in the order of their weight. A rule writes its reason and returns true to be silent. */
#include "acknowledgement/policy.h"
#include "template/template.h"
#include "text/address.h"
#include "text/mail_provider.h"
#include <stdarg.h>
#include <stdio.h>

struct weighing {
  const struct policy_facts *facts;
  const contact_event *event;
  const struct channel_config *channel;
  struct arena *arena;
  struct policy_verdict *verdict;
  unsigned allow;             /* of the template */
  bool failed;                /* no memory */
};

static bool printf_like(2, 3) silent(struct weighing *w, const char *format, ...) {
  va_list values;
  va_start(values, format);
  vsnprintf(w->verdict->reason, sizeof(w->verdict->reason), format, values);
  va_end(values);
  return true;
}

static bool is_mail(const struct weighing *w) {
  return w->channel->kind == CHANNEL_EMAIL;
}

/* The address in the key of an e-mail address; NULL: it is another's. */
static const char *email_of(const char *key) {
  return strncmp(key, "email:", 6) == 0 ? key + 6 : NULL;
}

static bool warned(const contact_event *e, const char *warning) {
  for (size_t i = 0; i < e->n_warnings; i++)
    if (strcmp(e->warnings[i], warning) == 0)
      return true;
  return false;
}

/* ---- what the message says of itself */

static bool null_path(struct weighing *w) {
  return is_mail(w) && strcmp(w->event->envelope_from, "<>") == 0 && silent(w, "AR-01 the return path is null");
}

/* AR-02 … AR-06, AR-09, AR-11: with evidence and no kind it asks for silence (AR-17). */
static bool automatic(struct weighing *w) {
  const Deskbell__V1__Automatic *a = w->event->automatic;
  if (!a || (!a->kind[0] && a->n_evidence == 0))
    return false;
  return silent(w, "%s%s%s", a->n_evidence ? a->evidence[0] : "AR-16 automatic", a->kind[0] ? ", it is a " : "",
                strcmp(a->kind, "bulk") == 0 ? "bulk mail" : strcmp(a->kind, "list") == 0 ? "mailing list's" : a->kind);
}

/* AR-18: no evidence of a robot, and doubt enough. */
static bool looks_automatic(struct weighing *w) {
  return warned(w->event, "looks-automatic") && silent(w, "AR-18 the subject is one of a program");
}

static bool suspected(struct weighing *w) {
  if (w->event->suspected[0])
    return silent(w, "AR-12 it is suspected: %s", w->event->suspected);
  if (warned(w->event, "dmarc-fail") || (w->event->authenticity && strcmp(w->event->authenticity->dmarc, "fail") == 0))
    return silent(w, "AR-12 the sender is forged (DMARC)");
  return warned(w->event, "from-imitates-us") && silent(w, "AR-12 the sender passes for one of us");
}

static bool malformed(struct weighing *w) {
  static const char *const warnings[] = {"header-missing", "from-missing", "from-invalid", "from-several"};
  for (size_t i = 0; i < sizeof(warnings) / sizeof(warnings[0]); i++)
    if (warned(w->event, warnings[i]))
      return silent(w, "AR-13 malformed: %s", warnings[i]);
  return is_mail(w) && (!w->event->from || !w->event->from->key[0]) && silent(w, "AR-13 malformed: from-missing");
}

/* ---- where to */

static bool no_way_back(struct weighing *w) {
  const event_party *from = w->event->from;
  struct policy_verdict *v = w->verdict;
  if (is_mail(w) && !w->event->envelope_from[0])
    return silent(w, "AR-20 no return path");
  struct slice raw = slice_text(is_mail(w) ? w->event->envelope_from : from ? from->address : "");
  if (!raw.len || (!is_mail(w) && !from->key[0]))
    return silent(w, "no address that could be written to");
  if (!is_mail(w) && !email_of(from->key)) {
    v->to = from->address;
    v->to_key = from->key;
    return strncmp(v->to_key, "short:", 6) == 0 && silent(w, "no address that could be written to");
  }
  int r = address_email(w->arena, raw, &v->to, &v->to_key);
  w->failed |= r == -ENOMEM;
  return r != 0 && silent(w, is_mail(w) ? "AR-20 the return path is no address" : "no address that could be written to");
}

static bool path_differs(struct weighing *w) {
  if (!is_mail(w) || (w->allow & ALLOW_RETURN_PATH_DIFFERS) || strcmp(w->verdict->to_key, w->event->from->key) == 0)
    return false;
  return silent(w, "AR-21 the return path is not the sender's address");
}

static bool is_people(struct weighing *w) {
  struct slice local, token, domain;
  const char *address = email_of(w->verdict->to_key);
  if (!address || !address_split_token(slice_text(address), &local, &token, &domain))
    return false;
  return slice_equal(local, SLICE("postmaster")) && !(w->allow & ALLOW_POSTMASTER) &&
         silent(w, "AR-09 the sender is a postmaster");
}

/* Whichever messenger stands before our number: "whatsapp:+1415…". */
static bool same_number(struct slice number, const char *ours) {
  const char *colon = strchr(ours, ':');
  return slice_equal(number, slice_text(colon ? colon + 1 : ours));
}

/* Our channels would talk to each other. */
static bool own_number(const struct config *c, struct slice number) {
  for (size_t i = 0; i < c->channel_count; i++) {
    const struct channel_config *channel = &c->channels[i];
    bool ours = same_number(number, channel->out_from);
    for (size_t k = 0; !ours && k < channel->address_count; k++)
      ours = same_number(number, channel->addresses[k]);
    if (ours)
      return true;
  }
  return false;
}

/* Without sub-addresses: the answers' own Reply-To is one. */
static bool is_sender(const struct channel_config *c, struct slice local, struct slice domain) {
  struct slice ours, token, at;
  return address_split_token(slice_text(c->from_address), &ours, &token, &at) && slice_equal_nocase(local, ours) &&
         slice_equal_nocase(domain, at);
}

/* AR-07, AL-5, AL-6: a channel's address or number, one that its answers come from, an agent's. */
static bool own(struct weighing *w) {
  const struct config *c = w->facts->config;
  const char *key = w->verdict->to_key, *email = email_of(key);
  struct slice local, token, domain, address = slice_text(email ? email : "");
  if (strncmp(key, "tel:", 4) == 0)
    return own_number(c, slice_text(key + 4)) && silent(w, "AR-07 it would go to a number of this desk");
  if (!email)
    return false;
  if (!address_split_token(address, &local, &token, &domain))
    return silent(w, "no address that could be written to");
  if (config_channel_of_address(c, local, domain))
    return silent(w, "AR-07 it would go to an address of this desk");
  for (size_t i = 0; i < c->channel_count; i++)
    if (is_sender(&c->channels[i], local, domain))
      return silent(w, "AR-07 it would go to an address of this desk");
  return desk_agent_of(w->facts->desk, address)[0] && silent(w, "AR-07 it would go to an agent");
}

static bool not_addressed(struct weighing *w) {
  if (!is_mail(w) || (w->allow & ALLOW_NOT_ADDRESSED))
    return false;
  for (size_t i = 0; i < w->event->n_to; i++) {
    struct slice local, token, domain;
    if (address_split_token(slice_text(w->event->to[i]->address), &local, &token, &domain) &&
        config_channel_for_recipient(w->facts->config, local, domain) == w->channel)
      return false;
  }
  return silent(w, "AR-10 none of this channel's addresses is in To or Cc");
}

static bool typed_in(struct weighing *w) {
  w->verdict->typed = w->channel->kind == CHANNEL_FORM && (!w->event->from || !w->event->from->verified[0]);
  return w->verdict->typed && !(w->allow & ALLOW_TYPED_ADDRESS) && silent(w, "WF-20 the address was only typed in");
}

/* ---- when, and with what */

static bool old(struct weighing *w) {
  const contact_event *e = w->event;
  int64_t most = w->facts->desk->acknowledge.max_age_ms, at = e->received_at_ms;
  if (e->occurred_at_ms > 0 && e->occurred_at_ms < at)
    at = e->occurred_at_ms;
  return w->facts->now_ms - at > most && silent(w, "the message is too old");
}

static bool no_template(struct weighing *w) {
  return !w->verdict->template && silent(w, "no template fits");
}

/* A form has no way back: another channel is named, or is the only one of its kind. */
static const struct channel_config *way_out(const struct weighing *w) {
  const struct config *c = w->facts->config;
  const struct desk_template *t = w->verdict->template;
  if (w->channel->kind != CHANNEL_FORM)
    return w->channel;
  if (t->over)
    return config_channel(c, slice_text(t->over));
  return config_only_channel(c, email_of(w->verdict->to_key) ? CHANNEL_EMAIL : CHANNEL_SMS);
}

static bool no_way_out(struct weighing *w) {
  w->verdict->over = way_out(w);
  if (!w->verdict->over)
    return silent(w, "no channel to send it over: name one with 'over' in the template");
  if (!config_channel_goes_out(w->verdict->over))
    return silent(w, "channel %s has no way out", w->verdict->over->name);
  return (w->verdict->over->kind == CHANNEL_EMAIL) != (email_of(w->verdict->to_key) != NULL) &&
         silent(w, "channel %s cannot reach that address", w->verdict->over->name);
}

static bool (*const rules[])(struct weighing *w) = {
    null_path, automatic, suspected, malformed, looks_automatic, no_way_back, path_differs, is_people,
    own,       not_addressed, typed_in, old,    no_template,     no_way_out};

/* The part of a key that a domain's limit counts for. */
static struct slice counted_domain(const char *key) {
  const char *at = email_of(key) ? strrchr(key, '@') : NULL;
  struct slice domain = slice_text(at ? at + 1 : "");
  return mail_provider_has(domain) ? slice_of("", 0) : domain;
}

static void choose(struct weighing *w) {
  const struct policy_facts *f = w->facts;
  struct slice language = f->language.len ? f->language : slice_text(w->event->language);
  const struct template_facts facts = {.channel = slice_text(w->event->channel), .queue = f->queue, .language = language,
                                       .now_ms = f->now_ms};
  w->verdict->template = template_choose(f->desk, &facts);
  w->verdict->language = language;
  w->allow = w->verdict->template ? w->verdict->template->allow : 0;
}

int policy_decide(const struct policy_facts *f, struct arena *a, struct policy_verdict *ret) {
  *ret = (struct policy_verdict){.answer = POLICY_NOT_ASKED};
  struct weighing w = {.facts = f, .event = f->event, .arena = a, .verdict = ret,
                       .channel = config_channel(f->config, slice_text(f->event->channel))};
  if (f->event->kind != DESKBELL__V1__EVENT_KIND__MESSAGE || !slice_equal(f->how, SLICE("new")) || !w.channel ||
      !template_any(f->desk, slice_text(f->event->channel)))
    return 0;
  choose(&w);
  ret->answer = POLICY_SEND;
  for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]) && ret->answer == POLICY_SEND; i++)
    if (rules[i](&w))
      ret->answer = POLICY_SILENT;
  if (w.failed)
    return -ENOMEM;
  if (ret->answer == POLICY_SEND)
    ret->domain = counted_domain(ret->to_key);
  return 0;
}
