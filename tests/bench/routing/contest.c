/* SPDX-License-Identifier: Apache-2.0 */
#include "contest.h"
#include "optimum.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct peer peers[KINDS] = {
    {.kind = PEER_FIFO, .name = "FIFO, ideal team (Zammad)"},
    {.kind = PEER_CHATWOOT_PUSH, .name = "Chatwoot v1, push"},
    {.kind = PEER_CHATWOOT_BALANCED, .name = "Chatwoot v2, balanced*"},
    {.kind = PEER_ROCKETCHAT, .name = "Rocket.Chat"},
    {.kind = PEER_TWILIO, .name = "Twilio"},
    {.kind = PEER_CONNECT, .name = "Connect", .delay_s = 30},
    {.kind = PEER_GENESYS, .name = "Genesys", .level_s = 60},
    {.kind = PEER_EDF, .name = "earliest due"},
    {.kind = PEER_RATIO, .name = "delay ratio"},
    {.kind = PEER_GCMU, .name = "Gcmu, quadratic"},
};

/* No beginning may be put off: only for these the optimum is a bound. */
static bool peer_never_idles(enum peer_kind kind) {
  return kind != PEER_CHATWOOT_PUSH && kind != PEER_CHATWOOT_BALANCED && kind != PEER_ROCKETCHAT;
}

bool contest_tuned(const struct peer *p) {
  return p->kind == PEER_ROCKETCHAT || p->kind == PEER_TWILIO || p->kind == PEER_CONNECT || p->kind == PEER_GENESYS;
}

void require(bool holds, const char *what, const char *who) {
  if (holds)
    return;
  fprintf(stderr, "bench_routing: %s: %s\n", who, what);
  exit(1);
}

void contest_day(const struct day *d, const struct policy *p, struct item *items, size_t count, double ret[MEASURES]) {
  double busy[DAY_AGENTS];
  engine_run(d, p, items, count, busy);
  measure_day(d, items, count, busy, ret);
}

/* ---- tuning the others */

struct training {
  const struct day *day;
  struct item *items[TRAINING_DAYS];
  size_t counts[TRAINING_DAYS], days;
};

/* What it cost, and what was missed. */
static void train(const struct training *t, const struct peer *peer, double ret[OBJECTIVES]) {
  struct policy p = peer_policy(peer);
  double got[MEASURES];
  memset(ret, 0, OBJECTIVES * sizeof(*ret));
  for (size_t i = 0; i < t->days; i++) {
    contest_day(t->day, &p, t->items[i], t->counts[i], got);
    ret[OBJECTIVE_J] += got[MEASURE_J];
    ret[OBJECTIVE_MISSED] += 1 - got[MEASURE_VALUE_SLA];
  }
}

/* The best setting for each objective. */
static void tune(const struct training *t, const struct peer *peer, struct peer ret[OBJECTIVES]) {
  static const double delays[] = {0, 15, 30, 60, 120}, shares[] = {0, 0.3, 0.6, 0.8};
  static const double levels[] = {10, 20, 40, 80, 160, 320, 640, 1280, 2560, 5120, 20480};
  enum { ONE = 1, DELAYS = 5, SHARES = 4, LEVELS = 11 };
  bool connect = peer->kind == PEER_CONNECT, genesys = peer->kind == PEER_GENESYS;
  struct peer tried = *peer;
  double least[OBJECTIVES] = {INFINITY, INFINITY}, cost[OBJECTIVES];
  for (int map = LEVELS_USUAL; map <= LEVELS_VALUE; map++)
    for (int a = 0; a < (connect ? DELAYS : genesys ? LEVELS : ONE); a++)
      for (int b = 0; b < (connect ? SHARES : ONE); b++) {
        tried.levels = (enum peer_levels)map;
        tried.delay_s = connect ? delays[a] : 0;
        tried.delay_share = connect ? shares[b] : 0;
        tried.level_s = genesys ? levels[a] : 0;
        train(t, &tried, cost);
        for (int o = 0; o < OBJECTIVES; o++)
          if (cost[o] < least[o]) {
            least[o] = cost[o];
            ret[o] = tried;
          }
      }
}

