/* SPDX-License-Identifier: Apache-2.0 */
/* From taking to confirmed, in order, whatever the normaliser and the link do meanwhile. */
#include "channel_world.h"
#include "base/clock.h"
#include "metrics/metrics.h"
#include <stdio.h>
#include <stdlib.h>

static int64_t gauge(const char *name) {
  return metric_value(metric_gauge(name, "", NULL, NULL));
}

static void what_is_taken_arrives_once_and_in_order(void **state) {
  (void)state;
  struct world w;
  world_open(&w);
  world_router_open(&w);
  world_channel_open(&w, false);
  assert_true(channel_idle(w.channel));
  for (unsigned i = 1; i <= 5000; i++)
    world_take_event(&w, i);
  assert_false(channel_idle(w.channel));
  world_until(&w, world_idle);
  assert_int_equal(w.taken, 5000);
  assert_int_equal(w.arrived, 5000);
  world_expect_in_order(&w, 5000);
  for (size_t i = 0; i < w.arrived; i++) {
    assert_int_equal(atoi(w.arrivals[i].text), i + 1);
    assert_int_equal(w.arrivals[i].attempt, 0);
  }
  channel_measure(w.channel);
  assert_int_equal(gauge("deskbell_spool_waiting"), 0);
  assert_int_equal(gauge("deskbell_spool_size_bytes"), 16 * 1024 * 1024);
  assert_int_equal(gauge("deskbell_link_up"), 1);
  world_close(&w);
}

static void what_is_normalised_at_once_arrives_in_order(void **state) {
  (void)state;
  struct world w;
  world_open(&w);
  world_router_open(&w);
  world_channel_open(&w, true);
  for (unsigned i = 1; i <= 1000; i++)
    if (i % 3)
      world_take_raw(&w, i);
    else
      world_take_event(&w, i);
  world_until(&w, world_idle);
  assert_int_equal(w.arrived, 1000);
  world_expect_in_order(&w, 1000);
  world_close(&w);
}

static bool window_full(struct world *w) {
  return w->making_count == CHANNEL_WINDOW;
}

static void what_is_normalised_backwards_leaves_forwards(void **state) {
  (void)state;
  struct world w;
  world_open(&w);
  w.normalise_later = true;
  world_router_open(&w);
  world_channel_open(&w, true);
  for (unsigned i = 1; i <= 1000; i++)
    world_take_raw(&w, i);
  world_until(&w, window_full);
  world_settle(&w);
  assert_int_equal(w.making_count, CHANNEL_WINDOW);
  assert_int_equal(w.arrived, 0);
  while (!channel_idle(w.channel)) {
    world_normalise(&w, true);
    uv_run(&w.loop, UV_RUN_NOWAIT);
  }
  assert_int_equal(w.arrived, 1000);
  world_expect_in_order(&w, 1000);
  assert_int_equal(w.most_making, CHANNEL_WINDOW);
  channel_normalised(w.channel, 500, &(struct event_id){.bytes = {0}}, SLICE("nobody asked")); /* ignored */
  world_settle(&w);
  assert_int_equal(w.arrived, 1000);
  world_close(&w);
}

static void events_behind_one_being_made_wait_for_it(void **state) {
  (void)state;
  struct world w;
  world_open(&w);
  w.normalise_later = true;
  world_router_open(&w);
  world_channel_open(&w, true);
  world_take_event(&w, 1);
  world_take_raw(&w, 2);
  for (unsigned i = 3; i <= 600; i++)
    world_take_event(&w, i);
  while (w.arrived < 1 || w.making_count < 1)
    uv_run(&w.loop, UV_RUN_ONCE);
  world_settle(&w);
  assert_int_equal(w.arrived, 1);
  world_normalise(&w, false);
  world_until(&w, world_idle);
  world_expect_in_order(&w, 600);
  world_close(&w);
}

static void without_a_router_taking_goes_on(void **state) {
  (void)state;
  struct world w;
  world_open(&w);
  world_channel_open(&w, false);
  for (unsigned i = 1; i <= 500; i++)
    world_take_event(&w, i);
  while (w.taken < 500)
    uv_run(&w.loop, UV_RUN_ONCE);
  assert_false(channel_idle(w.channel));
  channel_measure(w.channel);
  assert_int_equal(gauge("deskbell_spool_waiting"), 500);
  assert_int_equal(gauge("deskbell_link_up"), 0);
  /* The program dies and comes back: all of it is there. */
  channel_close(&w.channel);
  world_channel_open(&w, false);
  world_router_open(&w);
  world_until(&w, world_idle);
  assert_int_equal(w.arrived, 500);
  world_expect_in_order(&w, 500);
  world_close(&w);
}

static bool some_arrived(struct world *w) {
  return w->arrived >= 300;
}

