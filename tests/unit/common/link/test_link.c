/* SPDX-License-Identifier: Apache-2.0 */
/* The link as it should go, and what it does when either side comes and goes: nothing missing, order kept. */
#include "link_world.h"

static void each_event_once_and_in_order(void **state) {
  (void)state;
  struct world w;
  struct program p = {.len = 100};
  world_open(&w);
  world_router_open(&w);
  program_open(&p, &w, "sms", 10000);
  world_until(&w, program_all_confirmed, &p);
  assert_int_equal(w.in_order, 10000);
  assert_int_equal(w.arrived, 10000);
  assert_false(w.disorder);
  assert_int_equal(w.foreign, 0);
  assert_int_equal(p.restarts, 1);
  assert_int_equal(link_unconfirmed(p.link), 0);
  assert_int_equal(link_router_peers(w.router), 1);
  assert_string_equal(link_trouble(p.link), "");
  assert_int_equal(link_down_ms(p.link), 0);
  link_close(&p.link);
  world_close(&w);
}

static bool holds_all_sent(void *arg) {
  struct program *p = arg;
  return p->world->held_count > 0 && p->world->held_count == link_unconfirmed(p->link);
}

static void events_under_way_stay_within_the_window(void **state) {
  (void)state;
  static const struct {
    uint32_t events;
    size_t bytes, len, expected;
  } rows[] = {
      {.events = 10, .bytes = 1024 * 1024, .len = 10, .expected = 10},
      {.events = 1000, .bytes = 200 * 1024, .len = 50 * 1024, .expected = 3},
      {.events = 1000, .bytes = 1000, .len = 5000, .expected = 1}, /* one larger than the window still goes */
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    struct world w;
    struct program p = {.len = rows[i].len};
    world_open(&w);
    w.options.window_events = rows[i].events;
    w.options.window_bytes = rows[i].bytes;
    w.hold = true;
    world_router_open(&w);
    program_open(&p, &w, "sms", 50);
    world_until(&w, holds_all_sent, &p);
    world_settle(&w);
    assert_int_equal(w.held_count, rows[i].expected);
    while (!program_all_confirmed(&p)) {
      world_answer(&w, false);
      uv_run(&w.loop, UV_RUN_NOWAIT); /* not ONCE: what came in this turn is answered before the next wait */
    }
    assert_int_equal(p.most_unconfirmed, rows[i].expected);
    assert_int_equal(w.in_order, 50);
    link_close(&p.link);
    world_close(&w);
  }
}

static void answers_in_any_order_confirm_in_order(void **state) {
  (void)state;
  struct world w;
  struct program p = {.len = 10};
  world_open(&w);
  w.hold = true;
  world_router_open(&w);
  program_open(&p, &w, "sms", 500);
  world_until(&w, holds_all_sent, &p);
  while (w.held_count < 500)
    uv_run(&w.loop, UV_RUN_ONCE);
  /* All but the first: nothing is confirmed. */
  struct held first = w.held[0];
  w.held[0] = w.held[--w.held_count];
  world_answer(&w, true);
  world_settle(&w);
  assert_int_equal(p.confirmed, 0);
  assert_int_equal(link_router_outstanding(w.router), 1);
  link_router_done(first.peer, first.seq, LINK_ROUTED, SLICE(""));
  link_router_done(first.peer, first.seq, LINK_ROUTED, SLICE("")); /* said twice: ignored */
  link_router_done(first.peer, 4711, LINK_ROUTED, SLICE(""));
  world_until(&w, program_all_confirmed, &p);
  assert_int_equal(link_router_outstanding(w.router), 0);
  link_close(&p.link);
  world_close(&w);
}

static void what_was_not_plainly_routed_is_told(void **state) {
  (void)state;
  struct world w;
  struct program p = {.len = 10};
  world_open(&w);
  w.outcome = LINK_QUARANTINED;
  w.reason = "unparseable";
  world_router_open(&w);
  program_open(&p, &w, "sms", 1500); /* more than one confirm can tell */
  world_until(&w, program_all_confirmed, &p);
  assert_int_equal(p.outcomes[LINK_QUARANTINED], 1500);
  assert_string_equal(p.reason, "unparseable");
  w.outcome = LINK_DUPLICATE;
  w.reason = "";
  p.total = 1501;
  program_feed(&p);
  world_until(&w, program_all_confirmed, &p);
  assert_int_equal(p.outcomes[LINK_DUPLICATE], 1);
  link_close(&p.link);
  world_close(&w);
}

static bool half_confirmed(void *arg) {
  const struct program *p = arg;
  return p->confirmed >= p->total / 2;
}

static bool program_down(void *arg) {
  return !program_up(arg);
}

