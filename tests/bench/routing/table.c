/* SPDX-License-Identifier: Apache-2.0 */
#include "table.h"
#include <math.h>
#include <stdio.h>

/* ---- the table */

static struct interval of(const struct contest *c, size_t policy, enum measure m) {
  return interval_of(c->got[policy][m], c->seeds);
}

static struct interval difference(const double *a, const double *b, size_t seeds) {
  double d[SEEDS_MOST];
  for (size_t s = 0; s < seeds; s++)
    d[s] = a[s] - b[s];
  return interval_of(d, seeds);
}

static void print_head(const struct contest *c) {
  double capacity = 0;
  for (int g = 0; g < c->day->group_count; g++)
    capacity += c->day->groups[g].agents * c->day->groups[g].units * c->day->hours * 3600e3;
  printf("\n%s: %s\n%d agents, %.0f items a day, load %.2f, %zu days\n", c->day->name, c->day->what, day_agents(c->day),
         c->items / (double)c->seeds, c->load / (double)c->seeds / capacity, c->seeds);
  printf("%-27s %15s %14s %6s %6s %6s %6s %6s %6s |", "", "J", "value-SLA %", "SLA %", "p95", "max", "left%", "known%",
         "unfair");
  for (int q = 0; q < c->day->queue_count; q++)
    printf(" %10s", c->day->queues[q].name);
  printf("\n");
}

static void print_policy(const struct contest *c, size_t p) {
  struct interval j = of(c, p, MEASURE_J), v = of(c, p, MEASURE_VALUE_SLA);
  printf("%-27s %7.3f +-%5.3f %7.2f +-%4.2f %6.1f %6.2f %6.1f %6.1f %6.1f %6.3f |", c->policies[p].name, j.mean, j.half,
         100 * v.mean, 100 * v.half, 100 * of(c, p, MEASURE_SLA).mean, of(c, p, MEASURE_P95).mean,
         of(c, p, MEASURE_MAX).mean, 100 * of(c, p, MEASURE_LEFT).mean, 100 * of(c, p, MEASURE_KNOWN).mean,
         of(c, p, MEASURE_UNFAIR).mean);
  for (int q = 0; q < c->day->queue_count; q++)
    printf(" %10.1f", 100 * of(c, p, MEASURE_QUEUE + (enum measure)q).mean);
  printf("\n");
}

static void print_setting(const struct contest *c, size_t p) {
  static const char *const maps[] = {"usual levels", "levels of value per second", "levels of value"};
  const struct peer *t = &c->peers[p];
  if (!c->tuned || !contest_tuned(t))
    return;
  printf("   %s", maps[t->levels]);
  if (t->kind == PEER_CONNECT)
    printf(", delay the longer of %.0f s and %.0f %% of the target", t->delay_s, 100 * t->delay_share);
  if (t->kind == PEER_GENESYS)
    printf(", a level worth %.0f s", t->level_s);
}

static void print_pairs(const struct contest *c) {
  printf("ours less the other, on the same days: points of value-SLA; J in %% of the other's\n");
  for (size_t p = 0; p < OURS; p++) {
    if (!contest_has(c, p))
      continue;
    struct interval v = difference(c->got[OURS][MEASURE_VALUE_SLA], c->got[p][MEASURE_VALUE_SLA], c->seeds);
    struct interval j = difference(c->got[OURS][MEASURE_J], c->got[p][MEASURE_J], c->seeds);
    double theirs = of(c, p, MEASURE_J).mean;
    printf("   %-25s %+6.2f +-%5.2f  %+6.1f %% +-%4.1f", c->policies[p].name, 100 * v.mean, 100 * v.half,
           100 * j.mean / theirs, 100 * j.half / theirs);
    if (p < c->peer_count)
      print_setting(c, p);
    printf("\n");
  }
}

