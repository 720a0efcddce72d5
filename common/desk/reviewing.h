/* SPDX-License-Identifier: Apache-2.0 */
/* A review under way. Private to the module. */
#ifndef DESK_REVIEWING_H
#define DESK_REVIEWING_H

#include "desk/names.h"
#include "desk/review.h"

struct reviewing {
  const struct desk *desk;
  desk_tell *tell;
  void *arg;
  size_t wrong;
  struct names queues;       /* name → index */
  uint32_t **members;        /* of each queue: agents by index */
  size_t *member_count;
};

void review_wrong(struct reviewing *r, const struct complaint_place *place, const char *format, ...) printf_like(3, 4);
void review_alarm(struct reviewing *r, const struct complaint_place *place, const char *format, ...) printf_like(3, 4);
size_t review_index(const struct reviewing *r, const char *queue);

/* Units that an agent has for a channel kind. */
int review_room(const struct desk_agent *a, const char *kind);

void review_ways(struct reviewing *r);    /* review_ways.c: where items go */
void review_duty(struct reviewing *r, int64_t now_ms); /* review_duty.c: members who are never there */
void review_shadows(struct reviewing *r); /* review_shadows.c: rules that never have their turn */
void review_skills(struct reviewing *r);  /* review_skills.c: rules that ask for what nobody can */

#endif
