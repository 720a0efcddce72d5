/* SPDX-License-Identifier: Apache-2.0 */
#include "decide.h"
#include "evidence.h"
#include "status.h"
#include "text/address.h"
#include "text/subject.h"
#include "text/utf8.h"

enum { SUBJECT_MAX = 200, OTHERS_ROOM = 4096, HINTS_ROOM = 2048, BAD_MAX = 20 };

static_assert(DECIDE_REFERENCES_MAX == EVIDENCE_IDS_MAX, "the list is the evidence's");

static int collect_others(const contact_event *e, bool (*is_own)(void *arg, struct slice address), void *arg,
                          struct word_list *w) {
  int r = 0;
  for (size_t i = 0; r == 0 && i < e->n_to && w->count < DECIDE_OTHERS_MAX; i++)
    if (e->to[i]->key[0] && !is_own(arg, slice_text(e->to[i]->address)))
      r = word_list_add(w, slice_text(e->to[i]->key));
  return r;
}

static int match_rules(const contact_event *e, const struct decide_desk *desk, const char *automatic, struct arena *a,
                       struct decision *d) {
  struct slice *recipients = arena_alloc(a, sizeof(*recipients) * (e->n_to + 1));
  if (!recipients)
    return -ENOMEM;
  for (size_t i = 0; i < e->n_to; i++)
    recipients[i] = slice_text(e->to[i]->address);
  struct desk_facts facts = {.channel = slice_text(e->channel),
                             .channel_kind = slice_text(e->channel_kind),
                             .recipients = recipients,
                             .recipient_count = e->n_to,
                             .subject = slice_text(e->subject),
                             .text = slice_text(e->text),
                             .automatic = slice_text(automatic),
                             .suspected = e->suspected[0] != '\0',
                             .now_ms = desk->now_ms};
  d->rule_count = desk_match(desk->desk, &facts, d->rules, DECIDE_RULES_MAX);
  return 0;
}

static const char *mode_of(const contact_event *e) {
  if (strcmp(e->channel_kind, "email") == 0)
    return "mail";
  return strcmp(e->channel_kind, "form") == 0 ? "new" : "sender";
}

/* ---- whether a person wrote it */

/* The kind the channel program found; "" for what only asks for silence (AR-17). */
static const char *automatic_of(const contact_event *e) {
  static const char *const kinds[] = {"reply", "bounce", "report", "list", "bulk"};
  for (size_t i = 0; e->automatic && i < sizeof(kinds) / sizeof(kinds[0]); i++)
    if (strcmp(e->automatic->kind, kinds[i]) == 0)
      return kinds[i];
  return "";
}

/* Answers of machines to what we sent are facts about its conversation, never work by themselves (AR-61, AR-63). A
 * list, a newsletter or a notice that reports on no mail of ours may be work like any other. */
static bool is_aside(const contact_event *e, const char *automatic) {
  return strcmp(automatic, "reply") == 0 || strcmp(automatic, "bounce") == 0 ||
         (strcmp(automatic, "report") == 0 && e->report);
}

/* What a delivery report says in one word: that something failed goes first (AR-60: the action decides). */
static const char *outcome_of(const Deskbell__V1__Report *report) {
  static const char *const actions[] = {"failed", "delayed", "delivered", "relayed", "expanded"};
  for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
    for (size_t k = 0; k < report->n_recipients; k++)
      if (strcasecmp(report->recipients[k]->action, actions[i]) == 0)
        return actions[i];
  return "";
}

/* AR-62: there is no such mailbox or domain, and trying again will not make it (RFC 3463 3.2, 3.3). */
static bool is_undeliverable(const Deskbell__V1__ReportedRecipient *to) {
  static const char *const codes[] = {"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"};
  for (size_t i = 0; strcasecmp(to->action, "failed") == 0 && i < sizeof(codes) / sizeof(codes[0]); i++)
    if (strcmp(to->status, codes[i]) == 0)
      return true;
  return false;
}

/* ---- hints for the step */

static int add_hint(struct word_list *hints, const char *name, const char *value) {
  if (!value[0])
    return 0;
  char *word = arena_printf(hints->arena, "%s=%s", name, value);
  return word ? word_list_add(hints, slice_text(word)) : -ENOMEM;
}

static int add_bad(struct word_list *hints, const Deskbell__V1__ReportedRecipient *to) {
  struct slice address = slice_text(to->original_recipient[0] ? to->original_recipient : to->final_recipient);
  char *sent = NULL, *key = NULL;
  int r = is_undeliverable(to) ? address_email(hints->arena, address, &sent, &key) : ADDRESS_INVALID;
  if (r != 0)
    return r < 0 ? r : 0;
  char *value = arena_printf(hints->arena, "%s:%s", to->status, key);
  return value ? add_hint(hints, "bad", value) : -ENOMEM;
}

/* Who did not get it, whatever the reason. */
static int add_lost(struct word_list *hints, const Deskbell__V1__ReportedRecipient *to) {
  struct slice address = slice_text(to->original_recipient[0] ? to->original_recipient : to->final_recipient);
  char *sent = NULL, *key = NULL;
  int r = strcasecmp(to->action, "failed") == 0 ? address_email(hints->arena, address, &sent, &key) : ADDRESS_INVALID;
  if (r == 0)
    r = add_hint(hints, "lost", key);
  return r < 0 ? r : 0;
}

