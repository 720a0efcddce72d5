/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a mail says of the conversation it belongs to, in order of trust (TH-01 … TH-08): our signatures are checked
 * here, what only Redis can know is made into keys. Pure: event and secret in, texts for the atomic step out.
 */
#ifndef ROUTER_EVIDENCE_H
#define ROUTER_EVIDENCE_H

#include "event/event.h"
#include "token/token.h"

#define EVIDENCE_PROVEN_MAX 4
#define EVIDENCE_IDS_MAX 40

/* Lists joined by blanks, the most trusted or most recent first; in the arena; never NULL. */
struct evidence {
  const char *proven;       /* conversations that a signature of ours names, each once */
  const char *proven_how;   /* how each is: "token", "own-message-id" */
  const char *message_id;   /* digest of its own Message-ID; "" none */
  const char *ids;          /* digests of the ids it answers or reports on, without those we signed */
  const char *references;   /* references in its subject, lower case */
};

/* Words joined by blanks, built in the arena; at most `room` bytes, what does not fit is left out. */
struct word_list {
  struct arena *arena;
  char *at;
  size_t len, count, room;
};
/* Leaves out what is empty or holds a blank or '|'. Returns 0 or -ENOMEM. */
int must_check word_list_add(struct word_list *w, struct slice word);
const char *word_list_text(const struct word_list *w);

/* `report`: the event reports on a mail, whose ids count first. Returns 0, or -ENOMEM at the arena's ceiling. */
int must_check evidence_collect(const contact_event *e, bool report, struct slice secret, struct arena *a,
                                struct evidence *ret);
/* AR-08: did we make its own Message-ID, for any of these channels? */
bool evidence_is_ours(const contact_event *e, struct slice secret, const struct slice *channels, size_t count,
                      char ret_conversation[CONVERSATION_ID_LEN + 1]);
/* A test mail that the desk sent itself, or a machine's answer to one: whatever of its proof is left – Message-ID, reply token,
 * the mail that is reported on. */
bool evidence_is_check(const contact_event *e, struct slice secret);

#endif
