/* SPDX-License-Identifier: Apache-2.0 */
#include "imap/uid_set.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static const char *text(const struct uid_set *s) {
  static char line[4096];
  auto_clean(buf_free) struct buf out = BUF_INIT(4000);
  struct uid_range *copy = malloc((s->count + 1) * sizeof(*copy)), *at = copy;
  size_t count = s->count;
  if (count)
    memcpy(copy, s->ranges, count * sizeof(*copy));
  uid_set_write(&at, &count, 4000, UINT64_MAX, &out, NULL);
  snprintf(line, sizeof(line), "%s", out.at ? out.at : "");
  free(copy);
  return line;
}

static const struct {
  const char *does, *gives; /* +a:b adds, -a:b removes */
} cases[] = {
    {"", ""},
    {"+5", "5"},
    {"+5 +5", "5"},
    {"+1 +2 +3", "1:3"},
    {"+3 +2 +1", "1:3"},
    {"+1 +3 +2", "1:3"},
    {"+1 +3 +5", "1,3,5"},
    {"+5 +1 +3", "1,3,5"},
    {"+10:20 +5:12", "5:20"},
    {"+10:20 +15:30", "10:30"},
    {"+10:20 +12:13", "10:20"},
    {"+10:20 +1:100", "1:100"},
    {"+1 +5 +9 +13 +3:11", "1,3:11,13"},
    {"+1 +5 +9 +2:8", "1:9"},
    {"+20:10", "10:20"},
    {"+0", ""},
    {"+0:3", "1:3"},
    {"+4294967295", "4294967295"},
    {"+4294967294:4294967295 +1", "1,4294967294:4294967295"},
    {"+4294967295 +4294967294", "4294967294:4294967295"},
    {"+1:4294967295", "1:4294967295"},
    {"+1:10 -5", "1:4,6:10"},
    {"+1:10 -1", "2:10"},
    {"+1:10 -10", "1:9"},
    {"+1:10 -1:10", ""},
    {"+1:10 -0:99", ""},
    {"+1:10 -20", "1:10"},
    {"+1 +3 +5 +7 -2:6", "1,7"},
    {"+1:3 +5:7 +9:11 -2:10", "1,11"},
    {"+5 -1:4", "5"},
    {"+1:4294967295 -2:4294967294", "1,4294967295"},
    {"+1:4294967295 -4294967295", "1:4294967294"},
};

static void test_cases(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    struct uid_set s = UID_SET_INIT(100);
    for (const char *at = cases[i].does; *at;) {
      const char sign = *at++;
      char *end;
      unsigned long first = strtoul(at, &end, 10), last = *end == ':' ? strtoul(end + 1, &end, 10) : first;
      assert_int_equal((sign == '+' ? uid_set_add : uid_set_remove)(&s, (uint32_t)first, (uint32_t)last), 0);
      at = *end == ' ' ? end + 1 : end;
    }
    if (strcmp(text(&s), cases[i].gives) != 0)
      fail_msg("%s: %s, not %s", cases[i].does, text(&s), cases[i].gives);
    uid_set_free(&s);
  }
}

/* Random additions and removals, against a plain table of bits; and the same collected in any order. */
static void test_random(void **state) {
  (void)state;
  unsigned chance = 7;
  for (int round = 0; round < 200; round++) {
    struct uid_set s = UID_SET_INIT(1000), collected = UID_SET_INIT(1000);
    bool has[201] = {false}, all[201] = {false};
    for (int step = 0; step < 60; step++) {
      chance = chance * 1103515245u + 12345u;
      const uint32_t first = 1 + (chance >> 8) % 200, len = 1 + (chance >> 16) % 9;
      const uint32_t last = first + len > 200 ? 200 : first + len;
      const bool add = chance >> 24 & 3;
      assert_int_equal((add ? uid_set_add : uid_set_remove)(&s, first, last), 0);
      assert_int_equal(uid_set_collect(&collected, last, first), 0);
      for (uint32_t uid = first; uid <= last; uid++) {
        has[uid] = add;
        all[uid] = true;
      }
    }
    uid_set_settle(&collected);
    uint64_t total = 0;
    for (uint32_t uid = 1; uid <= 200; uid++) {
      assert_int_equal(uid_set_has(&s, uid), has[uid]);
      assert_int_equal(uid_set_has(&collected, uid), all[uid]);
      total += has[uid];
    }
    assert_int_equal(uid_set_total(&s), total);
    for (size_t i = 1; i < s.count; i++)
      assert_true(s.ranges[i - 1].last + 1 < s.ranges[i].first);
    uid_set_free(&s);
    uid_set_free(&collected);
  }
}

