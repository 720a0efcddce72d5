/* SPDX-License-Identifier: Apache-2.0 */
#include "guard.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#define NOW 1700000000000

/* Takes with a new address each time, so that only the peer's bucket can say no. */
static size_t take_until_limited(struct guard *g, const char *peer, size_t most, int64_t now_ms) {
  static unsigned number;
  char key[64];
  size_t taken = 0;
  for (; taken < most; taken++) {
    snprintf(key, sizeof(key), "email:%u@example.com", number++);
    if (guard_take(g, peer, key, now_ms))
      break;
  }
  return taken;
}

static void test_peer_default(void **state) {
  (void)state;
  struct guard *g = guard_new(0);
  assert_int_equal(take_until_limited(g, "192.0.2.1", 100, NOW), 10);
  int64_t wait_ms = guard_take(g, "192.0.2.1", "email:x@example.com", NOW);
  assert_in_range(wait_ms, 4900, 5000);
  assert_int_equal(take_until_limited(g, "192.0.2.2", 100, NOW), 10); /* another peer */
  assert_int_equal(take_until_limited(g, "192.0.2.1", 100, NOW + 5000), 1);
  guard_free(&g);
  assert_null(g);
  guard_free(&g);
}

static void test_peer_configured(void **state) {
  (void)state;
  static const struct {
    double rate;
    size_t burst;
  } cases[] = {{1, 10}, {50, 500}, {0.01, 1}, {0.5, 5}};
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    struct guard *g = guard_new(cases[i].rate);
    assert_int_equal(take_until_limited(g, "192.0.2.1", 1000, NOW), cases[i].burst);
    guard_free(&g);
  }
}

static void test_address(void **state) {
  (void)state;
  struct guard *g = guard_new(1000);
  char peer[32];
  int64_t wait_ms = 0;
  for (unsigned i = 0; i < 6; i++) { /* from ever new peers: the address is what is protected */
    snprintf(peer, sizeof(peer), "192.0.2.%u", i);
    wait_ms = guard_take(g, peer, "email:ana@example.com", NOW);
    assert_int_equal(wait_ms > 0, i >= 5);
  }
  assert_in_range(wait_ms, 59000, 60000);
  assert_int_equal(guard_take(g, "192.0.2.9", "email:bob@example.com", NOW), 0);
  assert_int_equal(guard_take(g, "192.0.2.9", "email:ana@example.com", NOW + 60001), 0);
  guard_free(&g);
}

static void test_peers_that_are_one(void **state) {
  (void)state;
  static const struct {
    const char *one, *other;
    bool same;
  } cases[] = {
      {"2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", true},
      {"2001:db8:1:2::1", "2001:db8:1:3::1", false},
      {"::ffff:192.0.2.1", "192.0.2.1", true},
      {"::ffff:192.0.2.1", "::ffff:192.0.2.2", false},
      {"192.0.2.1", "192.0.2.2", false},
      {"", "", true},
      {"not an address", "not an address", true},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    struct guard *g = guard_new(0);
    assert_int_equal(take_until_limited(g, cases[i].one, 100, NOW), 10);
    assert_int_equal(take_until_limited(g, cases[i].other, 100, NOW), cases[i].same ? 0 : 10);
    guard_free(&g);
  }
}

static void test_origins(void **state) {
  (void)state;
  char *listed[] = {(char *)"https://www.example.com", (char *)"https://shop.example.com:8443"};
  static const struct {
    const char *origin, *host, *fetch_site, *public_url;
    enum origin wanted;
  } cases[] = {
      /* no browser */
      {NULL, "desk.example.com", NULL, "", ORIGIN_OWN},
      {NULL, NULL, NULL, "", ORIGIN_OWN},
      /* our own page */
      {"https://desk.example.com", "desk.example.com", "same-origin", "", ORIGIN_OWN},
      {"http://127.0.0.1:8080", "127.0.0.1:8080", NULL, "", ORIGIN_OWN},
      {"HTTPS://Desk.Example.com", "desk.example.com", NULL, "", ORIGIN_OWN},
      {NULL, "desk.example.com", "same-origin", "", ORIGIN_OWN},
      {NULL, "desk.example.com", "none", "", ORIGIN_OWN},
      /* behind a proxy that changes the host */
      {"https://desk.example.com", "127.0.0.1:8080", NULL, "https://desk.example.com/contact", ORIGIN_OWN},
      {"https://desk.example.com", "127.0.0.1:8080", NULL, "https://desk.example.com", ORIGIN_OWN},
      {"https://desk.example.com", "127.0.0.1:8080", "same-origin", "", ORIGIN_OWN},
      {"https://desk.example", "127.0.0.1:8080", NULL, "https://desk.example.com", ORIGIN_FORBIDDEN},
      {"", "127.0.0.1:8080", NULL, "https://desk.example.com", ORIGIN_FORBIDDEN},
      /* other sites */
      {"https://www.example.com", "desk.example.com", "cross-site", "", ORIGIN_LISTED},
      {"https://www.example.com", "desk.example.com", NULL, "", ORIGIN_LISTED},
      {"https://shop.example.com:8443", "desk.example.com", "same-site", "", ORIGIN_LISTED},
      {"https://shop.example.com", "desk.example.com", "same-site", "", ORIGIN_FORBIDDEN},
      {"http://www.example.com", "desk.example.com", "cross-site", "", ORIGIN_FORBIDDEN},
      {"https://www.example.com.evil.example", "desk.example.com", "cross-site", "", ORIGIN_FORBIDDEN},
      {"https://evil.example", "desk.example.com", "cross-site", "", ORIGIN_FORBIDDEN},
      {"https://evil.example", "desk.example.com", NULL, "", ORIGIN_FORBIDDEN},
      {"https://desk.example.com.evil.example", "desk.example.com", NULL, "", ORIGIN_FORBIDDEN},
      {"https://evil.example/https://desk.example.com", "desk.example.com", NULL, "", ORIGIN_FORBIDDEN},
      {NULL, "desk.example.com", "cross-site", "", ORIGIN_FORBIDDEN},
      {"null", "desk.example.com", "cross-site", "", ORIGIN_FORBIDDEN},
      {"null", "desk.example.com", NULL, "", ORIGIN_FORBIDDEN},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    struct origin_facts facts = {cases[i].origin, cases[i].host, cases[i].fetch_site, cases[i].public_url, listed, 2};
    if (origin_judge(&facts) != cases[i].wanted)
      fail_msg("origin %s host %s", cases[i].origin ? cases[i].origin : "-", cases[i].host ? cases[i].host : "-");
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_peer_default),        cmocka_unit_test(test_peer_configured),
      cmocka_unit_test(test_address),             cmocka_unit_test(test_peers_that_are_one),
      cmocka_unit_test(test_origins),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
