/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

static const char yaml[] =
    "channels:\n"
    "  - {name: support, kind: email, addresses: [\"support@example.com\", \"help@example.com\"]}\n"
    "  - {name: domain, kind: email, addresses: [\"@other.example\"]}\n"
    "  - {name: off, kind: email, enabled: false, addresses: [\"off@example.com\"]}\n"
    "  - {name: sms, kind: sms, provider: generic, secret_files: [x], addresses: []}\n";

static int load(void **state) {
  struct complaint complaint = {0};
  struct config *config;
  if (config_parse(slice_text(yaml), "test", "/tmp", &config, &complaint) != 0)
    fail_msg("%s", complaint.text);
  *state = config;
  return 0;
}

static int unload(void **state) {
  config_free((struct config **)state);
  return 0;
}

static void test_recipients(void **state) {
  static const struct {
    const char *path;
    enum lmtp_outcome outcome;
    const char *channel, *token;
  } cases[] = {
      {"support@example.com", LMTP_ACCEPTED, "support", ""},
      {"Support@EXAMPLE.com", LMTP_ACCEPTED, "support", ""},
      {"help+abc@example.com", LMTP_ACCEPTED, "support", "abc"},
      {"help+a+b@example.com", LMTP_ACCEPTED, "support", "a+b"},
      {"any.one+x@other.example", LMTP_ACCEPTED, "domain", "x"},
      {"off@example.com", LMTP_DISABLED_MAILBOX, NULL, NULL},
      {"off+x@example.com", LMTP_DISABLED_MAILBOX, NULL, NULL},
      {"nobody@example.com", LMTP_UNKNOWN_MAILBOX, NULL, NULL},
      {"support@example.com.evil.example", LMTP_UNKNOWN_MAILBOX, NULL, NULL},
      {"Postmaster", LMTP_UNKNOWN_MAILBOX, NULL, NULL},
      {"@", LMTP_UNKNOWN_MAILBOX, NULL, NULL},
      {"+@example.com", LMTP_UNKNOWN_MAILBOX, NULL, NULL},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    auto_clean(envelope_free) struct envelope e = {0};
    uint32_t target = 99;
    enum lmtp_outcome outcome = envelope_add(&e, *state, slice_text(cases[i].path), &target);
    if (outcome != cases[i].outcome)
      fail_msg("%s: %d", cases[i].path, outcome);
    if (outcome != LMTP_ACCEPTED) {
      assert_int_equal(e.count, 0);
      continue;
    }
    assert_int_equal(target, 0);
    assert_string_equal(e.targets[0].channel->name, cases[i].channel);
    assert_true(slice_equal(envelope_token(&e, &e.targets[0]), slice_text(cases[i].token)));
    assert_true(slice_equal(envelope_recipient(&e, &e.targets[0]), slice_text(cases[i].path)));
  }
}

/* One record per channel and token, whatever the address. */
static void test_targets(void **state) {
  static const struct {
    const char *path;
    uint32_t target;
  } steps[] = {
      {"support@example.com", 0},   {"help@example.com", 0},   {"support+t@example.com", 1}, {"help+t@example.com", 1},
      {"help+T@example.com", 2},    {"a@other.example", 3},    {"b@other.example", 3},       {"b+t@other.example", 4},
      {"support@example.com", 0},   {"help+t@example.com", 1},
  };
  auto_clean(envelope_free) struct envelope e = {0};
  for (int round = 0; round < 2; round++) {
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
      uint32_t target = 99;
      assert_int_equal(envelope_add(&e, *state, slice_text(steps[i].path), &target), LMTP_ACCEPTED);
      assert_int_equal(target, steps[i].target);
    }
    assert_int_equal(e.count, 5);
    envelope_clear(&e);
    assert_int_equal(e.count, 0);
  }
}

/* A sender may think of any number of tokens; each would have the whole mail parsed again. */
static void test_many_tokens(void **state) {
  auto_clean(envelope_free) struct envelope e = {0};
  for (int round = 0; round < 2; round++)
    for (uint32_t i = 0; i < 20000; i++) {
      char path[64];
      uint32_t target;
      snprintf(path, sizeof(path), "support+%u@example.com", i);
      assert_int_equal(envelope_add(&e, *state, slice_text(path), &target), LMTP_ACCEPTED);
      assert_int_equal(target, i < ENVELOPE_TOKENS_MAX ? i : ENVELOPE_TOKENS_MAX - 1);
    }
  assert_int_equal(e.count, ENVELOPE_TOKENS_MAX);
  uint32_t target;
  assert_int_equal(envelope_add(&e, *state, SLICE("support@example.com"), &target), LMTP_ACCEPTED);
  assert_int_equal(target, ENVELOPE_TOKENS_MAX); /* without a token it is one of its own */
  assert_int_equal(envelope_add(&e, *state, SLICE("support+more@example.com"), &target), LMTP_ACCEPTED);
  assert_int_equal(target, ENVELOPE_TOKENS_MAX - 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_recipients),
      cmocka_unit_test(test_targets),
      cmocka_unit_test(test_many_tokens),
  };
  return cmocka_run_group_tests(tests, load, unload);
}
