/* SPDX-License-Identifier: Apache-2.0 */
#include "acknowledgement/compose.h"
#include "base/clock.h"
#include "template/template.h"
#include "text/sms_segments.h"
#include "text/utf8.h"
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

struct composing {
  const struct compose_facts *facts;
  const struct policy_facts *policy;
  struct arena *arena;
  struct policy_verdict *verdict;
  struct template_values values;
};

static int printf_like(2, 3) silent(struct composing *c, const char *format, ...) {
  va_list values;
  va_start(values, format);
  vsnprintf(c->verdict->reason, sizeof(c->verdict->reason), format, values);
  va_end(values);
  c->verdict->answer = POLICY_SILENT;
  return COMPOSE_SILENT;
}

/* ---- the values */

static bool set(struct composing *c, enum template_variable which, const char *value) {
  c->values.of[which] = slice_text(value ? value : "");
  return value != NULL;
}

static const struct desk_queue *queue_of(const struct policy_facts *f) {
  for (size_t i = 0; i < f->desk->queue_count; i++)
    if (slice_equal(slice_text(f->desk->queues[i].name), f->queue))
      return &f->desk->queues[i];
  return NULL;
}

/* What the queue does just now; else what is promised. */
static char *answer_time(struct composing *c) {
  const struct desk_queue *queue = queue_of(c->policy);
  int64_t ms = c->facts->pace_ms > 0 ? c->facts->pace_ms : queue ? queue->answer_within_ms : 0;
  return ms > 0 ? template_duration(c->arena, c->verdict->language, ms) : (char *)(uintptr_t) "";
}

static char *today(struct composing *c) {
  time_t seconds = (time_t)(c->policy->now_ms / 1000);
  struct tm t;
  gmtime_r(&seconds, &t);
  return arena_printf(c->arena, "%04d-%02d-%02d", t.tm_year + 1900, t.tm_mon + 1, t.tm_mday);
}

/* The subject without "Re:" and the like; at most COMPOSE_SUBJECT_MAX characters. */
static char *their_subject(struct composing *c) {
  char *subject = answer_subject(c->arena, slice_text(c->policy->event->subject));
  return subject ? subject + strlen("Re: ") : NULL;
}

/* What is the sender's own may be said to them alone: not to an address that was only typed in (WF-20), nor to a return
 * path that is another one, which anybody may name (AR-36). */
static bool is_sender(const struct composing *c) {
  const event_party *from = c->policy->event->from;
  return !c->verdict->typed && from && strcmp(c->verdict->to_key, from->key) == 0;
}

/* AR-36: a subject is the words of whoever sent the mail. Who passes for somebody else would have us say them to that
 * person, so the operator's mail system must have found the sender to be who they say. */
static bool is_proven(const struct composing *c) {
  return is_sender(c) && c->policy->event->from->verified[0];
}

static bool set_values(struct composing *c, char reference[REFERENCE_LEN + 1]) {
  const struct hours *hours = template_hours(c->policy->desk, c->verdict->template);
  event_reference(c->policy->event->id, reference);
  bool good = set(c, TEMPLATE_REFERENCE, reference) && set(c, TEMPLATE_CHANNEL, c->policy->event->channel) &&
              set(c, TEMPLATE_DESK_NAME, c->policy->config->name) && set(c, TEMPLATE_ANSWER_TIME, answer_time(c)) &&
              set(c, TEMPLATE_DATE, today(c));
  c->values.of[TEMPLATE_QUEUE] = c->policy->queue;
  if (good && hours)
    good = set(c, TEMPLATE_OPENING_HOURS, template_opening(c->arena, c->verdict->language, hours)) &&
           set(c, TEMPLATE_NEXT_OPEN, template_next_open(c->arena, c->verdict->language, hours, c->policy->now_ms));
  if (is_sender(c))
    c->values.of[TEMPLATE_CUSTOMER_NAME] = c->facts->customer_name;
  if (good && is_proven(c))
    good = set(c, TEMPLATE_SUBJECT, their_subject(c));
  return good;
}

/* ---- the words */

static int render(struct composing *c, struct slice source, char **ret) {
  const char *gap = "";
  int r = template_render(source, &c->values, c->arena, ret, &gap);
  if (r == TEMPLATE_GAP)
    return silent(c, "the template has a gap: nothing is known for {{%s}}", gap);
  if (r == TEMPLATE_TOO_LONG)
    return silent(c, "the text is longer than 4 KiB");
  return r;
}

