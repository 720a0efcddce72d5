/* SPDX-License-Identifier: Apache-2.0 */
/* The pure parts of the delivery store: moves, schedules, rows, destinations. */
#include "base/encode.h"
#include "outbound/destination.h"
#include "outbound/row.h"
#include "outbound/schedule.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define MINUTE 60000LL
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

static void test_moves(void **state) {
  (void)state;
  for (int s = 0; s < DELIVERY_STATES; s++) {
    enum delivery_state found;
    assert_true(delivery_parse(slice_text(delivery_text((enum delivery_state)s)), &found));
    assert_int_equal(found, s);
    assert_true(strlen(delivery_words((enum delivery_state)s)) > 10);
    assert_false(delivery_may((enum delivery_state)s, (enum delivery_state)s));
    if (delivery_final((enum delivery_state)s) && s != DELIVERY_failed)
      for (int to = 0; to < DELIVERY_STATES; to++)
        assert_false(delivery_may((enum delivery_state)s, (enum delivery_state)to));
  }
  enum delivery_state none;
  assert_false(delivery_parse(SLICE("sent"), &none));
  assert_false(delivery_may(DELIVERY_delivered, DELIVERY_accepted)); /* never backwards */
  assert_false(delivery_may(DELIVERY_read, DELIVERY_failed));
  assert_false(delivery_may(DELIVERY_suppressed, DELIVERY_queued));
  assert_true(delivery_may(DELIVERY_accepted, DELIVERY_failed)); /* a bounce */
}

static void test_schedules(void **state) {
  (void)state;
  static const struct {
    const char *kind;
    uint32_t attempt;
    int64_t age, left, asked;
    int outcome;
    int64_t pause;
  } cases[] = {
      {"email", 1, 0, 0, 0, 0, 5 * MINUTE},
      {"email", 2, 5 * MINUTE, 0, 0, 0, 10 * MINUTE},
      {"email", 6, 2 * HOUR, 0, 0, 0, HOUR},
      {"email", 60, 4 * DAY, 0, 0, 0, HOUR},
      {"email", 60, 5 * DAY - 30 * MINUTE, 0, 0, SCHEDULE_OVER, 0},
      {"email", 1, 0, 4 * MINUTE, 0, SCHEDULE_OVER, 0},
      {"email", 1, 0, 6 * MINUTE, 0, 0, 5 * MINUTE},
      {"email", 0, 0, 0, 0, 0, 5 * MINUTE},
      {"email", 1, 0, 0, 2 * HOUR, 0, 2 * HOUR},
      {"email", 1, 0, 0, 100 * HOUR, 0, SCHEDULE_ASKED_MAX_MS},
      {"email", 1, 0, 0, 1000, 0, 5 * MINUTE},
      {"sms", 1, 0, 0, 0, 0, MINUTE},
      {"sms", 3, 0, 0, 0, 0, 5 * MINUTE},
      {"sms", 9, HOUR, 0, 0, 0, 30 * MINUTE},
      {"sms", 50, DAY - MINUTE, 0, 0, SCHEDULE_OVER, 0},
      {"webhook", 1, 0, 0, 0, 0, MINUTE},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    int64_t pause = 0;
    int r = schedule_next(cases[i].kind, cases[i].attempt, cases[i].age, cases[i].left, cases[i].asked, 0, &pause);
    if (r != cases[i].outcome || pause != cases[i].pause)
      fail_msg("case %zu: %d, %lld", i, r, (long long)pause);
  }
  int64_t spread;
  assert_int_equal(schedule_next("email", 1, 0, 0, 0, 999, &spread), 0);
  assert_in_range(spread, 5 * MINUTE + 1, 5 * MINUTE + MINUTE / 2);
  assert_int_equal(schedule_life_ms("email"), 5 * DAY);
  assert_int_equal(schedule_life_ms("sms"), DAY);
  assert_int_equal(schedule_down_ms(1), 5000);
  assert_int_equal(schedule_down_ms(3), 20000);
  assert_int_equal(schedule_down_ms(1000), 5 * MINUTE);
}

