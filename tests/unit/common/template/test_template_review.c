/* SPDX-License-Identifier: Apache-2.0 */
/* What is told of templates before they are in force: each finding once, and nothing about good ones. */
#include "template/review.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define DESK                                                                                                           \
  "queues: [{name: a}, {name: b}]\ndefault: {queue: a}\n"                                                              \
  "hours: [{name: h, open: {mon-fri: \"09:00-17:00\"}}, {name: i, open: {sat: \"09:00-17:00\"}}]\n"
#define NO_HOURS "queues: [{name: a}]\ndefault: {queue: a}\n"

static struct desk *desk_of(struct slice yaml) {
  struct desk *d = NULL;
  struct complaint c = {0};
  if (desk_parse(yaml, "desk.yaml", &d, &c))
    fail_msg("%u:%u: %s\n%.*s", c.line, c.column, c.text, (int)yaml.len, yaml.at);
  return d;
}

/* "wrong t: sentence|note: sentence" */
static void write_down(void *arg, const struct template_finding *f) {
  struct buf *b = arg;
  buf_printf(b, "%s%s%s%s: %s", b->len ? "|" : "", f->wrong ? "wrong" : "note", f->name ? " " : "",
             f->name ? f->name : "", f->text);
}

static const char config_yaml[] =
    "channels:\n"
    "  - {name: mail, kind: email, addresses: [\"a@example.com\"]}\n"
    "  - {name: text, kind: sms, addresses: [\"+15550100\"], provider: twilio, secret_files: [x]}\n"
    "  - {name: contact, kind: form}\n";
static const char second_mail[] = "  - {name: second, kind: email, addresses: [\"b@example.com\"]}\n";

static void expect_findings(const char *desk, const char *config, const char *want) {
  auto_clean(buf_free) struct buf got = BUF_INIT(1 << 20);
  auto_clean(config_free) struct config *c = NULL;
  struct complaint complaint = {0};
  struct desk *d = desk_of(slice_text(desk));
  if (config && config_parse(slice_text(config), "deskbell.yaml", "/", &c, &complaint))
    fail_msg("%s", complaint.text);
  buf_add_text(&got, "");
  size_t wrong = template_review(d, c, write_down, &got), said = strncmp(want, "wrong", 5) == 0;
  for (const char *at = want; (at = strstr(at, "|wrong")); at++)
    said++;
  if (strcmp(got.at, want) != 0)
    fail_msg("%s\ngot:  %s\nwant: %s", desk, got.at, want);
  assert_int_equal(wrong, said);
  desk_free(&d);
}

#define T(name, when, rest) "{name: " name ", when: {" when "}, " rest "}"
#define X "text: x"
#define GAP(name, what)                                                                                                \
  "{{" name "}} in its " what " has no default: when it has no value, nothing is sent; {{" name                        \
  "|…}} says something else instead"
#define TYPED(name, what, then)                                                                                        \
  "{{" name "}} in its " what " is never filled in for an address that was only typed in (WF-20): there " then
#define NEVER "never has its turn: those before it take all its cases"
#define ELSE " for customers whose language is not known, or another"
#define M "channel: [mail]"

