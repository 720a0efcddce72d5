/* SPDX-License-Identifier: Apache-2.0 */
#include "text/address.h"
#include "text/utf8.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define TEN "0123456789"
#define SIXTY TEN TEN TEN TEN TEN TEN

struct email_case {
  const char *raw, *address, *key; /* address NULL: invalid */
};

static void check_emails(const struct email_case *cases, size_t count) {
  for (size_t i = 0; i < count; i++) {
    struct arena *a = arena_new(64, 8192);
    char *address = NULL, *key = NULL;
    int r = address_email(a, slice_text(cases[i].raw), &address, &key);
    if (r != (cases[i].address ? 0 : ADDRESS_INVALID))
      fail_msg("%s: outcome %d", cases[i].raw, r);
    if (r == 0) {
      assert_string_equal(address, cases[i].address);
      assert_string_equal(key, cases[i].key);
      assert_true(utf8_clean(slice_text(key)) && utf8_clean(slice_text(address)));
      /* A key is its own key: what an operator copies from a screen finds the same customer. */
      char *again;
      assert_int_equal(address_key_of(a, slice_text(key), &again), 0);
      assert_string_equal(again, key);
    } else {
      assert_null(address);
      assert_null(key);
    }
    arena_free(&a);
  }
}

static void test_email_forms(void **state) {
  (void)state;
  static const struct email_case cases[] = {
      {"User@EXAMPLE.org", "User@example.org", "email:user@example.org"},
      /* AD-02, AD-04: nothing is taken away from the local part */
      {"First.Last+Tag@Gmail.com", "First.Last+Tag@gmail.com", "email:first.last+tag@gmail.com"},
      {"a@googlemail.com", "a@googlemail.com", "email:a@googlemail.com"},
      {"o'neil!#$%&*/=?^_`{|}~-@x.example", "o'neil!#$%&*/=?^_`{|}~-@x.example",
       "email:o'neil!#$%&*/=?^_`{|}~-@x.example"},
      {"a..b.@docomo.example", "a..b.@docomo.example", "email:a..b.@docomo.example"},
      {"a@localhost", "a@localhost", "email:a@localhost"},
      {"a@mail_1.example", "a@mail_1.example", "email:a@mail_1.example"},
      {"a@r3---sn.example", "a@r3---sn.example", "email:a@r3---sn.example"},
      {"a@example.org.", "a@example.org", "email:a@example.org"},
      {"a@[192.0.2.1]", "a@[192.0.2.1]", "email:a@[192.0.2.1]"},
      {"a@[IPv6:2001:DB8::1]", "a@[ipv6:2001:db8::1]", "email:a@[ipv6:2001:db8::1]"},
      /* what surrounds it */
      {"  a@b.example \r\n", "a@b.example", "email:a@b.example"},
      {"<a@b.example>", "a@b.example", "email:a@b.example"},
      {"\xC2\xA0\xE2\x80\x8B" "a@b.example\xEF\xBB\xBF\xE2\x80\xAC", "a@b.example", "email:a@b.example"},
      /* quoted local parts */
      {"\"john\"@x.example", "\"john\"@x.example", "email:john@x.example"},
      {"\"John Doe\"@x.example", "\"John Doe\"@x.example", "email:\"john doe\"@x.example"},
      {"\"a@b\"@x.example", "\"a@b\"@x.example", "email:\"a@b\"@x.example"},
      {"\"a\\\"b\"@x.example", "\"a\\\"b\"@x.example", "email:\"a\\\"b\"@x.example"},
  };
  check_emails(cases, COUNT(cases));
}