/* Which mail of ours it reports on, when it names one. */
static int add_reported(struct word_list *hints, const contact_event *e, struct slice secret, bool *ret_ours) {
  char digest[EVENT_ID_LEN + 1], conversation[CONVERSATION_ID_LEN + 1];
  struct slice id = slice_text(e->report->of_message_id);
  *ret_ours = token_message_id_check(secret, slice_text(e->channel), id, conversation) == 0;
  if (!*ret_ours)
    return 0;
  message_id_digest(id, digest);
  return add_hint(hints, "of", digest);
}

static int add_report(struct word_list *hints, const contact_event *e, struct slice secret) {
  const Deskbell__V1__Report *report = e->report;
  if (!report)
    return 0;
  bool ours = false;
  int r = add_hint(hints, "report", outcome_of(report));
  if (r == 0)
    r = add_reported(hints, e, secret, &ours);
  for (size_t i = 0; r == 0 && i < report->n_recipients && i < BAD_MAX; i++)
    r = add_bad(hints, report->recipients[i]);
  for (size_t i = 0; r == 0 && ours && i < report->n_recipients && i < BAD_MAX; i++)
    r = add_lost(hints, report->recipients[i]);
  return r;
}

/* TH-17: somebody hands a mail on, and answers nothing. */
static bool is_forward(const contact_event *e, enum subject_mark mark) {
  return mark == SUBJECT_FORWARD && e->thread && e->thread->message_id[0] && e->thread->n_in_reply_to == 0;
}

/* TH-17: a colleague, unless the mail's sender is proven to be another. */
static const char *agent_of(const contact_event *e, const struct desk *desk) {
  bool forged = e->authenticity && strcmp(e->authenticity->dmarc, "fail") == 0;
  return forged || !e->from ? "" : desk_agent_of(desk, slice_text(e->from->address));
}

static int collect_hints(const contact_event *e, const struct decide_desk *desk, enum subject_mark mark,
                         const char *loop, struct word_list *hints, struct decision *d) {
  bool aside = is_aside(e, d->automatic);
  int r = add_hint(hints, "automatic", aside || loop[0] ? d->automatic : "");
  if (r == 0)
    r = add_hint(hints, "loop", loop);
  if (r == 0 && aside)
    r = add_report(hints, e, desk->secret);
  if (r == 0)
    r = add_hint(hints, "agent", agent_of(e, desk->desk));
  if (r == 0 && is_forward(e, mark))
    r = add_hint(hints, "forward", "yes");
  char *base = subject_digest(hints->arena, slice_text(e->subject));
  if (r == 0)
    r = base ? add_hint(hints, "base", base) : -ENOMEM;
  return r;
}

/* ---- what is said of a mail, and of all else */

static int describe_mail(const contact_event *e, const struct decide_desk *desk, struct arena *a, struct decision *d) {
  enum subject_mark mark;
  struct evidence evidence;
  struct word_list hints = {.arena = a, .room = HINTS_ROOM};
  char loop[CONVERSATION_ID_LEN + 1] = "";
  char *subject = subject_shown(a, slice_text(e->subject), &mark);
  if (!subject)
    return -ENOMEM;
  d->subject = subject;
  subject[utf8_cut(slice_text(subject), SUBJECT_MAX)] = '\0';
  bool ours = evidence_is_ours(e, desk->secret, desk->channels, desk->channel_count, loop);
  if (!ours && evidence_is_check(e, desk->secret)) {
    ours = true;
    memcpy(loop, TOKEN_CHECK_CONVERSATION, sizeof(loop));
  }
  d->automatic = ours ? "loopback" : automatic_of(e);
  int r = evidence_collect(e, is_aside(e, d->automatic), desk->secret, a, &evidence);
  if (r == 0)
    r = collect_hints(e, desk, mark, loop, &hints, d);
  d->proven = evidence.proven;
  d->proven_how = evidence.proven_how;
  d->message_id = evidence.message_id;
  d->references = evidence.ids;
  d->tokens = evidence.references;
  d->hints = word_list_text(&hints);
  return r;
}

static int describe(const contact_event *e, struct arena *a, struct decision *d) {
  char *subject = utf8_one_line(a, slice_text(e->subject));
  if (!subject)
    return -ENOMEM;
  subject[utf8_cut(slice_text(subject), SUBJECT_MAX)] = '\0';
  d->subject = subject;
  return 0;
}

int decide(const contact_event *e, const struct decide_desk *desk, bool (*is_own)(void *arg, struct slice address),
           void *arg, struct arena *a, struct decision *ret) {
  struct decision d = {.kind = event_kind_text(e->kind), .mode = mode_of(e), .from = "", .name = "", .proven = "",
                       .proven_how = "", .message_id = "", .references = "", .tokens = "", .hints = "", .automatic = "",
                       .why = ""};
  if (e->from) {
    d.from = e->from->key;
    d.name = e->from->name;
  }
  event_reference(e->id, d.reference);
  d.why = e->quarantine ? e->quarantine->reason : status_facts(e, a);
  if (!d.why)
    return -ENOMEM;
  struct word_list others = {.arena = a, .room = OTHERS_ROOM};
  int r = strcmp(d.mode, "mail") == 0 ? describe_mail(e, desk, a, &d) : describe(e, a, &d);
  if (r == 0)
    r = collect_others(e, is_own, arg, &others);
  if (r == 0)
    r = match_rules(e, desk, d.automatic, a, &d);
  if (r < 0)
    return r;
  d.others = word_list_text(&others);
  *ret = d;
  return 0;
}