static const struct {
  const char *templates, *want;
} cases[] = {
    {"", ""},
    {T("t", M, X), ""},
    /* texts */
    {T("t", M, "text: \"{{refernce}}\""),
     "wrong t: line 1 of its text, column 1: there is no variable 'refernce'; did you mean 'reference'?"},
    {T("t", M, "text: \"a\\n b {{\", subject: \"{{}}\""),
     "wrong t: line 1 of its subject, column 1: '{{ }}' without the name of a variable|"
     "wrong t: line 2 of its text, column 4: '{{' without '}}' on the same line; two braces as such are written '{{{{'"},
    {T("t", M, "text: \"{{customer_name}} {{customer_name}} {{answer_time}} {{subject|x}} {{reference}} {{date}}\""),
     "note t: " GAP("customer_name", "text") "|note t: " GAP("answer_time", "text")},
    {T("t", M, "text: \"{{queue}} {{channel}} {{desk_name}} {{opening_hours}}\", subject: \"{{subject}}\""),
     "note t: " GAP("subject", "subject")},
    {T("t", M, "text: \"{{next_open}}\""), "note t: " GAP("next_open", "text")},
    {T("t", M ", hours: h", "text: \"{{next_open}}\"") "," T("u", M, X), "note t: " GAP("next_open", "text")},
    {T("t", M ", hours: not h", "text: \"{{next_open}}\"") "," T("u", M, X), ""},
    /* typed addresses */
    {T("t", M, "allow: [typed-address], subject: \"{{subject}}\", text: \"{{customer_name|x}}{{customer_name|y}}\""),
     "note t: " TYPED("subject", "subject", "nothing is sent") "|note t: "
     TYPED("customer_name", "text", "its default is said")},
    {T("t", M, "allow: [typed-address], text: \"{{reference}} {{answer_time|soon}} {{queue}}\""), ""},
    {T("t", M, "allow: [postmaster], text: \"{{customer_name|x}}\""), ""},
    /* whose turn */
    {T("t", M, X) "," T("u", M, X), "note u: " NEVER},
    {T("t", M, X) "," T("u", "channel: [mail, text]", X), ""},
    {T("t", "channel: [mail, text]", X) "," T("u", M ", queue: [b], language: [de], hours: h", X), "note u: " NEVER},
    {T("t", M ", queue: [a]", X) "," T("u", M ", queue: [a]", X) "," T("v", M, X), "note u: " NEVER},
    {T("t", M ", queue: [a]", X) "," T("u", M ", queue: [b]", X) "," T("v", M, X), "note v: " NEVER},
    {T("t", M ", queue: [a, b]", X) "," T("v", M, X), "note v: " NEVER},
    {T("t", M ", language: [de]", X) "," T("u", M ", language: [de-AT]", X) "," T("v", M, X), "note u: " NEVER},
    {T("t", M ", language: [de-AT]", X) "," T("u", M ", language: [de]", X) "," T("v", M, X), ""},
    {T("t", M ", language: [de]", X) "," T("u", M ", language: [fr]", X) "," T("v", M ", language: [fr, de]", X) ","
     T("w", M, X), "note v: " NEVER},
    {T("t", M ", hours: h", X) "," T("u", M ", hours: not h", X) "," T("v", M, X), "note v: " NEVER},
    {T("t", M ", hours: h", X) "," T("u", M ", hours: not i", X) "," T("v", M, X), ""},
    {T("t", M ", hours: h", X) "," T("u", M ", hours: h", X) "," T("v", M, X), "note u: " NEVER},
    {T("t", M ", hours: h", X) "," T("u", M ", hours: i", X) "," T("v", M, X), ""},
    {T("t", M ", hours: i", X) "," T("u", M ", hours: not i", X) "," T("v", M ", hours: h", X), "note v: " NEVER},
    /* who is left without */
    {T("t", M ", language: [de]", X), "note: channel 'mail', queue 'a': there is no template" ELSE},
    {T("t", M ", hours: h", X), "note: channel 'mail', queue 'a': there is no template at some hours"},
    {T("t", M ", hours: h, language: [de]", X) "," T("u", M ", hours: h", X),
     "note: channel 'mail', queue 'a': there is no template at some hours"},
    {T("t", M ", language: [de]", X) "," T("u", M ", hours: h", X),
     "note: channel 'mail', queue 'a': there is no template at some hours" ELSE},
    {T("t", M ", language: [de], hours: h", X) "," T("u", "channel: [text]", X),
     "note: channel 'mail', queue 'a': there is no template" ELSE
     "|note: channel 'mail', queue 'a': there is no template at some hours for customers who write in 'de'"},
    {T("t", M ", queue: [b]", X), ""}, /* nothing in the other queue: meant so */
    {T("t", M ", queue: [b], language: [de]", X), "note: channel 'mail', queue 'b': there is no template" ELSE},
    {T("t", M ", language: [de]", X) "," T("u", "channel: [text], language: [fr]", X),
     "note: channel 'mail', queue 'a': there is no template" ELSE
     "|note: channel 'text', queue 'a': there is no template" ELSE},
};

static void test_one_by_one(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    auto_clean(buf_free) struct buf yaml = BUF_INIT(1 << 16);
    buf_printf(&yaml, DESK "templates: [%s]\n", cases[i].templates);
    expect_findings(yaml.at, NULL, cases[i].want);
  }
}

static void test_hours(void **state) {
  (void)state;
  expect_findings(NO_HOURS "templates: [" T("t", M, "text: \"{{opening_hours}}\"") "]\n", NULL,
                  "note t: " GAP("opening_hours", "text"));
  expect_findings(NO_HOURS "hours: [{name: m, zone: Mars/Olympus, open: {mon: \"09:00-10:00\"}}]\n", NULL,
                  "wrong: hours 'm': this system knows no time zone 'Mars/Olympus' (Europe/Berlin, America/New_York; "
                  "package tzdata)");
}

