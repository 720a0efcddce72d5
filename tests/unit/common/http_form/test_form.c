/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "http/form.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#define MULTIPART "multipart/form-data; boundary=XyZ"

static struct arena *arena;

static int setup(void **state) {
  (void)state;
  arena = arena_new(1024, 1024 * 1024);
  return 0;
}

static int teardown(void **state) {
  (void)state;
  arena_free(&arena);
  return 0;
}

static void assert_slice(struct slice got, const char *wanted) {
  assert_int_equal(got.len, strlen(wanted));
  assert_memory_equal(got.at, wanted, got.len);
}

/* --- urlencoded --- */

static void test_urlencoded(void **state) {
  (void)state;
  static const struct {
    const char *body;
    const char *pairs[9]; /* name, value, …, NULL */
  } cases[] = {
      {"", {NULL}},
      {"&&&", {NULL}},
      {"a=1&b=2", {"a", "1", "b", "2", NULL}},
      {"a=1&a=2", {"a", "1", "a", "2", NULL}},
      {"a", {"a", "", NULL}},
      {"a=", {"a", "", NULL}},
      {"=v", {"", "v", NULL}},
      {"a=b=c", {"a", "b=c", NULL}},
      {"&a=1&", {"a", "1", NULL}},
      {"a+b=c+d%2Be", {"a b", "c d+e", NULL}},
      {"n%61me=%C3%A9%0D%0A", {"name", "\xC3\xA9\r\n", NULL}},
      {"a=%26%3D", {"a", "&=", NULL}},
      {"a=100%", {"a", "100%", NULL}},
      {"a=%4", {"a", "%4", NULL}},
      {"a=%zz%4g%41", {"a", "%zz%4gA", NULL}},
      {"a=%%41", {"a", "%A", NULL}},
      {"a=1;b=2", {"a", "1;b=2", NULL}}, /* ';' divides nothing (WHATWG) */
      {"a=\xFF", {"a", "\xFF", NULL}},   /* raw: bytes are the caller's to judge */
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    struct form form;
    assert_int_equal(form_parse_urlencoded(arena, slice_text(cases[i].body), &form), 0);
    size_t n = 0;
    for (; cases[i].pairs[2 * n]; n++) {
      assert_true(n < form.count);
      assert_slice(form.parts[n].name, cases[i].pairs[2 * n]);
      assert_slice(form.parts[n].value, cases[i].pairs[2 * n + 1]);
      assert_false(form.parts[n].is_file);
      assert_slice(form.parts[n].type, "");
    }
    assert_int_equal(form.count, n);
  }
}

static void test_urlencoded_keeps_nul(void **state) {
  (void)state;
  struct form form;
  assert_int_equal(form_parse_urlencoded(arena, SLICE("a=x%00y"), &form), 0);
  assert_int_equal(form.parts[0].value.len, 3);
  assert_memory_equal(form.parts[0].value.at, "x\0y", 3);
}

static void test_urlencoded_limits(void **state) {
  (void)state;
  struct buf body = BUF_INIT(64 * 1024);
  for (size_t i = 0; i < FORM_MAX_PARTS; i++)
    buf_printf(&body, "&k%zu=v", i);
  struct form form = {.count = 77};
  assert_int_equal(form_parse_urlencoded(arena, buf_slice(&body), &form), 0);
  assert_int_equal(form.count, FORM_MAX_PARTS);
  assert_slice(form.parts[FORM_MAX_PARTS - 1].name, "k999");
  buf_add_text(&body, "&one=more");
  form.count = 77;
  assert_int_equal(form_parse_urlencoded(arena, buf_slice(&body), &form), FORM_TOO_MANY);
  assert_int_equal(form.count, 77); /* outputs are written on success only */
  buf_free(&body);

  struct arena *small = arena_new(64, 256);
  char long_body[500];
  memset(long_body, 'a', sizeof(long_body));
  assert_int_equal(form_parse_urlencoded(small, slice_of(long_body, sizeof(long_body)), &form), -ENOMEM);
  arena_free(&small);
}

static void test_find(void **state) {
  (void)state;
  struct form form;
  assert_int_equal(form_parse_urlencoded(arena, SLICE("a=1&b=2&a=3"), &form), 0);
  assert_slice(form_find(&form, "a")->value, "1");
  assert_slice(form_find(&form, "b")->value, "2");
  assert_null(form_find(&form, "A"));
  assert_null(form_find(&form, "c"));
  assert_null(form_find(&(struct form){0}, "a"));
}

