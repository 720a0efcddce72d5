/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happened, as a replay needs it: facts of the journal in, work items with their arrival, handling time and what
 * two desk definitions say of them out, and who worked when. Pure. A text is looked at when it comes and not kept.
 *
 * A work item is one item of the replay for each time that it waited: anew when the customer wrote again after it was
 * put aside, or it was opened again. Handling time is the time in an agent's hands while he was at work, as long as it
 * would have taken somebody of usual speed; what was lost with a broken connection does not count. A turn that nobody
 * ended takes the mean of its queue, else the queue's `handling`. What ended without an agent (merged, done unseen) is
 * left out.
 *
 * Facts may come in any order; of two with one cursor the second is dropped. Memory: at most HISTORY_CONTACTS_MOST
 * contact events and HISTORY_FACTS_MOST facts; with both runs 0.5 KiB for a contact event that was claimed and done, so
 * 0.5 GiB at most for such.
 */
#ifndef SIMULATE_HISTORY_H
#define SIMULATE_HISTORY_H

#include "simulate/simulate.h"

#define HISTORY_CONTACTS_MOST 1000000
#define HISTORY_FACTS_MOST 10000000
#define HISTORY_DAYS_MOST 400   /* from the first to the last fact */

enum history_kind {
  HISTORY_CONTACT,             /* something came from the customer */
  HISTORY_CLAIM,               /* an agent began, or went on with it */
  HISTORY_BACK,                /* it waits again with its age: handed on, given back */
  HISTORY_LOST,                /* it waits again because its agent disappeared */
  HISTORY_ASIDE,               /* on hold, snoozed: an answer or a time is waited for */
  HISTORY_AGAIN,               /* it waits anew: the time came, it was opened again */
  HISTORY_END,                 /* answered: wrapping up, done */
  HISTORY_GONE,                /* over without an answer: merged into another */
  HISTORY_PRESENCE,
};

/* A contact event and its customer, all borrowed; what is not known is empty. */
struct history_contact {
  struct desk_facts facts;
  struct slice customer, tags, language, last_agent, consents; /* tags, consents "|vip|gold|" */
  double value;                /* NAN: not known */
  double open;                 /* conversations with open work */
  double worth[2];             /* of the customer, to each desk definition */
};

struct history_fact {
  enum history_kind kind;
  int64_t at_ms;
  uint64_t cursor_ms, cursor_number; /* place in the journal; 0, 0: not known */
  struct slice work_item, queue, agent;
  const struct history_contact *contact; /* of HISTORY_CONTACT */
  bool ready, at_work;         /* of HISTORY_PRESENCE: takes offers; is there */
  bool was_ready, was_at_work; /* ... before */
};

enum duty_source { DUTY_PRESENCE, DUTY_HOURS, DUTY_WORK, DUTY_COLLEAGUES, DUTY_ALWAYS, DUTY_SOURCES };

struct past {
  struct simulate_item *items; /* by arrival */
  struct simulate_place *places[2];
  size_t count;
  struct simulate_customer *classes;
  size_t class_count;
  char **kinds, **names, **customers; /* channel kinds, agents, customers */
  size_t kind_count, name_count, customer_count;
  int64_t from_ms, to_ms;      /* first and last fact */
  size_t contacts, facts;
  size_t repeated;             /* facts that came twice */
  size_t more;                 /* messages about what waited or was in hand: no item of their own */
  size_t measured;             /* items whose handling time is known */
  size_t without_agent;        /* ended without one, left out */
  size_t before;               /* work items begun before the first fact, left out */
  size_t taken;                /* items that an agent took, as it was in truth; half of them and 95 % at most so long */
  int64_t taken_median_ms, taken_p95_ms; /* after they came, by the wall's clock */
  struct past_agent *agents;   /* beside the names; private */
  struct calendar anybody;     /* when somebody worked */
};

enum { HISTORY_FULL = 1, HISTORY_EMPTY = 2, HISTORY_LONG = 3 };

struct history;
/* Places are reckoned for both; both borrowed until history_free(). day_offset_ms: the wall's clock is so much ahead of
 * UTC. */
struct history *history_new(const struct desk *old, const struct desk *changed, int64_t day_offset_ms);
void history_free(struct history **h);
/* Returns 0 or HISTORY_FULL. */
int must_check history_add(struct history *h, const struct history_fact *f);
/* Once. Returns 0 (gives *ret), HISTORY_EMPTY: nothing came that waited for an agent, or HISTORY_LONG: more days than
 * HISTORY_DAYS_MOST, so a time is wrong. */
int must_check history_close(struct history *h, struct past *ret);
void past_free(struct past *p);

/* The next name after *at (0 at first) of somebody who worked and is no agent of `d`; NULL: no more. */
const char *past_stranger(const struct past *p, const struct desk *d, size_t *at);
/* When an agent of `d` takes offers: his sign-ins, else his hours, else from his first to his last work of each day,
 * else when anybody worked, else always. Hours that differ from those in `old` go before sign-ins: they are what is
 * tried. */
struct calendar past_duty(const struct past *p, const struct desk *d, size_t agent, const struct desk *old,
                          enum duty_source *ret_source);

#endif
