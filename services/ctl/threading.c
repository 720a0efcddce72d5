/* SPDX-License-Identifier: Apache-2.0 */
/* Two tables: how it was found, and what else the evidence says, word by word. */
#include "threading.h"
#include "text/address.h"

struct words {
  const char *code, *text;
};

static const struct words hows[] = {
    {"new", "a new conversation, %s"},
    {"token", "into %s, by the signed reply token in "},
    {"own-message-id", "into %s: it answers a message we signed"},
    {"stored-message-id", "into %s: it answers or names a message of this conversation"},
    {"subject-token", "into %s: its subject has the reference and the sender takes part"},
    {"same-sender", "into %s: the same sender on the same channel"},
    {"loopback", "our own message came back; kept aside, in no queue"},
    {"outbound", "into %s: it reports on what went out"},
    {"none", "belongs to no conversation"},
};

static const struct words marks[] = {
    {"new_participant", "the sender is new in this conversation: for agents to see, nothing is sent there by itself"},
    {"guest", "the sender is a guest in this conversation, let in by proof alone"},
    {"note", "a colleague's note, not a customer's message"},
    {"forward", "it hands a mail on and answers nothing"},
    {"stranger", "the sender takes no part in the conversation it names"},
    {"subject_token", "by the reference in the subject alone"},
    {"message_id_reused", "another mail had the same Message-ID before"},
    {"answer_first", "an answer to it had come before it"},
    {"subject_changed", "the subject has changed"},
    {"idle", "the talk before had been idle for too long"},
    {"reply", "an automatic reply"},
    {"bounce", "a delivery report"},
    {"report", "a report on a mail"},
    {"failed", "what was sent did not arrive"},
    {"delayed", "what was sent is delayed, not lost"},
    {"delivered", "what was sent arrived"},
    {"relayed", "what was sent went on to a system that reports nothing"},
    {"expanded", "what was sent went on to a list"},
    {"no_work", "it asks for no work"},
    {"reopened", "the work was opened again"},
};
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const char *find(const struct words *table, size_t count, struct slice code) {
  for (size_t i = 0; i < count; i++)
    if (slice_equal(code, slice_text(table[i].code)))
      return table[i].text;
  return NULL;
}

/* "support+…@example.com": the token itself lets people in, so it is not shown. */
static void add_token_address(const contact_event *event, struct buf *ret) {
  for (size_t i = 0; event && i < event->n_to; i++) {
    struct slice local, token, domain;
    if (!address_split_token(slice_text(event->to[i]->address), &local, &token, &domain) || !token.len)
      continue;
    buf_printf(ret, "%.*s+…@%.*s", (int)local.len, local.at, (int)domain.len, domain.at);
    return;
  }
  buf_add_text(ret, "the recipient's address");
}

static void add_how(struct slice conversation, struct slice how, const contact_event *event, struct buf *ret) {
  const char *text = find(hows, COUNT(hows), how), *place = text ? strstr(text, "%s") : NULL;
  if (!text) {
    buf_printf(ret, "into %.*s (%.*s)", (int)conversation.len, conversation.at, (int)how.len, how.at);
    return;
  }
  buf_add(ret, text, place ? (size_t)(place - text) : strlen(text));
  if (place) {
    buf_add_slice(ret, conversation);
    buf_add_text(ret, place + 2);
  }
  if (slice_equal(how, SLICE("token")))
    add_token_address(event, ret);
}

static void add_mark(struct slice word, struct slice conversation, struct buf *ret) {
  static const struct slice agent = {"agent=", 6};
  const char *text = find(marks, COUNT(marks), word);
  if (text)
    buf_printf(ret, "; %s", text);
  else if (slice_starts_nocase(word, agent))
    buf_printf(ret, " (agent %.*s)", (int)(word.len - agent.len), word.at + agent.len);
  else if (word.len > 1 && word.at[0] == 'v' && !slice_equal(word, conversation))
    buf_printf(ret, "; see %.*s", (int)word.len, word.at);
}

void threading_words(struct slice conversation, struct slice how, struct slice evidence, const contact_event *event,
                     struct buf *ret) {
  struct slice word;
  add_how(conversation, how, event, ret);
  while (slice_split(&evidence, ' ', &word))
    add_mark(word, conversation, ret);
}

bool threading_has(struct slice evidence, const char *word) {
  return slice_lists(evidence, ' ', slice_text(word));
}
