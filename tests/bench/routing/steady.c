/* SPDX-License-Identifier: Apache-2.0 */
#include "steady.h"
#include "base/fault.h"
#include "measure.h"
#include "optimum.h"
#include "peers.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { RUNS = 12, SEED = 7001 };
#define PATIENT 0

static int failed;
static double share_of_length;

static void check(const char *what, double got, double want, double tolerance) {
  bool well = fabs(got - want) <= tolerance;
  failed += !well;
  printf("  %-58s %10.4f  expected %10.4f +- %-8.4f %s\n", what, got, want, tolerance, well ? "ok" : "WRONG");
}

/* ---- formulas */

/* Probability of waiting in M/M/c at a load of `erlangs`, by the recursion of the loss formula. */
static double erlang_c(int servers, double erlangs) {
  double loss = 1;
  for (int n = 1; n <= servers; n++)
    loss = erlangs * loss / (n + erlangs * loss);
  return servers * loss / (servers - erlangs * (1 - loss));
}

static double erlang_c_wait(int servers, double per_second, double handling) {
  double erlangs = per_second * handling;
  return erlang_c(servers, erlangs) * handling / (servers - erlangs);
}

/* Share that leaves, and mean wait, of M/M/c+M: the balance of births and deaths. */
static void erlang_a(int servers, double arrive, double serve, double leave, double *ret_left, double *ret_wait) {
  double p = 1, sum = 1, waiting = 0;
  for (int n = 1; n < 2000; n++) {
    p *= arrive / (n <= servers ? n * serve : servers * serve + (n - servers) * leave);
    sum += p;
    waiting += n > servers ? p * (n - servers) : 0;
  }
  *ret_left = waiting / sum * leave / arrive;
  *ret_wait = waiting / sum / arrive;
}

/* ---- long runs */

struct steady {
  struct interval wait[DAY_QUEUES], waits, left; /* seconds; shares */
};

static void run_steady(const struct day *day, enum peer_kind kind, struct steady *ret) {
  const struct peer peer = {.kind = kind, .name = "steady"};
  struct policy policy = peer_policy(&peer);
  struct day d = *day;
  double wait[DAY_QUEUES][RUNS], waits[RUNS], left[RUNS];
  d.hours *= share_of_length;
  for (int r = 0; r < RUNS; r++) {
    size_t count;
    struct item *items = day_make(&d, SEED + (uint64_t)r, &count);
    double sum[DAY_QUEUES] = {0}, of[DAY_QUEUES] = {0};
    waits[r] = left[r] = 0;
    engine_run(&d, &policy, items, count, NULL);
    for (size_t i = count / 10; i < count; i++) { /* the first tenth fills the empty system */
      double waited = (double)(items[i].end_of_wait - items[i].arrival) / 1000;
      sum[items[i].queue] += waited;
      of[items[i].queue]++;
      waits[r] += waited > 0;
      left[r] += items[i].state == ITEM_LEFT;
    }
    waits[r] /= (double)(count - count / 10);
    left[r] /= (double)(count - count / 10);
    for (int q = 0; q < d.queue_count; q++)
      wait[q][r] = sum[q] / of[q];
    free(items);
  }
  for (int q = 0; q < d.queue_count; q++)
    ret->wait[q] = interval_of(wait[q], RUNS);
  ret->waits = interval_of(waits, RUNS);
  ret->left = interval_of(left, RUNS);
}

static void check_wait(const char *what, struct interval got, double want) {
  check(what, got.mean, want, got.half + 0.02 * want);
}

#define EVEN .burst_queue = -1, .known_gain = 1, .tier_share = {1}, .tier_value = {1, 1, 1}
#define ONE_GROUP(n, ...) .group_count = 1, .groups = {{"all", n, 1, {__VA_ARGS__}, 0xff}}

static void check_erlang_c(void) {
  const double handling[] = {240, 300}, published[] = {2.243505841, 30.4312286};
  struct steady s;
  for (int n = 0; n < 2; n++) {
    check("Erlang C, 20 agents, 100 in 30 minutes: formula, mean wait", erlang_c_wait(20, 200 / 3600.0, handling[n]),
          published[n], 1e-6);
    const struct day d = {.queue_count = 1,
                          .queues = {{"q", 200, handling[n], 60, PATIENT, 1, true, 1, 0}},
                          ONE_GROUP(20, 1),
                          .hours = 2000,
                          EVEN};
    run_steady(&d, PEER_FIFO, &s);
    check_wait("  simulated mean wait", s.wait[0], published[n]);
    check("  simulated share that waits", s.waits.mean, erlang_c(20, 200 / 3600.0 * handling[n]), s.waits.half + 0.004);
  }
}

static void check_erlang_a(void) {
  double left, wait, arrive = 10.5 / 240;
  struct steady s;
  erlang_a(10, arrive, 1 / 240.0, 1 / 480.0, &left, &wait);
  const struct day d = {.queue_count = 1,
                        .queues = {{"q", arrive * 3600, 240, 60, 480, 1, true, 1, 0}},
                        ONE_GROUP(10, 1),
                        .hours = 2000,
                        EVEN};
  run_steady(&d, PEER_FIFO, &s);
  check("Erlang A, 10 agents, load 10.5: share that leaves", s.left.mean, left, s.left.half + 0.002);
  check_wait("  mean time in the queue", s.wait[0], wait);
}

