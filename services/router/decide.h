/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the router can say about an event before it asks Redis: how it is threaded, which rules may apply, what is
 * proven by a signature, whether a person wrote it. Pure: event, desk definition and secret in; texts for the atomic
 * step out.
 */
#ifndef ROUTER_DECIDE_H
#define ROUTER_DECIDE_H

#include "desk/desk.h"
#include "event/event.h"

#define DECIDE_RULES_MAX 64
#define DECIDE_REFERENCES_MAX 40
#define DECIDE_OTHERS_MAX 20

/* Texts for deskbell_route (functions.lua); in the arena or borrowed from the event; never NULL. */
struct decision {
  const char *kind;         /* "message", "status", "edit", "opt-out", "opt-in", "quarantine" */
  const char *mode;         /* "mail", "sender", "new": how its conversation is found */
  const char *from, *name;  /* key and display name */
  const char *proven;       /* conversations proven by signatures, the most trusted first, by blanks */
  const char *proven_how;   /* how each was: "token", "own-message-id" */
  const char *message_id;   /* digest of its own Message-ID; "" none */
  const char *references;   /* digests of the ids it answers, the most recent first, by blanks */
  const char *tokens;       /* references from the subject, by blanks */
  const char *others;       /* keys of the other participants, by blanks */
  const char *subject;      /* one line, at most 200 bytes; of mail without "Re:" and the like (TH-14) */
  char reference[REFERENCE_LEN + 1];
  const char *hints;        /* what else is to be known of a mail, as words "name=value": proto/redis.md */
  const char *automatic;    /* "reply", "bounce", "report", "list", "bulk", "loopback"; "" a person wrote it. Static */
  const char *why;          /* reason of a quarantine entry; facts of a status (status.h) */
  uint16_t rules[DECIDE_RULES_MAX];
  size_t rule_count;
};

struct decide_desk {
  const struct desk *desk;
  struct slice secret;      /* of the desk, for tokens */
  const struct slice *channels; /* names of all its channels, for what comes back to us (AR-08) */
  size_t channel_count;
  int64_t now_ms;          /* for rules that ask for hours */
};

/* Returns 0, or -ENOMEM at the arena's ceiling. `is_own(arg, address)` says whether an address belongs to the desk. */
int must_check decide(const contact_event *event, const struct decide_desk *desk,
                      bool (*is_own)(void *arg, struct slice address), void *arg, struct arena *a,
                      struct decision *ret);

#endif