static void print_optimum(const struct contest *c) {
  double sla[SEEDS_MOST];
  if (!c->day->one_pool)
    return;
  for (size_t s = 0; s < c->seeds; s++)
    sla[s] = 1 - c->best[OBJECTIVE_MISSED][s];
  struct interval j = interval_of(c->best[OBJECTIVE_J], c->seeds), v = interval_of(c->best_j_sla, c->seeds),
                  most = interval_of(sla, c->seeds);
  printf("%-27s %7.3f +-%5.3f %7.2f +-%4.2f\n", "least J, knows the future", j.mean, j.half, 100 * v.mean,
         100 * v.half);
  printf("%-27s %15s %7.2f +-%4.2f\n", "most value-SLA, the same", "", 100 * most.mean, 100 * most.half);
  for (size_t p = INDEX_ONLY; p <= OURS; p++) {
    struct interval dj = difference(c->got[p][MEASURE_J], c->best[OBJECTIVE_J], c->seeds);
    struct interval dv = difference(c->got[p][MEASURE_VALUE_SLA], c->best_j_sla, c->seeds);
    struct interval dm = difference(c->got[p][MEASURE_VALUE_SLA], sla, c->seeds);
    printf("   %s: J %+.1f %% +-%.1f; value-SLA less that of the least J %+.2f +-%.2f, less the most %+.2f +-%.2f\n",
           c->policies[p].name, 100 * dj.mean / j.mean, 100 * dj.half / j.mean, 100 * dv.mean, 100 * dv.half,
           100 * dm.mean, 100 * dm.half);
  }
}

/* ---- over all days */

static size_t best_peer(const struct contest *c, enum measure m) {
  size_t best = 0;
  for (size_t p = 1; p < c->peer_count; p++) {
    double d = of(c, p, m).mean - of(c, best, m).mean;
    if (m == MEASURE_J ? d < 0 : d > 0)
      best = p;
  }
  return best;
}

static struct summary summary_of(const struct contest *c) {
  struct summary s = {.day = c->day->name, .one_pool = c->day->one_pool};
  s.first_j = best_peer(c, MEASURE_J);
  s.first_sla = best_peer(c, MEASURE_VALUE_SLA);
  for (size_t p = 0; p < POLICIES; p++) {
    s.has[p] = contest_has(c, p);
    if (!s.has[p])
      continue;
    s.j[p] = of(c, p, MEASURE_J);
    s.sla[p] = of(c, p, MEASURE_VALUE_SLA);
    snprintf(s.names[p], sizeof(s.names[p]), "%s", c->policies[p].name);
  }
  s.best_j = interval_of(c->best[OBJECTIVE_J], c->seeds);
  s.best_sla = interval_of(c->best_j_sla, c->seeds);
  s.j_less = difference(c->got[OURS][MEASURE_J], c->got[s.first_j][MEASURE_J], c->seeds);
  s.sla_less = difference(c->got[OURS][MEASURE_VALUE_SLA], c->got[s.first_sla][MEASURE_VALUE_SLA], c->seeds);
  return s;
}

static const char *verdict(double mean, double half) {
  return mean - half > 0 ? "ahead" : mean + half < 0 ? "BEHIND" : "even";
}

static void print_costs(const struct summary *s, size_t count) {
  printf("\nJ / value-SLA in %%\n\n| |");
  for (size_t i = 0; i < count; i++)
    printf(" %s |", s[i].day);
  printf("\n|---|");
  for (size_t i = 0; i < count; i++)
    printf("---|");
  for (size_t p = 0; p < POLICIES; p++) {
    if (!s[0].has[p])
      continue;
    printf("\n| %s |", s[0].names[p]);
    for (size_t i = 0; i < count; i++)
      printf(" %.2f / %.1f |", s[i].j[p].mean, 100 * s[i].sla[p].mean);
  }
  printf("\n| least J possible, knows the future |");
  for (size_t i = 0; i < count; i++)
    if (s[i].one_pool)
      printf(" %.2f / %.1f |", s[i].best_j.mean, 100 * s[i].best_sla.mean);
    else
      printf(" |");
  printf("\n");
}

static void print_firsts(const struct summary *s, size_t count) {
  printf("\nours less the best other of each day\n\n| | value-SLA, points | | the other | J, %% of theirs | | the "
         "other |\n");
  printf("|---|---|---|---|---|---|---|\n");
  for (size_t i = 0; i < count; i++, s++) {
    double theirs = s->j[s->first_j].mean;
    printf("| %s | %+.2f ± %.2f | %s | %s | %+.1f ± %.1f | %s | %s |\n", s->day, 100 * s->sla_less.mean,
           100 * s->sla_less.half, verdict(s->sla_less.mean, s->sla_less.half), s->names[s->first_sla],
           100 * s->j_less.mean / theirs, 100 * s->j_less.half / theirs, verdict(-s->j_less.mean, s->j_less.half),
           s->names[s->first_j]);
  }
}

struct summary table_day(const struct contest *c) {
  print_head(c);
  for (size_t p = 0; p < POLICIES; p++)
    if (contest_has(c, p))
      print_policy(c, p);
  print_optimum(c);
  print_pairs(c);
  fflush(stdout);
  return summary_of(c);
}

void table_all(const struct summary *s, size_t count) {
  print_costs(s, count);
  print_firsts(s, count);
}
