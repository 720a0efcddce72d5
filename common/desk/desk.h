/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The desk definition: queues, agents, skills, rules and service levels as one declarative, versioned YAML document
 * (deskbell desk check|apply|export). Parsing and rule matching are pure; where it is stored is proto/redis.md.
 *
 *   queues:
 *     - name: billing
 *       priority: 5            # 1 (most urgent) … 9
 *       answer_within: 4h      # service level: first answer
 *       next_within: 8h        # ... each further answer to what the customer writes; default as answer_within
 *       resolve_within: 3d     # ... done; default no promise
 *       levels:                # for classes of customers, the first that fits; what is not said is the queue's
 *         - {when: {customer_tags: [gold]}, answer_within: 1h}
 *       warn_at: 0.8           # share of a target after which a warning is written; 1: none before the breach
 *       hours: office          # clocks stand and nothing is offered outside; default always open
 *       after_hours: hold      # hold (waits for the opening), take (is offered all the same), or {to: QUEUE} (goes there)
 *       real_time: true        # agents are kept free for it; default: answer_within is at most 15 minutes
 *       handling: 10m          # usual time of an agent for one; learned from then on
 *       language: 3            # the customer's language is a skill of this level, if any member has it; 0: no
 *       relax:                 # what is asked of agents softens: from then on at most so much; 0: nothing
 *         - {after: 60s, skills: {billing: 1}}
 *         - {after: 5m, skills: {billing: 0, zh: 0}}
 *       overflow:              # from then on members of that queue may take it too
 *         - {after: 10m, to: support}
 *       nobody: support        # ... at once while no member is on duty
 *       limit: {waiting: 500, to: support}   # what comes above goes to another queue
 *       offer: {to: 1, within: 30s}     # to so many agents at once, for so long
 *       wrap_up: 0s            # time to finish up after an item is done
 *       members:               # beside the agents who name the queue
 *         agents: [bo]         # these
 *         skills: ["billing >= 3", zh]     # and whoever has all of these
 *   agents:
 *     - name: ana
 *       address: ana@example.com        # mail from here about a conversation is a colleague's note
 *       queues: [billing, support]      # or with speeds: {billing: 1.2, support: 1}; 1 is the usual
 *       skills: {zh: 5, billing: 8}     # 0 … 10; languages are skills
 *       capacity: {total: 6, email: 4}  # units in all and for a channel kind; or a number; default 4
 *       hours: office                   # gets no offers outside
 *   dispatch:                  # defaults shown
 *     units: {email: 1, sms: 1, webhook: 1, form: 1}   # of capacity that an item takes, by channel kind
 *     misses: 3                # offers ignored in a row until an agent becomes away
 *     lease: 2m                # work of an agent who disappeared goes back after this
 *     transfer: 5m             # what is handed to one agent may be taken by others after this
 *     known: 30d               # the agent who answered last is the customer's own for so long
 *     prefer: 0s               # only he gets it for so long; 0: he is preferred, nobody waits for him
 *     again: 1m                # who declined an item may get it again after this
 *     weights: {ageing: 4}     # dispatch/rule_weights.def
 *   value:                     # what a customer is worth to routing: a product of factors, 1 the usual (plan/plan.h)
 *     - {figure: margin_12m, points: {0: 0.5, 100: 1, 1000: 2, 5000: 4}}
 *     - {age: last_order, points: {30d: 1.5, 180d: 1, 730d: 0.7}}
 *     - {figure: orders_12m, points: {0: 0.8, 1: 1, 5: 1.5}}
 *     - {lifetime: margin_12m, keeps: 0.8, years: 5, points: {0: 0.5, 1000: 1, 20000: 4}}
 *     - {tag: vip, factor: 2}
 *     - {is: plan, text: gold, factor: 1.5}
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
 *         customer_last_agent: [ana]    # any of; who answered the customer last
 *         customer_open: ">= 2"         # conversations of the customer with open work
 *         customer_consent: [news]      # any of; marks in the imported profile's member 'consent'
 *         hours: office                 # inside these hours when it is routed; "not office": outside
 *         automatic: [bounce, reply]    # any of reply, bounce, report, list, bulk; none: a person wrote it
 *       then: {queue: billing, priority: 2, answer_within: 1h, skills: ["billing >= 3"]}
 *   default: {queue: support}
 *   hours:                      # when people answer; templates choose by them and tell them
 *     - name: office
 *       zone: Europe/Berlin             # IANA name; default UTC
 *       open: {mon-fri: "09:00-17:00", sat: ["10:00-12:00", "13:00-15:00"], sun: "22:00-02:00"}
 *       closed: ["2026-12-25", "2026-12-24..2027-01-02"]     # days on which nobody answers, both ends included
 *   templates:                  # texts of acknowledgements, ordered: the first that fits is taken; none: silence
 *     - name: received-de
 *       when:                             # all that is given must hold
 *         channel: [mail, contact]        # any of; must be given: nothing is acknowledged that nobody asked for
 *         queue: [support]                # any of
 *         language: [de]                  # any of; de fits de-AT, de-AT only itself
 *         hours: office                   # inside these hours; "not office": outside
 *       over: mail                        # for a form: the e-mail channel it goes out over; default the only one
 *       subject: "Re: {{subject|your message}}"   # mail only
 *       text: |
 *         Hello {{customer_name|there}},
 *         your reference is {{reference}}.
 *       allow: [typed-address]            # and return-path-differs, not-addressed, postmaster: off unless named
 *   acknowledge:                # limits of acknowledgements (AR-50, AR-51); 0: none is sent (subject_repeat: no limit)
 *     sender_10m: 1                       # to one sender in ten minutes
 *     sender_day: 3                       # and in a day
 *     sms_day: 1                          # to one phone number in a day
 *     domain_hour: 20                     # to one domain in an hour; big mailbox providers are not counted
 *     channel_hour: 10000
 *     subject_repeat: 1d                  # the same subject of the same sender again within this: none
 *     max_age: 1d                         # to no message older than this
 *     sms_parts: 1                        # an SMS in more parts is not sent
 *
 * The texts' variables and their {{name|default}} are explained in template/template.h; here a text is only a text.
 * What a whole definition says about its templates and zones (template_review) and about the ways of its work items
 * (desk_review) is looked at before it is put into force, not when it is read: a program that has a definition must be
 * able to read it.
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
#include "dispatch/rule.h"
#include "hours/hours.h"

