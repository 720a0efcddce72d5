/* SPDX-License-Identifier: Apache-2.0 */
/* Names of folders, dates, commands, back-off: the small pure parts. */
#include "imap/backoff.h"
#include "imap/command.h"
#include "imap/mailbox_name.h"
#include "imap/words.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static const struct {
  const char *name, *wire;
} names[] = {
    {"INBOX", "INBOX"},
    {"Archive/2024", "Archive/2024"},
    {"R&D", "R&-D"},
    {"&", "&-"},
    {"&&", "&-&-"},
    {"Entw\xc3\xbcrfe", "Entw&APw-rfe"},
    {"\xd0\x92\xd1\x85\xd0\xbe\xd0\xb4\xd1\x8f\xd1\x89\xd0\xb8\xd0\xb5", "&BBIERQQ+BDQETwRJBDgENQ-"},
    {"~peter/mail/\xe5\x8f\xb0\xe5\x8c\x97/\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"},
    {"\xf0\x9f\x98\x80", "&2D3eAA-"},
    {"\xe2\x82\xac&\xe2\x82\xac", "&IKw-&-&IKw-"},
    {"tab\there", "tab&AAk-here"},
    {"a \"quoted\" \\ one", "a \"quoted\" \\ one"},
};

static void test_folder_names(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
    auto_clean(buf_free) struct buf wire = BUF_INIT(1000), name = BUF_INIT(1000);
    assert_int_equal(mailbox_name_encode(slice_text(names[i].name), &wire), 0);
    assert_string_equal(wire.at, names[i].wire);
    assert_int_equal(mailbox_name_decode(slice_text(names[i].wire), &name), 0);
    assert_string_equal(name.at, names[i].name);
  }
}

/* Every character comes back. */
static void test_every_character(void **state) {
  (void)state;
  for (uint32_t c = 1; c < 0x110000; c += c < 0x3000 ? 1 : 97) {
    if (c >= 0xd800 && c < 0xe000)
      continue;
    char text[8] = "";
    auto_clean(buf_free) struct buf wire = BUF_INIT(100), name = BUF_INIT(100);
    if (c < 0x80)
      text[0] = (char)c;
    else if (c < 0x800)
      snprintf(text, sizeof(text), "%c%c", (char)(0xc0 | c >> 6), (char)(0x80 | (c & 63)));
    else if (c < 0x10000)
      snprintf(text, sizeof(text), "%c%c%c", (char)(0xe0 | c >> 12), (char)(0x80 | (c >> 6 & 63)),
      (char)(0x80 | (c & 63)));
    else
      snprintf(text, sizeof(text), "%c%c%c%c", (char)(0xf0 | c >> 18), (char)(0x80 | (c >> 12 & 63)),
               (char)(0x80 | (c >> 6 & 63)), (char)(0x80 | (c & 63)));
    assert_int_equal(mailbox_name_encode(slice_text(text), &wire), 0);
    for (size_t i = 0; i < wire.len; i++)
      assert_in_range(wire.at[i], ' ', '~');
    assert_int_equal(mailbox_name_decode(buf_slice(&wire), &name), 0);
    assert_string_equal(name.at, text);
  }
}

static void test_names_that_are_none(void **state) {
  (void)state;
  static const char *const wires[] = {"&", "&AP", "&A-", "&AAAA-", "&2D0-", "&3gA-", "&2D3YPQ-", "&AP!-",
  "a\xc3\xbc", "\x01",
                                      "&APz-", "&APwA-"};
  for (size_t i = 0; i < sizeof(wires) / sizeof(wires[0]); i++) {
    auto_clean(buf_free) struct buf name = BUF_INIT(100);
    if (mailbox_name_decode(slice_text(wires[i]), &name) != -EINVAL)
      fail_msg("%s: %s", wires[i], name.at);
  }
  auto_clean(buf_free) struct buf wire = BUF_INIT(100);
  assert_int_equal(mailbox_name_encode(slice_text("a\xff"), &wire), -EINVAL);
  assert_int_equal(mailbox_name_encode(slice_of("a\0b", 3), &wire), -EINVAL);
  struct buf small = BUF_INIT(3);
  assert_int_equal(mailbox_name_encode(SLICE("INBOX"), &small), BUF_FULL);
  buf_free(&small);
}

static void test_folders_in_commands(void **state) {
  (void)state;
  auto_clean(buf_free) struct buf out = BUF_INIT(5000);
  assert_int_equal(imap_folder_write(SLICE("a\"b\\c\r\nD9 LOGOUT"), &out), 0);
  assert_string_equal(out.at, "\"a\\\"b\\\\c&AA0ACg-D9 LOGOUT\"");
  assert_int_equal(imap_folder_write(SLICE(""), &out), -EINVAL);
  char longest[IMAP_FOLDER_MAX + 2];
  memset(longest, 'x', sizeof(longest));
  assert_int_equal(imap_folder_write(slice_of(longest, IMAP_FOLDER_MAX + 1), &out), -EINVAL);
  assert_int_equal(imap_folder_write(slice_of(longest, IMAP_FOLDER_MAX), &out), 0);
  buf_clear(&out);
  imap_quoted_write(SLICE("1.0\"\r\n\xff"), &out);
  assert_string_equal(out.at, "\"1.0\\\"???\"");
}