static void test_email_international(void **state) {
  (void)state;
  static const struct email_case cases[] = {
      {"a@BÜCHER.example", "a@xn--bcher-kva.example", "email:a@xn--bcher-kva.example"},
      {"a@bu\xCC\x88" "cher.example", "a@xn--bcher-kva.example", "email:a@xn--bcher-kva.example"},
      {"a@XN--BCHER-KVA.example", "a@xn--bcher-kva.example", "email:a@xn--bcher-kva.example"},
      {"a@faß.example", "a@xn--fa-hia.example", "email:a@xn--fa-hia.example"}, /* IDNA 2008, not "fass" */
      {"a@例え。テスト", "a@xn--r8jz45g.xn--zckzah", "email:a@xn--r8jz45g.xn--zckzah"},
      {"Jörg@example.org", "Jörg@example.org", "email:jörg@example.org"},
      /* NFD and NFC of one name are one customer; what is sent to stays as it was written */
      {"Jo\xCC\x88rg@example.org", "Jo\xCC\x88rg@example.org", "email:jörg@example.org"},
      {"用户@例子.example", "用户@xn--fsqu00a.example", "email:用户@xn--fsqu00a.example"},
      {"a@xn--a.example", NULL, NULL},
      {"a@b\xEF\xBC\xA0" "c.example", NULL, NULL}, /* full-width @ */
      {"a@ex ample.org", NULL, NULL},
      {"a\xE2\x80\x8B" "b@example.org", NULL, NULL}, /* zero width inside: which one is meant? */
      {"a\xC2\xA0" "b@example.org", NULL, NULL},
      {"a\xE2\x80\xAE" "b@example.org", NULL, NULL},
      {"a\xFF@example.org", NULL, NULL},
  };
  check_emails(cases, COUNT(cases));
}

static void test_email_refused(void **state) {
  (void)state;
  static const struct email_case cases[] = {
      {"", NULL, NULL},
      {"@", NULL, NULL},
      {"a", NULL, NULL},
      {"a@", NULL, NULL},
      {"@b.example", NULL, NULL},
      {"a@b@c.example", NULL, NULL},
      {"a b@c.example", NULL, NULL},
      {"a@b..example", NULL, NULL},
      {"a@.example", NULL, NULL},
      {"a@example..", NULL, NULL},
      {"a@-b.example", NULL, NULL},
      {"a@b-.example", NULL, NULL},
      {"a@b,c.example", NULL, NULL},
      {"a@192.0.2.1", NULL, NULL},
      {"a@[192.0.2.1", NULL, NULL},
      {"a@[]", NULL, NULL},
      {"a@b.example>", NULL, NULL},
      {"a@b.example, c@d.example", NULL, NULL},
      {"Name <a@b.example>", NULL, NULL},
      {"\"open@b.example", NULL, NULL},
      {"\"a\"b@c.example", NULL, NULL},
      {"\"a\\\"@c.example", NULL, NULL},
      {"\"@c.example", NULL, NULL},
      {"a(comment)@b.example", NULL, NULL},
      {"a\n@b.example", NULL, NULL},
      /* AD-14 */
      {"=?utf-8?Q?agent?=@example.com", NULL, NULL},
      {"=?utf-8?Q?attacker?Q?agent?=@victim.example", NULL, NULL},
      {"=?utf-8?Q?agent=40example.com?=", NULL, NULL},
      {"\"=?utf-8?Q?agent?=\"@example.com", NULL, NULL},
  };
  check_emails(cases, COUNT(cases));
}

/* AD-05 */
static void test_email_limits(void **state) {
  (void)state;
  static const struct email_case cases[] = {
      {SIXTY "abcd@b.example", SIXTY "abcd@b.example", "email:" SIXTY "abcd@b.example"},
      {SIXTY "abcde@b.example", NULL, NULL},
      {"a@" SIXTY "abc.example", "a@" SIXTY "abc.example", "email:a@" SIXTY "abc.example"},
      {"a@" SIXTY "abcd.example", NULL, NULL},
      {"a@" SIXTY "." SIXTY "." SIXTY "." SIXTY ".exam.ple", "a@" SIXTY "." SIXTY "." SIXTY "." SIXTY ".exam.ple",
       "email:a@" SIXTY "." SIXTY "." SIXTY "." SIXTY ".exam.ple"},
      {"ab@" SIXTY "." SIXTY "." SIXTY "." SIXTY ".exampl.e", NULL, NULL},
  };
  check_emails(cases, COUNT(cases));
  static char huge[100000];
  memset(huge, 'a', sizeof(huge));
  huge[10] = '@';
  struct arena *a = arena_new(64, 8192);
  char *address, *key;
  assert_int_equal(address_email(a, slice_of(huge, sizeof(huge)), &address, &key), ADDRESS_INVALID);
  assert_int_equal(address_email(a, SLICE("a\0b@c.example"), &address, &key), ADDRESS_INVALID);
  arena_free(&a);
}

