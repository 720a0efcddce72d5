/* SPDX-License-Identifier: Apache-2.0 */
/* Who is let in while the file of tokens changes, is wrong, or cannot be read just now. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "gate.h"

static char path[64];
static struct gate *gate;

static int set_up(void **state) {
  (void)state;
  snprintf(path, sizeof(path), "/tmp/test_gate_%d", (int)getpid());
  unlink(path);
  gate = gate_open(&(struct gate_options){.tokens_file = path});
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  gate_close(&gate);
  unlink(path);
  return 0;
}

struct bearer {
  char header[8 + ACCESS_TOKEN_LEN];
};

static struct bearer add(const char *agent) {
  struct access_row row;
  struct complaint complaint;
  struct bearer b;
  char token[ACCESS_TOKEN_LEN + 1];
  access_token_make(agent, ACCESS_AGENT, token, &row);
  assert_int_equal(access_add(path, &row, &complaint), 0);
  snprintf(b.header, sizeof(b.header), "Bearer %s", token);
  return b;
}

static bool lets_in(const struct bearer *b) {
  return gate_find(gate, b->header) != NULL;
}

static void test_a_changed_file_is_seen(void **state) {
  (void)state;
  struct complaint complaint;
  assert_false(gate_look(gate));
  struct bearer ana = add("ana");
  assert_false(lets_in(&ana));
  assert_true(gate_look(gate));
  assert_false(gate_look(gate));
  assert_true(lets_in(&ana));
  assert_int_equal(access_remove(path, SLICE("ana"), &complaint), 1);
  assert_true(gate_look(gate));
  assert_false(lets_in(&ana));
  assert_null(gate_trouble(gate));
}

static void test_a_file_that_others_may_read_lets_nobody_in(void **state) {
  (void)state;
  struct bearer ana = add("ana");
  gate_look(gate);
  assert_int_equal(chmod(path, 0644), 0);
  assert_true(gate_look(gate));
  assert_false(lets_in(&ana));
  assert_non_null(strstr(gate_trouble(gate), "others may read"));
  assert_int_equal(chmod(path, 0600), 0);
  assert_true(gate_look(gate));
  assert_true(lets_in(&ana));
  assert_null(gate_trouble(gate));
}

/* A program out of descriptors reads nothing: nobody is thrown out by that, and the change counts as soon as it can be read. */
static void test_without_descriptors_those_from_before_hold(void **state) {
  (void)state;
  struct rlimit before, none;
  struct bearer ana = add("ana");
  gate_look(gate);
  struct bearer bo = add("bo");
  assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
  none = (struct rlimit){.rlim_cur = 0, .rlim_max = before.rlim_max};
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
  for (unsigned i = 0; i < 3; i++)
    assert_false(gate_look(gate));
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
  assert_true(lets_in(&ana));
  assert_false(lets_in(&bo));
  assert_non_null(strstr(gate_trouble(gate), "Too many open files"));
  assert_true(gate_look(gate));
  assert_true(lets_in(&ana));
  assert_true(lets_in(&bo));
  assert_null(gate_trouble(gate));
}

/* A disk that fails: the same. /proc/self/mem is a file of mode 0600 whose first byte cannot be read: EIO. */
static void test_with_a_disk_that_fails_those_from_before_hold(void **state) {
  (void)state;
  struct bearer ana = add("ana");
  gate_look(gate);
  char aside[80];
  snprintf(aside, sizeof(aside), "%s.aside", path);
  assert_int_equal(rename(path, aside), 0);
  assert_int_equal(symlink("/proc/self/mem", path), 0);
  assert_false(gate_look(gate));
  assert_true(lets_in(&ana));
  assert_non_null(strstr(gate_trouble(gate), "Input/output error"));
  assert_int_equal(rename(aside, path), 0);
  gate_look(gate);
  assert_true(lets_in(&ana));
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(test_a_changed_file_is_seen, set_up, tear_down),
    cmocka_unit_test_setup_teardown(test_a_file_that_others_may_read_lets_nobody_in, set_up, tear_down),
    cmocka_unit_test_setup_teardown(test_without_descriptors_those_from_before_hold, set_up, tear_down),
    cmocka_unit_test_setup_teardown(test_with_a_disk_that_fails_those_from_before_hold, set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