static void tune_peers(struct contest *c, const struct contest_options *o) {
  struct training t = {.day = c->day, .days = o->training};
  struct peer best[OBJECTIVES];
  c->peer_count = KINDS;
  memcpy(c->peers, peers, sizeof(peers));
  if (!c->tuned)
    return;
  for (size_t i = 0; i < t.days; i++)
    t.items[i] = day_make(c->day, TRAINING_SEED + i, &t.counts[i]);
  for (size_t p = 0; p < KINDS; p++) {
    if (!contest_tuned(&peers[p]))
      continue;
    char *name = c->names[c->peer_count - KINDS];
    tune(&t, &peers[p], best);
    c->peers[p] = best[OBJECTIVE_J];
    snprintf(name, sizeof(c->names[0]), "%s, for SLA", peers[p].name);
    c->peers[c->peer_count] = best[OBJECTIVE_MISSED];
    c->peers[c->peer_count++].name = name;
  }
  for (size_t i = 0; i < t.days; i++)
    free(t.items[i]);
}

/* ---- a day, many times */

static void set_up(struct contest *c, const struct contest_options *o) {
  for (size_t p = 0; p < c->peer_count; p++)
    c->policies[p] = peer_policy(&c->peers[p]);
  c->weights[0] = c->weights[1] = o->weights;
  c->weights[0].flexibility = c->weights[0].reserve = c->weights[0].known_bonus = 0;
  c->policies[INDEX_ONLY] = ours("ours, index only", &c->weights[0]);
  c->policies[OURS] = ours("ours", &c->weights[1]);
}

bool contest_has(const struct contest *c, size_t policy) {
  return policy < c->peer_count || policy >= INDEX_ONLY;
}

static bool never_idles(const struct contest *c, size_t policy) {
  return policy < c->peer_count ? peer_never_idles(c->peers[policy].kind) : policy == INDEX_ONLY;
}

static int by_time(const void *a, const void *b) {
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return (x > y) - (x < y);
}

static void keep_begins(const struct item *items, size_t count, int64_t *ret) {
  for (size_t i = 0; i < count; i++)
    ret[i] = items[i].end_of_wait;
  qsort(ret, count, sizeof(*ret), by_time);
}

static void run_seed(struct contest *c, size_t seed) {
  size_t count;
  double got[MEASURES], value = 0;
  struct item *items = day_make(c->day, TEST_SEED + seed, &count);
  int64_t *begins = must_calloc(count + 1, sizeof(*begins)), *others = must_calloc(count + 1, sizeof(*others));
  for (size_t i = 0; i < count; i++) {
    value += items[i].value;
    c->load += items[i].work * c->day->queues[items[i].queue].units;
  }
  c->items += (double)count;
  for (size_t p = 0; p < POLICIES; p++) {
    if (!contest_has(c, p))
      continue;
    contest_day(c->day, &c->policies[p], items, count, got);
    for (size_t m = 0; m < MEASURES; m++)
      c->got[p][m][seed] = got[m];
    keep_begins(items, count, p == 0 ? begins : others);
    if (c->day->one_pool && p && never_idles(c, p))
      require(memcmp(begins, others, count * sizeof(*begins)) == 0, "it begins at other times than FIFO",
              c->policies[p].name);
  }
  for (int o = 0; c->day->one_pool && o < OBJECTIVES; o++) {
    struct optimum best = optimum(items, begins, count, (enum objective)o);
    c->best[o][seed] = best.cost / value;
    if (o == OBJECTIVE_J)
      c->best_j_sla[seed] = 1 - best.missed / value;
    for (size_t p = 0; p < POLICIES; p++) {
      double cost = o == OBJECTIVE_J ? c->got[p][MEASURE_J][seed] : 1 - c->got[p][MEASURE_VALUE_SLA][seed];
      require(!never_idles(c, p) || cost > c->best[o][seed] - 1e-9, "it is better than the optimum",
              c->policies[p].name);
    }
  }
  free(items), free(begins), free(others);
}

void contest_run(struct contest *c, const struct day *d, const struct contest_options *o) {
  memset(c, 0, sizeof(*c));
  c->day = d;
  c->seeds = o->seeds;
  c->tuned = o->training > 0;
  tune_peers(c, o);
  set_up(c, o);
  for (size_t s = 0; s < o->seeds; s++)
    run_seed(c, s);
}
