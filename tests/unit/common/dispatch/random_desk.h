/* SPDX-License-Identifier: Apache-2.0 */
/* Desks to decide on: small ones, with everything the rule looks at drawn from a seed. */
#ifndef TESTS_DISPATCH_RANDOM_DESK_H
#define TESTS_DISPATCH_RANDOM_DESK_H

#include "dispatch/rule.h"

enum { DESK_MOST = 8, DESK_ITEMS = 24 }; /* queues and groups; items */

struct desk {
  struct rule_weights weights;
  struct rule_queue queues[DESK_MOST];
  double ln_speed[DESK_MOST][DESK_MOST];
  struct rule_group groups[DESK_MOST];
  struct rule_item items[DESK_ITEMS];
  char ids[DESK_ITEMS][8];
  struct rule_view view;
  struct rule_record record;
};

extern uint64_t desk_seed; /* goes on with every draw */
double desk_draw(void);    /* 0 ... 1 */
int desk_pick(int most);   /* 0 ... most */

/* An agent with `room` of his units free for every kind; borrows. */
struct rule_group desk_group(const char *agent, const double *ln_speed, int room, int units);
/* An item that came so long ago, in the set it is in by now; borrows the id. */
struct rule_item desk_item(struct desk *d, const char *id, size_t queue, double waited_ms, double value);
void random_desk(struct desk *d);

#endif
