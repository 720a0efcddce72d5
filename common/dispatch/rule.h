/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The routing rule: which waiting work item next, and which agent gets it. Pure: no Redis, no clock, no allocation.
 *
 * An item of customer value v in a queue of target T and mean handling time p has, after waiting w, for an agent who
 * is s times as fast as others in that queue and known to the customer by the factor k, the urgency
 *
 *   I = v / (p T) * s * k * g(w)      g(w) = ageing^(w/T)                       w <= T
 *                                     g(w) = late * e^((w - T) / late_growth)   w > T
 *
 * The most urgent goes first. Of the agents who could take it the cheapest gets it:
 *
 *   cost = ln(1 + slowdown * used/units) - ln s - ln k + flexibility * sum of scarcity/able
 *
 * summed over the real-time queues the agent could serve now and could not serve with this item in hand. Equal cost:
 * the least loaded, then the longest idle, then by name. An item that has time ("parked") is kept from an agent if
 * fewer than `keep` agents would be left for a queue whose target is reserve_ratio times shorter. Nothing is ever held
 * for one agent.
 *
 * ---- Scores. Exponential growth is the only one that leaves the order of two items of a queue alone while they wait,
 * so an item's place is a number that is written once, and a sorted set holds the order (lower first; equal: by id,
 * bytewise):
 *
 *   parked, on time   z  = a - head_start * ln v       head_start = T / ln(ageing)
 *   late              z' = a - late_growth * ln v
 *
 * ---- One arithmetic, two programs. A Redis function decides with these numbers too (rule.lua) and must decide the
 * same. Therefore:
 *   - Everything that needs a logarithm or a root is prepared (rule_prepare(), rule_ln_value(), rule_crowded(),
 *     ln_speed, ln_known) where a desk definition is applied, a measurement changes or an item is queued, and stored
 *     with 17 digits.
 *   - A decision uses + - * / and comparisons of IEEE 754 doubles only, in the order below, without fused operations
 *     (this module is compiled with -ffp-contract=off), so both get the same bits:
 *       index    ((base + (now - z) * slope) + ln_speed) + ln_known                     parked, on time
 *                ((late_base + ((now - target) - z') * late_slope) + ln_speed) + ln_known    late
 *       price    0, then for each real-time queue that is lost, in the view's order:
 *                price = price + scarcity / max(able, 1)
 *       cost     ((crowded - ln_speed) - ln_known) + flexibility * price
 *       load     used / units                                                 least loaded first, at equal cost
 *       kept     parked and target_q * reserve_ratio <= target and able_q - 1 < keep_q, for a queue q that is lost
 *   - "lost": a queue that is real_time or has a keep, not the item's own nor another line of it (the same name); the
 *     agent has its skill and room for it now, and would have no room after.
 *
 * Times are milliseconds of the queue's own clock, which stands while the queue is closed; whole ones, so that what is
 * due is due in both programs. Nothing of it depends on when a timer really fires but the reserve and the late set.
 */
#ifndef DISPATCH_RULE_H
#define DISPATCH_RULE_H

#include "base/buf.h"
#include <math.h>

/* ---- weights */

struct rule_weights {
#define WEIGHT(member, name, standard, least, most, unit, what) double member;
#include "dispatch/rule_weights.def"
#undef WEIGHT
};

/* A row of rule_weights.def. */
struct rule_weight_about {
  const char *name, *unit, *what;
  double standard, least, most;
  size_t offset;              /* of the double in struct rule_weights */
};

struct rule_weights rule_weights_standard(void);
/* Lent; *ret_count rows. */
const struct rule_weight_about *rule_weights_about(size_t *ret_count);
/* The first that is out of its range, lent; NULL: all are well. */
const struct rule_weight_about *rule_weights_wrong(const struct rule_weights *w);

/* ---- what the rule sees */

#define RULE_KINDS 8         /* channel kinds with a capacity of their own */
#define RULE_REAL_TIME 24    /* of a desk: queues that agents are kept free for. With the lines of waiting items they make a view. */
#define RULE_QUEUES 64       /* in one view: queues that share agents. A desk with more must cut its routing domains. */
#define RULE_LACKS (-INFINITY) /* ln_speed of an agent without the skill */
#define RULE_NOBODY ((size_t)-1)
#define RULE_NO_QUEUE ((size_t)-1)
#define RULE_NEVER INFINITY
typedef uint64_t rule_queues; /* a set of queues of a view */

/* A queue's items of one target that the same agents may take: a queue with two targets, or whose skills relax after a
 * minute, is two of these (one of them real_time and kept, lest it be counted twice). */
struct rule_queue {
  struct slice name;
  double target_ms, handling_ms; /* T and p, above 0 */
  double scarcity;               /* offered load over the capacity able to serve it */
  unsigned kind;                 /* below RULE_KINDS */
  int units;                     /* of capacity that an item takes, above 0 */
  bool real_time;                /* counts in the price of an agent */
  int on_duty;                   /* agents on duty with its skills */
  int able;                      /* agents who could take one now */
  double now_ms;                 /* its clock */
  /* prepared by rule_prepare() */
  double base, slope, late_base, late_slope, head_start_ms, parked_ms;
  int keep;
};

/* Agents with room that are alike: same skills, same load. An agent who is apart from the others for any reason, as one
 * who declined an item that waits, is given as a group of his own. */
struct rule_group {
  const double *ln_speed;        /* for each queue of the view; RULE_LACKS */
  int units, room;               /* of capacity: all, and free */
  int kind_room[RULE_KINDS];     /* of these at most so many for a kind */
  double crowded;                /* rule_crowded() */
  struct slice agent;            /* the longest idle of it */
  double idle_since_ms;
  size_t count;                  /* how many they are */
};

enum rule_set { RULE_PARKED, RULE_ON_TIME, RULE_LATE, RULE_SETS };

/* A waiting item: the head of a set, or one that knows an agent with room. */
struct rule_item {
  struct slice id;
  size_t queue;                  /* in the view */
  enum rule_set set;
  double score;
  struct slice known;            /* the customer's agent */
  size_t known_group;            /* his group in the view; RULE_NOBODY: none, or he has no room */
  double ln_known;               /* known_bonus less the logarithm of his share of the usual handling time */
  double known_idle_ms;
  bool behind;                   /* not the head of its set: only its own agent is a reason to take it now */
  const bool *barred;            /* for each group: true when it declined this one; NULL: nobody did */
  /* for words only; NAN not known */
  double arrival_ms, ln_value;
  struct slice needs;            /* "zh >= 3 and billing >= 2" */
};

/* All borrowed. Whatever is due to leave its set must have been moved before. For an item that came: that item and all
 * groups with room. For an agent who has room again: the heads of all queues that some group has skills for, and the
 * items that know him. More than needed changes nothing. */
struct rule_view {
  const struct rule_weights *weights;
  const struct rule_queue *queues;
  size_t queue_count;            /* at most RULE_QUEUES */
  const struct rule_group *groups;
  size_t group_count;
  const struct rule_item *items;
  size_t item_count;
};

/* ---- prepared numbers */

/* Fills base … keep of the queues of one routing domain. */
void rule_prepare(const struct rule_weights *w, struct rule_queue *queues, size_t count);
/* Counts `able` of all queues from the groups. */
void rule_count(struct rule_queue *queues, size_t queue_count, const struct rule_group *groups, size_t group_count);
/* Logarithm of the value, clamped; what is no number is worth the least. */
double rule_ln_value(const struct rule_weights *w, double value);
double rule_crowded(const struct rule_weights *w, int used, int units);

/* ---- an item's place */

enum rule_set rule_set_at(const struct rule_queue *q, double arrival_ms, double now_ms);
double rule_score(const struct rule_weights *w, const struct rule_queue *q, enum rule_set set, double arrival_ms,
                  double ln_value);
/* When it leaves this set for the next; RULE_NEVER: late. */
double rule_leaves(const struct rule_queue *q, enum rule_set set, double arrival_ms);
/* ln I at the queue's now, for an agent of usual speed who is not known. */
double rule_index(const struct rule_queue *q, enum rule_set set, double score);

/* ---- a decision and its explanation */

#define RULE_RECORD_ITEMS 4
#define RULE_RECORD_AGENTS 5 /* as many as one offer may go to */
#define RULE_RECORD_HELD 2

struct rule_item_row {
  struct rule_item item;         /* known_group and barred mean nothing here */
  double index, ln_speed, ln_known; /* with the agents' best; ln_known 0: that is not the known one */
  size_t kept_for;               /* the queue that the reserve keeps agents for; RULE_NO_QUEUE: it could be taken */
};

struct rule_agent_row {
  struct slice agent;
  double ln_speed, ln_known, crowded, idle_since_ms, price, cost;
  int used, units;
  rule_queues lost;              /* queues that could not be served after */
  size_t kept_for;
  size_t alike;                  /* agents for whom this row speaks */
};

/* What was seen and how it was reckoned: all that the decision rests on, names borrowed from the view. Best first; the
 * first item goes to the first agent. Rows beyond the limits are counted, and are worse than those that are here. */
struct rule_record {
  struct rule_weights weights;
  rule_queues seen;              /* which of the queues are filled in */
  struct rule_queue queues[RULE_QUEUES];
  struct rule_item_row items[RULE_RECORD_ITEMS], held[RULE_RECORD_HELD]; /* held: all who could take it are kept */
  size_t item_count, held_count, items_left, held_left;
  struct rule_agent_row agents[RULE_RECORD_AGENTS], spared[RULE_RECORD_HELD]; /* spared: kept from the first item */
  size_t agent_count, spared_count, agents_left, spared_left;
  size_t unfit;                  /* items that nobody with room fits */
};

enum { RULE_WAIT = 1 };
/* 0: record.items[0] goes to record.agents[0]. RULE_WAIT: nothing can be taken; the record says why. */
int must_check rule_decide(const struct rule_view *v, struct rule_record *ret);

enum { RULE_DIFFERS = 1 };
/* Decides again from the record alone. 0: the same, to the bit. RULE_DIFFERS: *ret_what (static; may be NULL) says
 * where. */
int must_check rule_replay(const struct rule_record *r, const char **ret_what);

/* For an agent: "offered to Ana: …" or "waits: …". Returns 0 or BUF_FULL. */
int rule_words(const struct rule_record *r, struct buf *b);

#endif
