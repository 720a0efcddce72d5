/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The conditions of a rule. Those on the event become struct desk_when; those on the customer become a predicate text
 * for the Redis function, made only of characters that need no escaping there.
 */
#include "base/pattern.h"
#include "config/forms.h"
#include "config/value.h"
#include "desk/when.h"
#include "desk/words.h"
#include <stdlib.h>

#define LIST_MAX 200
#define TAGS_MAX 50
#define TAG_LEN_MAX 64
#define PATTERN_MAX 320
#define PREDICATE_MAX 16384
#define OPEN_MOST 1000

/* A rule under way; the predicate's terms in a fixed order, however the rule is written. */
struct conditions {
  struct desk_when *when;     /* NULL: only the customer is asked about */
  struct buf tags, value, languages, agents, open, consent;
};

/* ---- lists */

static int read_kind(struct reading *r, const struct node *item, char **ret) {
  for (size_t i = 0; item->kind == NODE_TEXT && i < CHANNEL_KINDS; i++)
    if (slice_equal(item->text, slice_text(channel_kinds[i]))) {
      *ret = must_strdup(channel_kinds[i]);
      return 0;
    }
  return complain_value(r, item, "is not a kind of channel: email, sms, webhook, form");
}

static int read_pattern(struct reading *r, const struct node *item, char **ret) {
  if (item->kind != NODE_TEXT || item->text.len == 0 || item->text.len > PATTERN_MAX || !form_line(item->text))
    return complain_value(r, item, "is not a recipient: an address of 1 to 320 bytes, '*' for any run of characters");
  *ret = must_strdup(item->text.at);
  lower_copy(item->text, *ret);
  return 0;
}

static int when_channel(struct reading *r, const struct node *value, void *into) {
  struct desk_when *w = ((struct conditions *)into)->when;
  return read_texts(r, value, read_name, LIST_MAX, &w->channels, &w->channel_count);
}

static int when_kind(struct reading *r, const struct node *value, void *into) {
  struct desk_when *w = ((struct conditions *)into)->when;
  return read_texts(r, value, read_kind, LIST_MAX, &w->kinds, &w->kind_count);
}

static int when_recipient(struct reading *r, const struct node *value, void *into) {
  struct desk_when *w = ((struct conditions *)into)->when;
  return read_texts(r, value, read_pattern, LIST_MAX, &w->recipients, &w->recipient_count);
}

/* ---- words */

static int read_phrase(struct reading *r, const struct node *item, uint32_t *ret) {
  static const char *const why[] = {
      [WORDS_FULL] = "is one word too many: at most 10000 different ones in all rules",
      [WORDS_EDGE] = "must begin and end with a letter or digit",
      [WORDS_LONG] = "is too long: at most 24 words of 96 bytes"};
  if (item->kind != NODE_TEXT || node_is_null(item))
    return document_complain(&r->document, item, "an entry of 'words' must be a text");
  int outcome = words_add(r->desk->words, item->text, ret);
  return outcome ? complain_value(r, item, why[outcome]) : 0;
}

static int when_words(struct reading *r, const struct node *value, void *into) {
  struct desk_when *w = ((struct conditions *)into)->when;
  int fault = read_list_shape(r, value, "words", LIST_MAX);
  if (fault)
    return fault;
  if (value->count == 0)
    return document_complain(&r->document, value, "'words' needs at least one entry");
  if (!r->desk->words)
    r->desk->words = words_new();
  w->phrases = must_calloc(value->count, sizeof(*w->phrases));
  for (const struct node *n = value->first; n && !fault; n = n->next)
    fault = read_phrase(r, n, &w->phrases[w->phrase_count++]);
  return fault;
}

static int when_suspected(struct reading *r, const struct node *value, void *into) {
  bool yes = false;
  int fault = read_bool(r, value, &yes);
  ((struct conditions *)into)->when->suspected = yes ? SUSPICION_YES : SUSPICION_NO;
  return fault;
}