/* --- multipart --- */

struct expected_part {
  const char *name, *value, *filename, *type; /* filename NULL: not a file */
};

static void check_multipart(const char *content_type, struct slice body, int outcome,
                            const struct expected_part *parts) {
  struct form form = {.count = 77};
  assert_int_equal(form_parse_multipart(arena, slice_text(content_type), body, &form), outcome);
  if (outcome) {
    assert_int_equal(form.count, 77);
    return;
  }
  size_t n = 0;
  for (; parts[n].name; n++) {
    assert_true(n < form.count);
    assert_slice(form.parts[n].name, parts[n].name);
    assert_slice(form.parts[n].value, parts[n].value);
    assert_int_equal(form.parts[n].is_file, parts[n].filename != NULL);
    assert_slice(form.parts[n].filename, parts[n].filename ? parts[n].filename : "");
    assert_slice(form.parts[n].type, parts[n].type ? parts[n].type : "");
  }
  assert_int_equal(form.count, n);
}

#define CD "Content-Disposition: form-data; "

static void test_multipart_bodies(void **state) {
  (void)state;
  static const struct {
    const char *body;
    int outcome;
    struct expected_part parts[4];
  } cases[] = {
      /* what a browser sends */
      {"--XyZ\r\n" CD "name=\"a\"\r\n\r\none\r\n--XyZ\r\n" CD
       "name=\"f\"; filename=\"x.png\"\r\nContent-Type: image/png\r\n\r\n\x89PNG\r\n\r\n--XyZ--\r\n",
       0, {{"a", "one", NULL, NULL}, {"f", "\x89PNG\r\n", "x.png", "image/png"}, {0}}},
      /* no last line end; bare line feeds; blanks behind a delimiter; preamble and epilogue */
      {"--XyZ\r\n" CD "name=a\r\n\r\none\r\n--XyZ--", 0, {{"a", "one", NULL, NULL}, {0}}},
      {"--XyZ\n" CD "name=\"a\"\n\none\n--XyZ--\n", 0, {{"a", "one", NULL, NULL}, {0}}},
      {"--XyZ \t\r\n" CD "name=a\r\n\r\none\r\n--XyZ--", 0, {{"a", "one", NULL, NULL}, {0}}},
      {"hello\r\n--XyZ\r\n" CD "name=a\r\n\r\none\r\n--XyZ--\r\nbye\r\n--XyZ\r\n", 0, {{"a", "one", NULL, NULL}, {0}}},
      /* empty value, with and without its own line end; an empty file field */
      {"--XyZ\r\n" CD "name=a\r\n\r\n\r\n--XyZ--", 0, {{"a", "", NULL, NULL}, {0}}},
      {"--XyZ\r\n" CD "name=a\r\n\r\n--XyZ--", 0, {{"a", "", NULL, NULL}, {0}}},
      {"--XyZ\r\n" CD "name=f; filename=\"\"\r\nContent-Type: application/octet-stream\r\n\r\n\r\n--XyZ--", 0,
       {{"f", "", "", "application/octet-stream"}, {0}}},
      /* values that look like delimiters */
      {"--XyZ\r\n" CD "name=a\r\n\r\n--XyZa\r\n--Xy\r\nq--XyZ\r\n-XyZ\r\n--XyZ--", 0,
       {{"a", "--XyZa\r\n--Xy\r\nq--XyZ\r\n-XyZ", NULL, NULL}, {0}}},
      {"--XyZ\r\n" CD "name=a\r\n\r\nline\r\n\r\n--XyZ--", 0, {{"a", "line\r\n", NULL, NULL}, {0}}},
      /* header oddities: case, folding, unknown fields, no disposition, no name */
      {"--XyZ\r\ncontent-DISPOSITION:form-data;NAME=a\r\nX-Any: 1\r\n\r\n1\r\n--XyZ--", 0,
       {{"a", "1", NULL, NULL}, {0}}},
      {"--XyZ\r\nContent-Disposition: form-data;\r\n name=\"a\";\r\n\tfilename=\"b\"\r\n\r\n1\r\n--XyZ--", 0,
       {{"a", "1", "b", NULL}, {0}}},
      {"--XyZ\r\n\r\nlost?\r\n--XyZ--", 0, {{"", "lost?", NULL, NULL}, {0}}},
      {"--XyZ\r\n" CD "\r\n\r\nx\r\n--XyZ--", 0, {{"", "x", NULL, NULL}, {0}}},
      /* no parts at all */
      {"--XyZ--\r\n", 0, {{0}}},
      {"--XyZ--", 0, {{0}}},
      /* torn or no multipart */
      {"", FORM_BROKEN, {{0}}},
      {"a=1&b=2", FORM_BROKEN, {{0}}},
      {"--XyZ", FORM_BROKEN, {{0}}},
      {"--XyZ\r\n", FORM_BROKEN, {{0}}},
      {"--XyZ\r\n" CD "name=a\r\n\r\none", FORM_BROKEN, {{0}}},
      {"--XyZ\r\n" CD "name=a\r\n\r\none\r\n--XyZ", FORM_BROKEN, {{0}}},
      {"--XyZ\r\n" CD "name=a\r\n\r\none\r\n--XyZ-", FORM_BROKEN, {{0}}},
      {"--XyZ\r\n" CD "name=a\r\n\r\none\r\n--XyZ\r\n" CD "name=b\r\n\r\ntwo", FORM_BROKEN, {{0}}},
      {"--XyZ\r\n" CD "name=a\r\nno empty line\r\n--XyZ--", FORM_BROKEN, {{0}}},
      {"--XyZ\r\n--XyZ\r\n--XyZ--", FORM_BROKEN, {{0}}},
      {"x--XyZ\r\n" CD "name=a\r\n\r\none\r\n", FORM_BROKEN, {{0}}},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
    check_multipart(MULTIPART, slice_text(cases[i].body), cases[i].outcome, cases[i].parts);
}

static void test_multipart_content_types(void **state) {
  (void)state;
  static const struct {
    const char *type;
    int outcome;
  } cases[] = {
      {"multipart/form-data; boundary=XyZ", 0},
      {"Multipart/Form-Data;BOUNDARY=XyZ", 0},
      {"multipart/form-data; boundary=\"XyZ\"", 0},
      {"multipart/form-data; charset=utf-8; boundary=XyZ; x=y", 0},
      {"multipart/form-data; boundary = XyZ ", 0},
      {"multipart/form-data; a=\"boundary=no;\"; boundary=XyZ", 0},
      {"multipart/form-data", FORM_BROKEN},
      {"multipart/form-data; boundary=", FORM_BROKEN},
      {"multipart/form-data; boundary=\"\"", FORM_BROKEN},
      {"multipart/form-data; boundary=xyz", FORM_BROKEN}, /* case counts */
      {"text/plain; boundary=XyZ", FORM_BROKEN},
      {"", FORM_BROKEN},
  };
  static const struct expected_part parts[] = {{"a", "one", NULL, NULL}, {0}};
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
    check_multipart(cases[i].type, SLICE("--XyZ\r\n" CD "name=a\r\n\r\none\r\n--XyZ--"), cases[i].outcome, parts);

  struct buf type = BUF_INIT(1024);
  buf_add_text(&type, "multipart/form-data; boundary=");
  for (int i = 0; i < 201; i++)
    buf_add_char(&type, 'b');
  check_multipart(type.at, SLICE("--b--"), FORM_BROKEN, NULL);
  buf_free(&type);
}

/* As sent by Chrome, Firefox, old Internet Explorer, curl and scripts. */
static void test_multipart_filenames(void **state) {
  (void)state;
  static const struct {
    const char *parameters, *filename;
  } cases[] = {
      {"filename=\"plain.txt\"", "plain.txt"},
      {"filename=token.txt", "token.txt"},
      {"filename=\"semi;colon, and = .txt\"", "semi;colon, and = .txt"},
      {"filename=\"quote%22.txt\"", "quote%22.txt"},
      {"filename=\"a \\\"quoted\\\" name.txt\"", "a \"quoted\" name.txt"},
      {"filename=\"C:\\Users\\ana\\photo.jpg\"", "C:\\Users\\ana\\photo.jpg"},
      {"filename=\"..\\..\\\"", "..\\..\\"},
      {"filename=\"../../etc/passwd\"", "../../etc/passwd"},
      {"filename=\"\xE6\x96\x87.txt\"", "\xE6\x96\x87.txt"},
      {"filename=\"caf\xE9.txt\"", "caf\xE9.txt"},
      {"filename=\"open", "open"},
      {"filename*=UTF-8''na%C3%AFve%20file.txt", "na\xC3\xAFve file.txt"},
      {"filename*=utf-8'en'x.txt", "x.txt"},
      {"filename*=iso-8859-1''caf%E9", "iso-8859-1''caf%E9"},
      {"filename=\"ascii.txt\"; filename*=UTF-8''%C3%BC.txt", "ascii.txt"},
      {"filename", ""},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    char *body = arena_printf(arena, "--XyZ\r\n" CD "name=\"f\"; %s\r\n\r\nx\r\n--XyZ--", cases[i].parameters);
    const struct expected_part parts[] = {{"f", "x", cases[i].filename, NULL}, {0}};
    check_multipart(MULTIPART, slice_text(body), 0, parts);
  }
}

static void test_multipart_keeps_binary(void **state) {
  (void)state;
  struct buf body = BUF_INIT(4096);
  buf_add_text(&body, "--XyZ\r\n" CD "name=f; filename=b\r\n\r\n");
  size_t start = body.len;
  for (int i = 0; i < 256; i++)
    buf_add_char(&body, (char)i);
  buf_add_text(&body, "\r\n--XyZ--");
  struct form form;
  assert_int_equal(form_parse_multipart(arena, SLICE(MULTIPART), buf_slice(&body), &form), 0);
  assert_int_equal(form.parts[0].value.len, 256);
  assert_ptr_equal(form.parts[0].value.at, body.at + start); /* borrowed */
  buf_free(&body);
}

static void add_parts(struct buf *body, size_t count) {
  for (size_t i = 0; i < count; i++)
    buf_printf(body, "--XyZ\r\n" CD "name=k%zu\r\n\r\nv\r\n", i);
}

static void test_multipart_limits(void **state) {
  (void)state;
  struct buf body = BUF_INIT(256 * 1024);
  add_parts(&body, FORM_MAX_PARTS);
  buf_add_text(&body, "--XyZ--");
  struct form form = {.count = 77};
  assert_int_equal(form_parse_multipart(arena, SLICE(MULTIPART), buf_slice(&body), &form), 0);
  assert_int_equal(form.count, FORM_MAX_PARTS);
  assert_slice(form.parts[0].name, "k0");
  assert_slice(form.parts[999].name, "k999");
  buf_clear(&body);
  add_parts(&body, FORM_MAX_PARTS + 1);
  buf_add_text(&body, "--XyZ--");
  check_multipart(MULTIPART, buf_slice(&body), FORM_TOO_MANY, NULL);

  struct arena *small = arena_new(64, 512);
  assert_int_equal(form_parse_multipart(small, SLICE(MULTIPART), buf_slice(&body), &form), -ENOMEM);
  arena_free(&small);

  /* headers of one part: 16 KiB and not more */
  for (size_t over = 0; over <= 1; over++) {
    buf_clear(&body);
    buf_add_text(&body, "--XyZ\r\n" CD "name=a\r\nX: ");
    while (body.len < strlen("--XyZ\r\n") + 16 * 1024 + over)
      buf_add_char(&body, 'x');
    buf_add_text(&body, "\r\n\r\nv\r\n--XyZ--");
    static const struct expected_part parts[] = {{"a", "v", NULL, NULL}, {0}};
    check_multipart(MULTIPART, buf_slice(&body), over ? FORM_BROKEN : 0, parts);
  }
  buf_free(&body);
}

/* A boundary of dashes against a body of dashes, and nothing but false delimiters: both must cost about the body's
 * length; what is asserted is the reading, the time limit of the test is the judge of the cost. */
static void test_multipart_hostile_repeats(void **state) {
  (void)state;
  struct buf body = BUF_INIT(8 * 1024 * 1024);
  char type[] = "multipart/form-data; boundary=----------------------------------------------------------------------";
  buf_add_text(&body, "x");
  for (size_t i = 0; i < 100000; i++)
    buf_add_text(&body, "--------------------------------------------------------------");
  check_multipart(type, buf_slice(&body), FORM_BROKEN, NULL);
  buf_clear(&body);
  for (size_t i = 0; i < 40000; i++)
    buf_add_text(&body, "\n--XyZx --XyZ");
  check_multipart(MULTIPART, buf_slice(&body), FORM_BROKEN, NULL);
  buf_free(&body);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(test_urlencoded),
      CASE(test_urlencoded_keeps_nul),
      CASE(test_urlencoded_limits),
      CASE(test_find),
      CASE(test_multipart_bodies),
      CASE(test_multipart_content_types),
      CASE(test_multipart_filenames),
      CASE(test_multipart_keeps_binary),
      CASE(test_multipart_limits),
      CASE(test_multipart_hostile_repeats),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
