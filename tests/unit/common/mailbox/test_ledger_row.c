/* SPDX-License-Identifier: Apache-2.0 */
/* Rows outlive the program that wrote them: the golden bytes are those of every version ever written. */
#include "base/encode.h"
#include "mailbox/ledger_row.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#define NAME SLICE("support\0INBOX")

static const char golden_mail[] = "01" "02" "01" "03" "07000000" "00280000" "7b00000000010000"
                                  "000102030405060708090a0b0c0d0e0f" "58f2c338";
static const char golden_folder[] = "01" "000000" "05000000" "d2029649" "2a000000" "02000000" "d5a91509";
static const char golden_event[] = "01" "000000" "05000000" "d2029649" "09000000" "6c104a19";
static const char golden_status[] =
    "01" "02" "64000000" "5a000000" "01000000" "02000000" "03000000" "04000000" "06000000" "0100000000000000"
    "0200000000000000" "0300000000000000" "0400000000000000" "05000000" "0400" "676f6e65" "e5e35907";

static void assert_hex(const void *bytes, size_t len, const char *want) {
  char hex[2048];
  hex_encode(bytes, len, hex);
  assert_string_equal(hex, want);
}

static struct ledger_mail sample(void) {
  struct ledger_mail m = {.folder = 5, .uid_validity = 1234567890, .uid = 9, .epoch = 7, .outcome = MAIL_STORED,
                          .marked = true, .tries = 3, .size = 10240, .internal_date_ms = 0x01000000007b};
  for (size_t i = 0; i < EVENT_ID_BYTES; i++)
    m.id.bytes[i] = (uint8_t)i;
  return m;
}

static void test_mail(void **state) {
  (void)state;
  struct ledger_mail m = sample(), back;
  uint8_t key[LEDGER_MAIL_KEY], value[LEDGER_MAIL_BYTES];
  ledger_mail_key(m.folder, m.uid_validity, m.uid, key);
  assert_hex(key, sizeof(key), "00000005" "499602d2" "00000009");
  ledger_mail_put(&m, value);
  assert_hex(value, sizeof(value), golden_mail);
  assert_int_equal(ledger_mail_get(slice_of(key, sizeof(key)), slice_of(value, sizeof(value)), &back), 0);
  assert_int_equal(back.folder, m.folder);
  assert_int_equal(back.uid_validity, m.uid_validity);
  assert_int_equal(back.uid, m.uid);
  assert_int_equal(back.epoch, m.epoch);
  assert_int_equal(back.outcome, m.outcome);
  assert_true(back.marked);
  assert_int_equal(back.tries, 3);
  assert_int_equal(back.size, m.size);
  assert_int_equal(back.internal_date_ms, m.internal_date_ms);
  assert_memory_equal(back.id.bytes, m.id.bytes, EVENT_ID_BYTES);
}

static void test_folder_event_status(void **state) {
  (void)state;
  const struct ledger_folder f = {.id = 5, .uid_validity = 1234567890, .first_uid = 42, .epoch = 2};
  struct ledger_folder f2;
  uint8_t folder[LEDGER_FOLDER_BYTES], event[LEDGER_EVENT_BYTES], status[LEDGER_STATUS_BYTES];
  ledger_folder_put(NAME, &f, folder);
  assert_hex(folder, sizeof(folder), golden_folder);
  assert_int_equal(ledger_folder_get(NAME, slice_of(folder, sizeof(folder)), &f2), 0);
  assert_true(f2.id == 5 && f2.uid_validity == 1234567890 && f2.first_uid == 42 && f2.epoch == 2);

  const struct event_id id = sample().id;
  const struct ledger_place p = {5, 1234567890, 9};
  struct ledger_place p2;
  ledger_event_put(&id, &p, event);
  assert_hex(event, sizeof(event), golden_event);
  assert_int_equal(ledger_event_get(&id, slice_of(event, sizeof(event)), &p2), 0);
  assert_true(p2.folder == 5 && p2.uid_validity == 1234567890 && p2.uid == 9);

  const struct ledger_status s = {.state = FOLDER_DOWN, .counts = {100, 90, 1, 2, 3, 4, 6}, .as_of_ms = 1,
                                  .counted_ms = 2, .state_since_ms = 3, .gap_since_ms = 4, .gap_uid = 5,
                                  .why = "gone"};
  struct ledger_status s2;
  size_t len = ledger_status_put(NAME, &s, status);
  assert_hex(status, len, golden_status);
  assert_int_equal(ledger_status_get(NAME, slice_of(status, len), &s2), 0);
  assert_int_equal(s2.state, FOLDER_DOWN);
  assert_memory_equal(&s2.counts, &s.counts, sizeof(s.counts));
  assert_true(s2.as_of_ms == 1 && s2.counted_ms == 2 && s2.state_since_ms == 3 && s2.gap_since_ms == 4 && s2.gap_uid == 5);
  assert_string_equal(s2.why, "gone");
}

/* Every single byte that is wrong, and every length, is noticed; so is a row under another key. */
static void test_damage(void **state) {
  (void)state;
  struct ledger_mail m = sample(), back;
  struct ledger_status s = {.state = FOLDER_UP, .why = "x"}, s2;
  uint8_t key[LEDGER_MAIL_KEY], value[LEDGER_MAIL_BYTES], status[LEDGER_STATUS_BYTES];
  memset(s.why, 'w', FOLDER_WHY_MAX);
  s.why[FOLDER_WHY_MAX] = '\0';
  ledger_mail_key(m.folder, m.uid_validity, m.uid, key);
  ledger_mail_put(&m, value);
  const struct slice k = slice_of(key, sizeof(key));
  for (size_t i = 0; i < sizeof(value); i++) {
    value[i] ^= 0x10;
    assert_int_equal(ledger_mail_get(k, slice_of(value, sizeof(value)), &back), -EBADMSG);
    value[i] ^= 0x10;
    assert_int_equal(ledger_mail_get(k, slice_of(value, i), &back), -EBADMSG);
  }
  for (size_t i = 0; i < sizeof(key); i++) {
    key[i] ^= 1;
    assert_int_equal(ledger_mail_get(k, slice_of(value, sizeof(value)), &back), -EBADMSG);
    key[i] ^= 1;
  }
  size_t len = ledger_status_put(NAME, &s, status);
  assert_int_equal(len, LEDGER_STATUS_BYTES);
  assert_int_equal(ledger_status_get(NAME, slice_of(status, len), &s2), 0);
  for (size_t i = 0; i < len; i++)
    assert_int_equal(ledger_status_get(NAME, slice_of(status, i), &s2), -EBADMSG);
  assert_int_equal(ledger_status_get(SLICE("support\0Inbox"), slice_of(status, len), &s2), -EBADMSG);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_mail),
      cmocka_unit_test(test_folder_event_status),
      cmocka_unit_test(test_damage),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
