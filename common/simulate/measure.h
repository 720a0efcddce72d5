/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a run is worth: figures of all items, of a queue's, of an agent; and two runs over the same items beside each
 * other, with what of a difference is more than chance. Pure.
 *
 * "Answered" is the moment an agent took it. In time are those taken within their target, of all whose target is known
 * to be kept or missed; what waits at the end and is not due yet is neither. Waiting is on the clock of the queue, and
 * counts what still waits with the time it has waited.
 *
 * The interval of a difference: days are drawn with replacement RESAMPLES times, the same ones for both runs
 * (percentile bootstrap; quantiles in steps of 3 %).
 */
#ifndef SIMULATE_MEASURE_H
#define SIMULATE_MEASURE_H

#include "simulate/simulate.h"

#define MEASURE_RESAMPLES 1000

enum measure {
#define MEASURE(id, name, words, unit, good, interval) MEASURE_##id,
#include "simulate/measures.def"
  MEASURES
};

enum measure_unit { UNIT_COUNT, UNIT_SHARE, UNIT_TIME, UNIT_RATIO };

struct measure_about {
  const char *name, *words;
  enum measure_unit unit;
  int good;                    /* 1: more is better, -1: less; 0: neither */
  bool interval;
};

extern const struct measure_about measures_about[MEASURES];

enum measure_word { WORD_NONE, WORD_SAME, WORD_CHANCE, WORD_BETTER, WORD_WORSE, WORD_OTHER };
/* "better", "worse", "no difference that is more than chance", …; lent. */
const char *measure_word_text(enum measure_word w);

/* One of the two sides is NAN: there is nothing to tell. */
struct measured {
  double old, changed;
  double low, high;            /* of changed - old; NAN: not reckoned */
};

struct measure_row {
  const char *name;            /* of a queue or agent; borrowed from a desk definition */
  bool in_old, in_changed;
  struct measured figures[MEASURES];
};

struct comparison {
  struct measure_row all;
  struct measure_row *queues, *agents;
  size_t queue_count, agent_count;
  size_t days;                 /* on which something came */
};

enum measure_word measure_word(enum measure m, const struct measured *f);

/* What both runs saw: their items are the same. A customer counts by his worth in the changed desk. */
struct comparing {
  const struct simulate_input *in[2];
  const struct simulate_result *result[2];
  int64_t day_offset_ms;
};

/* Gives the comparison. */
void compare(const struct comparing *c, struct comparison *ret);
void comparison_free(struct comparison *c);

#endif
