/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The days through Redis: the same arrivals, ends and customers who leave, as calls of the functions that the programs
 * call, in virtual time; the plan says what the day's desk is. At each decision the rule in C is asked from the same
 * state, and what Redis decides counts. Its record, read from the journal, must give the same decision again.
 *
 * Handling times and scarcity are the day's, as for the rule in C: both would measure them as the day goes. Written
 * before each decision; --learn leaves them to the functions.
 */
#ifndef BENCH_ROUTING_THROUGH_H
#define BENCH_ROUTING_THROUGH_H

#include "contest.h"

struct through_options {
  const char *socket;         /* of a Redis with the library loaded; all its keys are thrown away */
  bool learn;
  size_t seeds;
  const char *day;            /* NULL: all */
  struct rule_weights weights;
};

/* Prints the table. 0: every decision was the same, and every record gave it again. */
int through(const struct through_options *o);

#endif
