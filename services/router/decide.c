/* SPDX-License-Identifier: Apache-2.0 */
#include "decide.h"
#include "status.h"
#include "text/utf8.h"
#include "token/token.h"

enum { SUBJECT_MAX = 200, LIST_MAX = 4096 };

void decide_message_id(struct slice message_id, char ret[EVENT_ID_LEN + 1]) {
  message_id_digest(message_id, ret);
}

/* A list of words separated by blanks, built in the arena. */
struct words {
  struct arena *arena;
  char *at;
  size_t len, count;
};

static int add_word(struct words *w, struct slice word) {
  if (word.len == 0 || memchr(word.at, ' ', word.len) || memchr(word.at, '|', word.len))
    return 0;
  if (!w->at && !(w->at = arena_alloc(w->arena, LIST_MAX)))
    return -ENOMEM;
  if (w->len + word.len + 2 > LIST_MAX)
    return 0;
  if (w->len)
    w->at[w->len++] = ' ';
  memcpy(w->at + w->len, word.at, word.len);
  w->len += word.len;
  w->at[w->len] = '\0';
  w->count++;
  return 0;
}

static const char *words_text(const struct words *w) {
  return w->at ? w->at : "";
}

static int add_id(struct words *w, const char *message_id) {
  char digest[EVENT_ID_LEN + 1];
  if (!message_id[0] || w->count >= DECIDE_REFERENCES_MAX)
    return 0;
  decide_message_id(slice_text(message_id), digest);
  return add_word(w, slice_of(digest, EVENT_ID_LEN));
}

/* In-Reply-To first, then References from the right: the most recent evidence first (TH-07). */
static int collect_references(const Deskbell__V1__ThreadHints *hints, struct words *w) {
  int r = 0;
  for (size_t i = 0; r == 0 && i < hints->n_in_reply_to && i < 8; i++)
    r = add_id(w, hints->in_reply_to[i]);
  for (size_t i = hints->n_references; r == 0 && i > 0; i--)
    r = add_id(w, hints->references[i - 1]);
  return r;
}

static int collect_tokens(const Deskbell__V1__ThreadHints *hints, struct words *w) {
  int r = 0;
  for (size_t i = 0; r == 0 && i < hints->n_subject_tokens && i < 8; i++) {
    char lower[REFERENCE_LEN];
    struct slice token = slice_text(hints->subject_tokens[i]);
    if (token.len != REFERENCE_LEN)
      continue;
    for (size_t k = 0; k < token.len; k++)
      lower[k] = token.at[k] >= 'A' && token.at[k] <= 'Z' ? (char)(token.at[k] + 32) : token.at[k];
    r = add_word(w, slice_of(lower, token.len));
  }
  return r;
}

/* TH-01, TH-02: a conversation that one of our own signatures names. */
static int find_proven(const contact_event *e, struct slice secret, struct arena *a, struct decision *d) {
  char id[CONVERSATION_ID_LEN + 1];
  const Deskbell__V1__ThreadHints *h = e->thread;
  struct slice channel = slice_text(e->channel);
  const char *how = NULL;
  for (size_t i = 0; !how && i < h->n_reply_tokens; i++)
    if (token_reply_check(secret, channel, slice_text(h->reply_tokens[i]), id) == 0)
      how = "token";
  for (size_t i = 0; !how && i < h->n_in_reply_to; i++)
    if (token_message_id_check(secret, channel, slice_text(h->in_reply_to[i]), id) == 0)
      how = "own-message-id";
  for (size_t i = h->n_references; !how && i > 0; i--)
    if (token_message_id_check(secret, channel, slice_text(h->references[i - 1]), id) == 0)
      how = "own-message-id";
  if (!how)
    return 0;
  d->proven_how = how;
  d->proven = arena_copy(a, slice_of(id, CONVERSATION_ID_LEN));
  return d->proven ? 0 : -ENOMEM;
}

static int collect_others(const contact_event *e, bool (*is_own)(void *arg, struct slice address), void *arg,
                          struct words *w) {
  int r = 0;
  for (size_t i = 0; r == 0 && i < e->n_to && w->count < DECIDE_OTHERS_MAX; i++)
    if (e->to[i]->key[0] && !is_own(arg, slice_text(e->to[i]->address)))
      r = add_word(w, slice_text(e->to[i]->key));
  return r;
}

static int match_rules(const contact_event *e, const struct desk *desk, struct arena *a, struct decision *d) {
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
                             .suspected = e->suspected[0] != '\0'};
  d->rule_count = desk_match(desk, &facts, d->rules, DECIDE_RULES_MAX);
  return 0;
}

static const char *mode_of(const contact_event *e) {
  if (strcmp(e->channel_kind, "email") == 0)
    return "mail";
  return strcmp(e->channel_kind, "form") == 0 ? "new" : "sender";
}

int decide(const contact_event *e, const struct decide_desk *desk, bool (*is_own)(void *arg, struct slice address),
           void *arg, struct arena *a, struct decision *ret) {
  struct decision d = {.kind = event_kind_text(e->kind), .mode = mode_of(e), .from = "", .name = "", .proven = "",
                       .proven_how = "", .message_id = "", .why = ""};
  if (e->from) {
    d.from = e->from->key;
    d.name = e->from->name;
  }
  char *subject = utf8_one_line(a, slice_text(e->subject));
  if (!subject)
    return -ENOMEM;
  subject[utf8_cut(slice_text(subject), SUBJECT_MAX)] = '\0';
  d.subject = subject;
  event_reference(e->id, d.reference);
  d.why = e->quarantine ? e->quarantine->reason : status_facts(e, a);
  if (!d.why)
    return -ENOMEM;
  struct words references = {.arena = a}, tokens = {.arena = a}, others = {.arena = a};
  int r = collect_others(e, is_own, arg, &others);
  if (r == 0 && e->thread) {
    r = find_proven(e, desk->secret, a, &d);
    if (r == 0)
      r = collect_references(e->thread, &references);
    if (r == 0)
      r = collect_tokens(e->thread, &tokens);
    if (r == 0 && e->thread->message_id[0]) {
      char digest[EVENT_ID_LEN + 1];
      decide_message_id(slice_text(e->thread->message_id), digest);
      d.message_id = arena_copy(a, slice_of(digest, EVENT_ID_LEN));
      r = d.message_id ? 0 : -ENOMEM;
    }
  }
  if (r == 0)
    r = match_rules(e, desk->desk, a, &d);
  if (r < 0)
    return r;
  d.references = words_text(&references);
  d.tokens = words_text(&tokens);
  d.others = words_text(&others);
  *ret = d;
  return 0;
}