#define DESK_MAX_BYTES (1024 * 1024)
#define DESK_MAX_RULES 500
#define DESK_MAX_QUEUES 500
#define DESK_MAX_AGENTS 5000
#define DESK_MAX_MEMBERSHIPS 200000 /* of agents in queues, in all, where a queue names its members */
#define DESK_MAX_HOURS 50
#define DESK_MAX_TEMPLATES 500
#define DESK_MAX_TEMPLATE_BYTES 8192 /* of a text as it is written; what comes out of it is at most 4 KiB */
#define DESK_MAX_STEPS 10 /* of relax, of overflow, of levels */
#define DESK_MAX_FACTORS 20
#define DESK_MAX_POINTS 20
#define DESK_MAX_UNITS 1000
#define DESK_AS_QUEUE (-1)   /* of a level's duration: as the queue's */
#define DESK_MAX_WORDS 10000 /* different words and phrases in all rules */

struct desk_skill {
  char *name;
  int level;               /* 0 … 10 */
};

/* From `after_ms` of waiting on, at most these levels are asked. Of the steps of a queue: `after_ms` rises, and what was
 * softened is not asked for again: a step has all skills of the step before it, with the same level or a lower one. */
struct desk_relax {
  int64_t after_ms;
  struct desk_skill *most;
  size_t count;
};

struct desk_overflow {
  int64_t after_ms;        /* rises */
  char *queue;             /* another one than before, never the queue itself */
};

/* The service level of a class of customers. */
struct desk_level {
  char *customer;          /* predicate, as in desk_rule; never "" */
  int64_t answer_within_ms, next_within_ms, resolve_within_ms; /* DESK_AS_QUEUE; 0: none */
};

enum desk_after { AFTER_HOLD, AFTER_TAKE, AFTER_TO };

struct desk_queue {
  char *name;              /* [a-z0-9][a-z0-9-]{0,31} */
  int priority;            /* 1 … 9; default 5 */
  int64_t answer_within_ms; /* 0: none */
  int64_t next_within_ms, resolve_within_ms; /* 0: none */
  double warn_at;          /* above 0, at most 1 */
  int64_t handling_ms;     /* above 0 */
  bool real_time;
  const struct hours *hours; /* of the same desk; NULL: always */
  enum desk_after after;
  char *after_queue;       /* AFTER_TO; else NULL */
  int language;            /* 0: not asked */
  char *nobody;            /* NULL: none */
  int limit;               /* 0: none */
  char *limit_queue;       /* with a limit; else NULL */
  int offer_to;            /* 1 … 5 */
  int64_t offer_ms;        /* above 0 */
  int64_t wrap_ms;
  struct desk_relax *relax;
  size_t relax_count;
  struct desk_overflow *overflow;
  size_t overflow_count;
  struct desk_level *levels;
  size_t level_count;
  bool nobody_able;        /* `members` asks for skills, and no agent has them all */
  struct complaint_place place, after_place, nobody_place, limit_place, able_place;
};

/* Capacity for a channel kind, or what an item of it takes. */
struct desk_units {
  char *kind;
  int units;               /* 0 … DESK_MAX_UNITS */
};

struct desk_agent {
  char *name;
  char *address;           /* in lower case; NULL: not said */
  char **queues;           /* those it names, then those that have it as a member */
  double *speeds;          /* beside `queues`: 0.1 … 10 */
  size_t queue_count;
  struct desk_skill *skills;
  size_t skill_count;
  int capacity;            /* 1 … DESK_MAX_UNITS */
  struct desk_units *kinds; /* a kind that is not named: up to `capacity` */
  size_t kind_count;
  const struct hours *hours; /* NULL: always */
  struct complaint_place place, capacity_place;
};

