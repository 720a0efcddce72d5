/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "spool/record.h"

static size_t make(uint8_t *at, uint64_t seq, const char *payload) {
  size_t len = strlen(payload);
  record_begin(at, 7, 111);
  memcpy(at + RECORD_HEADER, payload, len);
  record_seal(at, RECORD_HEADER + len, seq, 222);
  return RECORD_HEADER + len;
}

static void comes_back_as_it_went(void **state) {
  (void)state;
  static const char *const payloads[] = {"", "x", "a longer payload with a few words"};
  for (size_t i = 0; i < 3; i++) {
    uint8_t at[128];
    size_t len = make(at, 5, payloads[i]);
    struct spool_record r;
    record_decode(5, slice_of(at, len), &r);
    assert_int_equal(r.seq, 5);
    assert_int_equal(r.kind, 7);
    assert_int_equal(r.attempts, 0);
    assert_int_equal(r.taken_ms, 111);
    assert_int_equal(r.spooled_ms, 222);
    assert_true(slice_equal(r.payload, slice_text(payloads[i])));
    assert_int_equal(record_spooled_ms(slice_of(at, len)), 222);
  }
}

/* The stored bytes are a promise to the next version. */
static void golden_bytes(void **state) {
  (void)state;
  static const uint8_t expected[] = {0x7f, 0xd4, 0x4c, 0xf2, 1, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0x6f, 0, 0, 0, 0,
                                     0,    0,    0,    0xde, 0, 0, 0, 0, 0, 0, 0, 'h', 'i'};
  uint8_t at[64];
  size_t len = make(at, 5, "hi");
  assert_int_equal(len, sizeof(expected));
  assert_memory_equal(at, expected, len);
}

static void every_changed_bit_is_noticed(void **state) {
  (void)state;
  uint8_t at[64];
  size_t len = make(at, 9, "payload");
  for (size_t bit = 0; bit < len * 8; bit++) {
    struct spool_record r;
    at[bit / 8] ^= (uint8_t)(1 << bit % 8);
    record_decode(9, slice_of(at, len), &r);
    assert_int_equal(r.kind, SPOOL_DAMAGED);
    assert_int_equal(r.seq, 9);
    assert_int_equal(r.payload.len, len);
    assert_int_equal(record_set_attempts(at, len, 9, 1), -EBADMSG);
    at[bit / 8] ^= (uint8_t)(1 << bit % 8);
  }
}

static void wrong_place_and_length_are_noticed(void **state) {
  (void)state;
  uint8_t at[64];
  size_t len = make(at, 9, "payload");
  struct spool_record r;
  record_decode(10, slice_of(at, len), &r);
  assert_int_equal(r.kind, SPOOL_DAMAGED);
  for (size_t cut = 0; cut < len; cut++) {
    record_decode(9, slice_of(at, cut), &r);
    assert_int_equal(r.kind, SPOOL_DAMAGED);
  }
}

static void attempts_change_nothing_else(void **state) {
  (void)state;
  uint8_t at[64];
  size_t len = make(at, 9, "payload");
  struct spool_record r;
  assert_int_equal(record_set_attempts(at, len, 9, 2), 0);
  record_decode(9, slice_of(at, len), &r);
  assert_int_equal(r.kind, 7);
  assert_int_equal(r.attempts, 2);
  assert_int_equal(r.spooled_ms, 222);
  assert_true(slice_equal(r.payload, SLICE("payload")));
}

static void keys_sort_as_numbers(void **state) {
  (void)state;
  static const uint64_t rising[] = {0, 1, 255, 256, 65535, 1ull << 32, UINT64_MAX};
  for (size_t i = 0; i < 7; i++) {
    uint8_t a[RECORD_KEY], b[RECORD_KEY];
    record_key(rising[i], a);
    assert_int_equal(record_seq(a), rising[i]);
    if (i) {
      record_key(rising[i - 1], b);
      assert_true(memcmp(b, a, RECORD_KEY) < 0);
    }
  }
}

static void meta_is_checked(void **state) {
  (void)state;
  uint8_t at[RECORD_META];
  struct record_meta in = {.next = 10, .confirmed = 4}, out;
  record_meta_encode(&in, at);
  assert_int_equal(record_meta_decode(slice_of(at, sizeof(at)), &out), 0);
  assert_int_equal(out.next, 10);
  assert_int_equal(out.confirmed, 4);
  for (size_t bit = 0; bit < sizeof(at) * 8; bit++) {
    at[bit / 8] ^= (uint8_t)(1 << bit % 8);
    assert_int_equal(record_meta_decode(slice_of(at, sizeof(at)), &out), -EBADMSG);
    at[bit / 8] ^= (uint8_t)(1 << bit % 8);
  }
  assert_int_equal(record_meta_decode(slice_of(at, 23), &out), -EBADMSG);
  static const struct record_meta impossible[] = {{.next = 0}, {.next = 5, .confirmed = 5}, {.next = 1, .confirmed = 9}};
  for (size_t i = 0; i < 3; i++) {
    record_meta_encode(&impossible[i], at);
    assert_int_equal(record_meta_decode(slice_of(at, sizeof(at)), &out), -EBADMSG);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(comes_back_as_it_went),
      cmocka_unit_test(golden_bytes),
      cmocka_unit_test(every_changed_bit_is_noticed),
      cmocka_unit_test(wrong_place_and_length_are_noticed),
      cmocka_unit_test(attempts_change_nothing_else),
      cmocka_unit_test(keys_sort_as_numbers),
      cmocka_unit_test(meta_is_checked),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
