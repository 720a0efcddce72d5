/* SPDX-License-Identifier: Apache-2.0 */
/* Two runs beside each other, for people and as JSON. */
#ifndef CTL_SIMULATE_SHOW_H
#define CTL_SIMULATE_SHOW_H

#include "simulate/history.h"
#include "simulate/measure.h"
#include <jansson.h>

struct simulate_report {
  const char *old_name, *new_name;
  const struct desk *desks[2];
  const struct past *past;
  const struct comparison *comparison;
  size_t broken;               /* lines left out */
  bool full;
  size_t duty[2][DUTY_SOURCES]; /* how many agents' duty is known from where, for each desk definition */
  size_t decisions[2], cut[2];
};

void simulate_show(const struct simulate_report *r);
/* Gives it. */
json_t *simulate_json(const struct simulate_report *r);

#endif