static void test_rows(void **state) {
  (void)state;
  char bytes[ROW_MAX], long_text[2000];
  memset(long_text, 'x', sizeof(long_text));
  const struct row row = {.state = DELIVERY_deferred, .told = DELIVERY_STATES, .told_attempt = 2, .attempt = 3,
                          .committing = true, .kept_back = true, .created_ms = 1, .changed_ms = 2, .next_try_ms = 3,
                          .expires_ms = -4, .why = slice_of(long_text, sizeof(long_text)), .code = SLICE("451 4.7.1"),
                          .destination = SLICE("mx"), .provider_id = SLICE("p"), .channel = SLICE("mail"),
                          .to_key = SLICE("email:a@b"), .part = 2, .parts = 3, .part_began = 5};
  size_t len = row_pack(&row, bytes);
  struct row back;
  assert_int_equal(row_unpack(slice_of(bytes, len), &back), 0);
  assert_int_equal(back.state, DELIVERY_deferred);
  assert_int_equal(back.told, DELIVERY_STATES);
  assert_int_equal(back.expires_ms, -4);
  assert_true(back.committing && back.kept_back);
  assert_int_equal(back.why.len, ROW_TEXT_MAX);
  assert_true(slice_equal(back.to_key, SLICE("email:a@b")));
  assert_true(back.part == 2 && back.parts == 3 && back.part_began == 5);
  for (size_t i = 0; i < len; i++) {
    assert_int_equal(row_unpack(slice_of(bytes, i), &back), ROW_DAMAGED);
    bytes[i] ^= 0x20;
    assert_int_equal(row_unpack(slice_of(bytes, len), &back), ROW_DAMAGED);
    bytes[i] ^= 0x20;
  }
}

/* What a store of the first version holds has no parts, and is read. */
static void test_rows_of_version_1(void **state) {
  (void)state;
  enum { CRC = 4, FIXED = 48, PARTS = 12 };
  char bytes[ROW_MAX];
  const struct row row = {.state = DELIVERY_accepted, .told = DELIVERY_accepted, .attempt = 3, .why = SLICE("250"),
                          .provider_id = SLICE("p"), .part = 9, .parts = 9};
  size_t len = row_pack(&row, bytes) - PARTS;
  memmove(bytes + FIXED, bytes + FIXED + PARTS, len - FIXED);
  bytes[CRC] = 1;
  uint32_t crc = crc32c(0, bytes + CRC, len - CRC);
  memcpy(bytes, &crc, CRC);
  struct row back;
  assert_int_equal(row_unpack(slice_of(bytes, len), &back), 0);
  assert_true(back.state == DELIVERY_accepted && back.attempt == 3 && back.part == 0 && back.parts == 0);
  assert_true(slice_equal(back.why, SLICE("250")) && slice_equal(back.provider_id, SLICE("p")));
}

static void test_destinations_in_order_of_time_and_in_turn(void **state) {
  (void)state;
  struct destinations all = {0};
  struct waiting w[200] = {0};
  struct destination *a = destination_find(&all, "a"), *b = destination_find(&all, "b");
  assert_ptr_equal(destination_find(&all, "a"), a);
  for (int i = 0; i < 200; i++)
    destination_wait(&all, i % 2 ? a : b, &w[i], (i * 37) % 100);
  for (int i = 0; i < 200; i += 5)
    destination_leave(&w[i]);
  for (int i = 0; i < 200; i += 10)
    destination_wait(&all, a, &w[i], 500 - i);
  int64_t last_a = 0, last_b = 0, soonest = INT64_MAX;
  size_t taken = 0;
  for (struct waiting *next; (next = destination_take(&all, 1000, UINT32_MAX, &soonest)); taken++) {
    int64_t *last = next->at == a ? &last_a : &last_b;
    assert_true(next->due_ms >= *last);
    *last = next->due_ms;
  }
  assert_int_equal(taken, 180);
  destinations_free(&all);
}

static void test_a_destination_that_is_down(void **state) {
  (void)state;
  struct destinations all = {0};
  struct waiting w[6] = {0};
  struct destination *d = destination_find(&all, "d");
  int64_t soonest = INT64_MAX;
  for (int i = 0; i < 6; i++)
    destination_wait(&all, d, &w[i], 0);
  assert_ptr_equal(destination_take(&all, 10, 2, &soonest), &w[0]);
  assert_ptr_equal(destination_take(&all, 10, 2, &soonest), &w[1]);
  assert_null(destination_take(&all, 10, 2, &soonest));
  assert_true(soonest == INT64_MAX);
  destination_answered(d, true, 10);
  destination_answered(d, true, 10); /* together: one failure */
  assert_int_equal(d->failures, 1);
  assert_null(destination_take(&all, 11, 2, &soonest));
  assert_int_equal(soonest, 10 + 5000);
  assert_int_equal(destinations_down(&all, 11), 1);
  assert_ptr_equal(destination_take(&all, 6000, 2, &soonest), &w[2]);
  assert_null(destination_take(&all, 6000, 2, &soonest)); /* one finds out */
  destination_answered(d, false, 6001);
  assert_int_equal(destinations_down(&all, 6001), 0);
  assert_ptr_equal(destination_take(&all, 6001, 2, &soonest), &w[3]);
  assert_ptr_equal(destination_take(&all, 6001, 2, &soonest), &w[4]);
  destinations_free(&all);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_moves),
      cmocka_unit_test(test_schedules),
      cmocka_unit_test(test_rows),
      cmocka_unit_test(test_rows_of_version_1),
      cmocka_unit_test(test_destinations_in_order_of_time_and_in_turn),
      cmocka_unit_test(test_a_destination_that_is_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
