/* SPDX-License-Identifier: Apache-2.0 */
#include "text/address.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

struct phone_case {
  const char *raw;
  bool digits_are_e164;
  const char *address; /* NULL: invalid */
  const char *key;
};

static const struct phone_case cases[] = {
    {"+1 (415) 555-2671", false, "+14155552671", "tel:+14155552671"},
    {"+14155552671", false, "+14155552671", "tel:+14155552671"},
    {" 14155552671", false, "+14155552671", "tel:+14155552671"},
    {"whatsapp:+14155552671", false, "+14155552671", "tel:+14155552671"},
    {"WhatsApp: 14155552671", false, "+14155552671", "tel:+14155552671"},
    {"whatsapp:14155552671", true, "+14155552671", "tel:+14155552671"},
    {"tel:+49-30-1234567", false, "+49301234567", "tel:+49301234567"},
    {"+49 (0)30 123456-7", false, "+49301234567", "tel:+49301234567"},
    {"+49.30/1234567", false, "+49301234567", "tel:+49301234567"},
    {"\xE2\x80\xAA+49 30 1234567\xE2\x80\xAC", false, "+49301234567", "tel:+49301234567"},
    {"+49\xC2\xA0" "30\xE2\x80\x91" "1234567", false, "+49301234567", "tel:+49301234567"},
    {"14155552671", true, "+14155552671", "tel:+14155552671"},
    {"+12345678", false, "+12345678", "tel:+12345678"},
    {"+123456789012345", false, "+123456789012345", "tel:+123456789012345"},
    /* too short, too long, or nobody said which country */
    {"+1234567", false, NULL, NULL},
    {"+1234567890123456", false, NULL, NULL},
    {"14155552671", false, NULL, NULL},
    {"00491701234567", false, NULL, NULL},
    {"0170 1234567", false, NULL, NULL},
    {"01701234567", true, NULL, NULL},
    {"+0491701234567", false, NULL, NULL},
    {"++491701234567", false, NULL, NULL},
    {"+49170 1234567 ext 4", false, NULL, NULL},
    {"+49170123456a", false, NULL, NULL},
    {"+\xD9\xA1\xD9\xA2\xD9\xA3\xD9\xA4\xD9\xA5\xD9\xA6\xD9\xA7\xD9\xA8", false, NULL, NULL},
    {"+49\xFF" "1701234567", false, NULL, NULL},
    {"+", false, NULL, NULL},
    {"", false, NULL, NULL},
    {"   ", false, NULL, NULL},
    {"whatsapp:", false, NULL, NULL},
    {"whatsapp:MyBank", false, NULL, NULL},
    /* AD-10: kept as they are, not answerable */
    {"12345", false, "12345", "short:12345"},
    {"12345", true, "12345", "short:12345"},
    {"MyBank", false, "MyBank", "short:MyBank"},
    {" My Bank-24 ", false, "My Bank-24", "short:My Bank-24"},
    {"ELEVENCHARS", false, "ELEVENCHARS", "short:ELEVENCHARS"},
    {"TWELVE CHARS", false, NULL, NULL},
    {"12", false, NULL, NULL},
    {"12 45", false, NULL, NULL},
    {"Bank<script", false, NULL, NULL},
};

static void test_forms(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    const struct phone_case *c = &cases[i];
    struct arena *a = arena_new(64, 4096);
    char *address = NULL, *key = NULL;
    bool answerable = false;
    int r = address_phone(a, slice_text(c->raw), c->digits_are_e164, &address, &key, &answerable);
    if (r != (c->address ? 0 : ADDRESS_INVALID))
      fail_msg("%s: outcome %d", c->raw, r);
    if (r == 0) {
      assert_string_equal(address, c->address);
      assert_string_equal(key, c->key);
      assert_int_equal(answerable, c->key[0] == 't');
    }
    arena_free(&a);
  }
}

static void test_long_input_is_refused(void **state) {
  (void)state;
  static char long_text[100000];
  memset(long_text, '1', sizeof(long_text));
  long_text[0] = '+';
  struct arena *a = arena_new(64, 4096);
  char *address, *key;
  bool answerable;
  assert_int_equal(address_phone(a, slice_of(long_text, sizeof(long_text)), true, &address, &key, &answerable),
                   ADDRESS_INVALID);
  arena_free(&a);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_forms),
      cmocka_unit_test(test_long_input_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
