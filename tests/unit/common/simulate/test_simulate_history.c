/* SPDX-License-Identifier: Apache-2.0 */
/* Facts of a journal become items with a handling time, and tell who worked when. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include "small_desk.h"

static struct small_desk old, changed;
static struct history *h;
static struct past p;

static void desks(void) {
  small_desk(&old);
  small_queue(&old, "support", 60)->handling_ms = 7 * MINUTE;
  small_agent(&old, "ana", 2);
  small_agent(&old, "bo", 2);
  changed = old;
  changed.desk.queues = changed.queues;
  changed.desk.agents = changed.agents;
  changed.desk.rules = changed.rules;
  history_free(&h);
  h = history_new(&old.desk, &changed.desk, 0);
}

static void fact(int minute, enum history_kind kind, const char *item, const char *agent) {
  struct history_contact c = {.facts = {.channel_kind = SLICE("email")}, .customer = slice_text(item), .value = NAN,
                              .worth = {1, 2}};
  struct history_fact f = {.kind = kind, .at_ms = MONDAY + (int64_t)minute * MINUTE, .work_item = slice_text(item),
                           .agent = slice_text(agent), .queue = kind == HISTORY_CONTACT ? SLICE("support") : SLICE(""),
                           .contact = kind == HISTORY_CONTACT ? &c : NULL};
  assert_int_equal(history_add(h, &f), 0);
}

static void presence(int minute, const char *agent, bool was_ready, bool ready) {
  struct history_fact f = {.kind = HISTORY_PRESENCE, .at_ms = MONDAY + (int64_t)minute * MINUTE, .agent = slice_text(agent),
                           .was_ready = was_ready, .was_at_work = was_ready, .ready = ready, .at_work = ready};
  assert_int_equal(history_add(h, &f), 0);
}

static void end(void) {
  past_free(&p);
  history_free(&h);
}

static int handled(size_t item) {
  return (int)(p.items[item].handling_ms / MINUTE);
}

static int arrived(size_t item) {
  return (int)((p.items[item].arrival_ms - MONDAY) / MINUTE);
}

static void test_from_claim_to_done(void **state) {
  (void)state;
  desks();
  fact(0, HISTORY_CONTACT, "w1", "");
  fact(5, HISTORY_CLAIM, "w1", "ana");
  fact(6, HISTORY_CONTACT, "w1", ""); /* in hand: no item of its own */
  fact(17, HISTORY_END, "w1", "ana");
  fact(18, HISTORY_END, "w1", "ana"); /* wrapped up, then done */
  fact(20, HISTORY_CONTACT, "w2", "");
  assert_int_equal(history_close(h, &p), 0);
  assert_int_equal(p.count, 2);
  assert_int_equal(handled(0), 12);
  assert_int_equal(handled(1), 12); /* the mean of its queue */
  assert_int_equal(p.measured, 1);
  assert_int_equal(p.more, 1);
  assert_int_equal(p.contacts, 3);
  assert_true(p.places[0][0].worth == 1.f && p.places[1][0].worth == 2.f);
  assert_true(p.from_ms == MONDAY && p.to_ms == MONDAY + 20 * MINUTE + 1);
  end();
}

static void test_nothing_measured_is_as_the_queue_says(void **state) {
  (void)state;
  desks();
  fact(0, HISTORY_CONTACT, "w1", "");
  fact(3, HISTORY_CLAIM, "w1", "ana"); /* still at it at the end: nobody knows how long */
  assert_int_equal(history_close(h, &p), 0);
  assert_int_equal(handled(0), 7);
  assert_int_equal(p.measured, 0);
  end();
}

static void test_usual_speed(void **state) {
  (void)state;
  desks();
  old.speeds[1][0] = 2;
  fact(0, HISTORY_CONTACT, "w1", "");
  fact(0, HISTORY_CLAIM, "w1", "bo");
  fact(10, HISTORY_END, "w1", "bo");
  assert_int_equal(history_close(h, &p), 0);
  assert_int_equal(handled(0), 20);
  end();
}

static void test_hands(void **state) {
  (void)state;
  desks();
  fact(0, HISTORY_CONTACT, "w1", "");
  fact(1, HISTORY_CLAIM, "w1", "ana");
  fact(4, HISTORY_BACK, "w1", "ana");   /* 3 */
  fact(10, HISTORY_CLAIM, "w1", "bo");
  fact(15, HISTORY_LOST, "w1", "bo");   /* his connection: lost */
  fact(20, HISTORY_CLAIM, "w1", "ana");
  fact(22, HISTORY_CLAIM, "w1", "bo");  /* taken over: 2 */
  fact(26, HISTORY_END, "w1", "bo");    /* 4 */
  assert_int_equal(history_close(h, &p), 0);
  assert_int_equal(p.count, 1);
  assert_int_equal(handled(0), 9);
  end();
}