static void a_router_that_restarts_misses_nothing(void **state) {
  (void)state;
  struct world w;
  struct program p = {.len = 200};
  world_open(&w);
  world_router_open(&w);
  program_open(&p, &w, "sms", 10000);
  world_until(&w, half_confirmed, &p);
  link_router_close(&w.router); /* with events under way both ways */
  assert_true(p.confirmed < p.total);
  world_until(&w, program_down, &p);
  assert_true(program_in_trouble(&p));
  assert_int_equal(link_unconfirmed(p.link), 0);
  world_router_open(&w);
  world_until(&w, program_all_confirmed, &p);
  assert_int_equal(w.in_order, 10000);
  assert_false(w.disorder);
  assert_int_equal(p.restarts, 2);
  link_close(&p.link);
  world_close(&w);
}

static void a_router_that_comes_later_is_found(void **state) {
  (void)state;
  struct world w;
  struct program p = {.len = 10};
  world_open(&w);
  program_open(&p, &w, "sms", 10);
  world_until(&w, program_in_trouble, &p);
  assert_non_null(strstr(link_trouble(p.link), "no router listens there"));
  world_router_open(&w);
  world_until(&w, program_all_confirmed, &p);
  link_close(&p.link);
  world_close(&w);
}

/* Both are cut off in the middle again and again, while the router answers nothing: it must not pile up events. */
static void a_flapping_program_is_not_handed_on_twice(void **state) {
  (void)state;
  struct world w;
  struct program p = {.len = 100};
  world_open(&w);
  w.options.window_events = 300;
  w.hold = true;
  world_router_open(&w);
  for (int i = 0; i < 5; i++) {
    program_open(&p, &w, "sms", 1000);
    world_until(&w, program_up, &p);
    while (w.held_count < 300)
      uv_run(&w.loop, UV_RUN_ONCE);
    world_settle(&w);
    assert_int_equal(w.held_count, 300);
    assert_int_equal(link_router_outstanding(w.router), 300);
    link_close(&p.link);
  }
  assert_int_equal(w.arrived, 300);
  program_open(&p, &w, "sms", 1000);
  w.hold = false;
  world_until(&w, program_up, &p);
  world_answer(&w, true);
  world_until(&w, program_all_confirmed, &p);
  assert_int_equal(w.in_order, 1000);
  assert_false(w.disorder);
  assert_int_equal(w.gone, 0);
  link_close(&p.link);
  world_close(&w);
}

static bool peer_gone(void *arg) {
  return ((struct world *)arg)->gone > 0;
}

static void a_program_that_leaves_is_gone_when_its_events_are_done(void **state) {
  (void)state;
  struct world w;
  struct program p = {.len = 10};
  world_open(&w);
  w.hold = true;
  world_router_open(&w);
  program_open(&p, &w, "sms", 100);
  world_until(&w, holds_all_sent, &p);
  while (w.held_count < 100)
    uv_run(&w.loop, UV_RUN_ONCE);
  link_close(&p.link);
  while (link_router_peers(w.router) > 0)
    uv_run(&w.loop, UV_RUN_ONCE);
  assert_int_equal(w.gone, 0);
  world_answer(&w, false);
  world_until(&w, peer_gone, &w);
  assert_int_equal(w.gone, 1);
  assert_int_equal(link_router_outstanding(w.router), 0);
  world_close(&w);
}

static void another_spool_under_the_same_numbers_is_taken_anew(void **state) {
  (void)state;
  struct world w;
  struct program p = {.len = 10}, q = {.len = 10, .channel = "second"}; /* the channel makes other ids */
  world_open(&w);
  w.hold = true;
  world_router_open(&w);
  program_open(&p, &w, "sms", 100);
  while (w.held_count < 100)
    uv_run(&w.loop, UV_RUN_ONCE);
  link_close(&p.link);
  program_open(&q, &w, "sms", 50);
  world_until(&w, peer_gone, &w);
  w.hold = false;
  w.held_count = 0; /* the user forgot them with gone() */
  world_until(&w, program_all_confirmed, &q);
  link_close(&q.link);
  world_close(&w);
}

static bool replayed(void *arg) {
  const struct program *p = arg;
  return p->replays > 0 && p->confirmed == p->total;
}

static void a_replay_sends_again_and_goes_on(void **state) {
  (void)state;
  struct world w;
  struct program p = {.len = 10, .replay_to = 40};
  world_open(&w);
  world_router_open(&w);
  program_open(&p, &w, "sms", 1000);
  world_until(&w, program_all_confirmed, &p);
  size_t before = w.arrived;
  p.total = 2000;
  link_router_replay(w.router, 4242);
  world_until(&w, replayed, &p);
  assert_int_equal(p.replays, 1);
  assert_int_equal(p.replay_since_ms, 4242);
  assert_true(w.arrived >= before + 960 + 1000);
  assert_int_equal(w.in_order, 2000);
  assert_false(w.disorder);
  world_settle(&w);
  assert_int_equal(p.replays, 1); /* it is over, also for those who connect anew */
  link_close(&p.link);
  p.restarts = 0;
  program_open(&p, &w, "sms", 2000);
  world_until(&w, program_up, &p);
  world_settle(&w);
  assert_int_equal(p.replays, 1);
  link_close(&p.link);
  world_close(&w);
}

