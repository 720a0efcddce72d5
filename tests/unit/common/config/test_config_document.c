/* SPDX-License-Identifier: Apache-2.0 */
/* The tree, its places, and everything that is refused before a setting is looked at. */
#include "base/buf.h"
#include "config/document.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

struct read {
  struct arena *arena;
  struct document document;
  struct complaint complaint;
  int r;
};

static void read_bytes(struct read *t, struct slice yaml) {
  memset(t, 0, sizeof(*t));
  t->arena = arena_new(4096, 64 * 1024 * 1024);
  t->document = (struct document){.name = "x.yaml", .complaint = &t->complaint};
  t->r = document_read(yaml, t->arena, &t->document);
}

static void assert_refused(struct slice yaml, const char *want) {
  struct read t;
  char got[1024];
  read_bytes(&t, yaml);
  assert_int_equal(t.r, -EINVAL);
  snprintf(got, sizeof(got), "%s:%u:%u: %s", t.complaint.file, t.complaint.line, t.complaint.column, t.complaint.text);
  assert_string_equal(got, want);
  arena_free(&t.arena);
}

static void test_places(void **state) {
  (void)state;
  struct read t;
  read_bytes(&t, SLICE("# first\nemail:\n  idle_timeout: 5m\n  list: [a, \"b c\", 'd']\nzähler: 'x'\n"));
  assert_int_equal(t.r, 0);
  const struct node *root = t.document.root, *email = node_member(root, "email");
  assert_int_equal(root->count, 2);
  const struct node *idle = node_member(email, "idle_timeout");
  assert_true(slice_equal(idle->text, SLICE("5m")) && idle->plain);
  assert_int_equal(idle->line, 3);
  assert_int_equal(idle->column, 17);
  assert_int_equal(idle->key->column, 3);
  const struct node *list = node_member(email, "list");
  assert_int_equal(list->count, 3);
  assert_int_equal(list->first->next->column, 13);
  assert_true(slice_equal(list->first->next->text, SLICE("b c")) && !list->first->next->plain);
  assert_int_equal(node_member(root, "zähler")->column, 9); /* characters, not bytes */
  assert_null(node_member(root, "none"));
  assert_null(node_member(idle, "none"));
  assert_null(node_member(NULL, "none"));
  arena_free(&t.arena);
}

/* A head that YAML has, and lines of a text that begin as one: no more is asked of who writes it. */
static void test_directives(void **state) {
  (void)state;
  static const char *const good[] = {"%YAML 1.1\n---\na: b\n", "a: \"x\n%y\"\n", "a: |\n  %b\n  %c\n",
                                     "a: b # c\xE2\x80\xA8\nd: e\n"};
  for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
    struct read t;
    read_bytes(&t, slice_text(good[i]));
    assert_int_equal(t.r, 0);
    assert_non_null(node_member(t.document.root, "a"));
    arena_free(&t.arena);
  }
}

static void test_empty_documents(void **state) {
  (void)state;
  static const char *const empty[] = {"", "\n", "# only a comment\n", "---\n", "~", "null\n", "{}", "\xEF\xBB\xBF"};
  for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++) {
    struct read t;
    read_bytes(&t, slice_text(empty[i]));
    assert_int_equal(t.r, 0);
    assert_int_equal(t.document.root->kind, NODE_MAP);
    assert_int_equal(t.document.root->count, 0);
    arena_free(&t.arena);
  }
}

#define NO_ALIAS                                                                                                       \
  "aliases and anchors are not allowed; write the value out (a text that begins with '*' or '&' needs quotes)"
#define NO_TAG "tags are not allowed; a text that begins with '!' needs quotes"