static void test_a_new_turn_when_the_customer_writes_again(void **state) {
  (void)state;
  desks();
  fact(0, HISTORY_CONTACT, "w1", "");
  fact(1, HISTORY_CLAIM, "w1", "ana");
  fact(4, HISTORY_ASIDE, "w1", "ana");
  fact(50, HISTORY_CONTACT, "w1", "");
  fact(50, HISTORY_AGAIN, "w1", "");   /* the same moment told twice */
  fact(60, HISTORY_CLAIM, "w1", "ana");
  fact(65, HISTORY_END, "w1", "ana");
  fact(90, HISTORY_AGAIN, "w1", "");   /* opened again */
  fact(91, HISTORY_CLAIM, "w1", "ana");
  fact(92, HISTORY_END, "w1", "ana");
  assert_int_equal(history_close(h, &p), 0);
  assert_int_equal(p.count, 3);
  for (size_t i = 0; i < 3; i++) {
    static const int took[] = {3, 5, 1}, came[] = {0, 50, 90};
    assert_int_equal(handled(i), took[i]);
    assert_int_equal(arrived(i), came[i]);
    assert_int_equal(p.items[i].next, i > 0);
    assert_int_equal(p.items[i].customer, p.items[0].customer);
  }
  end();
}

static void test_what_ends_without_an_agent_is_left_out(void **state) {
  (void)state;
  desks();
  fact(0, HISTORY_CONTACT, "w1", "");
  fact(1, HISTORY_GONE, "w1", "");
  fact(2, HISTORY_CLAIM, "w0", "ana"); /* came before the first fact */
  fact(3, HISTORY_END, "w0", "ana");
  fact(4, HISTORY_CONTACT, "w2", "");
  assert_int_equal(history_close(h, &p), 0);
  assert_int_equal(p.count, 1);
  assert_int_equal(p.without_agent, 1);
  assert_int_equal(p.before, 1);
  end();
}

static void test_any_order_and_twice(void **state) {
  (void)state;
  desks();
  struct history_contact c = {.facts = {.channel_kind = SLICE("email")}, .value = NAN, .worth = {1, 1}};
  struct history_fact come = {.kind = HISTORY_CONTACT, .at_ms = MONDAY, .cursor_ms = 9, .cursor_number = 1,
                              .work_item = SLICE("w1"), .contact = &c};
  struct history_fact claim = {.kind = HISTORY_CLAIM, .at_ms = MONDAY, .cursor_ms = 9, .cursor_number = 2,
                               .work_item = SLICE("w1"), .agent = SLICE("ana")};
  struct history_fact done = {.kind = HISTORY_END, .at_ms = MONDAY + 9 * MINUTE, .cursor_ms = 9, .cursor_number = 3,
                              .work_item = SLICE("w1"), .agent = SLICE("ana")};
  assert_int_equal(history_add(h, &done) + history_add(h, &claim) + history_add(h, &done) + history_add(h, &come) +
                       history_add(h, &come), 0);
  assert_int_equal(history_close(h, &p), 0);
  assert_int_equal(p.count, 1);
  assert_int_equal(handled(0), 9);
  assert_int_equal(p.repeated, 2);
  end();
}

static void test_empty(void **state) {
  (void)state;
  desks();
  assert_int_equal(history_close(h, &p), HISTORY_EMPTY);
  history_free(&h);
  desks();
  presence(3, "ana", false, true);
  assert_int_equal(history_close(h, &p), HISTORY_EMPTY);
  history_free(&h);
}

static void test_too_long(void **state) {
  (void)state;
  desks();
  fact(0, HISTORY_CONTACT, "w1", "");
  fact(401 * 1440, HISTORY_CONTACT, "w2", "");
  assert_int_equal(history_close(h, &p), HISTORY_LONG);
  history_free(&h);
}

/* ---- duty */

static struct calendar duty(size_t agent, enum duty_source *source) {
  return past_duty(&p, &changed.desk, agent, &old.desk, source);
}

