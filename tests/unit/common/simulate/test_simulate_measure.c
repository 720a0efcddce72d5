/* SPDX-License-Identifier: Apache-2.0 */
/* Figures counted by hand; two runs beside each other; what is more than chance. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include "simulate/measure.h"
#include "small_desk.h"

static struct small_desk one, two;
static struct small_run a, b;
static struct comparison c;

static void compare_runs(void) {
  small_run_play(&a);
  small_run_play(&b);
  compare(&(struct comparing){.in = {&a.in, &b.in}, .result = {&a.result, &b.result}}, &c);
}

static void end(void) {
  comparison_free(&c);
  small_run_end(&a);
  small_run_end(&b);
}

static double old(enum measure m) {
  return c.all.figures[m].old;
}

static double changed(enum measure m) {
  return c.all.figures[m].changed;
}

static void desk_with(struct small_desk *s, int agents) {
  static const char *const names[] = {"ana", "bo", "eve"};
  small_desk(s);
  small_queue(s, "support", 15);
  small_queue(s, "letters", 0); /* no promise */
  for (int i = 0; i < agents; i++)
    small_agent(s, names[i], 1);
}

static void test_figures_by_hand(void **state) {
  (void)state;
  desk_with(&one, 1);
  desk_with(&two, 2);
  struct small_run *runs[] = {&a, &b};
  for (int n = 0; n < 2; n++) {
    small_run_begin(runs[n], n ? &two : &one, 40);
    for (int i = 0; i < 4; i++) /* one agent: they wait 0, 10, 20, 30; two: 0, 0, 10, 10 */
      small_item(runs[n], 0, 0, 10);
    small_item(runs[n], 39, 1, 10);
    small_item(runs[n], 39, 0, 10); /* one agent: not taken, not due */
    runs[n]->places[1].worth = 4;
  }
  compare_runs();
  assert_int_equal((int)old(MEASURE_ITEMS), 6);
  assert_true(fabs(old(MEASURE_WITHIN) - 0.5) < 1e-9); /* of the four that are due */
  assert_true(fabs(changed(MEASURE_WITHIN) - 1) < 1e-9);
  assert_true(fabs(old(MEASURE_WITHIN_WORTH) - 5 / 7.0) < 1e-9); /* the worthy one goes first */
  assert_true(fabs(old(MEASURE_WAIT_LONGEST) - 30 * MINUTE) < 1);
  assert_true(fabs(changed(MEASURE_WAIT_LONGEST) - 10 * MINUTE) < 1);
  assert_true(fabs(old(MEASURE_OF_TARGET_P95) - 2) < 1e-9);
  assert_int_equal((int)old(MEASURE_UNANSWERED), 2);
  assert_int_equal((int)changed(MEASURE_UNANSWERED), 0);
  assert_true(fabs(old(MEASURE_LOAD) - 1) < 1e-9);
  assert_true(fabs(changed(MEASURE_LOAD) - 42 / 80.0) < 1e-9);
  assert_int_equal(measure_word(MEASURE_WITHIN, &c.all.figures[MEASURE_WITHIN]), WORD_BETTER);
  assert_int_equal(measure_word(MEASURE_WAIT_LONGEST, &c.all.figures[MEASURE_WAIT_LONGEST]), WORD_BETTER);
  assert_int_equal(measure_word(MEASURE_ITEMS, &c.all.figures[MEASURE_ITEMS]), WORD_SAME);
  assert_int_equal(measure_word(MEASURE_KNOWN, &c.all.figures[MEASURE_KNOWN]), WORD_NONE);
  assert_int_equal(c.days, 1);
  assert_true(isnan(c.all.figures[MEASURE_WITHIN].low)); /* one day tells nothing of another */
  assert_int_equal(c.queue_count, 2);
  assert_true(isnan(c.queues[1].figures[MEASURE_WITHIN].old)); /* no promise */
  assert_int_equal(c.agent_count, 2);
  assert_true(c.agents[0].in_old && !c.agents[1].in_old && c.agents[1].in_changed);
  assert_true(isnan(c.agents[1].figures[MEASURE_LOAD].old));
  end();
}

static void week(struct small_run *r, struct small_desk *d) {
  unsigned state = 1;
  small_run_begin(r, d, 7 * 1440);
  for (int day = 0; day < 7; day++)
    for (int i = 0; i < 100; i++) {
      state = state * 1103515245u + 12345u;
      small_item(r, day * 1440 + 480 + 5 * i, 0, 1 + (int)(state >> 16) % 9);
    }
}

static void test_the_same_desk_makes_no_difference(void **state) {
  (void)state;
  desk_with(&one, 2);
  week(&a, &one);
  week(&b, &one);
  compare_runs();
  assert_int_equal(c.days, 7);
  for (size_t m = 0; m < MEASURES; m++) {
    const struct measured *f = &c.all.figures[m];
    assert_true(isnan(f->old) ? isnan(f->changed) : !(f->old < f->changed) && !(f->old > f->changed));
    enum measure_word w = measure_word((enum measure)m, f);
    assert_true(w == WORD_SAME || w == WORD_NONE);
    if (measures_about[m].interval)
      assert_true(isnan(f->low) || fabs(f->low) + fabs(f->high) < 1e-12);
  }
  end();
}

static void test_more_agents_are_more_than_chance(void **state) {
  (void)state;
  desk_with(&one, 1);
  desk_with(&two, 2);
  week(&a, &one);
  week(&b, &two);
  compare_runs();
  const struct measured *f = &c.all.figures[MEASURE_WITHIN];
  assert_true(f->changed > f->old && f->low > 0 && f->high >= f->low && f->low <= f->changed - f->old &&
              f->changed - f->old <= f->high);
  assert_int_equal(measure_word(MEASURE_WITHIN, f), WORD_BETTER);
  f = &c.all.figures[MEASURE_WAIT_P95];
  assert_true(f->high < 0);
  assert_int_equal(measure_word(MEASURE_WAIT_P95, f), WORD_BETTER);
  end();
}

static void test_chance(void **state) {
  (void)state;
  struct measured spans = {0.9, 0.92, -0.01, 0.05}, worse = {0.9, 0.8, -0.2, -0.05}, load = {0.5, 0.6, NAN, NAN};
  assert_int_equal(measure_word(MEASURE_WITHIN, &spans), WORD_CHANCE);
  assert_int_equal(measure_word(MEASURE_WITHIN, &worse), WORD_WORSE);
  assert_int_equal(measure_word(MEASURE_LOAD, &load), WORD_OTHER);
  assert_string_equal(measure_word_text(WORD_CHANCE), "no difference that is more than chance");
}

int main(void) {
  static const struct CMUnitTest tests[] = {cmocka_unit_test(test_figures_by_hand),
                                            cmocka_unit_test(test_the_same_desk_makes_no_difference),
                                            cmocka_unit_test(test_more_agents_are_more_than_chance),
                                            cmocka_unit_test(test_chance)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
