/* SPDX-License-Identifier: Apache-2.0 */
/* The list is in order, and every row of it is found. */
#include "text/mail_provider.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const char *const rows[] = {
#define PROVIDER(domain) domain,
#include "text/mail_providers.def"
#undef PROVIDER
};

static void test_rows(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(rows); i++) {
    assert_true(i == 0 || strcmp(rows[i - 1], rows[i]) < 0);
    size_t len = strlen(rows[i]);
    char *copy = malloc(len); /* exactly sized, for the sanitizer */
    memcpy(copy, rows[i], len);
    assert_true(mail_provider_has(slice_of(copy, len)));
    free(copy);
  }
}

static void test_others(void **state) {
  (void)state;
  static const struct slice others[] = {
      SLICE(""), SLICE("example.com"), SLICE("mail.gmail.com"), SLICE("gmail.com."), SLICE("gmail.co"), SLICE("gmail"),
      SLICE("a"), SLICE("zzzz.zz"), SLICE("gmail.com\0x"), SLICE("gmail.com\0"),
  };
  for (size_t i = 0; i < COUNT(others); i++)
    assert_false(mail_provider_has(others[i]));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_others)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