static void test_duty_by_sign_ins(void **state) {
  (void)state;
  desks();
  fact(0, HISTORY_CONTACT, "w1", "");
  presence(10, "ana", true, false); /* was there from the beginning */
  presence(30, "ana", false, true);
  fact(100, HISTORY_CONTACT, "w2", "");
  assert_int_equal(history_close(h, &p), 0);
  enum duty_source source;
  struct calendar c = duty(0, &source);
  assert_int_equal(source, DUTY_PRESENCE);
  assert_int_equal(c.count, 2);
  assert_true(c.spans[0].from == MONDAY && c.spans[0].to == MONDAY + 10 * MINUTE);
  assert_true(c.spans[1].from == MONDAY + 30 * MINUTE && c.spans[1].to == p.to_ms);
  calendar_free(&c);
  c = duty(1, &source); /* nothing is known of bo, and nobody did anything */
  assert_int_equal(source, DUTY_ALWAYS);
  assert_true(c.always);
  end();
}

static void test_hours_that_are_tried_go_before_sign_ins(void **state) {
  (void)state;
  desks();
  struct hours_span morning[] = {{60, 120}}, long_morning[] = {{60, 180}};
  struct hours hours[] = {{.name = (char *)"m", .zone = (char *)"UTC", .spans = morning, .span_count = 1}};
  struct hours longer[] = {{.name = (char *)"m", .zone = (char *)"UTC", .spans = long_morning, .span_count = 1}};
  old.agents[0].hours = changed.agents[0].hours = hours;
  fact(0, HISTORY_CONTACT, "w1", "");
  presence(90, "ana", false, true);
  fact(400, HISTORY_CONTACT, "w2", "");
  assert_int_equal(history_close(h, &p), 0);
  enum duty_source source;
  struct calendar c = duty(0, &source);
  assert_int_equal(source, DUTY_PRESENCE);
  assert_true(c.count == 1 && c.spans[0].from == MONDAY + 90 * MINUTE && c.spans[0].to == MONDAY + 120 * MINUTE);
  calendar_free(&c);
  changed.agents[0].hours = longer;
  c = duty(0, &source);
  assert_int_equal(source, DUTY_HOURS);
  assert_true(c.count == 1 && c.spans[0].from == MONDAY + 60 * MINUTE && c.spans[0].to == MONDAY + 180 * MINUTE);
  calendar_free(&c);
  end();
}

static void test_duty_by_work(void **state) {
  (void)state;
  desks();
  for (int day = 0; day < 2; day++) {
    char item[2][8] = {"wa0", "wb0"};
    item[0][2] = item[1][2] = (char)('0' + day);
    fact(day * 1440 + 480, HISTORY_CONTACT, item[0], "");
    fact(day * 1440 + 490, HISTORY_CLAIM, item[0], "ana");
    fact(day * 1440 + 500, HISTORY_END, item[0], "ana");
    fact(day * 1440 + 500, HISTORY_CONTACT, item[1], "");
    fact(day * 1440 + 900, HISTORY_CLAIM, item[1], "ana");
    fact(day * 1440 + 910, HISTORY_END, item[1], "ana");
  }
  fact(1440 + 950, HISTORY_CONTACT, "w9", "");
  fact(1440 + 950, HISTORY_CLAIM, "w9", "ana");
  fact(2 * 1440 + 480, HISTORY_END, "w9", "ana"); /* overnight */
  assert_int_equal(history_close(h, &p), 0);
  enum duty_source source;
  struct calendar c = duty(0, &source);
  assert_int_equal(source, DUTY_WORK);
  assert_int_equal(c.count, 3);
  assert_true(c.spans[0].from == MONDAY + 490 * MINUTE && c.spans[0].to == MONDAY + 911 * MINUTE);
  calendar_free(&c);
  c = duty(1, &source);
  assert_int_equal(source, DUTY_COLLEAGUES);
  assert_int_equal(c.count, 3);
  calendar_free(&c);
  assert_int_equal(p.count, 5);
  assert_true(p.items[4].handling_ms <= MINUTE); /* not the night */
  end();
}

int main(void) {
  static const struct CMUnitTest tests[] = {cmocka_unit_test(test_from_claim_to_done),
                                            cmocka_unit_test(test_nothing_measured_is_as_the_queue_says),
                                            cmocka_unit_test(test_usual_speed),
                                            cmocka_unit_test(test_hands),
                                            cmocka_unit_test(test_a_new_turn_when_the_customer_writes_again),
                                            cmocka_unit_test(test_what_ends_without_an_agent_is_left_out),
                                            cmocka_unit_test(test_any_order_and_twice),
                                            cmocka_unit_test(test_empty),
                                            cmocka_unit_test(test_too_long),
                                            cmocka_unit_test(test_duty_by_sign_ins),
                                            cmocka_unit_test(test_hours_that_are_tried_go_before_sign_ins),
                                            cmocka_unit_test(test_duty_by_work)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
