/* SPDX-License-Identifier: Apache-2.0 */
/* What the parser is told: from the configuration and back, and whatever else may come over a pipe. */
#include "parser_trust.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

static char *texts(char *const *all, size_t count, struct arena *a) {
  char *joined = arena_printf(a, "%zu", count);
  for (size_t i = 0; i < count; i++)
    joined = arena_printf(a, "%s %s", joined, all[i]);
  return joined;
}

static void check(const struct parser_trust *t, const char *channel, const char *ids, const char *headers) {
  struct arena *a = arena_new(4096, 65536);
  const struct mime_trust *trust = parser_trust_of(t, slice_text(channel));
  assert_non_null(trust->own);
  assert_string_equal(texts(trust->authserv_ids, trust->authserv_id_count, a), ids);
  assert_string_equal(texts(trust->spam_headers, trust->spam_header_count, a), headers);
  arena_free(&a);
}

static void test_round_trip(void **state) {
  (void)state;
  static const char yaml[] =
      "channels:\n"
      "  - {name: zeta, kind: email, addresses: [\"z@x.example\"], authserv_ids: [mx.x.example, \"-\"]}\n"
      "  - {name: form, kind: form}\n"
      "  - {name: alpha, kind: email, addresses: [\"*\", \"a@x.example\"], spam_headers: [\"X-Spam-Flag: YES\","
      " \"X-Spam: * very *\"]}\n"
      "  - {name: mid, kind: email, enabled: false, addresses: [\"m@x.example\"], spam_headers: [\"A: b\"],"
      " authserv_ids: [one]}\n";
  struct config *c = NULL;
  struct complaint complaint = {0};
  if (config_parse(slice_text(yaml), "test", "/tmp", &c, &complaint) != 0)
    fail_msg("%s", complaint.text);
  auto_clean(buf_free) struct buf packed = BUF_INIT(65536);
  assert_int_equal(parser_trust_pack(c, &packed), 0);
  assert_string_equal(packed.at, "O z@x.example\nO *\nO a@x.example\nO m@x.example\n"
                                 "C zeta\nA mx.x.example\nA -\nC alpha\nS X-Spam-Flag: YES\nS X-Spam: * very *\n"
                                 "C mid\nA one\nS A: b\n");
  auto_clean(parser_trust_free) struct parser_trust *t = parser_trust_unpack(buf_slice(&packed));
  check(t, "zeta", "2 mx.x.example -", "0");
  check(t, "alpha", "0", "2 X-Spam-Flag: YES X-Spam: * very *");
  check(t, "mid", "1 one", "1 A: b");
  check(t, "form", "0", "0");
  check(t, "zet", "0", "0");
  check(t, "zetaa", "0", "0");
  check(t, "", "0", "0");
  auto_clean(buf_free) struct buf small = BUF_INIT(20);
  assert_int_equal(parser_trust_pack(c, &small), BUF_FULL);
  config_free(&c);
}

/* It comes from our own parent; still nothing of it may hurt. */
static void test_anything(void **state) {
  (void)state;
#define CASE(text) {text, sizeof(text) - 1}
  static const struct slice cases[] = {
      CASE(""),
      CASE("\n\n\n"),
      CASE("C"),
      CASE("C \nA x\nS y\nO z"),
      CASE("A x\nS y\nC c\nA x\nO z\nA y\nS 1\nA 2\nC d\n"),
      CASE("O a\nC c\nO b\nS x\n\0S y\n"),
      CASE("X y\nC c\nQ q\nA x\nQ q\nA y"),
  };
#undef CASE
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    struct parser_trust *t = parser_trust_unpack(cases[i]);
    assert_non_null(parser_trust_of(t, SLICE("c")));
    assert_non_null(parser_trust_of(t, SLICE("")));
    parser_trust_free(&t);
    assert_null(t);
    parser_trust_free(&t);
  }
  auto_clean(parser_trust_free) struct parser_trust *t = parser_trust_unpack(cases[4]);
  check(t, "c", "1 x", "1 1"); /* what comes out of order is not believed */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_round_trip),
      cmocka_unit_test(test_anything),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
