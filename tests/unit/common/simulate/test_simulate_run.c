/* SPDX-License-Identifier: Apache-2.0 */
/* Small days whose course can be told by hand. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "simulate/customer.h"
#include "small_desk.h"

static struct small_desk s;
static struct small_run r;

static int flags(size_t item) {
  return r.result.outcomes[item].flags;
}

static void test_one_after_the_other(void **state) {
  (void)state;
  small_desk(&s);
  small_queue(&s, "support", 60);
  small_agent(&s, "ana", 1);
  small_run_begin(&r, &s, 600);
  small_item(&r, 0, 0, 10);
  small_item(&r, 1, 0, 10);
  small_item(&r, 2, 0, 10);
  small_item(&r, 595, 0, 10);
  small_run_play(&r);
  assert_int_equal(small_waited(&r, 0), 0);
  assert_int_equal(small_waited(&r, 1), 9);
  assert_int_equal(small_waited(&r, 2), 18);
  assert_int_equal(small_waited(&r, 3), 0);
  assert_true(r.result.agents[0].busy_ms == 35.0 * MINUTE); /* of the last only what falls into the day */
  assert_true(r.result.agents[0].duty_ms == 600.0 * MINUTE);
  assert_int_equal(r.result.agents[0].items, 4);
  assert_int_equal(r.result.outcomes[1].target_ms, 60 * MINUTE);
  small_run_end(&r);
}

static void test_capacity_is_units_of_a_kind(void **state) {
  (void)state;
  small_desk(&s);
  small_queue(&s, "support", 600);
  struct desk_agent *ana = small_agent(&s, "ana", 4);
  struct desk_units most[] = {{(char *)"email", 1}};
  ana->kinds = most;
  ana->kind_count = 1;
  small_run_begin(&r, &s, 600);
  small_item(&r, 0, 0, 10);
  small_item(&r, 1, 0, 10); /* one e-mail at a time */
  for (int i = 2; i < 5; i++)
    small_item(&r, i, 0, 20)->kind = 1; /* an SMS takes two */
  small_run_play(&r);
  assert_int_equal(small_waited(&r, 1), 9);
  assert_int_equal(small_waited(&r, 2), 0);  /* 1 + 2 of 4 */
  assert_int_equal(small_waited(&r, 3), 17); /* at 10 the older e-mail took the unit that was free, until 20 */
  small_run_end(&r);
}

static void test_speed_and_wrap_up(void **state) {
  (void)state;
  small_desk(&s);
  small_queue(&s, "support", 60)->wrap_ms = 2 * MINUTE;
  small_agent(&s, "ana", 1)->speeds[0] = 2;
  small_run_begin(&r, &s, 600);
  small_item(&r, 0, 0, 10);
  small_item(&r, 0, 0, 10);
  small_run_play(&r);
  assert_int_equal(small_waited(&r, 1), 7);
  small_run_end(&r);
}

static struct hours_span office[] = {{9 * 60, 10 * 60}, {1440 + 9 * 60, 1440 + 10 * 60}};
static struct hours hours[] = {{.name = (char *)"office", .zone = (char *)"UTC", .spans = office, .span_count = 2}};

static void at_hours(struct desk_queue *q) {
  s.desk.hours = hours;
  s.desk.hours_count = 1;
  q->hours = hours;
}

static void test_closed_is_no_waiting(void **state) {
  (void)state;
  small_desk(&s);
  at_hours(small_queue(&s, "support", 60));
  small_agent(&s, "ana", 1);
  small_run_begin(&r, &s, 3 * 1440);
  small_item(&r, 8 * 60, 0, 50);  /* at the opening */
  small_item(&r, 8 * 60, 0, 20);  /* at 9:50 */
  small_item(&r, 9 * 60, 0, 20);  /* after 60 open minutes: on Tuesday at 9:10 */
  small_item(&r, 2 * 1440, 0, 5); /* never */
  small_run_play(&r);
  assert_int_equal(small_waited(&r, 0), 0);
  assert_int_equal(r.result.outcomes[0].wall_ms, 60 * MINUTE);
  assert_int_equal(small_waited(&r, 1), 50);
  assert_int_equal(small_waited(&r, 2), 60 + 10 - 10 + 0);
  assert_int_equal(r.result.outcomes[2].wall_ms, 24 * 60 * MINUTE);
  assert_int_equal(small_waited(&r, 3), -1);
  assert_int_equal(r.result.outcomes[3].waited_ms, 0);
  small_run_end(&r);
}

