/* SPDX-License-Identifier: Apache-2.0 */
/* Variables, defaults, gaps, braces; and values that want to be more than a value. */
#include "base/buf.h"
#include "template/clean.h"
#include "template/template.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static struct arena *arena;

static int arena_up(void **state) {
  (void)state;
  arena = arena_new(4096, 1 << 20);
  return 0;
}

static int arena_down(void **state) {
  (void)state;
  arena_free(&arena);
  return 0;
}

static const struct template_values values = {.of = {
    [TEMPLATE_CUSTOMER_NAME] = SLICE("Ana"),
    [TEMPLATE_REFERENCE] = SLICE("7kq2-m9xd-4tab"),
    [TEMPLATE_SUBJECT] = SLICE("{{reference}} }} {{"),
    [TEMPLATE_QUEUE] = SLICE(" \r\n\t"),
    [TEMPLATE_DATE] = SLICE("2026-11-27"),
}};

static const struct {
  const char *source, *text; /* text NULL: a gap */
  const char *gap;
} cases[] = {
    {"", "", NULL},
    {"plain", "plain", NULL},
    {"Hello {{customer_name}},\n\n\tyours {{reference}}.", "Hello Ana,\n\n\tyours 7kq2-m9xd-4tab.", NULL},
    {"{{ customer_name }}", "Ana", NULL},
    {"{{customer_name|there}}", "Ana", NULL},
    {"{{answer_time|one day}}", "one day", NULL},
    {"{{ answer_time | one day }}", "one day", NULL},
    {"[{{answer_time|}}]", "[]", NULL},
    {"[{{answer_time|  }}]", "[]", NULL},
    {"{{answer_time|a|b}}", "a|b", NULL},
    {"{{answer_time|a } b}}", "a } b", NULL},
    {"{{answer_time|{a}}}", "{a}", NULL}, /* closed by the first two: what follows is text */
    {"{{customer_name}}{{date}}", "Ana2026-11-27", NULL},
    {"{{{{", "{{", NULL},
    {"{{{{customer_name}}", "{{customer_name}}", NULL},
    {"{{{{{{customer_name}}}}", "{{Ana}}", NULL},
    {"{{{{{{{{", "{{{{", NULL},
    {"{ {customer_name} }", "{ {customer_name} }", NULL},
    {"{", "{", NULL},
    {"a {", "a {", NULL},
    {"}} }", "}} }", NULL},
    {"{{subject}}", "{{reference}} }} {{", NULL}, /* what a value brings is not looked at again */
    {"{{subject|x}}{{reference}}", "{{reference}} }} {{7kq2-m9xd-4tab", NULL},
    {"{{answer_time}}", NULL, "answer_time"},
    {"a {{reference}} b {{next_open}} c {{answer_time}}", NULL, "next_open"},
    {"{{queue}}", NULL, "queue"}, /* nothing is left of its value */
    {"{{queue|q}}", "q", NULL},
};

static void test_render(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    char *text = NULL;
    const char *gap = NULL;
    int r = template_render(slice_text(cases[i].source), &values, arena, &text, &gap);
    assert_int_equal(template_check(slice_text(cases[i].source), NULL), 0);
    if (r != (cases[i].gap ? TEMPLATE_GAP : 0))
      fail_msg("%s: %d", cases[i].source, r);
    if (cases[i].gap)
      assert_string_equal(gap, cases[i].gap);
    else
      assert_string_equal(text, cases[i].text);
  }
}