static void a_router_that_restarts_gets_what_was_not_confirmed(void **state) {
  (void)state;
  struct world w;
  world_open(&w);
  w.hold = true;
  w.window_events = 300;
  world_router_open(&w);
  world_channel_open(&w, false);
  for (unsigned i = 1; i <= 2000; i++)
    world_take_event(&w, i);
  world_until(&w, some_arrived);
  assert_int_equal(w.arrived, 300);
  link_router_close(&w.router); /* dies without having answered one */
  w.hold = false;
  world_router_open(&w);
  world_until(&w, world_idle);
  world_expect_in_order(&w, 2000);
  assert_int_equal(w.arrived, 2300);
  assert_int_equal(w.arrivals[300].seq, 1);
  assert_int_equal(w.arrivals[300].attempt, 1);
  assert_int_equal(w.arrivals[w.arrived - 1].attempt, 0);
  world_close(&w);
}

static void records_being_made_are_not_asked_for_twice(void **state) {
  (void)state;
  struct world w;
  world_open(&w);
  w.normalise_later = true;
  world_router_open(&w);
  world_channel_open(&w, true);
  for (unsigned i = 1; i <= 1000; i++)
    world_take_raw(&w, i);
  world_until(&w, window_full);
  for (int round = 0; round < 3; round++) {
    link_router_close(&w.router);
    world_settle(&w);
    if (round == 1) /* answers that come while the link is down are not lost: they are made again */
      world_normalise(&w, true);
    world_router_open(&w);
    world_until(&w, window_full);
  }
  while (!channel_idle(w.channel)) {
    world_normalise(&w, true);
    uv_run(&w.loop, UV_RUN_NOWAIT);
  }
  world_expect_in_order(&w, 1000);
  assert_int_equal(w.most_making, CHANNEL_WINDOW);
  world_close(&w);
}

static bool replay_over(struct world *w) {
  return w->arrived >= 1100 && channel_idle(w->channel);
}

static void a_replay_begins_where_redis_may_have_lost(void **state) {
  (void)state;
  struct world w;
  world_open(&w);
  world_router_open(&w);
  world_channel_open(&w, false);
  for (unsigned i = 1; i <= 500; i++)
    world_take_event(&w, i);
  world_until(&w, world_idle);
  link_router_replay(w.router, 1); /* since 1970: everything that is kept */
  for (unsigned i = 501; i <= 600; i++)
    world_take_event(&w, i);
  world_until(&w, replay_over);
  world_expect_in_order(&w, 600);
  uint8_t times[601] = {0};
  for (size_t i = 0; i < w.arrived; i++)
    times[w.arrivals[i].seq]++;
  for (unsigned i = 1; i <= 500; i++)
    assert_true(times[i] >= 2);
  world_close(&w);
}

static bool all_twice(struct world *w) {
  return w->arrived >= 200 && channel_idle(w->channel);
}

/* What waited out an outage was taken long ago, but Redis may have lost it just now. */
static void a_replay_brings_what_was_confirmed_lately_however_old(void **state) {
  (void)state;
  struct world w;
  world_open(&w);
  world_router_open(&w);
  world_channel_open(&w, false);
  for (unsigned i = 1; i <= 100; i++)
    world_take_event(&w, i); /* taken in 1970 */
  world_until(&w, world_idle);
  link_router_replay(w.router, clock_now_ms() - 10 * 1000);
  world_until(&w, all_twice);
  world_expect_in_order(&w, 100);
  world_close(&w);
}

static void a_replay_goes_on_after_a_lost_link(void **state) {
  (void)state;
  struct world w;
  world_open(&w);
  w.window_events = 100;
  world_router_open(&w);
  world_channel_open(&w, false);
  for (unsigned i = 1; i <= 500; i++)
    world_take_event(&w, i);
  world_until(&w, world_idle);
  w.hold = true;
  size_t before = w.arrived;
  link_router_replay(w.router, 1);
  while (w.arrived == before)
    uv_run(&w.loop, UV_RUN_ONCE);
  w.hold = false;
  link_router_close(&w.router); /* and the next one knows nothing of a replay */
  before = w.arrived;
  world_router_open(&w);
  while (w.arrived < before + 500)
    uv_run(&w.loop, UV_RUN_ONCE);
  assert_int_equal(w.arrivals[before].seq, 1);
  world_until(&w, world_idle);
  world_close(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_taken_arrives_once_and_in_order),
      cmocka_unit_test(what_is_normalised_at_once_arrives_in_order),
      cmocka_unit_test(what_is_normalised_backwards_leaves_forwards),
      cmocka_unit_test(events_behind_one_being_made_wait_for_it),
      cmocka_unit_test(without_a_router_taking_goes_on),
      cmocka_unit_test(a_router_that_restarts_gets_what_was_not_confirmed),
      cmocka_unit_test(records_being_made_are_not_asked_for_twice),
      cmocka_unit_test(a_replay_begins_where_redis_may_have_lost),
      cmocka_unit_test(a_replay_brings_what_was_confirmed_lately_however_old),
      cmocka_unit_test(a_replay_goes_on_after_a_lost_link),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