struct desk_dispatch {
  int misses;              /* 1 … 100 */
  int64_t lease_ms, transfer_ms, known_ms, prefer_ms, again_ms;
  struct desk_units *units; /* all kinds of channels, most frequent first, at least 1 each; at most RULE_KINDS */
  size_t unit_count;
  struct rule_weights weights;
};

enum desk_factor_kind { FACTOR_FIGURE, FACTOR_AGE, FACTOR_LIFETIME, FACTOR_TAG, FACTOR_IS };

struct desk_point {
  double x, factor;        /* x rises; FACTOR_AGE: days */
};

struct desk_factor {
  enum desk_factor_kind kind;
  char *name;              /* member of the imported profile; "value": the imported value; a tag */
  char *text;              /* FACTOR_IS */
  double factor;           /* FACTOR_TAG, FACTOR_IS */
  struct desk_point *points;
  size_t point_count;
  double keeps;            /* FACTOR_LIFETIME: 0 … 1; NAN: `keeps_name` */
  char *keeps_name;
  int years;
};

struct desk_rule {
  char *name;
  /* outcome, defaults of the queue filled in */
  char *queue;
  int priority;
  int64_t answer_within_ms;
  bool own_within;         /* the rule says it; else it is the queue's, and a level of the queue goes before it */
  char *skills;            /* "billing>=3,zh>=2"; "" none */
  /* customer predicate: "" always true; else terms joined by ';', all must hold:
   * "tag=vip|gold"  "value>=1000"  "lang=de|fr"  "agent=ana|bo"  "open>=2"  "consent=news"
   * (see services/router/functions.lua) */
  char *customer;
  struct desk_when *when;  /* event conditions; private to the module */
  struct complaint_place place, skills_place;
};

/* What a template allows that is otherwise a reason to be silent: bits. */
enum {
  ALLOW_RETURN_PATH_DIFFERS = 1, /* AR-21 */
  ALLOW_NOT_ADDRESSED = 2,       /* AR-10 */
  ALLOW_TYPED_ADDRESS = 4,       /* WF-20 */
  ALLOW_POSTMASTER = 8,          /* AR-09 */
};

struct desk_template {
  char *name;
  char **channels;         /* at least one */
  size_t channel_count;
  char **queues;           /* 0: any */
  size_t queue_count;
  char **languages;        /* in lower case; 0: any */
  size_t language_count;
  const struct hours *hours; /* of the same desk; NULL: at any time */
  bool outside;            /* outside of `hours` */
  char *over;              /* NULL: not said */
  char *subject;           /* one line; NULL: not said */
  char *text;              /* without white space at its end; not empty */
  unsigned allow;          /* ALLOW_… */
  struct complaint_place place, subject_place, text_place, over_place;
};

/* At most so many; 0: none at all. */
struct desk_acknowledge {
  int sender_10m, sender_day, domain_hour, channel_hour;
  int sms_day;               /* in the place of sender_day for a phone number (SM-22) */
  int sms_parts;
  int64_t subject_repeat_ms; /* 0: a repeated subject is no reason */
  int64_t max_age_ms;
};

struct desk {
  uint64_t version;        /* set by who loads it from Redis; 0 unknown */
  struct desk_queue *queues;
  size_t queue_count;
  struct desk_agent *agents;
  size_t agent_count;
  struct desk_rule *rules; /* the default rule ("default", always true) is the last */
  size_t rule_count;
  struct hours *hours;
  size_t hours_count;
  struct desk_template *templates;
  size_t template_count;
  struct desk_acknowledge acknowledge;
  struct desk_dispatch dispatch;
  struct desk_factor *factors;
  size_t factor_count;
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
  int64_t now_ms;          /* for conditions on hours */
};

/* Returns 0 (gives *ret), -EINVAL (complaint with line and what is allowed). */
int must_check desk_parse(struct slice yaml, const char *name, struct desk **ret, struct complaint *complaint);
void desk_free(struct desk **d);
/* The queue of this name, lent; NULL when there is none. */
const struct desk_queue *desk_queue_named(const struct desk *d, struct slice name);
/* The agent of this name, lent; NULL when there is none. */
const struct desk_agent *desk_agent_named(const struct desk *d, struct slice name);
/* Name of the agent with this e-mail address (any case), lent; "" when there is none. */
const char *desk_agent_of(const struct desk *d, struct slice address);
/* The hours of this name, lent; NULL when there are none. */
const struct hours *desk_hours_named(const struct desk *d, struct slice name);
/* The document a new desk starts with: queue support; suspected posts and unclaimed bounces apart. */
const char *desk_default_yaml(void);
/* Indices of the rules whose event conditions hold, in order, ending with the first one without customer conditions
 * (at least one: the default). Returns how many were written, at most `max` (>= 1; the last place is always given to
 * an unconditional rule). Folds the text once, linear in its length. Not for several threads when rules ask for hours
 * (hours/zone.h). */
size_t desk_match(const struct desk *d, const struct desk_facts *facts, uint16_t *ret_rules, size_t max);

#endif