static const struct {
  const char *source, *want;
} broken[] = {
#define UNCLOSED "'{{' without '}}' on the same line; two braces as such are written '{{{{'"
#define NESTED "'{{' inside of '{{ }}': a default is only text"
    {"{{", "1:1: " UNCLOSED},
    {"a {{reference", "1:3: " UNCLOSED},
    {"a {{reference}", "1:3: " UNCLOSED},
    {"a\n\n é {{reference\n}}", "3:5: " UNCLOSED},
    {"{{customer_name|there\nyou}}", "1:1: " UNCLOSED},
    {"{{answer_time|{{reference}}}}", "1:1: " NESTED},
    {"{{subject|{{}}", "1:1: " NESTED},
    {"{{}}", "1:1: '{{ }}' without the name of a variable"},
    {"{{ |x}}", "1:1: '{{ }}' without the name of a variable"},
    {"{{{reference}}", "1:1: there is no variable '{reference'; did you mean 'reference'?"},
    {"{{refernce}}", "1:1: there is no variable 'refernce'; did you mean 'reference'?"},
    {"{{Reference}}", "1:1: there is no variable 'Reference'; did you mean 'reference'?"},
    {"x{{first_name}}", "1:2: there is no variable 'first_name'"},
    {"{{reference }", "1:1: " UNCLOSED},
    {"{{customer name}}", "1:1: there is no variable 'customer name'; did you mean 'customer_name'?"},
    {"{{reference}}{{{{{{ x", "1:18: " UNCLOSED},
};

static void test_broken(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(broken); i++) {
    struct complaint c = {0};
    char got[600], *text = NULL;
    const char *gap;
    assert_int_equal(template_check(slice_text(broken[i].source), &c), -EINVAL);
    snprintf(got, sizeof(got), "%u:%u: %s", c.line, c.column, c.text);
    assert_string_equal(got, broken[i].want);
    assert_string_equal(c.file, "");
    assert_int_equal(template_render(slice_text(broken[i].source), &values, arena, &text, &gap), -EINVAL);
    assert_null(text);
  }
}

static void test_variables(void **state) {
  (void)state;
  for (unsigned v = 0; v < TEMPLATE_VARIABLES; v++) {
    const struct template_about *about = template_about((enum template_variable)v);
    char source[64], *text;
    const char *gap = NULL;
    assert_int_equal(template_variable_named(slice_text(about->name)), v);
    assert_true(about->what[0] && about->longest <= CLEAN_LONGEST);
    snprintf(source, sizeof(source), "{{%s}}", about->name);
    struct template_values one = {0};
    assert_int_equal(template_render(slice_text(source), &one, arena, &text, &gap), TEMPLATE_GAP);
    assert_string_equal(gap, about->name);
    one.of[v] = slice_text(about->sample);
    assert_int_equal(template_render(slice_text(source), &one, arena, &text, &gap), 0);
    assert_string_equal(text, about->sample);
  }
  assert_int_equal(template_variable_named(SLICE("nothing")), TEMPLATE_VARIABLES);
  assert_int_equal(template_variable_named(SLICE("")), TEMPLATE_VARIABLES);
}

/* ---- how long */

static void test_too_long(void **state) {
  (void)state;
  char source[2 * TEMPLATE_TEXT_MAX], *text;
  const char *gap;
  memset(source, 'x', sizeof(source));
  memcpy(source, "{{date}}", 8);
  struct complaint c = {0};
  size_t fits = TEMPLATE_TEXT_MAX - 10 + 8; /* a date has ten characters */
  assert_int_equal(template_render(slice_of(source, fits), &values, arena, &text, &gap), 0);
  assert_int_equal(strlen(text), TEMPLATE_TEXT_MAX);
  assert_int_equal(template_render(slice_of(source, fits + 1), &values, arena, &text, &gap), TEMPLATE_TOO_LONG);
  assert_int_equal(template_check(slice_of(source, TEMPLATE_TEXT_MAX + 8), &c), 0);
  assert_int_equal(template_check(slice_of(source, TEMPLATE_TEXT_MAX + 9), &c), -EINVAL);
  assert_string_equal(c.text, "4097 bytes without the variables; at most 4096 are sent");
}

