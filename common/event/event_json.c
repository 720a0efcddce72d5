/* SPDX-License-Identifier: Apache-2.0 */
/* The outside face of an event: the `data` of a CloudEvent. What is empty is left out; times are RFC 3339. */
#include "base/clock.h"
#include "base/encode.h"
#include "event/event.h"
#include <stdlib.h>

static void set_text(json_t *to, const char *name, const char *value) {
  if (value && *value)
    json_object_set_new_nocheck(to, name, json_string(value));
}

static void set_time(json_t *to, const char *name, int64_t at_ms) {
  char text[RFC3339_LEN + 1];
  if (at_ms == 0)
    return;
  clock_rfc3339(at_ms, text);
  json_object_set_new_nocheck(to, name, json_string(text));
}

static void set_texts(json_t *to, const char *name, char *const *values, size_t count) {
  if (count == 0)
    return;
  json_t *list = json_array();
  for (size_t i = 0; i < count; i++)
    json_array_append_new(list, json_string(values[i]));
  json_object_set_new_nocheck(to, name, list);
}

static void set_digest(json_t *to, const event_blob *b) {
  char hex[HEX_LEN(32) + 1];
  if (!b || b->sha256.len != 32)
    return;
  hex_encode(b->sha256.data, 32, hex);
  json_object_set_new_nocheck(to, "size", json_integer((json_int_t)b->size));
  json_object_set_new_nocheck(to, "sha256", json_string(hex));
}

static void set_blob(json_t *to, const char *name, const event_blob *b) {
  if (!b)
    return;
  json_t *blob = json_object();
  set_digest(blob, b);
  json_object_set_new_nocheck(to, name, blob);
}

static json_t *party_json(const event_party *p) {
  json_t *party = json_object();
  set_text(party, "address", *p->address ? p->address : p->raw);
  set_text(party, "name", p->name);
  set_text(party, "key", p->key);
  set_text(party, "verified", p->verified);
  return party;
}

static json_t *attachment_json(const event_attachment *a) {
  json_t *attachment = json_object();
  set_text(attachment, "name", a->name);
  set_text(attachment, "type", a->type);
  set_text(attachment, "content_id", a->content_id);
  set_digest(attachment, a->blob);
  if (a->inline_part)
    json_object_set_new_nocheck(attachment, "inline", json_true());
  return attachment;
}

static void set_lists(json_t *to, const contact_event *e) {
  if (e->n_to) {
    json_t *list = json_array();
    for (size_t i = 0; i < e->n_to; i++)
      json_array_append_new(list, party_json(e->to[i]));
    json_object_set_new_nocheck(to, "to", list);
  }
  if (e->n_attachments) {
    json_t *list = json_array();
    for (size_t i = 0; i < e->n_attachments; i++)
      json_array_append_new(list, attachment_json(e->attachments[i]));
    json_object_set_new_nocheck(to, "attachments", list);
  }
  if (e->n_fields) {
    json_t *list = json_array();
    for (size_t i = 0; i < e->n_fields; i++) {
      json_t *field = json_object();
      set_text(field, "name", e->fields[i]->name);
      set_text(field, "label", e->fields[i]->label);
      set_text(field, "value", e->fields[i]->value);
      json_array_append_new(list, field);
    }
    json_object_set_new_nocheck(to, "fields", list);
  }
  set_texts(to, "warnings", e->warnings, e->n_warnings);
}

static json_t *status_json(const Deskbell__V1__DeliveryStatus *status) {
  json_t *s = json_object();
  const struct {
    const char *name, *value;
  } texts[] = {{"provider_status", status->provider_status}, {"error_code", status->error_code},
               {"of_source_id", status->of_source_id},       {"of_outbound", status->of_outbound},
               {"state", status->state},                     {"why", status->why},
               {"code", status->code},                       {"destination", status->destination}};
  for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
    set_text(s, texts[i].name, texts[i].value);
  if (status->attempt)
    json_object_set_new_nocheck(s, "attempt", json_integer(status->attempt));
  if (status->parts)
    json_object_set_new_nocheck(s, "parts", json_integer(status->parts));
  set_texts(s, "of_part_ids", status->of_part_ids, status->n_of_part_ids);
  set_time(s, "at", status->at_ms);
  set_time(s, "next_try", status->next_try_ms);
  if (status->permanent)
    json_object_set_new_nocheck(s, "permanent", json_true());
  return s;
}

static void set_parts(json_t *to, const contact_event *e) {
  if (e->thread) {
    json_t *t = json_object();
    set_text(t, "message_id", e->thread->message_id);
    set_texts(t, "in_reply_to", e->thread->in_reply_to, e->thread->n_in_reply_to);
    set_texts(t, "references", e->thread->references, e->thread->n_references);
    json_object_set_new_nocheck(to, "thread", t);
  }
  if (e->automatic) {
    json_t *a = json_object();
    set_text(a, "kind", e->automatic->kind);
    set_texts(a, "evidence", e->automatic->evidence, e->automatic->n_evidence);
    json_object_set_new_nocheck(to, "automatic", a);
  }
  if (e->status)
    json_object_set_new_nocheck(to, "status", status_json(e->status));
  if (e->consent) {
    json_t *c = json_object();
    set_text(c, "text_version", e->consent->text_version);
    json_object_set_new_nocheck(c, "given", json_boolean(e->consent->given));
    set_time(c, "at", e->consent->at_ms);
    json_object_set_new_nocheck(to, "consent", c);
  }
  if (e->quarantine) {
    json_t *q = json_object();
    set_text(q, "reason", e->quarantine->reason);
    set_text(q, "detail", e->quarantine->detail);
    json_object_set_new_nocheck(to, "quarantine", q);
  }
}

