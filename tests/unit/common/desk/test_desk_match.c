/* SPDX-License-Identifier: Apache-2.0 */
/* Every condition in both directions, the order of rules, and what desk_match() promises about its last place. */
#include "desk/desk.h"
#include "base/pattern.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static struct desk *desk_with(const char *rules) {
  struct buf yaml = BUF_INIT(1 << 20);
  struct desk *d = NULL;
  struct complaint complaint = {0};
  buf_printf(&yaml, "queues: [{name: q}]\ndefault: {queue: q}\nrules: [%s]\n", rules);
  if (desk_parse(buf_slice(&yaml), "desk.yaml", &d, &complaint))
    fail_msg("%u:%u: %s\n%s", complaint.line, complaint.column, complaint.text, yaml.at);
  buf_free(&yaml);
  return d;
}

/* The event that the conditions below are tried on. */
static const struct slice recipients[] = {SLICE("Billing@Example.com"), SLICE("+14155552671")};
static const struct desk_facts event = {
    .channel = SLICE("mail"),
    .channel_kind = SLICE("email"),
    .recipients = recipients,
    .recipient_count = 2,
    .subject = SLICE("Re: Your Invoice"),
    .text = SLICE("Please send me a CREDIT\nnote over 12,50 €. Grüße aus der STRASSE. 我要发票,谢谢"),
    .automatic = SLICE("list"),
};

static const struct {
  const char *when;
  bool holds;
} conditions[] = {
    {"channel: [mail]", true},
    {"channel: [sms, mail]", true},
    {"channel: [sms]", false},
    {"channel: [mai]", false},
    {"channel_kind: [email]", true},
    {"channel_kind: [sms, email]", true},
    {"channel_kind: [sms, webhook, form]", false},
    {"recipient: [\"billing@example.com\"]", true},
    {"recipient: [\"BILLING@EXAMPLE.COM\"]", true},
    {"recipient: [\"billing@*\"]", true},
    {"recipient: [\"*@example.com\"]", true},
    {"recipient: [\"*\"]", true},
    {"recipient: [\"x\", \"+1415*\"]", true},
    {"recipient: [\"billing@example.co\"]", false},
    {"recipient: [\"illing@example.com\"]", false},
    {"recipient: [\"sales@*\", \"+44*\"]", false},
    {"words: [invoice]", true},
    {"words: [INVOICE]", true},
    {"words: [re]", true},
    {"words: [voice]", false},
    {"words: [invoices]", false},
    {"words: [\"credit note\"]", true},
    {"words: [\"credit-note\"]", true},
    {"words: [\"note credit\"]", false},
    {"words: [\"your invoice please\"]", false}, /* the subject and the text are two */
    {"words: [\"12,50\"]", true},
    {"words: [grüsse]", true},
    {"words: [GRÜSSE]", true},
    {"words: [straße]", true},
    {"words: [grusse]", false},
    {"words: [发票]", true},
    {"words: [票发]", false},
    {"words: [nothing, else, note]", true},
    {"suspected: false", true},
    {"suspected: true", false},
    {"automatic: [list]", true},
    {"automatic: [bounce, list]", true},
    {"automatic: [bounce, reply, report, bulk]", false},
    {"automatic: none", false},
    {"channel: [mail], words: [invoice], suspected: false, recipient: [\"*@example.com\"], "
     "channel_kind: [email]", true},
    {"channel: [mail], words: [invoices]", false},
    {"channel: [sms], words: [invoice]", false},
    {"words: [invoice], suspected: true", false},
    {"words: [invoice], recipient: [x]", false},
    {"words: [invoice], channel_kind: [form]", false},
};

static void test_conditions(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(conditions); i++) {
    char rules[400];
    uint16_t found[4];
    snprintf(rules, sizeof(rules), "{name: a, when: {%s}, then: {queue: q}}", conditions[i].when);
    struct desk *d = desk_with(rules);
    assert_int_equal(desk_match(d, &event, found, 4), 1);
    if ((found[0] == 0) != conditions[i].holds)
      fail_msg("{%s} should %shold", conditions[i].when, conditions[i].holds ? "" : "not ");
    desk_free(&d);
  }
}

