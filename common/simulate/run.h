/* SPDX-License-Identifier: Apache-2.0 */
/* A run under way: the waiting, the agents, what is planned. Private to the module. */
#ifndef SIMULATE_RUN_H
#define SIMULATE_RUN_H

#include "base/agenda.h"
#include "simulate/model.h"

/* Of an event of the agenda. `what`: the item or agent; `detail` of AGENDA_TIMER: its stamp, void when the item's has moved on. */
enum agenda_kind { AGENDA_END, AGENDA_TIMER, AGENDA_SIGN_IN, AGENDA_SIGN_OUT, AGENDA_OPENING };

struct agent {
  bool on_duty;
  int used, kind_used[RULE_KINDS];
  int64_t idle_since;
  uint32_t *knowing;           /* waiting items of customers who are his */
  size_t knowing_count, knowing_room;
};

/* Of an item that waits or waited. */
struct waiting {
  uint32_t line, known, known_place, stamp;
  uint16_t queue;
  uint8_t set;                 /* enum rule_set */
  bool waits, relaxed, prefers;
  int units, kind;
  int64_t arrival;             /* on its queue's clock */
  double score, ln_value;
};

struct sight;

struct run {
  const struct simulate_input *in;
  struct simulate_result *result;
  struct model model;
  struct agent *agents;
  struct waiting *items;
  uint32_t *place;             /* of each in the set it is in */
  uint32_t *own_agent;         /* of each customer, as it turned out here; agent of the desk, or SIMULATE_NONE */
  int64_t *own_since;
  size_t customer_count;
  uint32_t *desk_agent;        /* of each name: agent of the desk */
  struct names agent_numbers;
  struct agenda agenda;
  int64_t now;
  bool pending;                /* somebody may have got room: all heads are to be looked at */
  struct sight *sight;         /* room for a view */
};

/* ---- wait.c: an item comes, moves from set to set and line to line, is taken */
void wait_begin(struct run *r, uint32_t item);
/* Its timer fired: to where it belongs now. */
void wait_move(struct run *r, uint32_t item);
/* It is taken: out of everything that waits. */
void wait_end(struct run *r, uint32_t item);
int64_t wait_clock(const struct run *r, size_t queue);
bool queue_takes(const struct run *r, size_t queue); /* open, or its closed doors do not matter */

/* ---- sight.c: what the rule sees, and what it decides */
struct sight *sight_new(size_t agents);
void sight_free(struct sight **s);
#define SIGHT_ALL SIMULATE_NONE
/* 0: the item goes to the agent. RULE_WAIT. item: the only one that may be taken (it came, or moved); SIGHT_ALL. */
int sight_decide(struct run *r, uint32_t item, uint32_t *ret_item, uint32_t *ret_agent);

#endif