static void test_no_memory(void **state) {
  (void)state;
  struct arena *a = arena_new(16, 16);
  char *address = NULL, *key = NULL;
  bool answerable;
  assert_int_equal(address_email(a, SLICE("somebody@somewhere.example"), &address, &key), -ENOMEM);
  assert_int_equal(address_key_of(a, SLICE("somebody@somewhere.example"), &key), -ENOMEM);
  assert_int_equal(address_key_of(a, SLICE("id:012345678901234567890"), &key), -ENOMEM);
  assert_int_equal(address_phone(a, SLICE("+491701234567"), false, &address, &key, &answerable), -ENOMEM);
  assert_true(!address && !key);
  arena_free(&a);
}

static void test_key_of(void **state) {
  (void)state;
  static const struct {
    const char *raw, *key;
  } cases[] = {
      {"User@Example.org", "email:user@example.org"},
      {"mailto:User@Example.org", "email:user@example.org"},
      {"email:User@Example.org", "email:user@example.org"},
      {"EMAIL: User@Example.org ", "email:user@example.org"},
      {"+49 170 1234567", "tel:+491701234567"},
      {"tel:+49 170 1234567", "tel:+491701234567"},
      {"whatsapp:+491701234567", "tel:+491701234567"},
      {"12345", "short:12345"},
      {"short:12345", "short:12345"},
      {"id:4711", "id:4711"},
      {"messenger:US.1234", "messenger:US.1234"},
      {"id:", NULL},
      {"id:a b", NULL},
      {"id:a\tb", NULL},
      {"email:nobody", NULL},
      {"tel:4711x", NULL},
      {"0170 1234567", NULL},
      {"Bad Kind:x", NULL},
      {"", NULL},
      {":", NULL},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct arena *a = arena_new(64, 8192);
    char *key = NULL;
    int r = address_key_of(a, slice_text(cases[i].raw), &key);
    if (r != (cases[i].key ? 0 : ADDRESS_INVALID))
      fail_msg("%s: outcome %d", cases[i].raw, r);
    if (r == 0)
      assert_string_equal(key, cases[i].key);
    arena_free(&a);
  }
}

static void test_split_token(void **state) {
  (void)state;
  static const struct {
    const char *address, *local, *token, *domain; /* local NULL: no */
  } cases[] = {
      {"support+abc@example.com", "support", "abc", "example.com"},
      {"support@example.com", "support", "", "example.com"},
      {"support+@example.com", "support", "", "example.com"},
      {"support+a+b@example.com", "support", "a+b", "example.com"},
      {"Support+ABC@Example.com.", "Support", "ABC", "Example.com"},
      {"\"support+abc\"@example.com", "support", "abc", "example.com"},
      {"+abc@example.com", "+abc", "", "example.com"},
      {"a@b+c@example.com", NULL, NULL, NULL},
      {"@relay.example:a+b@example.com", NULL, NULL, NULL},
      {"support+abc", NULL, NULL, NULL},
      {"support+abc@", NULL, NULL, NULL},
      {"@example.com", NULL, NULL, NULL},
      {"", NULL, NULL, NULL},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct slice address = slice_text(cases[i].address), local, token, domain;
    bool split = address_split_token(address, &local, &token, &domain);
    if (split != (cases[i].local != NULL))
      fail_msg("%s: %d", cases[i].address, split);
    if (!split)
      continue;
    assert_true(slice_equal(local, slice_text(cases[i].local)));
    assert_true(slice_equal(token, slice_text(cases[i].token)));
    assert_true(slice_equal(domain, slice_text(cases[i].domain)));
    /* Lent from the address, as the LMTP envelope relies on. */
    assert_true(token.at >= address.at && token.at + token.len <= address.at + address.len);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_email_forms),    cmocka_unit_test(test_email_international),
      cmocka_unit_test(test_email_refused),  cmocka_unit_test(test_email_limits),
      cmocka_unit_test(test_no_memory),      cmocka_unit_test(test_key_of),
      cmocka_unit_test(test_split_token),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
