/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A desk in virtual time: work items that came, agents on duty, and a desk definition; the routing rule itself
 * (dispatch/rule.h) decides, what becomes of the items comes out. Pure: no Redis, no files, no clock. The same input
 * gives the same outcome.
 *
 * What the desk definition says is done as the routing steps in Redis do it (decision 0017): rules and customers'
 * classes, lines by queue, channel kind, target and needs, skills that relax, overflow, `nobody`, limits, hours whose
 * clocks stand, after_hours, units by channel kind, reserve, the customer's own agent. What is different: an offer is
 * accepted at once, whoever is at an item when his duty ends finishes it, and mean handling times are those of the
 * whole time instead of what was learned so far.
 *
 * Memory: 200 bytes for an item, and for a line 0.5 KiB and 8 bytes for each kind of agents, while it runs.
 */
#ifndef SIMULATE_SIMULATE_H
#define SIMULATE_SIMULATE_H

#include "simulate/calendar.h"

#define SIMULATE_NONE UINT32_MAX
#define SIMULATE_NO_PROMISE_MS 86400000 /* an item without a promise is put in order as if it were due in a day */
#define SIMULATE_REAL_TIME_MAX 24       /* queues that agents are kept free for, as in the steps */

/* A customer as predicates see one; strings borrowed, never NULL. */
struct simulate_customer {
  const char *tags;            /* "|vip|gold|" */
  const char *language;        /* in lower case */
  const char *last_agent;
  const char *consents;        /* "|news|", in lower case */
  double value;                /* NAN: not known */
  double open;                 /* conversations with open work */
};

/* What waits once: a work item, or its next turn when the customer wrote again. */
struct simulate_item {
  int64_t arrival_ms;
  int64_t handling_ms;         /* by somebody of usual speed; above 0 */
  uint32_t customer;           /* who; the same number, the same customer. SIMULATE_NONE: nobody knows */
  uint32_t class;              /* in `classes` */
  uint32_t known;              /* in `names`: the customer's own agent when it came; SIMULATE_NONE */
  uint16_t kind;               /* in `kinds` */
  bool next;                   /* the customer was answered before */
};

/* What a desk definition says of an item when it comes. */
struct simulate_place {
  uint16_t rule;
  float worth;                 /* of the customer; 1 usual */
};

struct simulate_input {
  const struct desk *desk;
  const struct simulate_item *items; /* by arrival */
  const struct simulate_place *places; /* beside them */
  size_t count;
  const struct simulate_customer *classes;
  char *const *kinds;          /* channel kinds */
  size_t kind_count;
  char *const *names;          /* agents of any time */
  size_t name_count;
  const struct calendar *duty; /* beside the desk's agents: when each takes offers */
  int64_t from_ms, to_ms;
};

enum {
  SIMULATE_OVERFLOWED = 1,     /* taken by no member of its queue */
  SIMULATE_RELAXED = 2,        /* less was asked than at first */
  SIMULATE_DIVERTED = 4,       /* a limit or closed doors sent it to another queue */
  SIMULATE_KNOWN = 8,          /* its customer has an agent of his own */
  SIMULATE_BY_KNOWN = 16,      /* ... who took it */
};

/* Of an item. Of one that was not taken: how things stood at the end. */
struct simulate_outcome {
  int64_t waited_ms;           /* on the clock of its queue */
  int64_t wall_ms;             /* for the customer */
  int64_t target_ms;           /* 0: no promise */
  uint32_t agent;              /* of the desk; SIMULATE_NONE: nobody took it */
  uint16_t queue;              /* of the desk: where it waited */
  uint16_t flags;
  float value;                 /* the customer's worth and its priority */
};

struct simulate_agent {
  double busy_ms, duty_ms;     /* x units */
  size_t items;
};

struct simulate_result {
  struct simulate_outcome *outcomes; /* beside the items */
  struct simulate_agent *agents;     /* beside the desk's */
  size_t decisions;
  size_t cut;                  /* decisions that did not see all lines: more than RULE_QUEUES mattered at once */
};

/* How long after arrival it is due, on its queue's clock, and what is asked at first: the reckoning of an item's place,
 * for those who explain. The queue it goes to when it comes, its doors and limits aside. */
int64_t simulate_target(const struct desk *d, size_t queue, const struct desk_rule *rule, bool next,
                        const struct simulate_customer *customer);

/* Gives the result. */
void simulate_run(const struct simulate_input *in, struct simulate_result *ret);
void simulate_result_free(struct simulate_result *r);

#endif