/* Cobham: the classes above a class delay it as often as they are more. */
static void check_priorities(void) {
  const double per_hour[] = {20, 40, 48};
  double above = 0, first = erlang_c(8, 108 / 15.0) * 240 / 8;
  struct steady s;
  const struct day d = {.queue_count = 3,
                        .queues = {{"a", 20, 240, 1, PATIENT, 1, true, 1, 0},
                                   {"b", 40, 240, 2, PATIENT, 1, true, 1, 0},
                                   {"c", 48, 240, 4, PATIENT, 1, true, 1, 0}},
                        ONE_GROUP(8, 1, 1, 1),
                        .hours = 4000,
                        EVEN};
  run_steady(&d, PEER_STRICT, &s);
  for (int q = 0; q < 3; q++) {
    double with = above + per_hour[q] / 15 / 8;
    check_wait(q == 0   ? "Priorities, M/M/8 (Cobham): first class, mean wait"
               : q == 1 ? "  second"
                        : "  third",
               s.wait[q], first / ((1 - above) * (1 - with)));
    above = with;
  }
}

static void check_one_server(void) {
  struct steady s;
  const struct day d = {
      .queue_count = 1, .queues = {{"q", 42, 60, 60, PATIENT, 1, true, 1, 1.5}}, ONE_GROUP(1, 1), .hours = 12000, EVEN};
  run_steady(&d, PEER_FIFO, &s);
  check_wait("M/G/1, lognormal, cv 1.5, load 0.7 (Pollaczek, Khinchine): wait", s.wait[0],
             0.7 * 60 * (1 + 1.5 * 1.5) / (2 * 0.3));
}

/* Kleinrock: rates of 1 and 3, each class a load of 0.4. */
static void check_accumulating(void) {
  double fifo = 0.8 * 60 / 0.2, slow = fifo / (1 - 0.4 * (1 - 1 / 3.0)), fast = fifo - 0.4 * slow * (1 - 1 / 3.0);
  struct steady s;
  const struct day d = {
      .queue_count = 2,
      .queues = {{"slow", 24, 60, 1, PATIENT, 1, true, 1, 0}, {"fast", 24, 60, 1, PATIENT, 1, true, 3, 0}},
      ONE_GROUP(1, 1, 1),
      .hours = 12000,
      EVEN};
  run_steady(&d, PEER_ACCUMULATING, &s);
  check_wait("Accumulating priority 1:3, M/M/1 (Kleinrock): slow class, wait", s.wait[0], slow);
  check_wait("  fast class", s.wait[1], fast);
}

/* Wallace and Whitt's experiment in kind: 6 types of 14 Erlangs, 90 agents with 1, 2 or all skills. */
static void check_flexibility(void) {
  const int skills[] = {1, 2, 6};
  double waits[3];
  for (int n = 0; n < 3; n++) {
    struct day d = {.queue_count = 6, .group_count = 6, .hours = 400, EVEN};
    struct steady s;
    for (int q = 0; q < 6; q++) {
      d.queues[q] = (struct day_queue){"q", 84, 600, 60, PATIENT, 1, true, 1, 0};
      d.groups[q] = (struct day_group){.name = "g", .agents = 15, .units = 1};
      for (int skill = 0; skill < skills[n]; skill++)
        d.groups[q].speed[(q + skill) % 6] = 1;
    }
    run_steady(&d, PEER_FIFO, &s);
    waits[n] = s.waits.mean;
  }
  check("6 types of 14 Erlangs, 90 agents of one skill: share that waits", waits[0], erlang_c(15, 14), 0.025);
  check("  of all skills", waits[2], erlang_c(90, 84), 0.025);
  check("  of two skills: share of the gain of all (0.77 published)", (waits[0] - waits[1]) / (waits[0] - waits[2]),
        0.77, 0.08);
}

/* ---- the optimum against trying all orders */

static double try_all(const double *cost, size_t n, size_t row, unsigned used) {
  double least = row == n ? 0 : INFINITY;
  for (size_t c = 0; row < n && c < n; c++)
    if (!(used >> c & 1))
      least = fmin(least, cost[row * n + c] + try_all(cost, n, row + 1, used | 1u << c));
  return least;
}

static void check_assignment(void) {
  uint64_t x = 88172645463325252ULL;
  double worst = 0;
  for (int n = 0; n < 200; n++) {
    double cost[49];
    size_t row_of[7];
    size_t size = 1 + (size_t)n % 7;
    for (size_t i = 0; i < size * size; i++) {
      x ^= x << 13, x ^= x >> 7, x ^= x << 17;
      cost[i] = (double)(x % 1000) / 7;
    }
    worst = fmax(worst, fabs(cheapest_assignment(cost, size, row_of) - try_all(cost, size, 0, 0)));
  }
  check("Cheapest assignment against all orders, 200 cases: largest gap", worst, 0, 1e-9);
}

int steady_checks(double share) {
  share_of_length = share;
  failed = 0;
  check_erlang_c();
  check_erlang_a();
  check_priorities();
  check_one_server();
  check_accumulating();
  check_flexibility();
  check_assignment();
  return failed;
}