/* A gap is told before the length, since it stands before it. */
static void test_no_memory(void **state) {
  (void)state;
  struct arena *small = arena_new(16, 16);
  char *text = NULL;
  const char *gap;
  while (arena_alloc(small, 1))
    ;
  assert_int_equal(template_render(SLICE("x"), &values, small, &text, &gap), -ENOMEM);
  assert_int_equal(template_render(SLICE("{{date}}"), &values, small, &text, &gap), -ENOMEM);
  assert_null(text);
  arena_free(&small);
}

/* A huge value, asked for as often as a source can: its bytes are read once, or this test takes minutes. */
static void test_linear(void **state) {
  (void)state;
  size_t len = 20 * 1024 * 1024;
  char *huge = malloc(len), source[4000], *text;
  const char *gap;
  memset(huge, ' ', len);
  for (size_t i = 0; i < sizeof(source); i += 10)
    memcpy(source + i, "{{queue|}}", 10);
  struct template_values v = {.of = {[TEMPLATE_QUEUE] = slice_of(huge, len)}};
  assert_int_equal(template_render(slice_of(source, sizeof(source)), &v, arena, &text, &gap), 0);
  assert_string_equal(text, "");
  free(huge);
}

/* ---- values */

static const struct {
  struct slice value;
  const char *clean;
} values_cleaned[] = {
    {SLICE(""), ""},
    {SLICE("Ana Gómez"), "Ana Gómez"},
    {SLICE("  a \t b  "), "a b"},
    {SLICE("a\r\nBcc: everybody@example.com"), "a Bcc: everybody@example.com"},
    {SLICE("a\rb\nc\x0B" "d\x0C" "e"), "a b c d e"},
    {SLICE("a\xC2\x85" "b\xE2\x80\xA8" "c\xE2\x80\xA9" "d"), "a b c d"}, /* NEL, line and paragraph separator */
    {SLICE("a\0b\x01\x1F\x7F\x1B[31mc"), "ab[31mc"},
    {SLICE("a\xC2\x9B" "31mb"), "a31mb"}, /* C1 */
    {SLICE("a\xE2\x80\xAE" "b\xE2\x81\xA6" "c\xE2\x80\x8F" "d\xD8\x9C"), "abcd"}, /* bidi controls */
    {SLICE("\xEF\xBB\xBF" "a\xE2\x80\x8B" "b\xC2\xAD" "c\xE2\x81\xA0" "d"), "abcd"}, /* drawn as nothing */
    {SLICE("a\xF3\xA0\x81\xA8" "b\xE3\x85\xA4" "c\xE1\x85\x9F" "d\xCD\x8F"), "abcd"}, /* tags, fillers */
    {SLICE("a\xC2\xA0\xE3\x80\x80\xE2\x80\x83" "b"), "a b"}, /* wide and unbreakable spaces */
    {SLICE("a\xFF" "b\xC3"), "a\xEF\xBF\xBD" "b\xEF\xBF\xBD"},
    {SLICE("\xED\xA0\x80"), "\xEF\xBF\xBD"},
    {SLICE("\xCC\x81\xCC\x81" "abc"), "abc"},                /* an accent would sit on what stands before it */
    {SLICE("e\xCC\x81"), "e\xCC\x81"},
    {SLICE("\xE2\x80\x8D\xE2\x80\x8C"), ""},                 /* only joiners */
    {SLICE("\xD9\x86\xD9\x85\xE2\x80\x8C\xD8\xAE"), "\xD9\x86\xD9\x85\xE2\x80\x8C\xD8\xAE"}, /* Persian spelling */
    {SLICE("a\xE2\x80\x8D\xE2\x80\x8D\xE2\x80\x8D" "b\xE2\x80\x8D"), "a\xE2\x80\x8D" "b"},
    {SLICE("a \xE2\x80\x8D b"), "a b"},
    {SLICE("\xE2\x9D\xA4\xEF\xB8\x8F\xEF\xB8\x8F"), "\xE2\x9D\xA4\xEF\xB8\x8F"}, /* ❤️ */
    {SLICE("\xEF\xB8\x8F" "a"), "a"},
    {SLICE("👩‍👩‍👧 x"), "👩‍👩‍👧 x"},
    {SLICE("我的订单"), "我的订单"},
};