static void test_after_hours(void **state) {
  (void)state;
  small_desk(&s);
  struct desk_queue *q = small_queue(&s, "support", 60);
  small_queue(&s, "night", 600);
  at_hours(q);
  q->after = AFTER_TAKE;
  small_agent(&s, "ana", 1);
  small_run_begin(&r, &s, 1440);
  small_item(&r, 8 * 60, 0, 10);
  small_item(&r, 8 * 60, 0, 10);
  small_run_play(&r);
  assert_int_equal(r.result.outcomes[0].wall_ms, 0);
  assert_int_equal(r.result.outcomes[1].wall_ms, 10 * MINUTE);
  assert_int_equal(small_waited(&r, 1), 0); /* its clock stands */
  small_run_end(&r);

  q->after = AFTER_TO;
  q->after_queue = (char *)"night";
  small_run_begin(&r, &s, 1440);
  small_item(&r, 8 * 60, 0, 10);
  small_item(&r, 9 * 60, 0, 10);
  small_run_play(&r);
  assert_int_equal(r.result.outcomes[0].queue, 1);
  assert_true(flags(0) & SIMULATE_DIVERTED);
  assert_int_equal(r.result.outcomes[0].target_ms, 600 * MINUTE);
  assert_int_equal(r.result.outcomes[1].queue, 0);
  assert_false(flags(1) & SIMULATE_DIVERTED);
  small_run_end(&r);
}

static void test_skills_relax_in_steps(void **state) {
  (void)state;
  small_desk(&s);
  struct desk_queue *q = small_queue(&s, "support", 60);
  struct desk_skill first[] = {{(char *)"zh", 3}}, second[] = {{(char *)"zh", 0}};
  struct desk_relax steps[] = {{5 * MINUTE, first, 1}, {20 * MINUTE, second, 1}};
  q->relax = steps;
  q->relax_count = 2;
  s.rules[0].skills = (char *)"zh>=5";
  small_agent(&s, "ana", 1);
  small_skill(&s, small_agent(&s, "bo", 1), "zh", 3);
  small_skill(&s, small_agent(&s, "eve", 1), "zh", 7);
  small_run_begin(&r, &s, 600);
  for (int i = 0; i < 3; i++)
    small_item(&r, 0, 0, 100);
  small_run_play(&r);
  assert_string_equal(small_taker(&r, 0), "eve");
  assert_string_equal(small_taker(&r, 1), "bo");
  assert_string_equal(small_taker(&r, 2), "ana");
  assert_int_equal(small_waited(&r, 0), 0);
  assert_int_equal(small_waited(&r, 1), 5);
  assert_int_equal(small_waited(&r, 2), 20);
  assert_false(flags(0) & SIMULATE_RELAXED);
  assert_true(flags(1) & flags(2) & SIMULATE_RELAXED);
  small_run_end(&r);
}

static void test_overflow_and_nobody(void **state) {
  (void)state;
  small_desk(&s);
  struct desk_queue *q = small_queue(&s, "billing", 60);
  struct desk_agent *bo = small_agent(&s, "bo", 1);
  small_queue(&s, "support", 60);
  struct desk_agent *ana = small_agent(&s, "ana", 1);
  ana->queues++; /* support only */
  ana->speeds++;
  ana->queue_count = 1;
  struct desk_overflow steps[] = {{7 * MINUTE, (char *)"support"}};
  q->overflow = steps;
  q->overflow_count = 1;
  small_run_begin(&r, &s, 600);
  small_item(&r, 0, 0, 100);
  small_item(&r, 1, 0, 100);
  small_run_play(&r);
  assert_string_equal(small_taker(&r, 0), bo->name);
  assert_string_equal(small_taker(&r, 1), "ana");
  assert_int_equal(small_waited(&r, 1), 7);
  assert_false(flags(0) & SIMULATE_OVERFLOWED);
  assert_true(flags(1) & SIMULATE_OVERFLOWED);
  small_run_end(&r);

  q->nobody = (char *)"support";
  small_run_begin(&r, &s, 600);
  calendar_free(&r.duty[0]);
  calendar_add(&r.duty[0], MONDAY, MONDAY + 30 * MINUTE); /* bo goes at 30 */
  small_item(&r, 0, 0, 100);
  small_item(&r, 29, 0, 5); /* from 30 on nobody is there: at once */
  small_run_play(&r);
  assert_string_equal(small_taker(&r, 0), "bo");
  assert_string_equal(small_taker(&r, 1), "ana");
  assert_int_equal(small_waited(&r, 1), 1);
  small_run_end(&r);
}

