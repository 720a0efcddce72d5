/* SPDX-License-Identifier: Apache-2.0 */
/* Which template fits: channel × queue × language × hours, and the order. */
#include "base/buf.h"
#include "template/template.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define FRIDAY_NOON 1795780800000 /* 2026-11-27T12:00Z */
#define FRIDAY_NIGHT (FRIDAY_NOON + 10 * 3600 * 1000)

static struct desk *desk_with(const char *templates) {
  struct buf yaml = BUF_INIT(1 << 16);
  struct desk *d = NULL;
  struct complaint c = {0};
  buf_printf(&yaml,
             "queues: [{name: a}, {name: b}]\ndefault: {queue: a}\n"
             "hours: [{name: office, open: {mon-fri: \"09:00-17:00\"}}, "
             "{name: mars, zone: Mars/Olympus, open: {mon-fri: \"09:00-17:00\"}}]\ntemplates: [%s]\n",
             templates);
  if (desk_parse(buf_slice(&yaml), "desk.yaml", &d, &c))
    fail_msg("%u:%u: %s\n%s", c.line, c.column, c.text, yaml.at);
  buf_free(&yaml);
  return d;
}

#define T(name, when) "{name: " name ", text: x, when: {" when "}}"

static const char *chosen(const struct desk *d, const char *channel, const char *queue, const char *language,
                          int64_t now_ms) {
  struct template_facts f = {slice_text(channel), slice_text(queue), slice_text(language), now_ms};
  const struct desk_template *t = template_choose(d, &f);
  return t ? t->name : "";
}

/* One template with every condition set or not; each fact fitting or not. */
static void test_all_that_is_given_must_hold(void **state) {
  (void)state;
  for (unsigned given = 0; given < 16; given++) {
    char when[200];
    snprintf(when, sizeof(when), "{name: t, text: x, when: {channel: [mail, contact]%s%s%s}}",
             given & 1 ? ", queue: [a]" : "", given & 2 ? ", language: [de, fr-ca]" : "",
             given & 4 ? (given & 8 ? ", hours: not office" : ", hours: office") : "");
    struct desk *d = desk_with(when);
    for (unsigned facts = 0; facts < 16; facts++) {
      bool closed = facts & 8;
      bool fits = !(facts & 1) && (!(given & 1) || !(facts & 2)) && (!(given & 2) || !(facts & 4)) &&
                  (!(given & 4) || closed == !!(given & 8));
      assert_string_equal(chosen(d, facts & 1 ? "sms" : "contact", facts & 2 ? "b" : "a", facts & 4 ? "es" : "de",
                                 closed ? FRIDAY_NIGHT : FRIDAY_NOON), fits ? "t" : "");
    }
    desk_free(&d);
  }
}

static void test_languages(void **state) {
  (void)state;
  static const struct {
    const char *wanted, *language;
    bool fits;
  } rows[] = {
      {"de", "de", true},      {"de", "DE", true},        {"DE", "de", true},      {"de", "de-AT", true},
      {"de", "de_AT", true},   {"de", "del", false},      {"de", "d", false},      {"de", "", false},
      {"de-AT", "de", false},  {"de-AT", "de-at", true},  {"de-AT", "de-AT-1996", true}, {"de-AT", "de-ATX", false},
      {"zh-Hant", "zh-Hant-TW", true}, {"zh-Hant", "zh-TW", false}, {"en", "de", false},
  };
  for (size_t i = 0; i < COUNT(rows); i++) {
    char template[100];
    snprintf(template, sizeof(template), "{name: t, text: x, when: {channel: [mail], language: [%s]}}", rows[i].wanted);
    struct desk *d = desk_with(template);
    if ((chosen(d, "mail", "a", rows[i].language, FRIDAY_NOON)[0] != '\0') != rows[i].fits)
      fail_msg("'%s' for '%s'", rows[i].wanted, rows[i].language);
    desk_free(&d);
  }
}

static void test_the_first_that_fits(void **state) {
  (void)state;
  struct desk *d = desk_with(T("night-de", "channel: [mail], language: [de], hours: not office") ","
                             T("de", "channel: [mail], language: [de]") ","
                             T("b", "channel: [mail], queue: [b]") ","
                             T("night", "channel: [mail], hours: \"not office\"") ","
                             T("any", "channel: [mail]") "," T("late", "channel: [mail, sms]"));
  assert_string_equal(chosen(d, "mail", "a", "de-CH", FRIDAY_NIGHT), "night-de");
  assert_string_equal(chosen(d, "mail", "b", "de", FRIDAY_NOON), "de");
  assert_string_equal(chosen(d, "mail", "b", "fr", FRIDAY_NIGHT), "b");
  assert_string_equal(chosen(d, "mail", "a", "", FRIDAY_NIGHT), "night");
  assert_string_equal(chosen(d, "mail", "a", "", FRIDAY_NOON), "any");
  assert_string_equal(chosen(d, "sms", "a", "de", FRIDAY_NOON), "late");
  assert_string_equal(chosen(d, "contact", "a", "de", FRIDAY_NOON), "");
  assert_string_equal(chosen(d, "", "", "", 0), "");
  assert_true(template_any(d, SLICE("mail")));
  assert_true(template_any(d, SLICE("sms")));
  assert_false(template_any(d, SLICE("contact")));
  assert_false(template_any(d, SLICE("")));
  desk_free(&d);
}

/* Nobody knows what time it is there: neither inside nor outside. */
static void test_unknown_zone(void **state) {
  (void)state;
  struct desk *d = desk_with(T("in", "channel: [mail], hours: mars") ","
                             T("out", "channel: [mail], hours: not mars") "," T("any", "channel: [mail]"));
  assert_string_equal(chosen(d, "mail", "a", "", FRIDAY_NOON), "any");
  desk_free(&d);
}

static void test_no_templates(void **state) {
  (void)state;
  struct desk *d = NULL;
  assert_int_equal(desk_parse(slice_text(desk_default_yaml()), "default", &d, NULL), 0);
  assert_int_equal(d->template_count, 0);
  assert_string_equal(chosen(d, "mail", "support", "en", FRIDAY_NOON), "");
  assert_false(template_any(d, SLICE("mail")));
  desk_free(&d);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_all_that_is_given_must_hold), cmocka_unit_test(test_languages),
      cmocka_unit_test(test_the_first_that_fits),         cmocka_unit_test(test_unknown_zone),
      cmocka_unit_test(test_no_templates),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