static void test_values(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(values_cleaned); i++) {
    char got[CLEAN_ROOM];
    struct slice value = values_cleaned[i].value;
    char *copy = malloc(value.len + 1); /* exactly sized, for the sanitizer */
    memcpy(copy, value.at, value.len);
    size_t len = clean_value(slice_of(copy, value.len), 200, got);
    if (!slice_equal(slice_of(got, len), slice_text(values_cleaned[i].clean)))
      fail_msg("%zu: '%.*s', not '%s'", i, (int)len, got, values_cleaned[i].clean);
    free(copy);
  }
}

static void test_values_cut(void **state) {
  (void)state;
  static const struct {
    const char *value, *cut;
    size_t longest;
  } rows[] = {
      {"abcdef", "abc", 3},
      {"äöüß", "äöü", 3},
      {"ab cd", "ab", 3},       /* no space at the end */
      {"ab cd", "ab c", 4},
      {"abe\xCC\x81", "ab", 3}, /* the letter with its accent, or not at all */
      {"abe\xCC\x81", "abe\xCC\x81", 4},
      {"e\xCC\x81\xCC\x81\xCC\x81", "e\xCC\x81", 2}, /* there is nothing else */
      {"a👩‍👩‍👧", "a", 4},
      {"a👩‍👩‍👧", "a👩‍👩‍👧", 6},
      {"ab\xE2\x80\x8D" "c", "a", 3},
      {"ab\xE2\x80\x8C" "c\xEF\xB8\x8F", "ab", 4}, /* nor a joiner with nothing to join */
  };
  for (size_t i = 0; i < COUNT(rows); i++) {
    char got[CLEAN_ROOM];
    size_t len = clean_value(slice_text(rows[i].value), rows[i].longest, got);
    if (!slice_equal(slice_of(got, len), slice_text(rows[i].cut)))
      fail_msg("%zu: '%.*s', not '%s'", i, (int)len, got, rows[i].cut);
  }
  char many[3000], got[CLEAN_ROOM];
  memset(many, 'x', sizeof(many));
  assert_int_equal(clean_value(slice_of(many, sizeof(many)), 200, got), 200);
  assert_int_equal(clean_value(slice_of(many, sizeof(many)), CLEAN_LONGEST, got), CLEAN_LONGEST);
}

/* All of it together: whatever is put in, nothing but its line changes. */
static void test_hostile(void **state) {
  (void)state;
  static const char *const hostile[] = {
      "x\r\nSubject: y", "\r\n\r\n<html>", "{{reference}}", "{{customer_name|", "}}", "%s%n", "\x1B]0;x\x07",
      "a\nb", "\xE2\x80\xAE" "evil", "\xE2\x80\xA8" "Bcc: x",
  };
  for (size_t i = 0; i < COUNT(hostile); i++) {
    struct template_values v = {.of = {[TEMPLATE_SUBJECT] = slice_text(hostile[i])}};
    char *text;
    const char *gap;
    assert_int_equal(template_render(SLICE("Re: {{subject|x}}"), &v, arena, &text, &gap), 0);
    assert_memory_equal(text, "Re: ", 4);
    for (const char *c = text; *c; c++)
      assert_true((unsigned char)*c >= 0x20 && *c != 0x7F);
    assert_null(strstr(text, "\xE2\x80\xAE"));
    assert_null(strstr(text, "\xE2\x80\xA8"));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_render),     cmocka_unit_test(test_broken), cmocka_unit_test(test_variables),
      cmocka_unit_test(test_too_long),   cmocka_unit_test(test_linear), cmocka_unit_test(test_no_memory),
      cmocka_unit_test(test_values),     cmocka_unit_test(test_values_cut),
      cmocka_unit_test(test_hostile),
  };
  return cmocka_run_group_tests(tests, arena_up, arena_down);
}
