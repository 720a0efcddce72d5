/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How well the routing rule routes: simulated days, the same for our rule and for the rules of others, and the least such
 * a day can cost where that can be reckoned. Run by tests/bench/routing/run.
 *
 *   bench_routing [--seeds N] [--day NAME] [--untuned] [--quick] [--no-checks] [--set WEIGHT=VALUE]...
 *
 * Others are tuned for each day, on days of other seeds; ours has one setting. Differences are paired: policy by policy on
 * the same days. All intervals are of 95 %.
 */
#include "measure.h"
#include "optimum.h"
#include "ours.h"
#include "peers.h"
#include "steady.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SEEDS_MOST = 500, TEST_SEED = 1001, TRAINING_SEED = 1, TRAINING_DAYS = 12, TRAINING_DAYS_QUICK = 2 };

struct options {
  size_t seeds, training;
  const char *day;
  bool tuned, checks, quick;
  struct rule_weights weights;
};

/* ---- the policies */

static const struct peer peers[] = {
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
enum { PEERS = sizeof(peers) / sizeof(peers[0]), INDEX_ONLY = PEERS, OURS, POLICIES };

/* No begin may be put off: only for these the optimum is a bound. */
static bool never_idles(size_t policy) {
  return policy != OURS && !(policy < PEERS && (peers[policy].kind == PEER_CHATWOOT_PUSH || peers[policy].kind == PEER_CHATWOOT_BALANCED ||
                                                peers[policy].kind == PEER_ROCKETCHAT));
}

struct day_run {
  const struct day *day;
  struct peer tuned[PEERS];
  struct rule_weights weights[2];
  struct policy policies[POLICIES];
  double got[POLICIES][MEASURES][SEEDS_MOST];
  double best[OBJECTIVES][SEEDS_MOST]; /* J, and share of value missed */
  double items, load;
};

static void run_one(const struct day *d, const struct policy *p, struct item *items, size_t count, double ret[MEASURES]) {
  double busy[DAY_AGENTS];
  engine_run(d, p, items, count, busy);
  measure_day(d, items, count, busy, ret);
}

/* ---- tuning the others */

static double training_cost(const struct day *d, const struct peer *peer, struct item *const *items, const size_t *counts, size_t n) {
  struct policy p = peer_policy(peer);
  double sum = 0, got[MEASURES];
  for (size_t i = 0; i < n; i++) {
    run_one(d, &p, items[i], counts[i], got);
    sum += got[MEASURE_J];
  }
  return sum;
}

static struct peer tune(const struct day *d, const struct peer *peer, struct item *const *items, const size_t *counts, size_t n) {
  static const double delays[] = {0, 15, 30, 60, 120}, shares[] = {0, 0.3, 0.6, 0.8};
  static const double levels[] = {10, 20, 40, 80, 160, 320, 640, 1280, 2560};
  enum { ONE = 1, DELAYS = 5, SHARES = 4, LEVELS = 9 };
  bool connect = peer->kind == PEER_CONNECT, genesys = peer->kind == PEER_GENESYS;
  if (!connect && !genesys && peer->kind != PEER_TWILIO && peer->kind != PEER_ROCKETCHAT)
    return *peer;
  struct peer best = *peer, tried = *peer;
  double least = INFINITY;
  for (int map = LEVELS_USUAL; map <= LEVELS_VALUE; map++)
    for (int a = 0; a < (connect ? DELAYS : genesys ? LEVELS : ONE); a++)
      for (int b = 0; b < (connect ? SHARES : ONE); b++) {
        tried.levels = (enum peer_levels)map;
        tried.delay_s = connect ? delays[a] : 0;
        tried.delay_share = connect ? shares[b] : 0;
        tried.level_s = genesys ? levels[a] : 0;
        double cost = training_cost(d, &tried, items, counts, n);
        if (cost < least) {
          least = cost;
          best = tried;
        }
      }
  return best;
}

static void tune_peers(struct day_run *r, const struct options *o) {
  struct item *items[TRAINING_DAYS];
  size_t counts[TRAINING_DAYS];
  memcpy(r->tuned, peers, sizeof(peers));
  if (!o->tuned)
    return;
  for (size_t i = 0; i < o->training; i++)
    items[i] = day_make(r->day, TRAINING_SEED + i, &counts[i]);
  for (size_t p = 0; p < PEERS; p++)
    r->tuned[p] = tune(r->day, &peers[p], items, counts, o->training);
  for (size_t i = 0; i < o->training; i++)
    free(items[i]);
}

/* ---- a day, many times */

static void set_up(struct day_run *r, const struct options *o) {
  for (size_t p = 0; p < PEERS; p++)
    r->policies[p] = peer_policy(&r->tuned[p]);
  r->weights[0] = r->weights[1] = o->weights;
  r->weights[0].flexibility = r->weights[0].reserve = r->weights[0].known_bonus = 0;
  r->policies[INDEX_ONLY] = ours("ours, index only", &r->weights[0]);
  r->policies[OURS] = ours("ours", &r->weights[1]);
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

static void require(bool holds, const char *what, const char *who) {
  if (holds)
    return;
  fprintf(stderr, "bench_routing: %s: %s\n", who, what);
  exit(1);
}

static void run_seed(struct day_run *r, size_t seed) {
  size_t count;
  double got[MEASURES], value = 0;
  struct item *items = day_make(r->day, TEST_SEED + seed, &count);
  int64_t *begins = must_calloc(count + 1, sizeof(*begins)), *others = must_calloc(count + 1, sizeof(*others));
  for (size_t i = 0; i < count; i++) {
    value += items[i].value;
    r->load += items[i].work * r->day->queues[items[i].queue].units;
  }
  r->items += (double)count;
  for (size_t p = 0; p < POLICIES; p++) {
    run_one(r->day, &r->policies[p], items, count, got);
    for (size_t m = 0; m < MEASURES; m++)
      r->got[p][m][seed] = got[m];
    keep_begins(items, count, p == 0 ? begins : others);
    if (r->day->one_pool && p && never_idles(p))
      require(memcmp(begins, others, count * sizeof(*begins)) == 0, "it begins at other times than FIFO", r->policies[p].name);
  }
  for (int o = 0; r->day->one_pool && o < OBJECTIVES; o++) {
    r->best[o][seed] = optimum(items, begins, count, (enum objective)o) / value;
    for (size_t p = 0; p < POLICIES; p++) {
      double cost = o == OBJECTIVE_J ? r->got[p][MEASURE_J][seed] : 1 - r->got[p][MEASURE_VALUE_SLA][seed];
      require(!never_idles(p) || cost > r->best[o][seed] - 1e-9, "it is better than the optimum", r->policies[p].name);
    }
  }
  free(items), free(begins), free(others);
}

/* ---- the table */

static struct interval of(const struct day_run *r, size_t policy, enum measure m, size_t seeds) {
  return interval_of(r->got[policy][m], seeds);
}

static struct interval difference(const double *a, const double *b, size_t seeds) {
  double d[SEEDS_MOST];
  for (size_t s = 0; s < seeds; s++)
    d[s] = a[s] - b[s];
  return interval_of(d, seeds);
}

static void print_head(const struct day_run *r, size_t seeds) {
  double capacity = 0;
  for (int g = 0; g < r->day->group_count; g++)
    capacity += r->day->groups[g].agents * r->day->groups[g].units * r->day->hours * 3600e3;
  printf("\n%s: %s\n%d agents, %.0f items a day, load %.2f, %zu days\n", r->day->name, r->day->what, day_agents(r->day),
         r->items / (double)seeds, r->load / (double)seeds / capacity, seeds);
  printf("%-27s %15s %14s %6s %6s %6s %6s %6s %6s |", "", "J", "value-SLA %", "SLA %", "p95", "max", "left%", "known%", "unfair");
  for (int q = 0; q < r->day->queue_count; q++)
    printf(" %10s", r->day->queues[q].name);
  printf("\n");
}

static void print_policy(const struct day_run *r, size_t p, size_t seeds) {
  struct interval j = of(r, p, MEASURE_J, seeds), v = of(r, p, MEASURE_VALUE_SLA, seeds);
  printf("%-27s %7.3f +-%5.3f %7.2f +-%4.2f %6.1f %6.2f %6.1f %6.1f %6.1f %6.3f |", r->policies[p].name, j.mean, j.half,
         100 * v.mean, 100 * v.half, 100 * of(r, p, MEASURE_SLA, seeds).mean, of(r, p, MEASURE_P95, seeds).mean,
         of(r, p, MEASURE_MAX, seeds).mean, 100 * of(r, p, MEASURE_LEFT, seeds).mean,
         100 * of(r, p, MEASURE_KNOWN, seeds).mean, of(r, p, MEASURE_UNFAIR, seeds).mean);
  for (int q = 0; q < r->day->queue_count; q++)
    printf(" %10.1f", 100 * of(r, p, MEASURE_QUEUE + (enum measure)q, seeds).mean);
  printf("\n");
}

static void print_setting(const struct day_run *r, size_t p, const struct options *o) {
  static const char *const maps[] = {"usual levels", "levels of value per second", "levels of value"};
  const struct peer *t = &r->tuned[p];
  if (!o->tuned || (t->kind != PEER_TWILIO && t->kind != PEER_CONNECT && t->kind != PEER_GENESYS && t->kind != PEER_ROCKETCHAT))
    return;
  printf("   %s", maps[t->levels]);
  if (t->kind == PEER_CONNECT)
    printf(", delay the longer of %.0f s and %.0f %% of the target", t->delay_s, 100 * t->delay_share);
  if (t->kind == PEER_GENESYS)
    printf(", a level worth %.0f s", t->level_s);
}

static void print_pairs(const struct day_run *r, const struct options *o) {
  printf("ours less the other, on the same days: points of value-SLA; J in %% of the other's\n");
  for (size_t p = 0; p < OURS; p++) {
    struct interval v = difference(r->got[OURS][MEASURE_VALUE_SLA], r->got[p][MEASURE_VALUE_SLA], o->seeds);
    struct interval j = difference(r->got[OURS][MEASURE_J], r->got[p][MEASURE_J], o->seeds);
    double theirs = of(r, p, MEASURE_J, o->seeds).mean;
    printf("   %-25s %+6.2f +-%5.2f  %+6.1f %% +-%4.1f", r->policies[p].name, 100 * v.mean, 100 * v.half, 100 * j.mean / theirs,
           100 * j.half / theirs);
    if (p < PEERS)
      print_setting(r, p, o);
    printf("\n");
  }
}

static void print_optimum(const struct day_run *r, size_t seeds) {
  double sla[SEEDS_MOST];
  if (!r->day->one_pool)
    return;
  for (size_t s = 0; s < seeds; s++)
    sla[s] = 1 - r->best[OBJECTIVE_MISSED][s];
  struct interval j = interval_of(r->best[OBJECTIVE_J], seeds), v = interval_of(sla, seeds);
  printf("%-27s %7.3f +-%5.3f %7.2f +-%4.2f\n", "optimum, knows the future", j.mean, j.half, 100 * v.mean, 100 * v.half);
  for (size_t p = INDEX_ONLY; p <= OURS; p++) {
    struct interval dj = difference(r->got[p][MEASURE_J], r->best[OBJECTIVE_J], seeds);
    struct interval dv = difference(r->got[p][MEASURE_VALUE_SLA], sla, seeds);
    printf("   %s less the optimum: %+.2f +-%.2f points, J %+.1f %% +-%.1f\n", r->policies[p].name, 100 * dv.mean, 100 * dv.half,
           100 * dj.mean / j.mean, 100 * dj.half / j.mean);
  }
}

/* ---- the aims */

struct summary {
  const char *day;
  struct interval j, sla, j_difference, sla_difference; /* ours; less the best other's, of each of the two */
  const char *best_j, *best_sla;
  double best_j_mean;
};

static size_t best_peer(const struct day_run *r, enum measure m, size_t seeds) {
  size_t best = 0;
  for (size_t p = 1; p < PEERS; p++) {
    double d = of(r, p, m, seeds).mean - of(r, best, m, seeds).mean;
    if (m == MEASURE_J ? d < 0 : d > 0)
      best = p;
  }
  return best;
}

static struct summary summary_of(const struct day_run *r, size_t seeds) {
  size_t j = best_peer(r, MEASURE_J, seeds), v = best_peer(r, MEASURE_VALUE_SLA, seeds);
  return (struct summary){.day = r->day->name, .j = of(r, OURS, MEASURE_J, seeds), .sla = of(r, OURS, MEASURE_VALUE_SLA, seeds),
                          .j_difference = difference(r->got[OURS][MEASURE_J], r->got[j][MEASURE_J], seeds),
                          .sla_difference = difference(r->got[OURS][MEASURE_VALUE_SLA], r->got[v][MEASURE_VALUE_SLA], seeds),
                          .best_j = r->policies[j].name, .best_sla = r->policies[v].name,
                          .best_j_mean = of(r, j, MEASURE_J, seeds).mean};
}

static const char *verdict(double mean, double half) {
  return mean - half > 0 ? "ahead" : mean + half < 0 ? "BEHIND" : "even";
}

static void print_summary(const struct summary *s, size_t count) {
  printf("\nours against the best other of each day\n");
  for (size_t i = 0; i < count; i++, s++)
    printf("%-9s value-SLA %6.2f %%, %+6.2f +-%4.2f %-6s (%s); J %6.3f, %+6.1f %% +-%4.1f %-6s (%s)\n", s->day, 100 * s->sla.mean,
           100 * s->sla_difference.mean, 100 * s->sla_difference.half, verdict(s->sla_difference.mean, s->sla_difference.half),
           s->best_sla, s->j.mean, 100 * s->j_difference.mean / s->best_j_mean, 100 * s->j_difference.half / s->best_j_mean,
           verdict(-s->j_difference.mean, s->j_difference.half), s->best_j);
}

static struct summary run_day(const struct day *d, const struct options *o) {
  struct day_run *r = must_calloc(1, sizeof(*r));
  r->day = d;
  tune_peers(r, o);
  set_up(r, o);
  for (size_t s = 0; s < o->seeds; s++)
    run_seed(r, s);
  print_head(r, o->seeds);
  for (size_t p = 0; p < POLICIES; p++)
    print_policy(r, p, o->seeds);
  print_optimum(r, o->seeds);
  print_pairs(r, o);
  fflush(stdout);
  struct summary s = summary_of(r, o->seeds);
  free(r);
  return s;
}

/* ---- */

static void set_weight(struct rule_weights *w, const char *setting) {
  size_t count, len = strcspn(setting, "=");
  const struct rule_weight_about *about = rule_weights_about(&count);
  for (size_t i = 0; i < count; i++) {
    if (strlen(about[i].name) != len || strncmp(about[i].name, setting, len) != 0)
      continue;
    double value = strtod(setting + len + 1, NULL);
    memcpy((char *)w + about[i].offset, &value, sizeof(value));
    require(!rule_weights_wrong(w), "out of its range", about[i].name);
    return;
  }
  require(false, "there is no such weight", setting);
}

static struct options options_of(int argc, char **argv) {
  struct options o = {.seeds = 20, .training = TRAINING_DAYS, .tuned = true, .checks = true, .weights = rule_weights_standard()};
  for (int i = 1; i < argc; i++) {
    const char *value = i + 1 < argc ? argv[i + 1] : "";
    if (strcmp(argv[i], "--quick") == 0)
      o.quick = true, o.seeds = 5, o.training = TRAINING_DAYS_QUICK;
    else if (strcmp(argv[i], "--untuned") == 0)
      o.tuned = false;
    else if (strcmp(argv[i], "--no-checks") == 0)
      o.checks = false;
    else if (strcmp(argv[i], "--seeds") == 0)
      o.seeds = strtoul(value, NULL, 10), i++;
    else if (strcmp(argv[i], "--day") == 0)
      o.day = value, i++;
    else if (strcmp(argv[i], "--set") == 0)
      set_weight(&o.weights, value), i++;
    else
      require(false, "no such option", argv[i]);
  }
  require(o.seeds >= 2 && o.seeds <= SEEDS_MOST, "2 to 500", "--seeds");
  return o;
}

int main(int argc, char **argv) {
  struct options o = options_of(argc, argv);
  struct summary summaries[16];
  size_t count = 0;
  int wrong = 0;
  if (o.checks) {
    printf("The simulator against published numbers and formulas\n");
    wrong = steady_checks(o.quick ? 0.1 : 1, false);
  }
  for (size_t d = 0; d < days_count; d++)
    if (!o.day || strcmp(o.day, days[d].name) == 0)
      summaries[count++] = run_day(&days[d], &o);
  print_summary(summaries, count);
  printf("\n%llu decisions, %llu times nothing to take; decided again from the record: %llu, differing: %llu\n",
         (unsigned long long)ours_tally.decisions, (unsigned long long)ours_tally.waits,
         (unsigned long long)ours_tally.replayed, (unsigned long long)ours_tally.differing);
  if (wrong)
    printf("%d of the simulator's checks failed\n", wrong);
  return wrong || ours_tally.differing ? 1 : 0;
}