/* ---- what mail says beyond its words */

/* The text in two: without and only the spans (which are in order and inside it: event_check()). */
static void set_spans(json_t *to, const contact_event *e) {
  size_t len = strlen(e->text), at = 0, kept = 0, taken = 0;
  if (e->n_spans == 0)
    return;
  char *stripped = must_realloc(NULL, 2 * (len + 1)), *quoted = stripped + len + 1;
  for (size_t i = 0; i < e->n_spans; i++) {
    size_t begin = e->spans[i]->begin, end = e->spans[i]->end;
    memcpy(stripped + kept, e->text + at, begin - at);
    kept += begin - at;
    memcpy(quoted + taken, e->text + begin, end - begin);
    taken += end - begin;
    at = end;
  }
  memcpy(stripped + kept, e->text + at, len - at);
  stripped[kept + len - at] = '\0';
  quoted[taken] = '\0';
  set_text(to, "text_stripped", stripped);
  set_text(to, "text_quoted", quoted);
  free(stripped);
  json_t *list = json_array();
  for (size_t i = 0; i < e->n_spans; i++) {
    json_t *span = json_object();
    json_object_set_new_nocheck(span, "begin", json_integer(e->spans[i]->begin));
    json_object_set_new_nocheck(span, "end", json_integer(e->spans[i]->end));
    set_text(span, "kind", e->spans[i]->kind);
    json_array_append_new(list, span);
  }
  json_object_set_new_nocheck(to, "spans", list);
}

static void set_calendar(json_t *to, const Deskbell__V1__Calendar *c) {
  if (!c)
    return;
  json_t *calendar = json_object();
  set_text(calendar, "method", c->method);
  set_text(calendar, "uid", c->uid);
  set_text(calendar, "summary", c->summary);
  set_text(calendar, "start", c->start);
  set_text(calendar, "end", c->end);
  set_text(calendar, "location", c->location);
  set_text(calendar, "organizer", c->organizer);
  json_object_set_new_nocheck(to, "calendar", calendar);
}

static void set_report(json_t *to, const Deskbell__V1__Report *r) {
  if (!r)
    return;
  json_t *report = json_object(), *list = json_array();
  for (size_t i = 0; i < r->n_recipients; i++) {
    const Deskbell__V1__ReportedRecipient *from = r->recipients[i];
    json_t *one = json_object();
    set_text(one, "action", from->action);
    set_text(one, "status", from->status);
    set_text(one, "final_recipient", from->final_recipient);
    set_text(one, "original_recipient", from->original_recipient);
    set_text(one, "diagnostic", from->diagnostic);
    set_text(one, "remote_mta", from->remote_mta);
    json_array_append_new(list, one);
  }
  set_text(report, "kind", r->kind);
  if (json_array_size(list))
    json_object_set_nocheck(report, "recipients", list);
  json_decref(list);
  set_text(report, "of_message_id", r->of_message_id);
  set_text(report, "disposition", r->disposition);
  set_text(report, "feedback_type", r->feedback_type);
  set_text(report, "reporter", r->reporter);
  set_texts(report, "of_references", r->of_references, r->n_of_references);
  json_object_set_new_nocheck(to, "report", report);
}

static void set_mail(json_t *to, const contact_event *e) {
  set_spans(to, e);
  set_calendar(to, e->calendar);
  set_report(to, e->report);
  if (e->authenticity) {
    json_t *a = json_object();
    set_text(a, "authserv_id", e->authenticity->authserv_id);
    set_text(a, "dmarc", e->authenticity->dmarc);
    set_text(a, "spf", e->authenticity->spf);
    set_text(a, "dkim", e->authenticity->dkim);
    set_texts(a, "dkim_domains", e->authenticity->dkim_domains, e->authenticity->n_dkim_domains);
    json_object_set_new_nocheck(to, "authenticity", a);
  }
  if (e->place) {
    json_t *p = json_object();
    set_text(p, "mailbox", e->place->mailbox);
    set_text(p, "folder", e->place->folder);
    json_object_set_new_nocheck(p, "uid_validity", json_integer(e->place->uid_validity));
    json_object_set_new_nocheck(p, "uid", json_integer(e->place->uid));
    json_object_set_new_nocheck(to, "place", p);
  }
}

json_t *event_json(const contact_event *e) {
  json_t *to = json_object();
  set_text(to, "id", e->id);
  set_text(to, "kind", event_kind_text(e->kind));
  set_text(to, "channel", e->channel);
  set_text(to, "channel_kind", e->channel_kind);
  set_text(to, "source_id", e->source_id);
  if (e->from)
    json_object_set_new_nocheck(to, "from", party_json(e->from));
  set_text(to, "subject", e->subject);
  set_text(to, "text", e->text);
  set_blob(to, "text_blob", e->text_blob);
  set_blob(to, "html", e->html);
  set_blob(to, "original", e->original);
  set_lists(to, e);
  set_time(to, "occurred_at", e->occurred_at_ms);
  set_time(to, "received_at", e->received_at_ms);
  set_text(to, "language", e->language);
  set_text(to, "suspected", e->suspected);
  set_text(to, "signature", e->signature);
  set_text(to, "envelope_from", e->envelope_from);
  set_text(to, "raw_type", e->raw_type);
  set_text(to, "reference", e->reference);
  set_parts(to, e);
  set_mail(to, e);
  return to;
}
