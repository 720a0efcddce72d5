/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a message may be acknowledged, and where to (RFC 3834; AR-01 … AR-23, WF-20, SM-11). The first rule that forbids
 * it is the reason; in doubt, silence (G5). What depends on other messages – one for a conversation, limits – is decided
 * in Redis (services/router/acknowledge.lua). Pure.
 */
#ifndef ACKNOWLEDGEMENT_POLICY_H
#define ACKNOWLEDGEMENT_POLICY_H

#include "config/config.h"
#include "desk/desk.h"
#include "event/event.h"

enum { POLICY_REASON_MAX = 200 };

/* All lent. */
struct policy_facts {
  const contact_event *event;
  const struct config *config;
  const struct desk *desk;
  struct slice how;           /* threading, as the journal says it: "new" begins a conversation */
  struct slice queue;         /* its work waits in; "" none */
  struct slice language;      /* the customer's, by their context; "" unknown */
  int64_t now_ms;
};

enum policy_answer {
  POLICY_NOT_ASKED,           /* nothing of this kind is ever acknowledged on this channel, or the conversation goes on */
  POLICY_SILENT,
  POLICY_SEND                 /* unless a limit forbids it */
};

struct policy_verdict {
  enum policy_answer answer;
  char reason[POLICY_REASON_MAX];        /* silent: rule and words, "AR-02 Auto-Submitted" */
  const struct desk_template *template;  /* the one that fits; NULL: none does */
  const struct channel_config *over;     /* it goes out over */
  struct slice language;                 /* to be spoken */
  char *to, *to_key;                     /* in the arena: the return path (AR-20), the number */
  struct slice domain;                   /* that its limit is counted for; "": a mail provider's, or no mail */
  bool typed;                            /* the address was only typed in: nothing of the customer's may be said (WF-20) */
};

/* Returns 0 or -ENOMEM. */
int must_check policy_decide(const struct policy_facts *facts, struct arena *a, struct policy_verdict *ret);

#endif