static void test_flags(void **state) {
  (void)state;
  static const char *const good[] = {"\\Seen", "$Deskbell", "Deskbell.taken", "a-b_c", "$"};
  static const char *const bad[] = {
      "", "\\", "a b", "a)", "(a", "a\r\nb", "a\"", "\\\\a", "a{3}", "a%", "a*", "]", "\xc3\xbc", "\\*",
  };
  for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
    assert_true(imap_flag_valid(slice_text(good[i])));
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
    if (imap_flag_valid(slice_text(bad[i])))
      fail_msg("%s", bad[i]);
  assert_false(imap_flag_valid(slice_of("a\0b", 3)));
}

static void test_searches(void **state) {
  (void)state;
  static const struct {
    struct imap_search search;
    bool esearch;
    const char *text;
  } cases[] = {
      {{0}, false, "UID SEARCH ALL"},
      {{0}, true, "UID SEARCH RETURN (ALL) ALL"},
      {{.first = 1}, false, "UID SEARCH ALL"},
      {{.first = 7}, false, "UID SEARCH UID 7:*"},
      {{.first = 7, .last = 9}, true, "UID SEARCH RETURN (ALL) UID 7:9"},
      {{.last = 9}, false, "UID SEARCH UID 1:9"},
      {{.since_ms = 1706745600000}, false, "UID SEARCH SINCE 31-Jan-2024"},
      {{.since_ms = 1706745599999}, false, "UID SEARCH SINCE 30-Jan-2024"},
      {{.first = 2, .since_ms = 1706745600000}, false, "UID SEARCH UID 2:* SINCE 31-Jan-2024"},
      {{.since_ms = 1}, false, "UID SEARCH SINCE 1-Jan-1970"},
      {{.since_ms = INT64_MAX}, false, "UID SEARCH SINCE 31-Dec-9999"},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    auto_clean(buf_free) struct buf out = BUF_INIT(200);
    imap_search_write(&cases[i].search, cases[i].esearch, &out);
    assert_string_equal(out.at, cases[i].text);
  }
}

static void test_dates(void **state) {
  (void)state;
  static const struct {
    const char *text;
    int64_t seconds; /* INT64_MIN: none */
  } cases[] = {
      {"17-Jul-1996 02:44:25 -0700", 837596665},  {" 1-Feb-2024 00:00:00 +0000", 1706745600},
      {"1-feb-2024 00:00:00 +0000", 1706745600},  {"01-Feb-2024 01:30:00 +0130", 1706745600},
      {"01-Feb-2024 00:00:00", 1706745600},       {"29-Feb-2024 12:00:00 +0000", 1709208000},
      {"31-Dec-2037 23:59:60 +0000", 2145916800}, {"01-Jan-1970 00:00:00 +0000", 0},
      {"", INT64_MIN},                            {"01-Foo-2024 00:00:00 +0000", INT64_MIN},
      {"32-Jan-2024 00:00:00 +0000", INT64_MIN},  {"01-Jan-1900 00:00:00 +0000", INT64_MIN},
      {"01-Jan-2024 24:00:00 +0000", INT64_MIN},  {"01-Jan-2024", INT64_MIN},
      {"Mon, 1 Jan 2024 00:00:00 +0000", INT64_MIN},
      {"                                                  1-Feb-2024 00:00:00 +0000", INT64_MIN},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    const int64_t got = imap_date_of(slice_text(cases[i].text));
    if (got != (cases[i].seconds == INT64_MIN ? INT64_MIN : cases[i].seconds * 1000))
      fail_msg("%s: %lld", cases[i].text, (long long)got);
  }
}

static void test_backoff(void **state) {
  (void)state;
  struct backoff b = {0};
  static const int64_t steps[] = {1000, 2000, 4000, 8000, 16000, 32000, 64000, 128000, 256000, 300000, 300000};
  for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
    struct backoff same = b;
    assert_int_equal(backoff_next(&same, false, 0, 0), steps[i] / 2);
    assert_in_range(backoff_next(&b, false, 0, 4000000000u), steps[i] / 2, steps[i]);
  }
  assert_int_equal(backoff_next(&b, false, 59999, 0), 150000); /* up, but not for long: it goes on */
  assert_int_equal(backoff_next(&b, false, 60000, 0), 500);    /* healthy: from the start */
  assert_int_equal(backoff_next(&b, true, 0, 0), 30000);       /* refused: slower, and slower */
  assert_int_equal(backoff_next(&b, true, 0, 0), 60000);
  for (int i = 0; i < 10; i++)
    backoff_next(&b, true, 0, 0);
  assert_int_equal(backoff_next(&b, true, 0, 0), 900000);
  assert_int_equal(backoff_next(&b, false, 0, 0), 500);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_folder_names),
      cmocka_unit_test(test_every_character),
      cmocka_unit_test(test_names_that_are_none),
      cmocka_unit_test(test_folders_in_commands),
      cmocka_unit_test(test_flags),
      cmocka_unit_test(test_searches),
      cmocka_unit_test(test_dates),
      cmocka_unit_test(test_backoff),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
