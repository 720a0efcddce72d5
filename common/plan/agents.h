/* SPDX-License-Identifier: Apache-2.0 */
/* The agents' part of a plan. Private to the module. */
#ifndef PLAN_AGENTS_H
#define PLAN_AGENTS_H

#include "desk/desk.h"

/* Rows end with RS, fields are separated by US. */
#define US "\x1f"
#define RS "\x1e"

/* Rows P and A. What does not fit leaves `b` full. */
void plan_agents(const struct desk *d, struct buf *b);

#endif
