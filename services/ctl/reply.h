/* SPDX-License-Identifier: Apache-2.0 */
/* A reply while `deskbell reply` makes it: what was asked for, and what it answers. */
#ifndef CTL_REPLY_H
#define CTL_REPLY_H

#include "answer/answer.h"
#include "base/encode.h"
#include "journal.h"

struct wish {
  const char *conversation, *text, *text_file, *subject, *html, *agent, *key, *channel;
  const char *files[ANSWER_ATTACHMENTS_MAX], *cc[ANSWER_CC_MAX];
  size_t file_count, cc_count;
  int64_t hold_ms;
  bool dry_run;
};

/* What is needed of the conversation. */
struct talk {
  char id[64], channel[64];
  contact_event *latest;           /* in the arena */
  char *root;                      /* Message-ID of its first message; "" */
};

struct reply {
  struct desk_view *view;
  const struct wish *wish;
  struct arena *arena;
  const struct channel_config *channel;
  struct talk talk;
  answer_message *message;
  char id[DERIVED_ID_LEN + 1], key[HEX_LEN(16) + 1];
};

/* Finds the conversation, its latest letter and the channel to go out over. Returns CTL_OK or an exit status after
 * saying why. */
int must_check reply_find(struct reply *r);

#endif