/* An event with nothing in it meets only conditions that ask for nothing. */
static void test_agents_addresses(void **state) {
  (void)state;
  struct desk *d = NULL;
  struct complaint c;
  static const char yaml[] = "queues: [{name: q}]\ndefault: {queue: q}\nagents:\n"
                             "  - {name: ana, address: Ana@Example.com}\n  - {name: bo}\n"
                             "  - {name: cy, address: cy@example.com}\n";
  assert_int_equal(desk_parse(slice_text(yaml), "desk.yaml", &d, &c), 0);
  assert_string_equal(desk_agent_of(d, SLICE("ana@example.com")), "ana");
  assert_string_equal(desk_agent_of(d, SLICE("CY@EXAMPLE.COM")), "cy");
  assert_string_equal(desk_agent_of(d, SLICE("bo")), "");
  assert_string_equal(desk_agent_of(d, SLICE("")), "");
  assert_string_equal(desk_agent_of(d, SLICE("xana@example.com")), "");
  char endless[2000];
  memset(endless, 'a', sizeof(endless));
  assert_string_equal(desk_agent_of(d, slice_of(endless, sizeof(endless))), "");
  desk_free(&d);
  d = desk_with("");
  assert_string_equal(desk_agent_of(d, SLICE("ana@example.com")), "");
  desk_free(&d);
}

static void test_empty_event(void **state) {
  (void)state;
  struct desk_facts nothing = {0};
  static const struct {
    const char *when;
    bool holds;
  } cases[] = {
      {"channel: [mail]", false}, {"channel_kind: [email]", false}, {"recipient: [\"*\"]", false},
      {"words: [a]", false},      {"suspected: false", true},       {"suspected: true", false},
      {"automatic: none", true},  {"automatic: [bounce, reply, report, list, bulk]", false},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    char rules[200];
    uint16_t found[1];
    snprintf(rules, sizeof(rules), "{name: a, when: {%s}, then: {queue: q}}", cases[i].when);
    struct desk *d = desk_with(rules);
    assert_int_equal(desk_match(d, &nothing, found, 1), 1);
    assert_true((found[0] == 0) == cases[i].holds);
    desk_free(&d);
  }
}

#define RULE(name, when) "{name: " name ", when: {" when "}, then: {queue: q}}"

static void test_order(void **state) {
  (void)state;
  struct desk *d = desk_with(RULE("r0", "customer_tags: [vip]") "," RULE("r1", "words: [nothing]") ","
                             RULE("r2", "customer_value: \">= 5\", words: [invoice]") ","
                             RULE("r3", "customer_language: [de], suspected: true") ","
                             RULE("r4", "customer_language: [fr]") "," RULE("r5", "words: [note]") ","
                             RULE("r6", "words: [invoice]"));
  static const struct {
    size_t max, count;
    uint16_t rules[5];
  } cases[] = {
      {10, 4, {0, 2, 4, 5}}, {5, 4, {0, 2, 4, 5}}, {4, 4, {0, 2, 4, 5}},
      {3, 3, {0, 2, 5}},     {2, 2, {0, 5}},       {1, 1, {5}},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    uint16_t found[11];
    memset(found, 0xEE, sizeof(found));
    assert_int_equal(desk_match(d, &event, found, cases[i].max), cases[i].count);
    assert_memory_equal(found, cases[i].rules, cases[i].count * sizeof(found[0]));
    assert_int_equal(found[cases[i].max], 0xEEEE);
  }
  struct desk_facts other = event;
  other.text = other.subject = SLICE("hello");
  uint16_t found[10];
  assert_int_equal(desk_match(d, &other, found, 10), 3);
  assert_int_equal(found[2], 7); /* the default rule */
  desk_free(&d);
}

/* Recipients beyond the room on the stack, and many of them. */
static void test_many_recipients(void **state) {
  (void)state;
  struct desk *d = desk_with(RULE("r0", "recipient: [\"last@*\", \"nobody\"]") ","
                             RULE("r1", "recipient: [\"*9@X*\"]"));
  static char texts[1000][32];
  static struct slice many[1001];
  for (size_t i = 0; i < 1000; i++) {
    snprintf(texts[i], sizeof(texts[i]), "Recipient-%zu@X.Example", i);
    many[i] = slice_text(texts[i]);
  }
  many[1000] = SLICE("LAST@x");
  struct desk_facts facts = {.recipients = many, .recipient_count = 1000};
  uint16_t found[1];
  assert_int_equal(desk_match(d, &facts, found, 1), 1);
  assert_int_equal(found[0], 1);
  facts.recipient_count = 1001;
  assert_int_equal(desk_match(d, &facts, found, 1), 1);
  assert_int_equal(found[0], 0);
  desk_free(&d);
}