static int when_hours(struct reading *r, const struct node *value, void *into) {
  struct desk_when *w = ((struct conditions *)into)->when;
  return read_hours_side(r, value, &w->hours, &w->outside);
}

/* A list of kinds, or the word "none". */
static int when_automatic(struct reading *r, const struct node *value, void *into) {
  struct desk_when *w = ((struct conditions *)into)->when;
  if (value->kind == NODE_TEXT && slice_equal(value->text, SLICE("none"))) {
    w->automatic = AUTOMATIC_NONE;
    return 0;
  }
  int fault = read_list_shape(r, value, "automatic", LIST_MAX);
  if (fault)
    return fault;
  if (value->count == 0)
    return document_complain(&r->document, value, "'automatic' needs at least one entry, or the word none");
  for (const struct node *n = value->first; n; n = n->next) {
    unsigned bit = n->kind == NODE_TEXT && n->text.len ? automatic_bit(n->text) : 0;
    if (!bit)
      return complain_value(r, n, "is no kind of automatic mail: reply, bounce, report, list, bulk");
    w->automatic |= bit;
  }
  return 0;
}

/* ---- the customer */

int read_tag(struct reading *r, const struct node *item, struct buf *ret) {
  char lower[TAG_LEN_MAX];
  bool fits = item->kind == NODE_TEXT && item->text.len > 0 && item->text.len <= sizeof(lower);
  if (fits)
    lower_copy(item->text, lower);
  for (size_t i = 0; fits && i < item->text.len; i++)
    fits = (lower[i] >= 'a' && lower[i] <= 'z') || (lower[i] >= '0' && lower[i] <= '9') || lower[i] == '_' ||
           lower[i] == '-';
  if (!fits)
    return complain_value(r, item, "is not allowed here: 1 to 64 of a-z, 0-9, '_' and '-'");
  buf_add(ret, lower, item->text.len);
  return 0;
}

static int read_agent_name(struct reading *r, const struct node *item, struct buf *ret) {
  char *name = NULL;
  int fault = read_name(r, item, &name);
  if (!fault)
    buf_add_text(ret, name);
  free(name);
  return fault;
}

typedef int word_reader(struct reading *r, const struct node *item, struct buf *ret);

static int read_any_of(struct reading *r, const struct node *value, const char *term, word_reader *read,
                       struct buf *ret) {
  int fault = read_list_shape(r, value, value->key->text.at, TAGS_MAX);
  if (fault)
    return fault;
  if (value->count == 0)
    return document_complain(&r->document, value, "'%s' needs at least one entry", value->key->text.at);
  buf_add_text(ret, term);
  for (const struct node *n = value->first; n && !fault; n = n->next) {
    buf_add_text(ret, n == value->first ? "=" : "|");
    fault = read(r, n, ret);
  }
  return fault;
}

static int when_tags(struct reading *r, const struct node *value, void *into) {
  return read_any_of(r, value, "tag", read_tag, &((struct conditions *)into)->tags);
}

static int when_language(struct reading *r, const struct node *value, void *into) {
  return read_any_of(r, value, "lang", read_tag, &((struct conditions *)into)->languages);
}

static int when_last_agent(struct reading *r, const struct node *value, void *into) {
  return read_any_of(r, value, "agent", read_agent_name, &((struct conditions *)into)->agents);
}

static int when_consent(struct reading *r, const struct node *value, void *into) {
  return read_any_of(r, value, "consent", read_tag, &((struct conditions *)into)->consent);
}