static void test_a_full_queue_sends_on(void **state) {
  (void)state;
  small_desk(&s);
  struct desk_queue *q = small_queue(&s, "billing", 60);
  q->limit = 2;
  q->limit_queue = (char *)"support";
  small_queue(&s, "support", 60);
  small_run_begin(&r, &s, 600);
  for (int i = 0; i < 4; i++)
    small_item(&r, i, 0, 10);
  small_run_play(&r);
  assert_int_equal(r.result.outcomes[1].queue, 0);
  assert_int_equal(r.result.outcomes[2].queue, 1);
  assert_true(flags(3) & SIMULATE_DIVERTED);
  assert_int_equal(r.result.outcomes[0].waited_ms, 600 * MINUTE);
  assert_int_equal(small_waited(&r, 0), -1);
  small_run_end(&r);
}

static void test_the_customers_own_agent(void **state) {
  (void)state;
  small_desk(&s);
  small_queue(&s, "support", 60);
  small_agent(&s, "ana", 1);
  small_agent(&s, "bo", 1);
  small_run_begin(&r, &s, 600);
  small_item(&r, 0, 0, 5)->customer = 0;
  r.items[0].known = 1;                   /* bo answered him last week */
  small_item(&r, 10, 0, 5)->customer = 0; /* ... and just now, whatever the context said then */
  r.items[1].known = 0;
  small_item(&r, 30, 0, 5)->customer = 1;
  r.items[2].known = 3;                   /* works here no more */
  small_run_play(&r);
  assert_string_equal(small_taker(&r, 0), "bo");
  assert_string_equal(small_taker(&r, 1), "bo");
  assert_true(flags(0) & flags(1) & SIMULATE_BY_KNOWN);
  assert_false(flags(2) & SIMULATE_KNOWN);
  small_run_end(&r);
}

static void test_only_the_own_agent_for_a_while(void **state) {
  (void)state;
  small_desk(&s);
  small_queue(&s, "support", 60);
  s.desk.dispatch.prefer_ms = 10 * MINUTE;
  small_agent(&s, "ana", 1);
  small_agent(&s, "bo", 1);
  small_run_begin(&r, &s, 600);
  small_item(&r, 0, 0, 30)->customer = 0;
  r.items[0].known = 1;
  small_item(&r, 1, 0, 5)->customer = 0; /* bo is busy until 30: his until 11 */
  small_item(&r, 2, 0, 5);               /* ana is free for this one */
  small_run_play(&r);
  assert_string_equal(small_taker(&r, 0), "bo");
  assert_string_equal(small_taker(&r, 1), "ana");
  assert_int_equal(small_waited(&r, 1), 10);
  assert_int_equal(small_waited(&r, 2), 0);
  small_run_end(&r);

  small_run_begin(&r, &s, 600);
  calendar_free(&r.duty[1]); /* bo is not there: nobody waits for him */
  small_item(&r, 0, 0, 30)->customer = 0;
  r.items[0].known = 1;
  small_run_play(&r);
  assert_string_equal(small_taker(&r, 0), "ana");
  assert_int_equal(small_waited(&r, 0), 0);
  small_run_end(&r);

  s.rules[0].skills = (char *)"zh>=1"; /* ... nor when he must not take it */
  small_skill(&s, &s.agents[0], "zh", 1);
  small_run_begin(&r, &s, 600);
  small_item(&r, 0, 0, 30)->customer = 0;
  r.items[0].known = 1;
  small_run_play(&r);
  assert_string_equal(small_taker(&r, 0), "ana");
  small_run_end(&r);
}

