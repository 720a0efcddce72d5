/* SPDX-License-Identifier: Apache-2.0 */
/* Private to the module: facts while they are collected. */
#ifndef SIMULATE_HISTORY_INTERNAL_H
#define SIMULATE_HISTORY_INTERNAL_H

#include "desk/names.h"
#include "simulate/history.h"

/* Each text once, by number. */
struct texts {
  struct names numbers;
  char **texts;
  size_t count, room;
};

void texts_free(struct texts *t);

void classes_free(struct simulate_customer *classes, size_t count);

struct contact {
  uint32_t customer, class, known;
  uint16_t kind;
  struct simulate_place places[2];
};

struct fact {
  int64_t at_ms;
  uint64_t cursor_ms;
  uint32_t cursor_number, order, work_item, agent, queue, contact;
  uint8_t kind;
  bool ready, at_work, was_ready, was_at_work;
};

struct past_agent {
  bool seen;                   /* signed in or out */
  bool is_ready, is_there;     /* as the facts go by */
  int64_t ready_since, there_since;
  struct calendar ready, there; /* sign-ins: takes offers; is at work at all */
  struct calendar worked;      /* each day from first to last work */
  int64_t first, last;         /* work of the day that is under way; first 0: none yet */
};

struct history {
  const struct desk *desks[2];
  int64_t day_offset_ms;
  struct names old_agents, old_queues;
  struct texts work_items, names, kinds, customers, queues;
  struct simulate_customer *classes;
  size_t class_count, class_room;
  struct names class_numbers;
  struct contact *contacts;
  size_t contact_count, contact_room;
  struct fact *facts;
  size_t fact_count, fact_room;
};

/* ---- duty.c: who worked when, of sorted facts */
void duty_collect(const struct history *h, struct past *p);
/* How much of the time between the agent was at work. */
int64_t duty_worked(const struct history *h, const struct past *p, uint32_t agent, int64_t from, int64_t to);

#endif
