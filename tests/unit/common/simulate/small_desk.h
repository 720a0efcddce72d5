/* SPDX-License-Identifier: Apache-2.0 */
/* Small desks made by hand, and runs on them. Queue n has rule n, which always holds. Times are minutes. */
#ifndef SMALL_DESK_H
#define SMALL_DESK_H

#include "simulate/history.h"

#define MINUTE 60000
#define HOUR (60 * MINUTE)
#define DAY (24LL * HOUR)
/* Monday 2026-11-23 00:00 UTC. */
#define MONDAY 1795392000000LL

enum { SMALL_QUEUES = 8, SMALL_AGENTS = 12, SMALL_ITEMS = 4096 };

struct small_desk {
  struct desk desk;
  struct desk_queue queues[SMALL_QUEUES];
  struct desk_rule rules[SMALL_QUEUES];
  struct desk_agent agents[SMALL_AGENTS];
  char *member_of[SMALL_AGENTS][SMALL_QUEUES];
  double speeds[SMALL_AGENTS][SMALL_QUEUES];
  struct desk_skill skills[SMALL_AGENTS][4];
  struct desk_units units[3];
};

/* Channel kinds email (1 unit) and sms (2 units). */
extern const struct simulate_customer small_classes[3]; /* unknown; gold, de-at, 500; vip, zh, 5000 */
void small_desk(struct small_desk *s);
struct desk_queue *small_queue(struct small_desk *s, const char *name, int answer_minutes);
/* Of all queues so far; capacity in units. */
struct desk_agent *small_agent(struct small_desk *s, const char *name, int capacity);
void small_skill(struct small_desk *s, struct desk_agent *a, const char *name, int level);

struct small_run {
  struct small_desk *desk;
  struct simulate_item items[SMALL_ITEMS];
  struct simulate_place places[SMALL_ITEMS];
  struct calendar duty[SMALL_AGENTS];
  struct simulate_input in;
  struct simulate_result result;
};

/* Everybody on duty from Monday 00:00 for so many minutes. */
void small_run_begin(struct small_run *r, struct small_desk *desk, int minutes);
/* An item of queue n at this minute. By arrival. */
struct simulate_item *small_item(struct small_run *r, int at, int queue, int handling_minutes);
void small_run_play(struct small_run *r);
void small_run_end(struct small_run *r);
/* Of item n, in minutes; -1: nobody took it. */
int small_waited(const struct small_run *r, size_t item);
const char *small_taker(const struct small_run *r, size_t item);

#endif
