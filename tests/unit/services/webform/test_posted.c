/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "posted.h"
#include "text/utf8.h"
#include "upload.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#define BYTES(s) slice_of(s, sizeof(s) - 1)
#define CD "Content-Disposition: form-data; name="

static struct arena *arena;

static int setup(void **state) {
  (void)state;
  arena = arena_new(1024, 4 * 1024 * 1024);
  return 0;
}

static int teardown(void **state) {
  (void)state;
  arena_free(&arena);
  return 0;
}

static void test_kinds(void **state) {
  (void)state;
  static const struct {
    const char *type;
    enum posted_kind kind;
  } cases[] = {
      {"application/x-www-form-urlencoded", POSTED_URLENCODED},
      {"application/x-www-form-urlencoded; charset=utf-8", POSTED_URLENCODED},
      {"multipart/form-data; boundary=x", POSTED_MULTIPART},
      {"Application/JSON", POSTED_JSON},
      {"application/json ; charset=utf-8", POSTED_JSON},
      {"application/json5", POSTED_UNSUPPORTED},
      {"text/plain", POSTED_UNSUPPORTED},
      {"", POSTED_UNSUPPORTED},
      {NULL, POSTED_UNSUPPORTED},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
    assert_int_equal(posted_kind_of(cases[i].type), cases[i].kind);
}

static void read_ok(enum posted_kind kind, struct slice body, struct posted *ret) {
  assert_int_equal(posted_read(arena, kind, "multipart/form-data; boundary=b", body, ret), 0);
}

static void test_urlencoded(void **state) {
  (void)state;
  struct posted p;
  read_ok(POSTED_URLENCODED,
          BYTES("name=Ana+L%C3%B3pez&email=ana%40example.com&message=Hello%0D%0AWorld&consent=yes&order=4711&token=t"
                "&homepage=&name=second&_charset_=UTF-8"),
          &p);
  assert_string_equal(p.value[FIELD_NAME], "Ana López");
  assert_string_equal(p.value[FIELD_EMAIL], "ana@example.com");
  assert_string_equal(p.value[FIELD_PHONE], "");
  assert_string_equal(p.value[FIELD_MESSAGE], "Hello\nWorld");
  assert_string_equal(p.value[FIELD_CONSENT], "yes");
  assert_string_equal(p.value[FIELD_TOKEN], "t");
  assert_string_equal(p.value[FIELD_TRAP], "");
  assert_int_equal(p.extra_count, 1);
  assert_string_equal(p.extra[0].name, "order");
  assert_string_equal(p.extra[0].value, "4711");
  assert_false(p.mended);
  assert_false(p.foreign_charset);
}

static void test_broken_bytes_are_mended_and_said(void **state) {
  (void)state;
  struct posted p;
  read_ok(POSTED_URLENCODED, BYTES("message=caf%E9%00+%1B[2J&_charset_=windows-1252"), &p);
  assert_string_equal(p.value[FIELD_MESSAGE], "caf\xEF\xBF\xBD [2J");
  assert_true(p.mended);
  assert_true(p.foreign_charset);
  read_ok(POSTED_URLENCODED, BYTES("message=ok&order%FF=x%FF&_charset_="), &p);
  assert_true(p.mended);
  assert_false(p.foreign_charset);
  assert_true(utf8_clean(slice_text(p.extra[0].name)));
  assert_true(utf8_clean(slice_text(p.extra[0].value)));
}

static void test_multipart_files(void **state) {
  (void)state;
  struct posted p;
  read_ok(POSTED_MULTIPART,
          BYTES("--b\r\n" CD "message\r\n\r\nHello\r\n--b\r\n" CD "files; filename=\"../a.png\"\r\n\r\n\x89PNG\r\n"
                "--b\r\n" CD "files; filename=\"\"\r\nContent-Type: application/octet-stream\r\n\r\n\r\n"
                "--b\r\n" CD "files; filename=\"empty.txt\"\r\n\r\n\r\n--b--"),
          &p);
  assert_string_equal(p.value[FIELD_MESSAGE], "Hello");
  assert_int_equal(p.file_count, 2); /* the unused field is none, the empty file is one */
  assert_string_equal(p.files[0].name, "a.png");
  assert_int_equal(p.files[0].bytes.len, 4);
  assert_string_equal(p.files[1].name, "empty.txt");
  assert_int_equal(p.files[1].bytes.len, 0);
  /* a file under the name of a text field is a file, never that text */
  read_ok(POSTED_MULTIPART, BYTES("--b\r\n" CD "message; filename=x.txt\r\n\r\nHello\r\n--b--"), &p);
  assert_string_equal(p.value[FIELD_MESSAGE], "");
  assert_int_equal(p.file_count, 1);
}

static void test_more_files_than_kept(void **state) {
  (void)state;
  struct buf body = BUF_INIT(64 * 1024);
  for (int i = 0; i < 25; i++)
    buf_printf(&body, "--b\r\n" CD "files; filename=f%d.txt\r\n\r\nx\r\n", i);
  buf_add_text(&body, "--b--");
  struct posted p;
  read_ok(POSTED_MULTIPART, buf_slice(&body), &p);
  assert_int_equal(p.file_count, 25);
  assert_string_equal(p.files[UPLOAD_MAX_FILES - 1].name, "f9.txt");
  buf_free(&body);
}

static void test_more_extras_than_kept(void **state) {
  (void)state;
  struct buf body = BUF_INIT(64 * 1024);
  for (int i = 0; i < 60; i++)
    buf_printf(&body, "&x%d=v", i);
  struct posted p;
  read_ok(POSTED_URLENCODED, buf_slice(&body), &p);
  assert_int_equal(p.extra_count, 60);
  assert_int_equal(posted_extra_kept(&p), POSTED_EXTRA_MAX);
  assert_string_equal(p.extra[49].name, "x49");
  buf_free(&body);
}

static void test_json(void **state) {
  (void)state;
  struct posted p;
  read_ok(POSTED_JSON,
          BYTES("{\"name\":\"Ana\",\"email\":\"ana@example.com\",\"phone\":null,\"message\":\"a\\r\\nb\\u0000c\","
                "\"consent\":true,\"order\":\"4711\",\"submission\":\"k1\"}"),
          &p);
  assert_string_equal(p.value[FIELD_NAME], "Ana");
  assert_string_equal(p.value[FIELD_PHONE], "");
  assert_string_equal(p.value[FIELD_MESSAGE], "a\nbc");
  assert_true(p.mended);
  assert_string_equal(p.value[FIELD_CONSENT], "yes");
  assert_string_equal(p.value[FIELD_SUBMISSION], "k1");
  assert_string_equal(p.extra[0].value, "4711");
  read_ok(POSTED_JSON, BYTES("{\"consent\":false,\"message\":{\"a\":1},\"email\":5,\"files\":\"x\",\"n\":1}"), &p);
  assert_string_equal(p.value[FIELD_CONSENT], "");
  assert_true(p.not_text[FIELD_MESSAGE]);
  assert_true(p.not_text[FIELD_EMAIL]);
  assert_true(p.not_text[FIELD_FILES]);
  assert_false(p.not_text[FIELD_NAME]);
  assert_true(p.not_text_extra);
}

static void test_broken_bodies(void **state) {
  (void)state;
  static const struct {
    enum posted_kind kind;
    const char *body;
  } cases[] = {
      {POSTED_JSON, ""},
      {POSTED_JSON, "[]"},
      {POSTED_JSON, "\"text\""},
      {POSTED_JSON, "{\"a\":1"},
      {POSTED_JSON, "{\"a\":\"1\",\"a\":\"2\"}"},
      {POSTED_JSON, "{\"a\":\"\xFF\"}"},
      {POSTED_JSON, "{\"a\":\"\\ud800\"}"},
      {POSTED_JSON, "{} x"},
      {POSTED_MULTIPART, ""},
      {POSTED_MULTIPART, "--b\r\ntorn"},
      {POSTED_MULTIPART, "message=hello"},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    struct posted p;
    struct slice body = slice_text(cases[i].body);
    assert_int_equal(posted_read(arena, cases[i].kind, "multipart/form-data; boundary=b", body, &p), POSTED_BROKEN);
  }
  struct buf deep = BUF_INIT(POSTED_TEXT_MAX);
  buf_add_text(&deep, "{\"a\":");
  for (int i = 0; i < 100000; i++)
    buf_add_char(&deep, '[');
  struct posted p;
  assert_int_equal(posted_read(arena, POSTED_JSON, "", buf_slice(&deep), &p), POSTED_BROKEN);
  buf_free(&deep);
}

static void test_too_large(void **state) {
  (void)state;
  struct buf body = BUF_INIT(4 * POSTED_TEXT_MAX);
  struct posted p;
  buf_add_text(&body, "message=");
  while (body.len < POSTED_TEXT_MAX)
    buf_add_char(&body, 'x');
  assert_int_equal(posted_read(arena, POSTED_URLENCODED, "", buf_slice(&body), &p), 0);
  buf_add_char(&body, 'x');
  assert_int_equal(posted_read(arena, POSTED_URLENCODED, "", buf_slice(&body), &p), POSTED_TOO_LARGE);
  assert_int_equal(posted_read(arena, POSTED_JSON, "", buf_slice(&body), &p), POSTED_TOO_LARGE);
  /* of a multipart body the texts count together, the files do not */
  buf_clear(&body);
  for (int i = 0; i < 2; i++) {
    buf_printf(&body, "--b\r\n" CD "x%d\r\n\r\n", i);
    for (size_t n = 0; n < POSTED_TEXT_MAX / 2 + 1; n++)
      buf_add_char(&body, 'x');
    buf_add_text(&body, "\r\n");
  }
  buf_add_text(&body, "--b--");
  assert_int_equal(posted_read(arena, POSTED_MULTIPART, "multipart/form-data; boundary=b", buf_slice(&body), &p),
                   POSTED_TOO_LARGE);
  buf_clear(&body);
  buf_add_text(&body, "--b\r\n" CD "files; filename=a.txt\r\n\r\n");
  for (size_t n = 0; n < 2 * POSTED_TEXT_MAX; n++)
    buf_add_char(&body, 'x');
  buf_add_text(&body, "\r\n--b--");
  read_ok(POSTED_MULTIPART, buf_slice(&body), &p);
  buf_clear(&body);
  for (int i = 0; i < 1001; i++)
    buf_add_text(&body, "&a=b");
  assert_int_equal(posted_read(arena, POSTED_URLENCODED, "", buf_slice(&body), &p), POSTED_TOO_LARGE);
  buf_free(&body);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(test_kinds),
      CASE(test_urlencoded),
      CASE(test_broken_bytes_are_mended_and_said),
      CASE(test_multipart_files),
      CASE(test_more_files_than_kept),
      CASE(test_more_extras_than_kept),
      CASE(test_json),
      CASE(test_broken_bodies),
      CASE(test_too_large),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
