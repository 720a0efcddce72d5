/* SPDX-License-Identifier: Apache-2.0 */
/* Rows in order of trust: where a text stands, from which end it is read, what must be true of it. */
#include "evidence.h"

enum { REPLIES_MAX = 8, TOKENS_MAX = 8 };

int word_list_add(struct word_list *w, struct slice word) {
  if (word.len == 0 || memchr(word.at, ' ', word.len) || memchr(word.at, '|', word.len))
    return 0;
  if (!w->at && !(w->at = arena_alloc(w->arena, w->room)))
    return -ENOMEM;
  if (w->len + word.len + 2 > w->room)
    return 0;
  if (w->len)
    w->at[w->len++] = ' ';
  memcpy(w->at + w->len, word.at, word.len);
  w->len += word.len;
  w->at[w->len] = '\0';
  w->count++;
  return 0;
}

const char *word_list_text(const struct word_list *w) {
  return w->at ? w->at : "";
}

/* ---- where ids and tokens stand */

struct texts {
  char *const *at;
  size_t count;
};

static struct texts of_report(const contact_event *e) {
  bool known = e->report && e->report->of_message_id[0];
  return (struct texts){known ? &e->report->of_message_id : NULL, known};
}

static struct texts reply_tokens(const contact_event *e) {
  return (struct texts){e->thread->reply_tokens, e->thread->n_reply_tokens};
}

static struct texts in_reply_to(const contact_event *e) {
  return (struct texts){e->thread->in_reply_to, e->thread->n_in_reply_to};
}

static struct texts references(const contact_event *e) {
  return (struct texts){e->thread->references, e->thread->n_references};
}

static struct texts report_references(const contact_event *e) {
  return (struct texts){e->report ? e->report->of_references : NULL, e->report ? e->report->n_of_references : 0};
}

/* ---- our signatures */

typedef int checks(struct slice secret, struct slice channel, struct slice text,
                   char ret_conversation[CONVERSATION_ID_LEN + 1]);