static int set_text(struct composing *c, answer_message *m) {
  struct sms_segments s;
  int most = c->policy->desk->acknowledge.sms_parts, r = render(c, slice_text(c->verdict->template->text), &m->text);
  if (r != 0)
    return r;
  if (strlen(m->text) > COMPOSE_TEXT_MAX)
    return silent(c, "the text is longer than 4 KiB");
  if (!slice_trim(slice_text(m->text)).len)
    return silent(c, "the text is empty");
  if (c->verdict->over->kind != CHANNEL_SMS)
    return 0;
  bool ours = c->verdict->over->out_split == SPLIT_US; /* we cut it, into messages of their own */
  if (ours)
    sms_singles(slice_text(m->text), &s);
  else
    sms_segments(slice_text(m->text), &s);
  if (ours && (uint32_t)most > c->verdict->over->out_parts_max)
    most = (int)c->verdict->over->out_parts_max;
  return s.count > (size_t)most ? silent(c, "SM-03 the text is %zu SMS long", s.count) : 0;
}

static size_t cut_characters(const char *text, size_t most) {
  size_t i = 0;
  for (size_t seen = 0; text[i]; i++)
    if (((uint8_t)text[i] & 0xC0) != 0x80 && seen++ == most)
      break;
  return i;
}

static int set_subject(struct composing *c, answer_message *m) {
  if (c->verdict->over->kind != CHANNEL_EMAIL) {
    m->subject = (char *)(uintptr_t) "";
    return 0;
  }
  bool quotes = c->values.of[TEMPLATE_SUBJECT].len > 0;
  int r = render(c, template_subject(c->verdict->template, quotes), &m->subject);
  if (r != 0)
    return r;
  m->subject = utf8_one_line(c->arena, slice_text(m->subject));
  if (!m->subject)
    return -ENOMEM;
  m->subject[cut_characters(m->subject, COMPOSE_SUBJECT_MAX)] = '\0';
  return 0;
}

static int name_it(struct composing *c, answer_message *m) {
  char id[DERIVED_ID_LEN + 1];
  m->idempotency_key = arena_printf(c->arena, "ack:%s", c->policy->event->id);
  if (!m->idempotency_key)
    return -ENOMEM;
  outbound_id_make(slice_text(m->channel), slice_text(m->idempotency_key), id);
  m->id = arena_copy(c->arena, slice_text(id));
  return m->id ? 0 : -ENOMEM;
}

/* AR-20, AR-22: the return path alone. Its name is not known, but where it is the sender's own address. */
static void address_it(struct composing *c, answer_message *m) {
  if (!is_sender(c))
    m->to_name = (char *)(uintptr_t) "";
  m->to = c->verdict->to;
  m->to_key = c->verdict->to_key;
}

int compose(const struct compose_facts *facts, struct arena *a, struct policy_verdict *v, answer_message **ret) {
  struct composing c = {.facts = facts, .policy = facts->policy, .arena = a, .verdict = v};
  const struct policy_facts *f = facts->policy;
  const Deskbell__V1__ThreadHints *thread = f->event->thread;
  char reference[REFERENCE_LEN + 1];
  struct answer_options options = {
      .secret = facts->secret, .channel = slice_text(v->over->name), .mail = v->over->kind == CHANNEL_EMAIL,
      .conversation = facts->conversation, .domain = slice_text(f->config->message_id_domain),
      .root = slice_text(thread ? thread->message_id : "")};
  memcpy(options.unique, facts->unique, sizeof(options.unique));
  answer_message *m = answer_new(a);
  if (!m)
    return -ENOMEM;
  int r = answer_to(f->event, &options, a, m);
  if (r == ANSWER_NO_ADDRESS)
    return silent(&c, "no address that could be written to");
  if (r == 0)
    r = name_it(&c, m);
  if (r < 0)
    return r;
  if (!set_values(&c, reference))
    return -ENOMEM;
  m->kind = DESKBELL__V1__OUTBOUND_KIND__ACKNOWLEDGEMENT;
  m->created_ms = f->now_ms;
  m->expires_ms = f->now_ms + f->desk->acknowledge.max_age_ms;
  m->language = arena_copy(a, v->language);
  address_it(&c, m);
  r = m->language ? set_text(&c, m) : -ENOMEM;
  if (r == 0)
    r = set_subject(&c, m);
  if (r == 0)
    *ret = m;
  return r;
}
