/* SPDX-License-Identifier: Apache-2.0 */
/* Scores and indices: by table, at the extremes, and that the order never changes while two items wait. */
#include "dispatch/rule.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define SECOND 1e3
#define MINUTE 60e3
#define HOUR 3600e3
#define DAY 86400e3

static uint64_t seed;

static double draw(double least, double most) {
  seed += 0x9e3779b97f4a7c15ULL;
  uint64_t x = seed;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return least + (most - least) * (double)((x ^ (x >> 31)) >> 11) / 9007199254740992.0;
}

static struct rule_queue queue_of(const struct rule_weights *w, double target_ms, double handling_ms) {
  struct rule_queue pair[2] = {{.target_ms = target_ms, .handling_ms = handling_ms, .units = 1, .on_duty = 9},
                               {.target_ms = 0.5, .handling_ms = 1, .units = 1}};
  rule_prepare(w, pair, COUNT(pair)); /* the second one is so short that the first defers to it */
  return pair[0];
}

static void assert_near(double got, double want, double tolerance) {
  if (!(fabs(got - want) <= tolerance * fmax(1, fabs(want))))
    fail_msg("%.17g is not %.17g", got, want);
}

/* The definition, straight from the header's first lines. */
static double defined(const struct rule_weights *w, double value, double target_ms, double handling_ms,
                      double waited_ms) {
  double g = waited_ms <= target_ms ? waited_ms / target_ms * log(w->ageing)
                                    : log(w->late) + (waited_ms - target_ms) / w->late_growth_ms;
  return log(value / (handling_ms * target_ms)) + g;
}

static const struct {
  double value, target, waited;
} places[] = {
    {1, 20 * SECOND, 0},
    {1, 20 * SECOND, 20 * SECOND},
    {1, 20 * SECOND, 20 * SECOND + 1},
    {6, MINUTE, 30 * SECOND},
    {16, SECOND, 0},
    {16, SECOND, SECOND},
    {0.25, SECOND, SECOND + 1},
    {0.25, SECOND, 30 * DAY},
    {16, 30 * DAY, 0},
    {0.25, 30 * DAY, 30 * DAY},
    {1, 30 * DAY, 30 * DAY + 1},
    {2, 30 * DAY, 365 * DAY},
    {1.5, 8 * HOUR, 7 * HOUR},
    {3, 2 * HOUR, 100 * MINUTE},
    {1, 16 * MINUTE, 30 * SECOND},
    {1, 15 * MINUTE, 0},
};

/* An index read back from the stored score is the one defined, at any wait and in each set the item is in. */
static void test_score_and_back(void **state) {
  (void)state;
  struct rule_weights w = rule_weights_standard();
  for (size_t i = 0; i < COUNT(places); i++) {
    struct rule_queue q = queue_of(&w, places[i].target, 5 * MINUTE);
    double arrival = 1795800000000.0;
    q.now_ms = arrival + places[i].waited;
    double ln_value = rule_ln_value(&w, places[i].value);
    enum rule_set set = rule_set_at(&q, arrival, q.now_ms);
    double index = rule_index(&q, set, rule_score(&w, &q, set, arrival, ln_value));
    assert_near(index, defined(&w, places[i].value, places[i].target, 5 * MINUTE, places[i].waited), 1e-6);
  }
}

static const struct {
  double target, waited;
  enum rule_set set;
  double leaves; /* after arrival */
} transitions[] = {
    {20 * SECOND, 0, RULE_ON_TIME, 20 * SECOND + 1},
    {20 * SECOND, 20 * SECOND, RULE_ON_TIME, 20 * SECOND + 1},
    {20 * SECOND, 20 * SECOND + 1, RULE_LATE, RULE_NEVER},
    {15 * MINUTE, 0, RULE_ON_TIME, 15 * MINUTE + 1},
    {16 * MINUTE, 0, RULE_PARKED, MINUTE},
    {16 * MINUTE, MINUTE - 1, RULE_PARKED, MINUTE},
    {16 * MINUTE, MINUTE, RULE_ON_TIME, 16 * MINUTE + 1},
    {75 * MINUTE, 0, RULE_PARKED, 60 * MINUTE},
    {10 * HOUR, 8 * HOUR - 1, RULE_PARKED, 8 * HOUR},
    {10 * HOUR, 8 * HOUR, RULE_ON_TIME, 10 * HOUR + 1},
    {30 * DAY, 24 * DAY - 1, RULE_PARKED, 24 * DAY},
    {30 * DAY, 24 * DAY, RULE_ON_TIME, 30 * DAY + 1},
    {30 * DAY, 900 * DAY, RULE_LATE, RULE_NEVER},
    {SECOND, 0, RULE_ON_TIME, SECOND + 1},
};

static void test_transitions(void **state) {
  (void)state;
  struct rule_weights w = rule_weights_standard();
  double arrival = 1795800000000.0;
  for (size_t i = 0; i < COUNT(transitions); i++) {
    struct rule_queue q = queue_of(&w, transitions[i].target, MINUTE);
    assert_int_equal(rule_set_at(&q, arrival, arrival + transitions[i].waited), transitions[i].set);
    double leaves = rule_leaves(&q, transitions[i].set, arrival);
    assert_true(leaves == arrival + transitions[i].leaves ||
                (leaves == RULE_NEVER && transitions[i].leaves == RULE_NEVER));
    if (leaves != RULE_NEVER) /* when the timer fires it is in the next set, and was not before */
      assert_true(rule_set_at(&q, arrival, leaves) != transitions[i].set &&
                  rule_set_at(&q, arrival, leaves - 1) == transitions[i].set);
  }
}