static void test_refused(void **state) {
  (void)state;
  static const struct {
    const char *yaml, *want;
  } cases[] = {
      {"a: &x 1\n", "x.yaml:1:4: " NO_ALIAS},
      {"a: &x [1]\nb: *x\n", "x.yaml:1:4: " NO_ALIAS},
      {"a: &x {b: 1}\n", "x.yaml:1:4: " NO_ALIAS},
      {"b: *x\n", "x.yaml:1:4: " NO_ALIAS},
      {"a: !!str 1\n", "x.yaml:1:4: " NO_TAG},
      {"a: !x [1]\n", "x.yaml:1:4: " NO_TAG},
      {"a: !!map {b: 1}\n", "x.yaml:1:4: " NO_TAG},
      {"%T\n%T\n%T\n%T\n%T\n%T\n%T\n%T\n%T\n%T\n%T\n%T\n%T\n%T\n%T\n%T\n%T\n",
       "x.yaml:17:1: more than 16 lines begin with '%', as YAML's directives do"},
      {"a: 1\n---\nb: 2\n", "x.yaml:2:1: only one document is allowed in the file"},
      {"a: 1\nb: 2\na: 3\n", "x.yaml:3:1: key 'a' is given twice; first on line 1"},
      {"x: {k: 1, k: 2}\n", "x.yaml:1:11: key 'k' is given twice; first on line 1"},
      {"- a\n", "x.yaml:1:1: the document must be made of 'key: value' lines"},
      {"words\n", "x.yaml:1:1: the document must be made of 'key: value' lines"},
      {"? [a]\n: b\n", "x.yaml:1:3: a key must be plain text"},
      {"? {a: b}\n: b\n", "x.yaml:1:3: a key must be plain text"},
      {"a: \"x\\0y\"\n", "x.yaml:1:4: a NUL character cannot be part of a value"},
      {"a: [1, 2\n", "x.yaml:2:1: not YAML: did not find expected ',' or ']'"},
      {"a: [*]\n", "x.yaml:1:6: not YAML: did not find expected alphabetic or numeric character; a value that begins "
                   "with '*' or '&' needs quotes"},
      {"a: @example.com\n", "x.yaml:1:4: not YAML: found character that cannot start any token; a value that begins "
                            "with '@', '%' or '`' needs quotes, and indentation is made of spaces"},
      {"a: b: c\n", "x.yaml:1:5: not YAML: mapping values are not allowed in this context; a value that contains ': ' "
                    "needs quotes"},
      {"ok: 1\nb: \xFF\n", "x.yaml:2:4: not YAML: invalid leading UTF-8 octet"},
      {"a: \x01\n", "x.yaml:1:4: not YAML: control characters are not allowed"},
      {"\xFF\xFE" "a", "x.yaml:1:1: not YAML: invalid leading UTF-8 octet"},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
    assert_refused(slice_text(cases[i].yaml), cases[i].want);
}

static char *repeat(const char *head, const char *part, size_t count, const char *tail) {
  size_t len = strlen(part);
  char *text = calloc(1, strlen(head) + len * count + strlen(tail) + 1), *at = stpcpy(text, head);
  for (size_t i = 0; i < count; i++)
    at = stpcpy(at, part);
  strcpy(at, tail);
  return text;
}

static void test_depth(void **state) {
  (void)state;
  struct read t;
  char *deep = repeat("a: ", "[", DOCUMENT_MAX_DEPTH - 1, "x]]]]]]]]]]]]]]]");
  read_bytes(&t, slice_text(deep));
  assert_int_equal(t.r, 0);
  arena_free(&t.arena);
  free(deep);
  deep = repeat("a: ", "[", DOCUMENT_MAX_DEPTH, "");
  assert_refused(slice_text(deep), "x.yaml:1:19: nested deeper than 16 levels");
  free(deep);
  deep = repeat("a: ", "[", 900000, "");
  assert_refused(slice_text(deep), "x.yaml:1:19: nested deeper than 16 levels");
  free(deep);
  deep = repeat("a: ", "{b: ", 200000, "");
  assert_refused(slice_text(deep), "x.yaml:1:64: nested deeper than 16 levels");
  free(deep);
}

static void test_sizes(void **state) {
  (void)state;
  struct read t;
  char *text = repeat("a: '", "x", DOCUMENT_MAX_BYTES - 5, "'");
  read_bytes(&t, slice_text(text));
  assert_int_equal(t.r, 0);
  assert_int_equal(node_member(t.document.root, "a")->text.len, DOCUMENT_MAX_BYTES - 5);
  arena_free(&t.arena);
  free(text);
  text = repeat("a: '", "x", DOCUMENT_MAX_BYTES - 4, "'");
  assert_refused(slice_text(text), "x.yaml:0:0: larger than 1MiB (1048577 bytes)");
  free(text);
  text = repeat("a: [", "x,\n", DOCUMENT_MAX_NODES, "]");
  assert_refused(slice_text(text), "x.yaml:199998:1: too many values for one document: at most 200000");
  free(text);
}

static void test_keys_of_one_map(void **state) {
  (void)state;
  struct buf text = BUF_INIT(1 << 16);
  for (int i = 0; i < DOCUMENT_MAX_KEYS; i++)
    buf_printf(&text, "k%d: 1\n", i);
  struct read t;
  read_bytes(&t, buf_slice(&text));
  assert_int_equal(t.r, 0);
  assert_int_equal(t.document.root->count, DOCUMENT_MAX_KEYS);
  arena_free(&t.arena);
  buf_add_text(&text, "more: 1\n");
  assert_refused(buf_slice(&text), "x.yaml:257:1: more than 256 keys in one place");
  buf_free(&text);
}

static void test_arena_ceiling(void **state) {
  (void)state;
  struct document document = {.name = "x.yaml"};
  struct arena *arena = arena_new(256, 2048);
  char *text = repeat("a: [", "x,", 1000, "]");
  assert_int_equal(document_read(slice_text(text), arena, &document), -EINVAL);
  arena_free(&arena);
  free(text);
}

static void test_nearest(void **state) {
  (void)state;
  static const char *const names[] = {"idle_timeout", "listen_tcp", "keep", "size", "max_size"};
  static const struct {
    const char *text, *want;
  } cases[] = {
      {"idle_timout", "idle_timeout"}, {"idle_timeout_ms", "idle_timeout"}, {"keep_ms", "keep"},
      {"idel_timeout", "idle_timeout"}, {"listen", NULL}, {"kepe", "keep"}, {"siz", "size"}, {"maxsize", "max_size"},
      {"x", NULL}, {"", NULL}, {"completely", NULL},
      {"a-very-long-key-that-nobody-would-ever-write-in-a-configuration", NULL},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    const char *got = nearest_name(slice_text(cases[i].text), names, sizeof(names) / sizeof(names[0]));
    assert_string_equal(got ? got : "(none)", cases[i].want ? cases[i].want : "(none)");
  }
}

static void test_shown(void **state) {
  (void)state;
  char shown[SHOWN_MAX];
  assert_string_equal(slice_shown(SLICE("a\nb\x7F"), shown), "a?b?");
  assert_string_equal(slice_shown(SLICE(""), shown), "");
  char long_text[200];
  memset(long_text, 'x', sizeof(long_text));
  assert_int_equal(strlen(slice_shown(slice_of(long_text, sizeof(long_text)), shown)), 60 + 3);
  memcpy(long_text + 59, "é", 2); /* not cut in half */
  assert_int_equal(strlen(slice_shown(slice_of(long_text, sizeof(long_text)), shown)), 59 + 3);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_places),          cmocka_unit_test(test_directives), cmocka_unit_test(test_empty_documents),
      cmocka_unit_test(test_refused),         cmocka_unit_test(test_depth),
      cmocka_unit_test(test_sizes),           cmocka_unit_test(test_keys_of_one_map),
      cmocka_unit_test(test_arena_ceiling),   cmocka_unit_test(test_nearest),
      cmocka_unit_test(test_shown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
