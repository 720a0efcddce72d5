/* SPDX-License-Identifier: Apache-2.0 */
#include "decide.h"
#include "base/digest.h"
#include "text/subject.h"

enum { EVENT, CONVERSATION, TEMPLATE, REASON, ID, CHANNEL, TO, DOMAIN, DIGEST, MESSAGE_ID, EXPIRES, BYTES };

static_assert(BYTES + 1 == DECIDE_FIELDS, "a name for each field");

/* AR-51: by the subject without "Re:", so that a robot that adds to it every time is known by what it began with. */
static struct slice subject_of(const contact_event *e, struct arena *a) {
  char *digest = e->subject[0] ? subject_digest(a, slice_text(e->subject)) : NULL;
  return slice_text(digest ? digest : "");
}

static struct slice number(struct arena *a, int64_t n) {
  char *text = arena_printf(a, "%lld", (long long)n);
  return slice_text(text ? text : "0");
}

static struct slice message_digest(struct arena *a, const answer_message *m) {
  char digest[EVENT_ID_LEN + 1] = "";
  if (m->message_id[0])
    message_id_digest(slice_text(m->message_id), digest);
  char *copy = arena_copy(a, slice_text(digest));
  return slice_text(copy ? copy : "");
}

static void fill(struct slice ret[DECIDE_FIELDS], const answer_message *m, const struct policy_verdict *v,
                 const contact_event *e, struct arena *a) {
  ret[ID] = slice_text(m->id);
  ret[CHANNEL] = slice_text(m->channel);
  ret[TO] = slice_text(m->to_key);
  ret[DOMAIN] = v->domain;
  ret[DIGEST] = subject_of(e, a);
  ret[MESSAGE_ID] = message_digest(a, m);
  ret[EXPIRES] = number(a, m->expires_ms);
}

static bool was_passed(const struct decide_facts *f, const struct entry *entry) {
  uint64_t version;
  return slice_to_u64(entry->meta[META_DESK], UINT64_MAX, &version) == 0 && version <= f->passed_version;
}

static int64_t pace_for(const struct decide_facts *f, struct slice queue) {
  return pace_of(f->pace, queue, f->now_ms);
}

/* Silence, with its reason, which is static or lives in the arena. */
static bool silent(struct slice ret[DECIDE_FIELDS], const char *reason) {
  ret[REASON] = slice_text(reason ? reason : "there was no memory for it");
  return true;
}

static bool word(const struct decide_facts *f, const struct policy_facts *policy, const struct entry *entry,
                 struct slice customer_name, struct arena *a, struct policy_verdict *v, struct buf *packed,
                 struct slice ret[DECIDE_FIELDS]) {
  struct compose_facts words = {.policy = policy, .customer_name = customer_name, .pace_ms = pace_for(f, policy->queue),
                                .conversation = entry->meta[META_CONVERSATION], .secret = f->secret};
  random_bytes(words.unique, sizeof(words.unique));
  answer_message *message = NULL;
  int r = compose(&words, a, v, &message);
  if (r == COMPOSE_SILENT)
    return silent(ret, arena_copy(a, slice_text(v->reason)));
  if (r < 0)
    return silent(ret, r == -ENAMETOOLONG ? "desk.message_id_domain is too long" : NULL);
  if (answer_pack(message, packed))
    return silent(ret, "it is larger than 64 KiB");
  fill(ret, message, v, policy->event, a);
  ret[BYTES] = buf_slice(packed);
  return true;
}

bool decide(const struct decide_facts *f, const struct entry *entry, struct arena *a, struct buf *packed,
            struct slice ret[DECIDE_FIELDS]) {
  contact_event *event;
  const char *why;
  struct slice context[CONTEXT_COUNT], none = slice_of("", 0);
  if (!slice_equal(entry->type, SLICE("event")) || was_passed(f, entry) || event_unpack(entry->event, a, &event, &why) != 0)
    return false;
  entry_context_parts(entry, context);
  bool known = slice_equal(context[CONTEXT_STATE], SLICE("present"));
  const struct policy_facts policy = {
      .event = event, .config = f->config, .desk = f->desk, .how = entry->meta[META_HOW], .queue = entry->meta[META_QUEUE],
      .language = known ? context[CONTEXT_LANGUAGE] : none, .now_ms = f->now_ms};
  struct policy_verdict verdict;
  int r = policy_decide(&policy, a, &verdict);
  if (r == 0 && verdict.answer == POLICY_NOT_ASKED)
    return false;
  for (size_t i = 0; i < DECIDE_FIELDS; i++)
    ret[i] = none;
  ret[EVENT] = entry->meta[META_EVENT];
  ret[CONVERSATION] = entry->meta[META_CONVERSATION];
  if (verdict.template)
    ret[TEMPLATE] = slice_text(verdict.template->name);
  if (r < 0)
    return silent(ret, NULL);
  if (verdict.answer == POLICY_SILENT)
    return silent(ret, arena_copy(a, slice_text(verdict.reason)));
  return word(f, &policy, entry, known ? context[CONTEXT_NAME] : none, a, &verdict, packed, ret);
}
