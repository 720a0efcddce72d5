/* SPDX-License-Identifier: Apache-2.0 */
/* MI-25: dates as RFC 5322 wants them and as they come. */
#include "pieces.h"
#include "base/clock.h"
#include "mime/date.h"

static void test_dates(void **state) {
  (void)state;
  static const struct {
    const char *written, *read; /* NULL: no date */
  } cases[] = {
      {"Tue, 24 Nov 2026 10:30:00 +0100", "2026-11-24T09:30:00.000Z"},
      {"24 Nov 2026 10:30:00 +0100", "2026-11-24T09:30:00.000Z"},
      {"Tue, 24 Nov 2026 10:30 +0100", "2026-11-24T09:30:00.000Z"},
      {"Tue,24 Nov 2026 10:30:00 +0100", "2026-11-24T09:30:00.000Z"},
      {"Tue 24 Nov 2026 10:30:00 +0100", "2026-11-24T09:30:00.000Z"},
      {"tue, 24 nov 2026 10:30:00 +0100", "2026-11-24T09:30:00.000Z"},
      {"Tuesday, 24 November 2026 10:30:00 +0100", "2026-11-24T09:30:00.000Z"},
      {"Wed, 24 Nov 2026 10:30:00 +0100", "2026-11-24T09:30:00.000Z"}, /* the day of the week is wrong: who cares */
      {"Tue, 24 Nov 2026 10:30:00 +0100 (CET)", "2026-11-24T09:30:00.000Z"},
      {"Tue, 24 Nov 2026 10:30:00 (yes) +0100", "2026-11-24T09:30:00.000Z"},
      {"(x) Tue, (y)24(z) Nov 2026 10:30:00 +0100", "2026-11-24T09:30:00.000Z"},
      {"Tue, 24 Nov 2026 10:30:00+0100", "2026-11-24T09:30:00.000Z"},
      {"Tue, 24 Nov 2026 10:30:00 +01:00", "2026-11-24T09:30:00.000Z"},
      {"Tue, 24 Nov 2026 10:30:00 +1", "2026-11-24T09:30:00.000Z"},
      {"Tue, 24 Nov 2026 10:30:00 GMT+0100", "2026-11-24T09:30:00.000Z"},
      {"Tue, 24 Nov 2026 10:30:00 \"+0100\"", "2026-11-24T09:30:00.000Z"},
      {"Tue, 24 Nov 2026 10:30:00 -0800", "2026-11-24T18:30:00.000Z"},
      {"Tue, 24 Nov 2026 10:30:00 -0000", "2026-11-24T10:30:00.000Z"},
      {"Tue, 24 Nov 2026 10:30:00", "2026-11-24T10:30:00.000Z"},
      {"Tue, 24 Nov 2026 10:30:00 GMT", "2026-11-24T10:30:00.000Z"},
      {"Tue, 24 Nov 2026 10:30:00 UT", "2026-11-24T10:30:00.000Z"},
      {"Tue, 24 Nov 2026 10:30:00 Z", "2026-11-24T10:30:00.000Z"},
      {"Tue, 24 Nov 2026 10:30:00 EST", "2026-11-24T15:30:00.000Z"},
      {"Tue, 24 Nov 2026 10:30:00 PDT", "2026-11-24T17:30:00.000Z"},
      {"Tue, 24 Nov 2026 10:30:00 MEZ", "2026-11-24T09:30:00.000Z"},
      {"Tue, 24 Nov 2026 10:30:00 XYZ", "2026-11-24T10:30:00.000Z"},
      {"Tue, 24 Nov 2026 10:30:00 +9999", "2026-11-24T10:30:00.000Z"},
      {"Tue, 24 Nov 26 10:30:00 +0100", "2026-11-24T09:30:00.000Z"},
      {"Tue, 24 Nov 98 10:30:00 +0100", "1998-11-24T09:30:00.000Z"},
      {"Tue, 24 Nov 126 10:30:00 +0100", "2026-11-24T09:30:00.000Z"},
      {"Tue, 3 Feb 2026 1:02:03 +0000", "2026-02-03T01:02:03.000Z"},
      {"Tue, 24 Nov 2026 23:59:60 +0000", "2026-11-25T00:00:00.000Z"},
      {"Tue, 24 Nov 2026 10.30.00 +0100", "2026-11-24T09:30:00.000Z"},
      {"Tue, 24 Nov 2026 10:30:00.123 +0100", "2026-11-24T09:30:00.000Z"},
      {"Tue Nov 24 10:30:00 2026", "2026-11-24T10:30:00.000Z"},
      {"Tue Nov 24 10:30:00 CET 2026", "2026-11-24T09:30:00.000Z"},
      {"Tue Nov  3 10:30:00 2026 +0100", "2026-11-03T09:30:00.000Z"},
      {"Nov 24, 2026 10:30:00 AM", "2026-11-24T10:30:00.000Z"},
      {"November 24, 2026 10:30 PM", "2026-11-24T22:30:00.000Z"},
      {"24 Nov 2026 12:30am", "2026-11-24T00:30:00.000Z"},
      {"24-Nov-2026 10:30:00 +0100", "2026-11-24T09:30:00.000Z"},
      {"24/Nov/26 10:30:00", "2026-11-24T10:30:00.000Z"},
      {"2026-11-24T10:30:00+01:00", "2026-11-24T09:30:00.000Z"},
      {"2026-11-24T10:30:00Z", "2026-11-24T10:30:00.000Z"},
      {"2026-11-24 10:30:00 +0100", "2026-11-24T09:30:00.000Z"},
      {"2026/11/24 10:30", "2026-11-24T10:30:00.000Z"},
      {"24.11.2026 10:30:00", "2026-11-24T10:30:00.000Z"},
      {"24 Nov 26 1030 UT", "2026-11-24T10:30:00.000Z"},
      {"24 Nov 2026 2400", "2026-11-24T00:00:00.000Z"},
      {"24 Nov 2026", "2026-11-24T00:00:00.000Z"},
      {"29 Feb 2024 00:00:00 +0000", "2024-02-29T00:00:00.000Z"},
      {"Tue, 24 Nov 2026 99:30:00 24 Dec 10:00:00", "2026-11-24T10:00:00.000Z"},
      {"29 Feb 2026 00:00:00 +0000", NULL},
      {"31 Apr 2026 00:00:00 +0000", NULL},
      {"32 Nov 2026 10:30:00 +0100", NULL},
      {"0 Nov 2026 10:30:00 +0100", NULL},
      {"11/12/2026 10:30:00", NULL}, /* of two countries */
      {"Tue, 24 Foo 2026 10:30:00 +0100", NULL},
      {"Tue, 24 Nov 10:30:00 +0100", NULL},
      {"yesterday", NULL},
      {"1795944600", NULL},
      {"20261124", NULL},
      {"24 Nov 20266 10:30", NULL},
      {"(24 Nov 2026 10:30", NULL},
      {"", NULL},
      {",;\"", NULL},
      {"\xE4\xF6\xFC", NULL},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    int64_t ms = 0;
    char text[RFC3339_LEN + 1] = "";
    bool read = date_read(slice_text(cases[i].written), &ms);
    if (read)
      clock_rfc3339(ms, text);
    if (read != !!cases[i].read || (read && strcmp(text, cases[i].read) != 0))
      fail_msg("%s: %s", cases[i].written, read ? text : "no date");
  }
}

/* Every day of four hundred years follows the one before. */
static void test_days(void **state) {
  (void)state;
  int64_t expected = date_days(1800, 1, 1);
  assert_int_equal(date_days(1970, 1, 1), 0);
  for (int64_t year = 1800; year < 2200; year++)
    for (unsigned month = 1; month <= 12; month++)
      for (unsigned day = 1; date_exists(year, month, day); day++)
        assert_int_equal(date_days(year, month, day), expected++);
  assert_false(date_exists(1900, 2, 29));
  assert_true(date_exists(2000, 2, 29));
  assert_false(date_exists(2026, 0, 1) || date_exists(2026, 13, 1) || date_exists(2026, 1, 0));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_dates),
      cmocka_unit_test(test_days),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
