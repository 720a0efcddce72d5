/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A desk definition made ready for a run: numbers for its queues and channel kinds, profiles of its agents, and lines.
 * A line holds the waiting items of a queue that have one target and that the same agents may take (decision 0017);
 * an item whose skills relax or that overflows moves to another line with its scores. Private to the module.
 */
#ifndef SIMULATE_MODEL_H
#define SIMULATE_MODEL_H

#include "desk/names.h"
#include "simulate/heap.h"
#include "simulate/simulate.h"

#define MODEL_NO_QUEUE SIZE_MAX
#define MODEL_KEY_ROOM 8192

struct model_kind {
  unsigned number;             /* below RULE_KINDS */
  int units;
};

struct model_profile {
  const struct desk_agent *agent; /* one who has it */
  int units, kind_units[RULE_KINDS]; /* of capacity: in all, and of it at most for each kind */
};

struct model_queue {
  const struct desk_queue *queue;
  const struct calendar *hours;
  size_t nobody;               /* MODEL_NO_QUEUE: none */
  size_t limit_queue, after_queue;
  size_t *overflow;
  double handling_ms;
  double rate;                 /* items that come in a ms, of late */
  int64_t rate_at;
  bool kind_seen;
  struct model_kind kind;      /* that agents are kept free for: of its items the one that takes most */
  int members_on_duty;
  size_t waiting;
  uint32_t base;               /* its line that agents are kept free for; SIMULATE_NONE: it is not real-time */
};

struct line {
  struct rule_queue rule;      /* as the rule sees it; able and now_ms are filled in at a decision */
  size_t queue;
  uint32_t only;               /* agent of the desk; SIMULATE_NONE: any */
  double *ln_speed;            /* for each profile: members of its queues; RULE_LACKS */
  double *ln_stand_in;         /* members of the queue's `nobody` too; the same when there is none */
  struct heap sets[RULE_SETS];
  size_t waiting, active_place; /* of all sets; in `active` while there are any */
};

/* What an item asks; two that ask the same stand in one line. */
struct line_wish {
  size_t queue;
  struct model_kind kind;
  int64_t target_ms;           /* 0: no promise */
  const char *skills;          /* of its rule: "billing>=3,zh>=2" */
  const char *language;        /* in lower case; "" not known */
  int64_t waited_ms;           /* on the queue's clock */
  uint32_t only;
};

struct model {
  const struct desk *desk;
  struct rule_weights weights;
  struct model_kind *kinds;    /* for each channel kind of the input */
  struct model_queue *queues;
  struct calendar *hours;      /* for each of the desk's; then one that is always open */
  struct model_profile *profiles;
  size_t profile_count;
  uint32_t *profile_of;        /* for each agent */
  struct line **lines;
  struct line **active;        /* those with somebody in them */
  size_t line_count, line_room, active_count;
  struct names line_numbers, queue_numbers;
  uint32_t bases[SIMULATE_REAL_TIME_MAX]; /* lines */
  size_t base_count;
  struct buf key;              /* a line's name while it is looked for */
};

void model_make(struct model *m, const struct simulate_input *in);
void model_free(struct model *m);

size_t model_queue_named(const struct model *m, const char *name);
/* The number of the line; made when there was none. *ret_relaxed: less is asked than of an item that has not waited. */
uint32_t model_line(struct model *m, const struct line_wish *wish, bool *ret_relaxed);
/* Arrivals in a ms as the steps count them: those of a quarter of an hour ago by a third. */
double model_rate(const struct model_queue *q, int64_t now);
/* Returns true when agents are kept free for another kind of items from now on. */
bool model_learn_arrival(struct model_queue *q, struct model_kind kind, int64_t now);
/* The next time of waiting at which another line is right; CALENDAR_NEVER. */
int64_t model_next_step(const struct model *m, size_t queue, int64_t waited_ms);
void line_add(struct model *m, struct line *l, size_t set, uint32_t *place, double score, uint32_t item);
void line_remove(struct model *m, struct line *l, size_t set, uint32_t *place, uint32_t item);
/* Is the agent a member of the queue? His speed; 0: no. */
double model_speed(const struct model *m, const struct desk_agent *a, size_t queue);

#endif