static void test_patterns(void **state) {
  (void)state;
  static const struct {
    const char *pattern, *text;
    bool match;
  } cases[] = {
      {"", "", true}, {"", "a", false}, {"a", "a", true}, {"a", "ab", false}, {"ab", "a", false}, {"*", "", true},
      {"*", "abc", true}, {"**", "", true}, {"**", "a", true}, {"a*", "a", true}, {"a*", "abc", true},
      {"a*", "ba", false}, {"*a", "a", true}, {"*a", "cba", true}, {"*a", "ab", false}, {"a*b", "ab", true},
      {"a*b", "axxb", true}, {"a*b", "axxbx", false}, {"a*a", "a", false}, {"a*a", "aa", true}, {"*b*", "abc", true},
      {"*b*", "ac", false}, {"a*b*c", "abbc", true}, {"a*b*c", "acbc", true}, {"a*b*c", "acb", false},
      {"*ab*ab", "abab", true}, {"*ab*ab", "aab", false}, {"*abc", "ababc", true}, {"a**b", "ab", true},
      {"*aab*", "aaab", true}, {"x*y*z", "xyyyzz", true},
  };
  for (size_t i = 0; i < COUNT(cases); i++)
    if (pattern_match(slice_text(cases[i].pattern), slice_text(cases[i].text)) != cases[i].match)
      fail_msg("'%s' on '%s'", cases[i].pattern, cases[i].text);
}

/* A pattern that would try more ways than there are atoms: done at once, or this test never ends. */
static void test_pattern_is_linear(void **state) {
  (void)state;
  char pattern[321], text[60001];
  for (size_t i = 0; i < 320; i += 2)
    memcpy(pattern + i, "*a", 2);
  pattern[319] = 'b';
  memset(text, 'a', sizeof(text));
  assert_false(pattern_match(slice_of(pattern, 320), slice_of(text, sizeof(text))));
  text[sizeof(text) - 1] = 'b';
  assert_true(pattern_match(slice_of(pattern, 320), slice_of(text, sizeof(text))));
}

/* 2026-11-27 is a Friday. */
static void test_hours(void **state) {
  (void)state;
  static const struct {
    const char *zone, *when;
    int64_t now_ms;
    bool holds;
  } cases[] = {
      {"UTC", "office", 1795770000000, true},              /* 09:00 */
      {"UTC", "office", 1795769999999, false},
      {"UTC", "not office", 1795770000000, false},
      {"UTC", "not office", 1795769999999, true},
      {"Europe/Berlin", "office", 1795769999999, true},
      {"Europe/Berlin", "not office", 1795797000000, true}, /* 16:30 UTC */
      {"Mars/Olympus", "office", 1795770000000, false},     /* who cannot tell the time says neither */
      {"Mars/Olympus", "not office", 1795770000000, false},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct buf yaml = BUF_INIT(1 << 12);
    struct desk *d = NULL;
    uint16_t found[1];
    buf_printf(&yaml, "queues: [{name: q}]\ndefault: {queue: q}\nhours: [{name: office, zone: %s, open: {mon-fri: "
               "\"09:00-17:00\"}}]\nrules: [{name: r, when: {hours: %s}, then: {queue: q}}]\n", cases[i].zone, cases[i].when);
    assert_int_equal(desk_parse(buf_slice(&yaml), "desk.yaml", &d, NULL), 0);
    struct desk_facts facts = {.now_ms = cases[i].now_ms};
    assert_int_equal(desk_match(d, &facts, found, 1), 1);
    if ((found[0] == 0) != cases[i].holds)
      fail_msg("%s %s at %lld", cases[i].zone, cases[i].when, (long long)cases[i].now_ms);
    desk_free(&d);
    buf_free(&yaml);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_conditions), cmocka_unit_test(test_empty_event), cmocka_unit_test(test_agents_addresses),
      cmocka_unit_test(test_order),
      cmocka_unit_test(test_patterns),   cmocka_unit_test(test_pattern_is_linear),
      cmocka_unit_test(test_many_recipients), cmocka_unit_test(test_hours),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
