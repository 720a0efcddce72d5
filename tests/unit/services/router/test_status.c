/* SPDX-License-Identifier: Apache-2.0 */
/* Status events become facts for the step: our own states as they are, providers' words translated, nothing that could
 * break out of its field. */
#include "status.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

enum facts { OWN, SOURCE, STATE, ATTEMPT, AT, NEXT_TRY, PERMANENT, CODE, DESTINATION, WHY, PARTS, FACTS };

static struct arena *arena;

static int open_arena(void **state) {
  (void)state;
  arena = arena_new(4096, 64 * 1024);
  return 0;
}

static int close_arena(void **state) {
  (void)state;
  arena_free(&arena);
  return 0;
}

static contact_event *status_event(Deskbell__V1__DeliveryStatus *s) {
  arena_reset(arena);
  contact_event *e = event_new(arena);
  deskbell__v1__delivery_status__init(s);
  e->kind = DESKBELL__V1__EVENT_KIND__STATUS;
  e->status = s;
  e->received_at_ms = 4711;
  return e;
}

static void facts_of(const contact_event *e, char ret[FACTS][1200]) {
  const char *text = status_facts(e, arena);
  assert_non_null(text);
  struct slice rest = slice_text(text), part;
  size_t n = 0;
  for (; slice_split(&rest, '\x1f', &part); n++) {
    assert_true(n < FACTS);
    snprintf(ret[n], 1200, "%.*s", (int)part.len, part.at);
  }
  assert_int_equal(n, FACTS);
}

static void providers_words_are_translated(void **state) {
  (void)state;
  static const struct {
    const char *said, *means, *permanent;
  } rows[] = {{"queued", "accepted", ""},   {"accepted", "accepted", ""}, {"sending", "accepted", ""},
              {"sent", "accepted", ""},     {"Sent", "accepted", ""},     {"delivered", "delivered", ""},
              {"DELIVRD", "delivered", ""}, {"read", "read", ""},         {"failed", "failed", "1"},
              {"undelivered", "failed", "1"}, {"canceled", "failed", "1"}, {"REJECTD", "failed", "1"},
              {"expired", "failed", "1"},   {"a word of tomorrow", "", ""}, {"", "", ""},
              {"held", "", ""} /* ours, and no provider's */};
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    Deskbell__V1__DeliveryStatus s;
    char f[FACTS][1200];
    contact_event *e = status_event(&s);
    s.of_source_id = (char *)"SM1";
    s.provider_status = (char *)rows[i].said;
    s.error_code = (char *)"30003";
    facts_of(e, f);
    assert_string_equal(f[OWN], "");
    assert_string_equal(f[SOURCE], "SM1");
    assert_string_equal(f[STATE], rows[i].means);
    assert_string_equal(f[PERMANENT], rows[i].permanent);
    assert_string_equal(f[CODE], "30003");
    assert_string_equal(f[WHY], rows[i].said);
    assert_string_equal(f[AT], "4711");
  }
}

static void our_own_states_count_as_they_are(void **state) {
  (void)state;
  Deskbell__V1__DeliveryStatus s;
  char f[FACTS][1200];
  contact_event *e = status_event(&s);
  s.of_outbound = (char *)"o0123456789abcdef";
  s.of_source_id = (char *)"SM1";
  s.state = (char *)"deferred";
  s.provider_status = (char *)"delivered";
  s.attempt = 3;
  s.at_ms = 5000;
  s.next_try_ms = 6000;
  s.code = (char *)"451 4.7.1";
  s.error_code = (char *)"other";
  s.destination = (char *)"mx.example.org";
  s.why = (char *)"greylisted";
  facts_of(e, f);
  static const char *const expected[FACTS] = {"o0123456789abcdef", "SM1", "deferred", "3", "5000", "6000", "", "451 4.7.1",
                                              "mx.example.org", "greylisted", "0"};
  for (size_t i = 0; i < FACTS; i++)
    assert_string_equal(f[i], expected[i]);
  s.state = (char *)"no such state"; /* nor is the provider's word taken instead */
  facts_of(e, f);
  assert_string_equal(f[STATE], "");
}

static void parts_have_ids_in_order(void **state) {
  (void)state;
  Deskbell__V1__DeliveryStatus s;
  char f[FACTS][1200];
  char *ids[] = {(char *)"SM1", (char *)"", (char *)"SM3\x1e\x1fx"};
  contact_event *e = status_event(&s);
  s.of_outbound = (char *)"o0123456789abcdef";
  s.state = (char *)"accepted";
  s.parts = 3;
  s.of_part_ids = ids;
  s.n_of_part_ids = 3;
  facts_of(e, f);
  assert_string_equal(f[SOURCE], "SM1\x1e\x1eSM3x");
  assert_string_equal(f[PARTS], "3");
}

static void nothing_breaks_out_of_its_field(void **state) {
  (void)state;
  Deskbell__V1__DeliveryStatus s;
  char f[FACTS][1200], long_text[3001];
  contact_event *e = status_event(&s);
  memset(long_text, 'x', 3000);
  long_text[3000] = '\0';
  s.of_source_id = long_text;
  s.state = (char *)"failed";
  s.why = long_text;
  s.code = (char *)"550\x1f\n5.1.1\t!";
  facts_of(e, f);
  assert_int_equal(strlen(f[SOURCE]), 200);
  assert_int_equal(strlen(f[WHY]), 1000);
  assert_null(strpbrk(f[CODE], "\x1f\n\t"));
}

static void what_is_about_nothing_of_ours_has_no_facts(void **state) {
  (void)state;
  Deskbell__V1__DeliveryStatus s;
  contact_event *e = status_event(&s);
  assert_string_equal(status_facts(e, arena), "");
  s.of_source_id = (char *)"SM1";
  e->kind = DESKBELL__V1__EVENT_KIND__MESSAGE;
  assert_string_equal(status_facts(e, arena), "");
  e->kind = DESKBELL__V1__EVENT_KIND__STATUS;
  e->status = NULL;
  assert_string_equal(status_facts(e, arena), "");
}

static void a_full_arena_is_said(void **state) {
  (void)state;
  Deskbell__V1__DeliveryStatus s;
  contact_event *e = status_event(&s);
  struct arena *small = arena_new(64, 64);
  s.of_source_id = (char *)"SM1";
  s.why = (char *)"a text that is longer than the sixty-four bytes that there are in this small arena";
  assert_null(status_facts(e, small));
  arena_free(&small);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(providers_words_are_translated),
      cmocka_unit_test(our_own_states_count_as_they_are),
      cmocka_unit_test(parts_have_ids_in_order),
      cmocka_unit_test(nothing_breaks_out_of_its_field),
      cmocka_unit_test(what_is_about_nothing_of_ours_has_no_facts),
      cmocka_unit_test(a_full_arena_is_said),
  };
  return cmocka_run_group_tests(tests, open_arena, close_arena);
}
