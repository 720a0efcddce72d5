/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How well the routing rule routes. Run by tests/bench/routing/run.
 *
 *   bench_routing [--seeds N] [--day NAME] [--untuned] [--quick] [--no-checks] [--set WEIGHT=VALUE]...
 *   bench_routing --speed                                                   one decision
 *   bench_routing --through-redis SOCKET [--learn] [--seeds N] [--day NAME] through the functions in Redis
 *   bench_routing --sweep [--set ...]... [--seeds N] [--day NAME]           ours alone, on the days of training
 *
 * Differences are paired: policy by policy on the same days. All intervals are of 95 %.
 */
#include "contest.h"
#include "speed.h"
#include "steady.h"
#include "table.h"
#include "through.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TRAINING_DAYS_QUICK = 4 };

struct options {
  struct contest_options contest;
  const char *day, *socket;
  bool checks, quick, sweep, speed, learn;
};

/* ---- looking for better weights: never on the days that are reported */

static int sweep(const struct options *o) {
  struct policy p = ours("ours", &o->contest.weights);
  double j[SEEDS_MOST], sla[SEEDS_MOST], got[MEASURES], logs = 0, used = 0;
  for (const struct day *d = days; d < days + days_count; d++) {
    if (o->day && strcmp(o->day, d->name) != 0)
      continue;
    for (size_t s = 0, count; s < o->contest.seeds; s++) {
      struct item *items = day_make(d, TRAINING_SEED + s, &count);
      contest_day(d, &p, items, count, got);
      j[s] = got[MEASURE_J];
      sla[s] = got[MEASURE_VALUE_SLA];
      free(items);
    }
    printf("%s %.4f %.2f%%; ", d->name, interval_of(j, o->contest.seeds).mean,
           100 * interval_of(sla, o->contest.seeds).mean);
    logs += log(interval_of(j, o->contest.seeds).mean);
    used++;
  }
  printf("mean ln J %.4f\n", logs / used);
  return 0;
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
  struct options o = {.contest = {20, TRAINING_DAYS, rule_weights_standard()}, .checks = true};
  for (int i = 1; i < argc; i++) {
    const char *value = i + 1 < argc ? argv[i + 1] : "";
    if (strcmp(argv[i], "--quick") == 0)
      o.quick = true, o.contest.seeds = 5, o.contest.training = TRAINING_DAYS_QUICK;
    else if (strcmp(argv[i], "--untuned") == 0)
      o.contest.training = 0;
    else if (strcmp(argv[i], "--no-checks") == 0)
      o.checks = false;
    else if (strcmp(argv[i], "--sweep") == 0)
      o.sweep = true;
    else if (strcmp(argv[i], "--speed") == 0)
      o.speed = true;
    else if (strcmp(argv[i], "--seeds") == 0)
      o.contest.seeds = strtoul(value, NULL, 10), i++;
    else if (strcmp(argv[i], "--learn") == 0)
      o.learn = true;
    else if (strcmp(argv[i], "--through-redis") == 0)
      o.socket = value, i++;
    else if (strcmp(argv[i], "--day") == 0)
      o.day = value, i++;
    else if (strcmp(argv[i], "--set") == 0)
      set_weight(&o.contest.weights, value), i++;
    else
      require(false, "no such option", argv[i]);
  }
  require(o.contest.seeds >= (o.socket ? 1 : 2) && o.contest.seeds <= SEEDS_MOST, "2 to 500", "--seeds");
  return o;
}

int main(int argc, char **argv) {
  static struct contest contest;
  struct options o = options_of(argc, argv);
  struct summary summaries[16];
  size_t count = 0;
  int wrong = 0;
  if (o.sweep)
    return sweep(&o);
  if (o.speed)
    return speed(), 0;
  if (o.socket)
    return through(&(struct through_options){o.socket, o.learn, o.contest.seeds, o.day, o.contest.weights});
  if (o.checks) {
    printf("The simulator against published numbers and formulas\n");
    wrong = steady_checks(o.quick ? 0.3 : 1);
  }
  for (size_t d = 0; d < days_count; d++) {
    if (o.day && strcmp(o.day, days[d].name) != 0)
      continue;
    contest_run(&contest, &days[d], &o.contest);
    summaries[count++] = table_day(&contest);
  }
  require(count > 0, "no such day", o.day);
  table_all(summaries, count);
  printf("\n%llu offers, %llu times nothing to take; decided again from the record: %llu, differing: %llu\n",
         (unsigned long long)ours_tally.decisions, (unsigned long long)ours_tally.waits,
         (unsigned long long)ours_tally.replayed, (unsigned long long)ours_tally.differing);
  if (wrong)
    printf("%d of the simulator's checks failed\n", wrong);
  return wrong || ours_tally.differing ? 1 : 0;
}