static void test_priority_and_worth(void **state) {
  (void)state;
  small_desk(&s);
  small_queue(&s, "support", 60);
  small_queue(&s, "urgent", 60);
  s.rules[1].queue = (char *)"support";
  s.rules[1].priority = 1; /* four times the worth */
  small_agent(&s, "ana", 1);
  small_run_begin(&r, &s, 600);
  small_item(&r, 0, 0, 10);
  small_item(&r, 1, 0, 10);
  small_item(&r, 2, 1, 10);
  small_item(&r, 3, 0, 10);
  r.places[3].worth = 3;
  small_run_play(&r);
  assert_int_equal(small_waited(&r, 2), 8);
  assert_int_equal(small_waited(&r, 3), 17);
  assert_int_equal(small_waited(&r, 1), 29);
  small_run_end(&r);
}

static void test_language_is_a_skill_if_any_member_has_it(void **state) {
  (void)state;
  small_desk(&s);
  small_queue(&s, "support", 60)->language = 3;
  small_agent(&s, "ana", 1);
  small_skill(&s, small_agent(&s, "bo", 1), "de", 3);
  small_run_begin(&r, &s, 600);
  small_item(&r, 0, 0, 10)->class = 1; /* de-at: bo */
  small_item(&r, 1, 0, 10)->class = 1; /* ... again, though ana is free */
  small_item(&r, 2, 0, 10)->class = 2; /* nobody speaks zh: anybody */
  small_run_play(&r);
  assert_string_equal(small_taker(&r, 0), "bo");
  assert_string_equal(small_taker(&r, 1), "bo");
  assert_int_equal(small_waited(&r, 1), 9);
  assert_string_equal(small_taker(&r, 2), "ana");
  small_run_end(&r);
}

static void test_levels_of_service(void **state) {
  (void)state;
  small_desk(&s);
  struct desk_queue *q = small_queue(&s, "support", 60);
  struct desk_level levels[] = {{(char *)"tag=vip;value>=1000", 5 * MINUTE, DESK_AS_QUEUE, DESK_AS_QUEUE},
                                {(char *)"lang=de", 0, 30 * MINUTE, DESK_AS_QUEUE}};
  q->levels = levels;
  q->level_count = 2;
  q->next_within_ms = 90 * MINUTE;
  small_run_begin(&r, &s, 10);
  const struct { uint32_t class; bool next; int64_t minutes; } rows[] = {
      {0, false, 60}, {0, true, 90}, {1, false, 0}, {1, true, 30}, {2, false, 5}, {2, true, 90}};
  for (size_t i = 0; i < 6; i++) {
    small_item(&r, 0, 0, 10)->class = rows[i].class;
    r.items[i].next = rows[i].next;
  }
  small_run_play(&r);
  for (size_t i = 0; i < 6; i++)
    assert_int_equal(r.result.outcomes[i].target_ms, rows[i].minutes * MINUTE);
  small_run_end(&r);
  s.rules[0].own_within = true;
  s.rules[0].answer_within_ms = 7 * MINUTE;
  small_run_begin(&r, &s, 10);
  small_item(&r, 0, 0, 10)->class = 2;
  small_run_play(&r);
  assert_int_equal(r.result.outcomes[0].target_ms, 7 * MINUTE);
  small_run_end(&r);
}

static void test_customer_predicates(void **state) {
  (void)state;
  static const struct { const char *predicate; bool fits[3]; } rows[] = {
      {"", {true, true, true}},
      {"tag=vip", {false, false, true}},
      {"tag=none|gold", {false, true, false}},
      {"tag=ip", {false, false, false}},
      {"value>=500", {false, true, true}},
      {"value>500", {false, false, true}},
      {"value<=500", {false, true, false}},
      {"value=500", {false, true, false}},
      {"value<99.5", {false, false, false}},
      {"lang=de", {false, true, false}},
      {"lang=de-at|zh", {false, true, true}},
      {"lang=d", {false, false, false}},
      {"agent=ana|bo", {false, true, true}},
      {"consent=sms", {false, false, true}},
      {"open>=2", {false, false, true}},
      {"open<1", {true, false, false}},
      {"tag=vip;value>=9000", {false, false, false}},
      {"tag=vip;lang=zh", {false, false, true}},
      {"shoe=9", {false, false, false}},
      {"value", {false, false, false}}};
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
    for (size_t c = 0; c < 3; c++)
      if (customer_fits(&small_classes[c], rows[i].predicate) != rows[i].fits[c])
        fail_msg("%s for customer %zu", rows[i].predicate, c);
}