/* Two items of a queue: the order of their scores is the order of their indices, at any time at which both are in that
 * set; and indices read back from scores never contradict the scores at all. */
static void test_order_is_static(void **state) {
  (void)state;
  struct rule_weights w = rule_weights_standard();
  size_t inversions = 0, compared = 0;
  seed = 1;
  for (int i = 0; i < 1000000; i++) {
    double target = ceil(exp(draw(log(SECOND), log(30 * DAY))));
    struct rule_queue q = queue_of(&w, target, ceil(exp(draw(log(SECOND), log(HOUR)))));
    bool late = draw(0, 1) < 0.3;
    enum rule_set set = late ? RULE_LATE : RULE_ON_TIME;
    double spread = late ? 5 * w.late_growth_ms : target, begin = 1795800000000.0;
    double arrival[2], value[2], score[2];
    for (int n = 0; n < 2; n++) {
      arrival[n] = begin + floor(draw(0, spread));
      value[n] = exp(draw(log(w.value_least), log(w.value_most)));
      score[n] = rule_score(&w, &q, set, arrival[n], rule_ln_value(&w, value[n]));
    }
    q.now_ms = late ? begin + spread + target + 1 + floor(draw(0, spread)) : begin + target;
    double own[2], back[2];
    for (int n = 0; n < 2; n++) {
      own[n] = defined(&w, value[n], target, q.handling_ms, q.now_ms - arrival[n]);
      back[n] = rule_index(&q, set, score[n]);
    }
    inversions += (score[0] < score[1] && back[0] < back[1]) || (score[0] > score[1] && back[0] > back[1]);
    if (fabs(own[0] - own[1]) < 1e-9) /* nearer than the formula itself is exact */
      continue;
    compared++;
    inversions += (own[0] > own[1]) != (score[0] < score[1]);
  }
  assert_int_equal(inversions, 0);
  assert_true(compared > 999000);
}

static void test_values_are_clamped(void **state) {
  (void)state;
  struct rule_weights w = rule_weights_standard();
  const double low[] = {0.25, 0.2, 0, -1, -INFINITY, NAN};
  for (size_t i = 0; i < COUNT(low); i++)
    assert_true(rule_ln_value(&w, low[i]) == log(0.25));
  assert_true(rule_ln_value(&w, 16) == log(16) && rule_ln_value(&w, 17) == log(16) &&
              rule_ln_value(&w, INFINITY) == log(16));
  assert_true(rule_ln_value(&w, 1) == 0);
}

/* A target missed by a millisecond takes the urgency back to a fresh item's; then it grows slowly. */
static void test_broken_promise(void **state) {
  (void)state;
  struct rule_weights w = rule_weights_standard();
  struct rule_queue q = queue_of(&w, MINUTE, MINUTE);
  double index[3], fresh;
  const double waited[] = {MINUTE, MINUTE + 1, MINUTE + w.late_growth_ms};
  for (size_t i = 0; i < 3; i++) {
    q.now_ms = waited[i];
    enum rule_set set = rule_set_at(&q, 0, q.now_ms);
    index[i] = rule_index(&q, set, rule_score(&w, &q, set, 0, 0));
  }
  fresh = q.base;
  assert_near(index[0], fresh + log(4), 1e-12);
  assert_near(index[1], fresh, 1e-6);
  assert_near(index[2], fresh + 1, 1e-12);
}

static void test_prepared(void **state) {
  (void)state;
  struct rule_weights w = rule_weights_standard();
  struct rule_queue q[3] = {{.target_ms = 20 * SECOND, .handling_ms = MINUTE, .units = 1, .on_duty = 16},
                            {.target_ms = 200 * SECOND, .handling_ms = MINUTE, .units = 1, .on_duty = 1},
                            {.target_ms = 8 * HOUR, .handling_ms = MINUTE, .units = 1, .on_duty = 0}};
  rule_prepare(&w, q, COUNT(q));
  assert_int_equal(q[0].keep, 3);
  assert_int_equal(q[1].keep, 1);
  assert_int_equal(q[2].keep, 0);
  assert_true(q[0].parked_ms == 0 && q[1].parked_ms == 0 && q[2].parked_ms == 8 * HOUR * 0.8);
  rule_prepare(&w, &q[2], 1); /* nobody to keep agents for */
  assert_true(q[2].parked_ms == 0);
}

static void test_weights(void **state) {
  (void)state;
  struct rule_weights w = rule_weights_standard();
  size_t count;
  const struct rule_weight_about *about = rule_weights_about(&count);
  assert_int_equal(count * sizeof(double), sizeof(w));
  assert_null(rule_weights_wrong(&w));
  assert_true(w.ageing == 4 && w.late == 1 && w.late_growth_ms == 4 * HOUR && w.flexibility == 2 && w.reserve == 0.75);
  for (size_t i = 0; i < count; i++) {
    const double wrong[] = {about[i].least - 1e-6, about[i].most * 1.01, NAN};
    assert_true(about[i].least <= about[i].standard && about[i].standard <= about[i].most);
    for (size_t n = 0; n < COUNT(wrong); n++) {
      struct rule_weights bad = w;
      memcpy((char *)&bad + about[i].offset, &wrong[n], sizeof(double));
      assert_ptr_equal(rule_weights_wrong(&bad), &about[i]);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_score_and_back),  cmocka_unit_test(test_transitions),
      cmocka_unit_test(test_order_is_static), cmocka_unit_test(test_values_are_clamped),
      cmocka_unit_test(test_broken_promise),  cmocka_unit_test(test_prepared),
      cmocka_unit_test(test_weights),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
