/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SE-21: every input of tests/data/html/hostile.json, cut off anywhere and put before another, comes out as what a
 * strict reader of its own finds harmless, and cleaning that again changes nothing. What a browser makes of it is seen
 * by tests/flow/test_51_html.py, which asks this program:
 *   test_html_hostile --clean <list-of-strings.json    prints the list cleaned
 */
#include "html_verify.h"
#include "text/html_clean.h"
#include "text/utf8.h"
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

enum { CASES_LEAST = 150, OUT_MAX = 1024 * 1024, NEIGHBOURS = 5 };

static struct buf clean(struct slice html) {
  struct buf out = BUF_INIT(OUT_MAX);
  struct html_clean_notes notes;
  assert_int_equal(html_clean(html, &out, &notes), 0);
  return out;
}

static void check(const char *name, struct slice html) {
  size_t at = 0;
  auto_clean(buf_free) struct buf once = clean(html), twice = clean(buf_slice(&once));
  const char *wrong = html_verify(buf_slice(&once), &at);
  if (wrong)
    fail_msg("%s: %s at %zu\n--- in ---\n%.*s\n--- out ---\n%s", name, wrong, at, (int)html.len, html.at, once.at);
  if (!slice_equal(buf_slice(&once), buf_slice(&twice)))
    fail_msg("%s: cleaning again changes it\n--- in ---\n%.*s\n--- once ---\n%s\n--- twice ---\n%s", name,
             (int)html.len, html.at, once.at, twice.at);
  if (once.len > HTML_CLEAN_FACTOR * html.len + HTML_CLEAN_LEAST)
    fail_msg("%s: %zu bytes became %zu", name, html.len, once.len);
  assert_true(utf8_clean(buf_slice(&once)));
}

static json_t *load(void) {
  json_error_t error;
  json_t *cases = json_load_file(TEST_DATA "/html/hostile.json", JSON_ALLOW_NUL, &error);
  if (!cases)
    fail_msg("hostile.json: line %d: %s", error.line, error.text);
  return cases;
}

static struct slice text_of(const json_t *one, const char *key) {
  const json_t *text = json_object_get(one, key);
  return slice_of(json_string_value(text), json_string_length(text));
}

static void test_each(void **state) {
  (void)state;
  size_t i;
  json_t *cases = load(), *one;
  assert_true(json_array_size(cases) >= CASES_LEAST);
  json_array_foreach(cases, i, one) {
    const char *name = json_string_value(json_object_get(one, "name"));
    struct slice html = text_of(one, "html"), keeps = text_of(one, "keeps");
    check(name, html);
    auto_clean(buf_free) struct buf out = clean(html);
    struct slice got = buf_slice(&out);
    if (keeps.len && !memmem(got.at, got.len, keeps.at, keeps.len))
      fail_msg("%s: \"%s\" is lost in \"%s\"", name, keeps.at, got.at);
  }
  json_decref(cases);
}

static void test_cut_anywhere(void **state) {
  (void)state;
  size_t i;
  json_t *cases = load(), *one;
  json_array_foreach(cases, i, one) {
    struct slice html = text_of(one, "html");
    for (size_t len = 1; len < html.len; len++)
      check(json_string_value(json_object_get(one, "name")), slice_of(html.at, len));
  }
  json_decref(cases);
}

/* What one leaves open, the next stands in. */
static void test_one_before_another(void **state) {
  (void)state;
  json_t *cases = load();
  size_t count = json_array_size(cases);
  for (size_t i = 0; i < count; i++) {
    for (size_t n = 1; n <= NEIGHBOURS; n++) {
      auto_clean(buf_free) struct buf both = BUF_INIT(OUT_MAX);
      const json_t *first = json_array_get(cases, i), *second = json_array_get(cases, (i + n * n) % count);
      buf_add_slice(&both, text_of(first, "html"));
      buf_add_slice(&both, text_of(second, "html"));
      check(json_string_value(json_object_get(first, "name")), buf_slice(&both));
    }
  }
  json_decref(cases);
}

static int clean_list(void) {
  json_error_t error;
  json_t *list = json_loadf(stdin, JSON_ALLOW_NUL, &error), *cleaned = json_array(), *one;
  size_t i, at = 0;
  json_array_foreach(list, i, one) {
    auto_clean(buf_free) struct buf out = BUF_INIT(OUT_MAX);
    struct html_clean_notes notes;
    int r = html_clean(slice_of(json_string_value(one), json_string_length(one)), &out, &notes);
    if (r < 0 || html_verify(buf_slice(&out), &at))
      return 1;
    json_array_append_new(cleaned, json_stringn(buf_slice(&out).at, out.len));
  }
  json_dumpf(cleaned, stdout, 0);
  json_decref(cleaned);
  json_decref(list);
  return 0;
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_each),
      cmocka_unit_test(test_cut_anywhere),
      cmocka_unit_test(test_one_before_another),
  };
  if (argc > 1 && strcmp(argv[1], "--clean") == 0)
    return clean_list();
  return cmocka_run_group_tests(tests, NULL, NULL);
}