static void test_agents_are_kept_free_for_those_in_a_hurry(void **state) {
  (void)state;
  small_desk(&s);
  struct desk_queue *chat = small_queue(&s, "chat", 1);
  chat->real_time = true;
  small_queue(&s, "mail", 8 * 60);
  small_agent(&s, "ana", 1);
  small_agent(&s, "bo", 1);
  small_run_begin(&r, &s, 2000);
  small_item(&r, 0, 1, 30);
  small_item(&r, 1, 1, 30);  /* 0.75 x root of 2: one agent is kept */
  small_item(&r, 2, 0, 10);
  small_run_play(&r);
  assert_int_equal(small_waited(&r, 0), 0);
  assert_int_equal(small_waited(&r, 2), 0);
  assert_int_equal(small_waited(&r, 1), 29);
  small_run_end(&r);
}

static void test_who_is_not_there_gets_nothing(void **state) {
  (void)state;
  small_desk(&s);
  small_queue(&s, "support", 60);
  small_agent(&s, "ana", 1);
  small_run_begin(&r, &s, 600);
  calendar_free(&r.duty[0]);
  calendar_add(&r.duty[0], MONDAY + 20 * MINUTE, MONDAY + 30 * MINUTE);
  calendar_add(&r.duty[0], MONDAY + 100 * MINUTE, MONDAY + 110 * MINUTE);
  small_item(&r, 0, 0, 15);
  small_item(&r, 1, 0, 15);
  small_item(&r, 200, 0, 15);
  small_run_play(&r);
  assert_int_equal(small_waited(&r, 0), 20);
  assert_int_equal(small_waited(&r, 1), 99); /* the first ends at 35, after his duty */
  assert_int_equal(small_waited(&r, 2), -1);
  assert_true(r.result.agents[0].duty_ms == 20.0 * MINUTE);
  small_run_end(&r);
}

static void test_more_lines_than_the_rule_sees(void **state) {
  (void)state;
  small_desk(&s);
  small_queue(&s, "support", 60);
  s.rules[0].own_within = true;
  static struct desk_rule rules[200];
  for (size_t i = 0; i < 200; i++) {
    rules[i] = s.rules[0];
    rules[i].answer_within_ms = (int64_t)(i + 10) * MINUTE; /* each a line of its own */
  }
  s.desk.rules = rules;
  s.desk.rule_count = 200;
  small_agent(&s, "ana", 1);
  small_run_begin(&r, &s, 4000);
  for (int i = 0; i < 200; i++)
    small_item(&r, 0, i, 10);
  small_run_play(&r);
  assert_true(r.result.cut > 100);
  for (size_t i = 0; i < 200; i++)
    assert_true(small_waited(&r, i) >= 0);
  small_run_end(&r);
}

int main(void) {
  static const struct CMUnitTest tests[] = {cmocka_unit_test(test_one_after_the_other),
                                            cmocka_unit_test(test_capacity_is_units_of_a_kind),
                                            cmocka_unit_test(test_speed_and_wrap_up),
                                            cmocka_unit_test(test_closed_is_no_waiting),
                                            cmocka_unit_test(test_after_hours),
                                            cmocka_unit_test(test_skills_relax_in_steps),
                                            cmocka_unit_test(test_overflow_and_nobody),
                                            cmocka_unit_test(test_a_full_queue_sends_on),
                                            cmocka_unit_test(test_the_customers_own_agent),
                                            cmocka_unit_test(test_only_the_own_agent_for_a_while),
                                            cmocka_unit_test(test_priority_and_worth),
                                            cmocka_unit_test(test_language_is_a_skill_if_any_member_has_it),
                                            cmocka_unit_test(test_levels_of_service),
                                            cmocka_unit_test(test_customer_predicates),
                                            cmocka_unit_test(test_agents_are_kept_free_for_those_in_a_hurry),
                                            cmocka_unit_test(test_who_is_not_there_gets_nothing),
                                            cmocka_unit_test(test_more_lines_than_the_rule_sees)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
