/* SPDX-License-Identifier: Apache-2.0 */
#include "mailbox/request.h"
#include "base/file.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

static void test_names(void **state) {
  (void)state;
  static const struct {
    const char *name, *mailbox; /* NULL: no request */
    enum mailbox_verb verb;
  } cases[] = {
      {"support.rescan", "support", MAILBOX_RESCAN},
      {"a-1.reconcile", "a-1", MAILBOX_RECONCILE},
      {"support.rescan.77.new", NULL, 0}, /* being written */
      {"support", NULL, 0},
      {".rescan", NULL, 0},
      {"..", NULL, 0},
      {".hidden.rescan", NULL, 0},
      {"support.", NULL, 0},
      {"support.rescans", NULL, 0},
      {"0123456789012345678901234567890123456789012345678901234567890123.rescan", NULL, 0},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    struct mailbox_request r;
    assert_int_equal(mailbox_request_read(cases[i].name, &r), cases[i].mailbox ? 0 : REQUEST_NONE);
    if (cases[i].mailbox) {
      assert_string_equal(r.mailbox, cases[i].mailbox);
      assert_int_equal(r.verb, cases[i].verb);
    }
  }
}

struct seen {
  const char *folder;
  size_t count;
  bool end;
};

static void each(void *arg, const struct mailbox_request *r) {
  struct seen *s = arg;
  assert_string_equal(r->mailbox, "support");
  s->count++;
  if (s->end)
    mailbox_request_end(s->folder, r);
}

static void test_life(void **state) {
  (void)state;
  char home[] = "/tmp/deskbell-request-XXXXXX";
  assert_non_null(mkdtemp(home));
  char *folder = path_join(home, "a/requests"), *inner = path_join(home, "a");
  struct seen seen = {.folder = folder};
  const struct mailbox_request rescan = {"support", MAILBOX_RESCAN}, reconcile = {"support", MAILBOX_RECONCILE};
  assert_int_equal(mailbox_request_each(folder, each, &seen), 0); /* no folder, no requests */
  assert_int_equal(mailbox_request_put(folder, &rescan), 0);
  assert_int_equal(mailbox_request_put(folder, &rescan), 0);
  assert_int_equal(mailbox_request_put(folder, &reconcile), 0);
  assert_true(mailbox_request_waits(folder, &rescan) && mailbox_request_waits(folder, &reconcile));
  assert_int_equal(mailbox_request_each(folder, each, &seen), 0);
  assert_int_equal(seen.count, 2);
  seen.end = true;
  assert_int_equal(mailbox_request_each(folder, each, &seen), 0);
  assert_false(mailbox_request_waits(folder, &rescan));
  assert_false(mailbox_request_waits(folder, &reconcile));
  rmdir(folder);
  rmdir(inner);
  rmdir(home);
  free(folder);
  free(inner);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_names), cmocka_unit_test(test_life)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