/* ">= 1000" as "TERM>=1000". `needs`: what is said when there is no number behind the comparison. */
static int read_comparison(struct reading *r, const struct node *value, const char *term, bool whole, const char *needs,
                           struct buf *ret) {
  static const char *const operators[] = {">=", "<=", ">", "<", "="}; /* longest first */
  const char *operator = NULL;
  struct slice number = slice_trim(value->text);
  double unused;
  int64_t count;
  for (size_t i = 0; !operator && i < COUNT(operators); i++)
    if (slice_starts_nocase(number, slice_text(operators[i])))
      operator = operators[i];
  if (value->kind != NODE_TEXT || !operator)
    return complain_value(r, value, whole ? "needs a comparison: \">= 2\" (>=, >, <=, <, =)"
                                          : "needs a comparison: \">= 1000\" (>=, >, <=, <, =)");
  number = slice_trim(slice_of(number.at + strlen(operator), number.len - strlen(operator)));
  bool negative = !whole && number.len && number.at[0] == '-';
  struct slice amount = negative ? slice_of(number.at + 1, number.len - 1) : number;
  if (whole ? value_count(amount, &count) != NULL || count > OPEN_MOST : value_decimal(amount, &unused) != NULL)
    return complain_value(r, value, needs);
  buf_printf(ret, "%s%s", term, operator);
  buf_add_slice(ret, number);
  return 0;
}

static int when_value(struct reading *r, const struct node *value, void *into) {
  return read_comparison(r, value, "value", false, "needs a number after the comparison: \">= 1000\", \"< 99.5\"",
                         &((struct conditions *)into)->value);
}

static int when_open(struct reading *r, const struct node *value, void *into) {
  return read_comparison(r, value, "open", true, "needs a number after the comparison: \">= 2\" (0 to 1000)",
                         &((struct conditions *)into)->open);
}

#define CUSTOMER_FIELDS                                                                                                \
  {"customer_tags", false, when_tags}, {"customer_value", false, when_value},                                          \
      {"customer_language", false, when_language}, {"customer_last_agent", false, when_last_agent},                    \
      {"customer_open", false, when_open}, {"customer_consent", false, when_consent}

static const struct field customer_fields[] = {CUSTOMER_FIELDS};
static const struct field when_fields[] = {
    {"channel", false, when_channel}, {"channel_kind", false, when_kind}, {"recipient", false, when_recipient},
    {"words", false, when_words},     CUSTOMER_FIELDS,                    {"suspected", false, when_suspected},
    {"automatic", false, when_automatic}, {"hours", false, when_hours},
};

static char *join_terms(const struct conditions *c) {
  const struct buf *terms[] = {&c->tags, &c->value, &c->languages, &c->agents, &c->open, &c->consent};
  struct buf all = BUF_INIT(PREDICATE_MAX);
  buf_add_text(&all, "");
  for (size_t i = 0; i < COUNT(terms); i++) {
    buf_add_text(&all, terms[i]->len && all.len ? ";" : "");
    buf_add_slice(&all, buf_slice(terms[i]));
  }
  assert(!all.full); /* TAGS_MAX × TAG_LEN_MAX, thrice, and as many names */
  return all.at;
}

static int read_conditions(struct reading *r, const struct node *value, const struct field *fields, size_t count,
                           const char *where, struct desk_when *when, char **ret_customer) {
  struct buf list = BUF_INIT(PREDICATE_MAX / 3);
  struct conditions c = {when, list, BUF_INIT(64), list, list, BUF_INIT(64), list};
  int fault = read_fields(r, value, fields, count, where, &c);
  if (!fault)
    *ret_customer = join_terms(&c);
  buf_free(&c.tags);
  buf_free(&c.value);
  buf_free(&c.languages);
  buf_free(&c.agents);
  buf_free(&c.open);
  buf_free(&c.consent);
  return fault;
}

int read_when(struct reading *r, const struct node *value, struct desk_rule *rule) {
  rule->when = must_calloc(1, sizeof(*rule->when));
  if (value->kind == NODE_MAP && value->count == 0)
    return document_complain(&r->document, value, "a rule needs a condition; what is left goes by 'default'");
  return read_conditions(r, value, when_fields, COUNT(when_fields), "'when'", rule->when, &rule->customer);
}

int read_when_customer(struct reading *r, const struct node *value, const char *where, char **ret) {
  if (value->kind == NODE_MAP && value->count == 0)
    return document_complain(&r->document, value, "%s needs a condition", where);
  return read_conditions(r, value, customer_fields, COUNT(customer_fields), where, NULL, ret);
}
