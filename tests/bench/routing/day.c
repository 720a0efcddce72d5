/* SPDX-License-Identifier: Apache-2.0 */
/* Arrivals by thinning a Poisson process, handling times and patience, from one seed. */
#include "day.h"
#include "base/fault.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define MS 1000.0

/* xorshift64*: small, fast, good enough for thousands of draws a day. Never 0. */
struct dice {
  uint64_t state;
};

static double roll(struct dice *d) { /* above 0, below 1 */
  d->state ^= d->state >> 12;
  d->state ^= d->state << 25;
  d->state ^= d->state >> 27;
  return ((double)((d->state * 0x2545f4914f6cdd1dULL) >> 12) + 0.5) / 4503599627370496.0;
}

/* Each use of a day's seed has dice of its own, so that more items of one queue leave the others as they are. */
static struct dice dice_of(uint64_t seed, uint64_t use) {
  uint64_t x = seed * 0x9e3779b97f4a7c15ULL + use * 0xd1342543de82ef95ULL + 1;
  x = (x ^ (x >> 32)) * 0xd6e8feb86659fd93ULL;
  x = (x ^ (x >> 32)) * 0xd6e8feb86659fd93ULL;
  struct dice d = {(x ^ (x >> 32)) | 1};
  for (int i = 0; i < 16; i++)
    roll(&d);
  return d;
}

static double roll_exponential(struct dice *d, double mean) {
  return -mean * log(roll(d));
}

static double roll_lognormal(struct dice *d, double mean, double cv) {
  double variance = log1p(cv * cv);
  double normal = sqrt(-2 * log(roll(d))) * cos(2 * M_PI * roll(d));
  return mean * exp(sqrt(variance) * normal - variance / 2);
}

/* Share of the usual rate at each half hour of eight, straight between them (its mean over the day, scaled: 1.03);
 * PEAK is above all of it. */
static const double humps[] = {.45, .70,  .95,  1.20, 1.35, 1.38, 1.25, 1.05, .85,
                               .90, 1.05, 1.18, 1.20, 1.08, .90,  .70,  .50};
#define HUMPS_SCALE 1.017
#define PEAK 1.45

static double rate_share(const struct day *d, int queue, double hour) {
  double share = 1;
  if (d->humps) {
    size_t last = sizeof(humps) / sizeof(humps[0]) - 1, at = (size_t)(hour * 2);
    share = at >= last ? humps[last] : humps[at] + (hour * 2 - (double)at) * (humps[at + 1] - humps[at]);
    share *= HUMPS_SCALE;
  }
  bool burst = queue == d->burst_queue && hour >= d->burst_at_h && hour < d->burst_at_h + d->burst_h;
  return burst ? share * d->burst_factor : share;
}

int day_agents(const struct day *d) {
  int agents = 0;
  for (int g = 0; g < d->group_count; g++)
    agents += d->groups[g].agents;
  return agents;
}

int day_group_of(const struct day *d, int agent) {
  int g = 0;
  while (agent >= d->groups[g].agents)
    agent -= d->groups[g++].agents;
  return g;
}

/* Any agent with the skill, all alike. */
static int roll_known(const struct day *d, int queue, struct dice *dice) {
  int able[DAY_AGENTS], count = 0;
  for (int a = 0; a < day_agents(d); a++)
    if (d->groups[day_group_of(d, a)].speed[queue] > 0)
      able[count++] = a;
  return count ? able[(int)(roll(dice) * count)] : -1;
}

static int roll_tier(const struct day *d, struct dice *dice) {
  double at = roll(dice);
  int tier = 0;
  while (tier < DAY_TIERS - 1 && at >= d->tier_share[tier])
    at -= d->tier_share[tier++];
  return tier;
}

static struct item roll_item(const struct day *d, int queue, double arrival_s, struct dice *dice) {
  const struct day_queue *q = &d->queues[queue];
  struct item w = {.queue = queue, .arrival = (int64_t)(arrival_s * MS), .target = (int64_t)(q->target_s * MS)};
  w.work = MS * (q->cv > 0 ? roll_lognormal(dice, q->handling_s, q->cv) : roll_exponential(dice, q->handling_s));
  w.tier = roll_tier(d, dice);
  w.value = d->tier_value[w.tier] * q->value;
  w.patience = q->patience_s > 0 ? (int64_t)(MS * roll_exponential(dice, q->patience_s)) : INT64_MAX;
  w.known = roll(dice) < d->known_share ? roll_known(d, queue, dice) : -1;
  return w;
}

static int by_arrival(const void *a, const void *b) {
  const struct item *x = a, *y = b;
  if (x->arrival != y->arrival)
    return x->arrival < y->arrival ? -1 : 1;
  if (x->queue != y->queue)
    return x->queue - y->queue;
  return (x->work > y->work) - (x->work < y->work);
}

struct item *day_make(const struct day *d, uint64_t seed, size_t *ret_count) {
  struct item *items = NULL;
  size_t count = 0, room = 0;
  struct dice mood = dice_of(seed, 0);
  double busyness = d->busyness_cv > 0 ? roll_lognormal(&mood, 1, d->busyness_cv) : 1;
  for (int queue = 0; queue < d->queue_count; queue++) {
    struct dice dice = dice_of(seed, (uint64_t)queue + 1);
    double most = (d->humps ? PEAK : 1) * (queue == d->burst_queue ? d->burst_factor : 1);
    double gap = 3600 / (d->queues[queue].per_hour * busyness * most);
    for (double at = roll_exponential(&dice, gap); at < d->hours * 3600; at += roll_exponential(&dice, gap)) {
      if (roll(&dice) * most >= rate_share(d, queue, at / 3600))
        continue;
      if (count == room)
        items = must_realloc(items, (room = room ? 2 * room : 1024) * sizeof(*items));
      items[count++] = roll_item(d, queue, at, &dice);
    }
  }
  if (count)
    qsort(items, count, sizeof(*items), by_arrival);
  for (size_t i = 0; i < count; i++)
    snprintf(items[i].id, sizeof(items[i].id), "w%08zu", i);
  *ret_count = count;
  return items;
}