static const struct {
  const char *templates, *want;
  bool second;
} channel_cases[] = {
    {T("t", "channel: [mail, text]", X), "", false},
    {T("t", "channel: [mial]", "text: x, subject: x, over: mail"), "note t: channel 'mial' is not in the configuration",
     false},
    {T("t", "channel: [text]", "text: x, subject: y"), "note t: 'subject' is for mail, and none of its channels is one",
     false},
    {T("t", "channel: [text, mail]", "text: x, subject: y"), "", false},
    {T("t", M, "text: x, over: mail"), "note t: 'over' is for forms, and it is for none", false},
    {T("t", "channel: [contact]", X),
     "note t: channel 'contact' is a form, where an address is only typed in: without 'allow: [typed-address]' nothing "
     "is sent", false},
    {T("t", "channel: [contact]", "text: x, allow: [typed-address]"), "", false},
    {T("t", "channel: [contact]", "text: x, allow: [typed-address]"),
     "note t: channel 'contact' is a form and there are 2 e-mail channels: 'over' must say which one it goes out over",
     true},
    {T("t", "channel: [contact]", "text: x, allow: [typed-address], over: second"), "", true},
    {T("t", "channel: [contact]", "text: x, allow: [typed-address], over: text"),
     "note t: 'over' names channel 'text', which is no e-mail channel", true},
    {T("t", "channel: [contact]", "text: x, allow: [typed-address], over: third"),
     "note t: 'over' names channel 'third', which is not in the configuration", true},
};

static void test_channels(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(channel_cases); i++) {
    auto_clean(buf_free) struct buf yaml = BUF_INIT(1 << 16);
    auto_clean(buf_free) struct buf config = BUF_INIT(1 << 16);
    buf_printf(&yaml, DESK "templates: [%s]\n", channel_cases[i].templates);
    buf_printf(&config, "%s%s", config_yaml, channel_cases[i].second ? second_mail : "");
    expect_findings(yaml.at, config.at, channel_cases[i].want);
  }
}

/* 160 characters of GSM 7-bit are one SMS, 70 of anything else. */
static void test_sms(void **state) {
  (void)state;
  static const struct {
    const char *letter;
    size_t count;
    const char *limits, *want;
  } rows[] = {
      {"x", 160, "", ""},
      {"x", 161, "",
       "note t: over channel 'text' it is an SMS in 2 parts with sample values (161 characters); in more than 1 it is "
       "not sent (acknowledge: sms_parts)"},
      {"x", 161, "acknowledge: {sms_parts: 2}\n", ""},
      {"ж", 70, "", ""},
      {"ж", 71, "",
       "note t: over channel 'text' it is an SMS in 2 parts with sample values (71 characters, not all of GSM 7-bit, so "
       "that fewer fit); in more than 1 it is not sent (acknowledge: sms_parts)"},
  };
  for (size_t i = 0; i < COUNT(rows); i++) {
    auto_clean(buf_free) struct buf yaml = BUF_INIT(1 << 16);
    buf_printf(&yaml, DESK "%stemplates: [{name: t, when: {channel: [text]}, text: \"", rows[i].limits);
    for (size_t n = 0; n < rows[i].count; n++)
      buf_add_text(&yaml, rows[i].letter);
    buf_add_text(&yaml, "\"}]\n");
    expect_findings(yaml.at, config_yaml, rows[i].want);
    expect_findings(yaml.at, NULL, "");
  }
}

static void test_long_texts(void **state) {
  (void)state;
  auto_clean(buf_free) struct buf yaml = BUF_INIT(1 << 16);
  buf_add_text(&yaml, DESK "templates: [{name: t, when: {channel: [mail]}, text: \"{{subject|}}");
  for (int i = 0; i < TEMPLATE_TEXT_MAX - 199; i++)
    buf_add_char(&yaml, 'x');
  buf_add_text(&yaml, "\"}]\n");
  expect_findings(yaml.at, NULL, "note t: its text can become 4097 bytes long; more than 4096 are not sent");
}

/* Every language of every queue of every channel, many times over: it ends, having said less. */
static void test_patience(void **state) {
  (void)state;
  auto_clean(buf_free) struct buf yaml = BUF_INIT(DESK_MAX_BYTES), got = BUF_INIT(16 << 20);
  buf_add_text(&yaml, "default: {queue: q0}\nqueues: [{name: q0}");
  for (int i = 1; i < 500; i++)
    buf_printf(&yaml, ", {name: q%d}", i);
  buf_add_text(&yaml, "]\ntemplates:\n");
  for (int i = 0; i < 500; i++) {
    buf_printf(&yaml, "- {name: t%d, text: x, when: {channel: [c%d", i, i % 7);
    for (int c = 0; c < 100; c++)
      buf_printf(&yaml, ", d%d", c);
    buf_add_text(&yaml, "], language: [aa");
    for (int l = 0; l < 100; l++)
      buf_printf(&yaml, ", %c%c", 'a' + l / 10, 'a' + l % 10);
    buf_add_text(&yaml, "]}}\n");
  }
  struct desk *d = desk_of(buf_slice(&yaml));
  assert_int_equal(template_review(d, NULL, write_down, &got), 0);
  desk_free(&d);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_one_by_one), cmocka_unit_test(test_hours), cmocka_unit_test(test_channels),
      cmocka_unit_test(test_sms),        cmocka_unit_test(test_long_texts), cmocka_unit_test(test_patience),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
