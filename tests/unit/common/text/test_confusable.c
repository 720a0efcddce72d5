/* SPDX-License-Identifier: Apache-2.0 */
/* Domains that look like others, and those that only look foreign. */
#include "text/confusable.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void test_shown(void **state) {
  (void)state;
  static const struct {
    const char *domain, *shown;
  } cases[] = {
      {"desk.example", "desk.example"},
      {"xn--bcher-kva.example", "bücher.example"},
      {"www.XN--BCHER-KVA.example", "www.bücher.example"},
      {"xn--80ak6aa92e.com", "аррӏе.com"},
      {"xn--n3h.example", "xn--n3h.example"},       /* a snowman is no letter: the lookup refuses it */
      {"xn--zzzz99999999.example", "xn--zzzz99999999.example"},
      {"xn--.example", "xn--.example"},
      {"", ""},
      {"a..b", "a..b"},
  };
  struct arena *a = arena_new(4096, 65536);
  for (size_t i = 0; i < COUNT(cases); i++)
    assert_string_equal(domain_shown(a, slice_text(cases[i].domain)), cases[i].shown);
  arena_free(&a);
}

static void test_scripts(void **state) {
  (void)state;
  static const struct {
    const char *domain;
    bool mixed;
  } cases[] = {
      {"desk.example", false},
      {"bücher-2026.example", false},
      {"dеsk.example", true},                 /* Cyrillic е */
      {"деск.example", false},                /* each label by itself */
      {"ελλάδα.example", false},
      {"deskα.example", true},
      {"αб.example", true},
      {"ラーメンramen.example", false},
      {"中文abc.example", false},
      {"한글abc中.example", false},
      {"ㄅㄆabc.example", false},
      {"한글ひらがな.example", true},
      {"中文б.example", true},
      {"שלום.example", false},
      {"שלוםabc.example", true},
      {"שלוםعربي.example", true},
      {"123-456", false},
      {"", false},
  };
  for (size_t i = 0; i < COUNT(cases); i++)
    if (domain_mixes_scripts(slice_text(cases[i].domain)) != cases[i].mixed)
      fail_msg("%s", cases[i].domain);
}

static void test_skeletons(void **state) {
  (void)state;
  static const struct {
    const char *one, *other;
    bool alike;
  } cases[] = {
      {"desk.example", "desk.example", true},
      {"desk.example", "dеsk.example", true},       /* Cyrillic е */
      {"apple.com", "аррӏе.com", true},
      {"paypal.com", "paypa1.com", true},
      {"google.com", "g00gle.com", true},
      {"modern.example", "modem.example", true},
      {"www.example", "vvww.example", true},
      {"desk.example", "dësk.example", true},
      {"desk.example", "ｄｅｓｋ.example", true},    /* full width */
      {"οο.example", "oo.example", true},           /* Greek */
      {"desk.example", "disk.example", false},
      {"desk.example", "desk.example.com", false},
      {"desk.example", "mydesk.example", false},
      {"desk.example", "дэск.example", false},
      {"", "", true},
  };
  struct arena *a = arena_new(4096, 65536);
  for (size_t i = 0; i < COUNT(cases); i++) {
    const char *one = domain_skeleton(a, slice_text(cases[i].one));
    const char *other = domain_skeleton(a, slice_text(cases[i].other));
    if ((strcmp(one, other) == 0) != cases[i].alike)
      fail_msg("%s and %s: %s and %s", cases[i].one, cases[i].other, one, other);
  }
  arena_free(&a);
}

static void test_bounds(void **state) {
  (void)state;
  static char large[1024 * 1024];
  struct arena *a = arena_new(4096, 65536), *none = arena_new(16, 16);
  memset(large, 'a', sizeof(large));
  assert_true(strlen(domain_shown(a, slice_of(large, sizeof(large)))) <= 255);
  assert_true(strlen(domain_skeleton(a, slice_of(large, sizeof(large)))) <= 1020);
  assert_false(domain_mixes_scripts(slice_of(large, sizeof(large))));
  for (size_t i = 0; i + 1 < sizeof(large); i += 2)
    memcpy(large + i, "\xCC\x81", 2); /* marks upon marks */
  assert_string_equal(domain_skeleton(a, slice_of(large, sizeof(large))), "");
  memset(large, 0xFF, sizeof(large));
  assert_non_null(domain_skeleton(a, slice_of(large, 1000)));
  assert_non_null(domain_shown(a, slice_of(large, 1000)));
  domain_mixes_scripts(slice_of(large, 1000));
  assert_null(domain_shown(none, SLICE("much.longer.than.sixteen.example")));
  assert_null(domain_skeleton(none, SLICE("much.longer.than.sixteen.example")));
  arena_free(&a);
  arena_free(&none);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_shown),
      cmocka_unit_test(test_scripts),
      cmocka_unit_test(test_skeletons),
      cmocka_unit_test(test_bounds),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
