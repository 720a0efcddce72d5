/* SPDX-License-Identifier: Apache-2.0 */
/* Records outlive the program that wrote them: the golden bytes are those of every version ever written. */
#include "base/encode.h"
#include "mail_record.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

static const char golden_1[] =
    "01"                                                               /* version */
    "1500"                                                             /* null path, 8 bit, by unix */
    "7b00000000010000"                                                 /* received_ms */
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f" /* sha256 */
    "0028000000000000"                                                 /* size */
    "0400" "6d61696c"                                                  /* mail */
    "0000"                                                             /* <> */
    "0b00" "612b746f6b40782e6f7267"                                    /* a+tok@x.org */
    "0300" "746f6b";                                                   /* tok */

static const char golden_2[] =
    "02" "0100" "7b00000000010000" "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
    "0028000000000000" "0400" "6d61696c" "0000" "0b00" "612b746f6b40782e6f7267" "0300" "746f6b"
    "d2029649"                         /* uid_validity */
    "2a000000"                         /* uid */
    "0000000001000000"                 /* left_behind */
    "101112131415161718191a1b1c1d1e1f" /* event id */
    "0700" "737570706f7274"            /* support */
    "0500" "494e424f58";               /* INBOX */

static struct mail_record sample(void) {
  struct mail_record r = {
      .received_ms = 0x01000000007b, .original.size = 10240, .channel = SLICE("mail"), .mail_from = SLICE(""),
      .recipient = SLICE("a+tok@x.org"), .token = SLICE("tok"), .null_path = true, .eight_bit = true, .by_unix = true,
  };
  for (size_t i = 0; i < SHA256_BYTES; i++)
    r.original.sha256[i] = (uint8_t)i;
  return r;
}

static struct mail_record placed(void) {
  struct mail_record r = sample();
  r.eight_bit = r.by_unix = false;
  r.place = (struct mail_place){SLICE("support"), SLICE("INBOX"), 1234567890, 42};
  r.left_behind = 1ull << 32;
  for (size_t i = 0; i < EVENT_ID_BYTES; i++)
    r.id.bytes[i] = (uint8_t)(16 + i);
  return r;
}

static void assert_same(const struct mail_record *a, const struct mail_record *b) {
  assert_memory_equal(a->original.sha256, b->original.sha256, SHA256_BYTES);
  assert_true(a->original.size == b->original.size && a->received_ms == b->received_ms);
  assert_true(slice_equal(a->channel, b->channel) && slice_equal(a->mail_from, b->mail_from));
  assert_true(slice_equal(a->recipient, b->recipient) && slice_equal(a->token, b->token));
  assert_true(a->null_path == b->null_path && a->smtputf8 == b->smtputf8 && a->eight_bit == b->eight_bit);
  assert_true(a->bare_line_end == b->bare_line_end && a->by_unix == b->by_unix);
  assert_true(slice_equal(a->place.mailbox, b->place.mailbox) && slice_equal(a->place.folder, b->place.folder));
  assert_true(a->place.uid == b->place.uid && a->place.uid_validity == b->place.uid_validity);
  assert_true(a->left_behind == b->left_behind);
  assert_memory_equal(a->id.bytes, b->id.bytes, EVENT_ID_BYTES);
}

static void check_golden(const struct mail_record *r, const char *golden) {
  struct mail_record back;
  auto_clean(buf_free) struct buf packed = BUF_INIT(MAIL_RECORD_MAX);
  char hex[1024], bytes[512];
  size_t len;
  assert_int_equal(mail_record_pack(r, &packed), 0);
  hex_encode(packed.at, packed.len, hex);
  assert_string_equal(hex, golden);
  assert_int_equal(hex_decode(slice_text(golden), bytes, sizeof(bytes), &len), 0);
  assert_int_equal(mail_record_unpack(slice_of(bytes, len), &back), 0);
  assert_same(r, &back);
}

static void test_golden(void **state) {
  (void)state;
  const struct mail_record by_lmtp = sample(), from_mailbox = placed();
  check_golden(&by_lmtp, golden_1);
  check_golden(&from_mailbox, golden_2);
}

static void test_every_flag(void **state) {
  (void)state;
  for (unsigned bits = 0; bits < 32; bits++) {
    struct mail_record r = sample(), back;
    auto_clean(buf_free) struct buf packed = BUF_INIT(MAIL_RECORD_MAX);
    r.null_path = bits & 1;
    r.smtputf8 = bits & 2;
    r.eight_bit = bits & 4;
    r.bare_line_end = bits & 8;
    r.by_unix = bits & 16;
    assert_int_equal(mail_record_pack(&r, &packed), 0);
    assert_int_equal(mail_record_unpack(buf_slice(&packed), &back), 0);
    assert_same(&r, &back);
  }
}

static void check_cut(const struct mail_record *r) {
  struct mail_record back;
  auto_clean(buf_free) struct buf packed = BUF_INIT(MAIL_RECORD_MAX);
  assert_int_equal(mail_record_pack(r, &packed), 0);
  for (size_t len = 0; len < packed.len; len++) {
    char *piece = malloc(len + 1);
    memcpy(piece, packed.at, len);
    assert_int_equal(mail_record_unpack(slice_of(piece, len), &back), MAIL_RECORD_UNREADABLE);
    free(piece);
  }
  buf_add_char(&packed, 'x');
  assert_int_equal(mail_record_unpack(buf_slice(&packed), &back), MAIL_RECORD_UNREADABLE);
}

static void test_cut_short_or_long_is_refused(void **state) {
  (void)state;
  const struct mail_record by_lmtp = sample(), from_mailbox = placed();
  check_cut(&by_lmtp);
  check_cut(&from_mailbox);
}

static void check_versions(const struct mail_record *r, int own) {
  struct mail_record back;
  auto_clean(buf_free) struct buf packed = BUF_INIT(MAIL_RECORD_MAX);
  assert_int_equal(mail_record_pack(r, &packed), 0);
  for (int version = 0; version < 256; version++) {
    packed.at[0] = (char)version;
    assert_int_equal(mail_record_unpack(buf_slice(&packed), &back), version == own ? 0 : MAIL_RECORD_UNREADABLE);
  }
}

static void test_other_versions_are_refused(void **state) {
  (void)state;
  const struct mail_record by_lmtp = sample(), from_mailbox = placed();
  check_versions(&by_lmtp, 1);
  check_versions(&from_mailbox, 2);
}

/* A mailbox's mail has a UID. */
static void test_place_without_uid_is_refused(void **state) {
  (void)state;
  struct mail_record back;
  char bytes[512];
  size_t len;
  assert_int_equal(hex_decode(slice_text(golden_2), bytes, sizeof(bytes), &len), 0);
  char *uid = memmem(bytes, len, "\x2a\0\0\0", 4);
  assert_non_null(uid);
  *uid = 0;
  assert_int_equal(mail_record_unpack(slice_of(bytes, len), &back), MAIL_RECORD_UNREADABLE);
}

static void test_too_large_is_said(void **state) {
  (void)state;
  struct mail_record r = sample();
  auto_clean(buf_free) struct buf packed = BUF_INIT(60);
  assert_int_equal(mail_record_pack(&r, &packed), BUF_FULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_golden),
      cmocka_unit_test(test_every_flag),
      cmocka_unit_test(test_cut_short_or_long_is_refused),
      cmocka_unit_test(test_other_versions_are_refused),
      cmocka_unit_test(test_place_without_uid_is_refused),
      cmocka_unit_test(test_too_large_is_said),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
