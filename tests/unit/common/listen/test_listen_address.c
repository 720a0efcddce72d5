/* SPDX-License-Identifier: Apache-2.0 */
#include "listen/listen_address.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void test_round_trip(void **state) {
  (void)state;
  static const char *const texts[] = {"127.0.0.1:0", "0.0.0.0:2424", "[::1]:65535", "[::]:1"};
  for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
    struct sockaddr_storage address;
    char text[LISTEN_ADDRESS_TEXT];
    assert_int_equal(listen_address_read(texts[i], &address), 0);
    listen_address_write(&address, text);
    assert_string_equal(text, texts[i]);
  }
}

static void test_name(void **state) {
  (void)state;
  struct sockaddr_storage address;
  assert_int_equal(listen_address_read("localhost:25", &address), 0);
  assert_int_equal(listen_address_port(&address), 25);
}

static void test_refused(void **state) {
  (void)state;
  static const char *const texts[] = {"",     "127.0.0.1", ":1",    "127.0.0.1:",  "127.0.0.1:65536", "127.0.0.1:x",
                                      "::1:2", "[]:1",      "[::1]", "127.0.0.1:-1"};
  for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
    struct sockaddr_storage address;
    assert_int_equal(listen_address_read(texts[i], &address), -EINVAL);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_round_trip),
      cmocka_unit_test(test_name),
      cmocka_unit_test(test_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