static const struct row {
  const char *how;
  bool report;      /* only of what reports on a mail */
  bool from_right;  /* the most recent is the last (TH-07) */
  checks *check;    /* NULL: nothing is signed there */
  struct texts (*texts)(const contact_event *e);
} rows[] = {
    {"own-message-id", true, false, token_message_id_check, of_report},
    {"token", false, false, token_reply_check, reply_tokens}, /* the envelope's recipient stands first (TH-01) */
    {"own-message-id", false, false, token_message_id_check, in_reply_to},
    {"own-message-id", false, true, token_message_id_check, references},
    {"own-message-id", true, true, token_message_id_check, report_references},
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

static int add_proven(struct word_list *proven, struct word_list *how, const char *conversation, const char *by) {
  if (proven->count >= EVIDENCE_PROVEN_MAX || strstr(word_list_text(proven), conversation))
    return 0; /* ids are equally long: none is a part of another */
  int r = word_list_add(proven, slice_text(conversation));
  return r ? r : word_list_add(how, slice_text(by));
}

static int find_proven(const contact_event *e, bool report, struct slice secret, struct word_list *proven,
                       struct word_list *how) {
  char conversation[CONVERSATION_ID_LEN + 1];
  int r = 0;
  for (size_t i = 0; i < ROWS; i++) {
    struct texts texts = rows[i].report && !report ? (struct texts){0} : rows[i].texts(e);
    for (size_t k = 0; r == 0 && k < texts.count; k++) {
      const char *text = texts.at[rows[i].from_right ? texts.count - 1 - k : k];
      if (rows[i].check(secret, slice_text(e->channel), slice_text(text), conversation) == 0)
        r = add_proven(proven, how, conversation, rows[i].how);
    }
  }
  return r;
}

/* ---- ids that Redis may know */

struct ids {
  struct word_list list;
  struct slice secret, channel, own;
};

/* What we signed says its conversation itself; a mail that names itself says nothing. */
static int add_id(struct ids *ids, const char *message_id, size_t most) {
  char digest[EVENT_ID_LEN + 1], conversation[CONVERSATION_ID_LEN + 1];
  struct slice id = slice_text(message_id);
  if (!id.len || ids->list.count >= most || slice_equal(id, ids->own) ||
      token_message_id_check(ids->secret, ids->channel, id, conversation) == 0)
    return 0;
  message_id_digest(id, digest);
  return strstr(word_list_text(&ids->list), digest) ? 0 : word_list_add(&ids->list, slice_of(digest, EVENT_ID_LEN));
}

static int add_from_right(struct ids *ids, struct texts t, size_t most) {
  int r = 0;
  for (size_t i = t.count; r == 0 && i > 0; i--)
    r = add_id(ids, t.at[i - 1], most);
  return r;
}

/* The mail it reports on, what it answers, then back to the older ones; the oldest of all, which names the thread
 * (TH-18), has a place of its own. */
static int collect_ids(const contact_event *e, bool report, struct ids *ids) {
  struct texts of = of_report(e), replies = in_reply_to(e), older = references(e);
  int r = 0;
  if (report && of.count)
    r = add_id(ids, of.at[0], 1);
  if (r == 0 && report)
    r = add_from_right(ids, report_references(e), EVIDENCE_IDS_MAX / 2);
  for (size_t i = 0; r == 0 && i < replies.count && i < REPLIES_MAX; i++)
    r = add_id(ids, replies.at[i], EVIDENCE_IDS_MAX);
  if (r == 0)
    r = add_from_right(ids, older, EVIDENCE_IDS_MAX - 1);
  return r == 0 && older.count ? add_id(ids, older.at[0], EVIDENCE_IDS_MAX) : r;
}

static int own_id(const contact_event *e, struct arena *a, const char **ret) {
  char digest[EVENT_ID_LEN + 1];
  if (!e->thread->message_id[0])
    return 0;
  message_id_digest(slice_text(e->thread->message_id), digest);
  *ret = arena_copy(a, slice_of(digest, EVENT_ID_LEN));
  return *ret ? 0 : -ENOMEM;
}

static int collect_references(const contact_event *e, struct word_list *ret) {
  int r = 0;
  for (size_t i = 0; r == 0 && i < e->thread->n_subject_tokens && i < TOKENS_MAX; i++) {
    char lower[REFERENCE_LEN];
    struct slice token = slice_text(e->thread->subject_tokens[i]);
    if (token.len != REFERENCE_LEN)
      continue;
    for (size_t k = 0; k < token.len; k++)
      lower[k] = token.at[k] >= 'A' && token.at[k] <= 'Z' ? (char)(token.at[k] + 32) : token.at[k];
    r = word_list_add(ret, slice_of(lower, token.len));
  }
  return r;
}

int evidence_collect(const contact_event *e, bool report, struct slice secret, struct arena *a, struct evidence *ret) {
  *ret = (struct evidence){"", "", "", "", ""};
  if (!e->thread)
    return 0;
  struct word_list proven = {.arena = a, .room = EVIDENCE_PROVEN_MAX * (CONVERSATION_ID_LEN + 1) + 1};
  struct word_list how = {.arena = a, .room = EVIDENCE_PROVEN_MAX * 16};
  struct word_list tokens = {.arena = a, .room = TOKENS_MAX * (REFERENCE_LEN + 1) + 1};
  struct ids ids = {.list = {.arena = a, .room = EVIDENCE_IDS_MAX * (EVENT_ID_LEN + 1) + 1},
                    .secret = secret,
                    .channel = slice_text(e->channel),
                    .own = slice_text(e->thread->message_id)};
  int r = find_proven(e, report, secret, &proven, &how);
  if (r == 0)
    r = own_id(e, a, &ret->message_id);
  if (r == 0)
    r = collect_ids(e, report, &ids);
  if (r == 0)
    r = collect_references(e, &tokens);
  ret->proven = word_list_text(&proven);
  ret->proven_how = word_list_text(&how);
  ret->ids = word_list_text(&ids.list);
  ret->references = word_list_text(&tokens);
  return r;
}

bool evidence_is_ours(const contact_event *e, struct slice secret, const struct slice *channels, size_t count,
                      char ret_conversation[CONVERSATION_ID_LEN + 1]) {
  for (size_t i = 0; e->thread && i < count; i++)
    if (token_message_id_check(secret, channels[i], slice_text(e->thread->message_id), ret_conversation) == 0)
      return true;
  return false;
}

static bool names_check(checks *check, struct slice secret, const contact_event *e, struct texts texts) {
  char conversation[CONVERSATION_ID_LEN + 1];
  for (size_t i = 0; i < texts.count; i++)
    if (check(secret, slice_text(e->channel), slice_text(texts.at[i]), conversation) == 0 &&
        strcmp(conversation, TOKEN_CHECK_CONVERSATION) == 0)
      return true;
  return false;
}

bool evidence_is_check(const contact_event *e, struct slice secret) {
  if (!e->thread)
    return false;
  const struct texts own = {&e->thread->message_id, 1};
  return names_check(token_message_id_check, secret, e, own) ||
         names_check(token_message_id_check, secret, e, of_report(e)) ||
         names_check(token_reply_check, secret, e, reply_tokens(e));
}