static void test_ceiling(void **state) {
  (void)state;
  struct uid_set s = UID_SET_INIT(3);
  assert_int_equal(uid_set_add(&s, 1, 1), 0);
  assert_int_equal(uid_set_add(&s, 3, 3), 0);
  assert_int_equal(uid_set_add(&s, 5, 9), 0);
  assert_int_equal(uid_set_add(&s, 20, 20), UID_SET_FULL);
  assert_true(s.full);
  assert_int_equal(uid_set_remove(&s, 7, 7), UID_SET_FULL);
  assert_string_equal(text(&s), "1,3,5:9");
  assert_int_equal(uid_set_add(&s, 2, 2), 0); /* needs no room */
  assert_string_equal(text(&s), "1:3,5:9");
  uid_set_free(&s);
}

/* Backwards or with holes: a million UIDs in any order cost n log n. */
static void test_collecting_a_million(void **state) {
  (void)state;
  struct uid_set s = UID_SET_INIT(1 << 19);
  for (uint32_t uid = 1000000; uid > 0; uid--)
    assert_int_equal(uid_set_collect(&s, uid, uid), 0);
  assert_int_equal(s.count, 1);
  uid_set_clear(&s);
  for (uint32_t uid = 600000; uid > 1; uid -= 2)
    assert_int_equal(uid_set_collect(&s, uid, uid), 0);
  for (uint32_t uid = 1; uid < 600000; uid += 2) /* fills it: it settles, and there is room again */
    assert_int_equal(uid_set_collect(&s, uid, uid), 0);
  uid_set_settle(&s);
  assert_int_equal(s.count, 1);
  assert_int_equal(uid_set_total(&s), 600000);
  uid_set_clear(&s);
  int r = 0;
  for (uint32_t uid = 4000000; uid > 2; uid -= 2)
    r = uid_set_collect(&s, uid, uid);
  assert_int_equal(r, UID_SET_FULL);
  uid_set_free(&s);
}

static void test_writing_in_parts(void **state) {
  (void)state;
  struct uid_range ranges[] = {{1, 5}, {9, 9}, {12, 40}}, *at = ranges;
  size_t count = 3;
  auto_clean(buf_free) struct buf out = BUF_INIT(100);
  struct uid_set written = UID_SET_INIT(10);
  assert_int_equal(uid_set_write(&at, &count, 100, 10, &out, &written), 10);
  assert_string_equal(out.at, "1:5,9,12:15");
  assert_string_equal(text(&written), "1:5,9,12:15");
  assert_int_equal(count, 1);
  buf_clear(&out);
  assert_int_equal(uid_set_write(&at, &count, 100, 10, &out, NULL), 10);
  assert_string_equal(out.at, "16:25");
  buf_clear(&out);
  assert_int_equal(uid_set_write(&at, &count, 4, 10, &out, NULL), 0); /* "26:35" does not fit */
  assert_int_equal(uid_set_write(&at, &count, 5, 100, &out, NULL), 15);
  assert_string_equal(out.at, "26:40");
  assert_int_equal(count, 0);
  uid_set_free(&written);
  struct uid_range whole = {1, UID_LAST}, *one = &whole;
  count = 1;
  buf_clear(&out);
  assert_int_equal(uid_set_write(&one, &count, 100, UINT64_MAX, &out, NULL), UID_LAST);
  assert_string_equal(out.at, "1:4294967295");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_cases),
      cmocka_unit_test(test_random),
      cmocka_unit_test(test_ceiling),
      cmocka_unit_test(test_collecting_a_million),
      cmocka_unit_test(test_writing_in_parts),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