static void a_replay_waits_for_programs_that_are_away(void **state) {
  (void)state;
  struct world w;
  struct program p = {.len = 10};
  world_open(&w);
  world_router_open(&w);
  program_open(&p, &w, "sms", 100);
  world_until(&w, program_all_confirmed, &p);
  link_close(&p.link);
  while (link_router_peers(w.router) > 0)
    uv_run(&w.loop, UV_RUN_ONCE);
  link_router_replay(w.router, 7);
  program_open(&p, &w, "sms", 100);
  world_until(&w, replayed, &p);
  assert_int_equal(p.replay_since_ms, 7);
  assert_int_equal(w.arrived, 200);
  link_close(&p.link);
  world_close(&w);
}

/* A replay that is cut off in the middle is asked for again, and an old confirm is not taken for one of the replay. */
static void a_replay_that_is_cut_off_begins_again(void **state) {
  (void)state;
  struct world w;
  struct program p = {.len = 10};
  world_open(&w);
  world_router_open(&w);
  program_open(&p, &w, "sms", 500);
  world_until(&w, program_all_confirmed, &p);
  w.hold = true;
  link_router_replay(w.router, 7);
  while (w.held_count == 0)
    uv_run(&w.loop, UV_RUN_ONCE);
  assert_int_equal(p.confirmed, 0);
  link_close(&p.link);
  p.confirmed = 500; /* a program that starts again knows what its spool knows */
  w.hold = false;
  program_open(&p, &w, "sms", 500);
  while (p.replays < 2)
    uv_run(&w.loop, UV_RUN_ONCE);
  world_answer(&w, false);
  world_until(&w, program_all_confirmed, &p);
  assert_int_equal(p.replays, 2);
  link_close(&p.link);
  world_close(&w);
}

static void two_programs_do_not_disturb_each_other(void **state) {
  (void)state;
  struct world w;
  struct program p = {.len = 10}, q = {.len = 10};
  world_open(&w);
  w.hold = true;
  world_router_open(&w);
  program_open(&p, &w, "sms", 100);
  program_open(&q, &w, "email", 100);
  while (w.held_count < 200)
    uv_run(&w.loop, UV_RUN_ONCE);
  assert_int_equal(link_router_peers(w.router), 2);
  for (size_t i = 0; i < w.held_count; i++)
    if (slice_equal(link_peer_program(w.held[i].peer), SLICE("email")))
      link_router_done(w.held[i].peer, w.held[i].seq, LINK_ROUTED, SLICE(""));
  world_until(&w, program_all_confirmed, &q);
  assert_int_equal(p.confirmed, 0);
  link_close(&q.link);
  link_close(&p.link);
  world_close(&w);
}

static void tcp_with_any_port(void **state) {
  (void)state;
  struct world w;
  struct program p = {.len = 10};
  world_open(&w);
  strcpy(w.endpoint, "tcp://127.0.0.1:*");
  world_router_open(&w);
  strcpy(w.endpoint, link_router_endpoint(w.router));
  assert_null(strchr(w.endpoint, '*'));
  program_open(&p, &w, "sms", 100);
  world_until(&w, program_all_confirmed, &p);
  link_close(&p.link);
  world_close(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_event_once_and_in_order),
      cmocka_unit_test(events_under_way_stay_within_the_window),
      cmocka_unit_test(answers_in_any_order_confirm_in_order),
      cmocka_unit_test(what_was_not_plainly_routed_is_told),
      cmocka_unit_test(a_router_that_restarts_misses_nothing),
      cmocka_unit_test(a_router_that_comes_later_is_found),
      cmocka_unit_test(a_flapping_program_is_not_handed_on_twice),
      cmocka_unit_test(a_program_that_leaves_is_gone_when_its_events_are_done),
      cmocka_unit_test(another_spool_under_the_same_numbers_is_taken_anew),
      cmocka_unit_test(a_replay_sends_again_and_goes_on),
      cmocka_unit_test(a_replay_waits_for_programs_that_are_away),
      cmocka_unit_test(a_replay_that_is_cut_off_begins_again),
      cmocka_unit_test(two_programs_do_not_disturb_each_other),
      cmocka_unit_test(tcp_with_any_port),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
