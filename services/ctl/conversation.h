/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A conversation as Redis has it, and what belongs to it: its chain in the journal, less what was moved away, plus what
 * was moved here and what it took over (proto/redis.md, "What belongs to a conversation"). Read only.
 */
#ifndef CTL_CONVERSATION_H
#define CTL_CONVERSATION_H

#include "journal.h"

enum { CONVERSATION_ENTRIES_MAX = 2000 };

/* All strings in the arena it was read with. */
struct conversation {
  const char *id, *customer, *channel, *reference, *subject;
  const char *item, *queue, *messages;      /* open work item or "" */
  const char *last, *begins;                /* cursors: its chain's end; its beginning, "" the whole */
  const char *participants;                 /* |key|~guest| */
  const char *merged;                       /* the one that took it over, "" none */
  const char *members, *parts, *gone, *taken, *counted;
  const char *acknowledgement;              /* its id and template, or "silent" and the reason; "" never asked for */
  int64_t created_ms;
};

/* One journal entry of a conversation. Strings in the arena; never NULL. */
struct said {
  const char *home;                         /* conversation in whose chain it stands */
  const char *cursor, *previous, *type, *event, *customer, *work_item, *queue, *how, *evidence, *agent;
  int64_t at_ms;
  const char *channel, *channel_kind;       /* of a contact event, as all below */
  const char *key, *from, *name, *subject, *text;
  const char **keys;                        /* who took part: the sender and those it was sent to, without us */
  size_t key_count;
  const char *digest;                       /* of its Message-ID */
  const char *words;                        /* why it is here */
  bool counts;                              /* a message that asked for work */
};

struct said_list {
  struct said **at;
  size_t count, room;
  bool cut;                                 /* there is more than CONVERSATION_ENTRIES_MAX */
};

/* Returns 0, -ENOENT, -EIO after saying why. */
int must_check conversation_read(struct desk_view *v, struct arena *a, const char *id, struct conversation *ret);
/* By id or by the reference a customer was told. Returns 0 or an exit status after saying why. */
int must_check conversation_find(struct desk_view *v, struct arena *a, const char *what, struct conversation *ret);
/* The one that took it over at last; itself when none did. Same outcomes. */
int must_check conversation_survivor(struct desk_view *v, struct arena *a, const struct conversation *c,
                                     struct conversation *ret);
/* Its own chain, the latest first, with all that stands there. Returns 0 or -EIO after saying why. */
int must_check conversation_chain(struct desk_view *v, struct arena *a, const struct conversation *c,
                                  struct said_list *ret);
/* What belongs to it, the oldest first. */
int must_check conversation_all(struct desk_view *v, struct arena *a, const struct conversation *c,
                                struct said_list *ret);
/* The message an answer goes to: the latest that a person wrote and that asked for work, by somebody who takes part if
 * there is one (TH-19: not a guest's, not a colleague's note, no robot's). NULL when there is none. */
const struct said *conversation_latest(const struct said_list *all);
/* Which conversation an entry belongs to now that was written to `conversation`. Outcomes of conversation_read(). */
int must_check conversation_of(struct desk_view *v, struct arena *a, const char *cursor, const char *conversation,
                               struct conversation *ret);
/* The entry of a contact event, by the event's id or by cursor. Returns 0, -ENOENT, -EIO after saying why. */
int must_check said_of_event(struct desk_view *v, struct arena *a, const char *event, struct said **ret);
/* Prints it (conversation_show.c). Returns an exit status. */
int conversation_show(struct desk_view *v, struct arena *a, const char *what);
/* Order of two cursors: < 0, 0, > 0. */
int cursor_compare(const char *a, const char *b);
/* One of the words by blanks that is, or begins with, `word` and ends there or at ':'; lends it. */
bool list_find(const char *list, const char *word, struct slice *ret);

#endif
