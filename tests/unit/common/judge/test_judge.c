/* SPDX-License-Identifier: Apache-2.0 */
/* Everybody who has a say on a desk definition is asked, and what they say stands at its place. */
#include "judge/judge.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define NOW 1795000000000 /* 2026-11 */

struct heard {
  struct desk_finding all[8];
  size_t count;
};

static void hear(void *arg, const struct desk_finding *f) {
  struct heard *h = arg;
  assert_true(h->count < 8);
  h->all[h->count++] = *f;
}

static size_t judge(const char *document, struct heard *ret) {
  struct desk *desk = NULL;
  struct complaint c;
  *ret = (struct heard){.count = 0};
  assert_int_equal(desk_parse(slice_text(document), "desk", &desk, &c), 0);
  size_t wrong = judge_desk(desk, NOW, hear, ret);
  desk_free(&desk);
  return wrong;
}

static void expect(const struct heard *h, bool wrong, unsigned line, unsigned column, const char *words) {
  for (size_t i = 0; i < h->count; i++)
    if (strstr(h->all[i].text, words)) {
      assert_int_equal(h->all[i].wrong, wrong);
      assert_int_equal(h->all[i].place.line, line);
      assert_int_equal(h->all[i].place.column, column);
      return;
    }
  fail_msg("nobody said \"%s\"", words);
}

static void test_good(void **state) {
  struct heard h;
  (void)state;
  assert_int_equal(judge("queues: [{name: a}]\nagents: [{name: ana, queues: [a]}]\ndefault: {queue: a}\n", &h), 0);
  assert_int_equal(h.count, 0);
}

static void test_all_are_asked(void **state) {
  struct heard h;
  (void)state;
  size_t wrong = judge("queues:\n"
                       "  - {name: a, nobody: b}\n"
                       "  - {name: b, nobody: a}\n"
                       "  - {name: c}\n"
                       "agents: [{name: ana, queues: [a]}]\n"
                       "rules: [{name: r, when: {words: [x]}, then: {queue: c}}]\n"
                       "templates:\n"
                       "  - {name: hello, when: {channel: [mail]}, text: \"{{referenz}}\"}\n"
                       "default: {queue: a}\n",
                       &h);
  expect(&h, true, 8, 50, "template 'hello': ");
  expect(&h, true, 3, 23, "go in a circle");
  expect(&h, false, 4, 5, "queue 'c', and no agent is a member");
  size_t counted = 0;
  for (size_t i = 0; i < h.count; i++)
    counted += h.all[i].wrong;
  assert_int_equal(counted, wrong);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_good), cmocka_unit_test(test_all_are_asked)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
