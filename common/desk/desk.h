/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The desk definition: queues, agents, skills, rules and service levels as one declarative, versioned YAML document
 * (deskbell desk check|apply|export). Parsing and rule matching are pure; where it is stored is proto/redis.md.
 *
 *   queues:
 *     - name: billing
 *       priority: 5            # 1 (most urgent) … 9
 *       answer_within: 4h      # service level: first answer
 *   agents:
 *     - name: ana
 *       address: ana@example.com        # mail from here about a conversation is a colleague's note
 *       queues: [billing, support]
 *       skills: {zh: 5, billing: 8}     # 0 … 10
 *   rules:                      # ordered; the first that matches wins
 *     - name: vip
 *       when:
 *         channel: [mail, sms]          # any of
 *         channel_kind: [email]
 *         recipient: ["billing@*"]      # any of; '*' matches any run
 *         words: [invoice, "credit note"]  # any of, whole words, case-folded, in subject or text
 *         customer_tags: [vip]          # any of
 *         customer_value: ">= 1000"     # >=, >, <=, <, =
 *         customer_language: [de, fr]   # any of
 *         suspected: true               # the channel program flagged it
 *         automatic: [bounce, reply]    # any of reply, bounce, report, list, bulk; none: a person wrote it
 *       then: {queue: billing, priority: 2, answer_within: 1h, skills: ["billing >= 3"]}
 *   default: {queue: support}
 *
 * A word is a run of letters, digits and marks; between the words of a phrase anything else may stand ("credit note"
 * is found in "Credit-Note"). In scripts written without spaces between words (Han, kana, Hangul, Thai, …) every
 * character counts as a word, so that a term is found inside a run of them.
 *
 * Conditions on the event are answered here (desk_match); conditions on the customer travel to the Redis function as
 * a predicate text, because the customer is only known inside the atomic step.
 */
#ifndef DESK_DESK_H
#define DESK_DESK_H

#include "base/buf.h"

#define DESK_MAX_BYTES (1024 * 1024)
#define DESK_MAX_RULES 500
#define DESK_MAX_QUEUES 500
#define DESK_MAX_AGENTS 5000
#define DESK_MAX_WORDS 10000 /* different words and phrases in all rules */

struct desk_queue {
  char *name;              /* [a-z0-9][a-z0-9-]{0,31} */
  int priority;            /* 1 … 9; default 5 */
  int64_t answer_within_ms; /* 0: none */
};

struct desk_skill {
  char *name;
  int level;               /* 0 … 10 */
};

struct desk_agent {
  char *name;
  char *address;           /* in lower case; NULL: not said */
  char **queues;
  size_t queue_count;
  struct desk_skill *skills;
  size_t skill_count;
};

struct desk_rule {
  char *name;
  /* outcome, defaults of the queue filled in */
  char *queue;
  int priority;
  int64_t answer_within_ms;
  char *skills;            /* "billing>=3,zh>=2"; "" none */
  /* customer predicate: "" always true; else terms joined by ';', all must hold:
   * "tag=vip|gold"  "value>=1000"  "lang=de|fr"  (see services/router/functions.lua) */
  char *customer;
  struct desk_when *when;  /* event conditions; private to the module */
};

struct desk {
  uint64_t version;        /* set by who loads it from Redis; 0 unknown */
  struct desk_queue *queues;
  size_t queue_count;
  struct desk_agent *agents;
  size_t agent_count;
  struct desk_rule *rules; /* the default rule ("default", always true) is the last */
  size_t rule_count;
  struct names *addresses; /* of agents, in lower case; NULL when no agent has one; private to the module */
  struct desk_words *words; /* all words of all rules; NULL when no rule has any; private to the module */
};

/* The event as rules see it; borrowed. */
struct desk_facts {
  struct slice channel, channel_kind;
  const struct slice *recipients;
  size_t recipient_count;
  struct slice subject, text;
  struct slice automatic;  /* kind of automatic mail; empty: a person wrote it */
  bool suspected;
};

/* Returns 0 (gives *ret), -EINVAL (complaint with line and what is allowed). */
int must_check desk_parse(struct slice yaml, const char *name, struct desk **ret, struct complaint *complaint);
void desk_free(struct desk **d);
/* Name of the agent with this e-mail address (any case), lent; "" when there is none. */
const char *desk_agent_of(const struct desk *d, struct slice address);
/* The document a new desk starts with: queue support; suspected posts and unclaimed bounces apart. */
const char *desk_default_yaml(void);
/* Indices of the rules whose event conditions hold, in order, ending with the first one without customer conditions
 * (at least one: the default). Returns how many were written, at most `max` (>= 1; the last place is always given to
 * an unconditional rule). Folds the text once, linear in its length. */
size_t desk_match(const struct desk *d, const struct desk_facts *facts, uint16_t *ret_rules, size_t max);

#endif
