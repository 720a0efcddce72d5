/* SPDX-License-Identifier: Apache-2.0 */
#include "upload.h"
#include "base/buf.h"
#include "text/utf8.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#define DOCX "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

static void test_types(void **state) {
  (void)state;
#define BYTES(s) {s, sizeof(s) - 1}
  static const struct {
    const char *name;
    struct slice bytes;
    const char *type;
  } cases[] = {
      {"a.png", BYTES("\x89PNG\r\n\x1a\n...."), "image/png"},
      {"A.PNG", BYTES("\x89PNG\r\n\x1a\n...."), "image/png"},
      {"a.jpg", BYTES("\xff\xd8\xff\xe0"), "image/jpeg"},
      {"a.jpeg", BYTES("\xff\xd8\xff\xe1"), "image/jpeg"},
      {"a.gif", BYTES("GIF89a...."), "image/gif"},
      {"a.webp", BYTES("RIFF\0\0\0\0WEBPVP8 "), "image/webp"},
      {"a.webp", BYTES("RIFF\0\0\0\0WAVEfmt "), NULL},
      {"a.heic", BYTES("\0\0\0\x18" "ftypheic"), "image/heic"},
      {"a.pdf", BYTES("%PDF-1.7\n"), "application/pdf"},
      {"a.txt", BYTES("plain \xE9 text"), "text/plain"},
      {"a.csv", BYTES("a;b\r\n1;2\r\n"), "text/csv"},
      {"a.docx", BYTES("PK\x03\x04....[Content_Types].xml...."), DOCX},
      {"a.docx", BYTES("PK\x03\x04....something else"), NULL},
      {"a.odt", BYTES("PK\x03\x04" "..........................mimetypeapplication/vnd.oasis.opendocument.text"),
       "application/vnd.oasis.opendocument.text"},
      {"a.odt", BYTES("PK\x03\x04mimetypeapplication/vnd.oasis.opendocument.text"), NULL},
      /* name and bytes do not agree */
      {"photo.jpg", BYTES("<html><script>alert(1)</script>"), NULL},
      {"photo.jpg", BYTES("\x89PNG\r\n\x1a\n...."), NULL},
      {"a.pdf", BYTES("MZ\x90"), NULL},
      {"a.txt", BYTES("MZ\x90 is a program"), NULL},
      {"a.txt", BYTES("#!/bin/sh\n"), NULL},
      {"a.txt", BYTES("with\0nul"), NULL},
      {"a.txt", BYTES("%PDF-1.7"), NULL},
      {"a.txt", BYTES(""), NULL},
      {"a.png", BYTES("\x89PN"), NULL},
      {"a.png", BYTES(""), NULL},
      /* not on the list */
      {"a.exe", BYTES("MZ\x90"), NULL},
      {"a.svg", BYTES("<svg xmlns='http://www.w3.org/2000/svg'/>"), NULL},
      {"a.html", BYTES("<p>"), NULL},
      {"a.zip", BYTES("PK\x03\x04"), NULL},
      {"a.docm", BYTES("PK\x03\x04....[Content_Types].xml...."), NULL},
      {"a.png.exe", BYTES("\x89PNG\r\n\x1a\n"), NULL},
      {"png", BYTES("\x89PNG\r\n\x1a\n"), NULL},
      {"", BYTES("\x89PNG\r\n\x1a\n"), NULL},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    const char *got = upload_type(slice_text(cases[i].name), cases[i].bytes);
    if (cases[i].type)
      assert_string_equal(got, cases[i].type);
    else
      assert_null(got);
  }
}

static void test_names(void **state) {
  (void)state;
  static const struct {
    struct slice raw;
    const char *clean;
  } cases[] = {
      {BYTES("photo.jpg"), "photo.jpg"},
      {BYTES("my holiday photo.jpg"), "my holiday photo.jpg"},
      {BYTES("\xC3\xBC" "bersicht \xE6\x96\x87.pdf"), "übersicht 文.pdf"},
      {BYTES("../../etc/passwd"), "passwd"},
      {BYTES("C:\\Users\\ana\\photo.jpg"), "photo.jpg"},
      {BYTES("/"), "file"},
      {BYTES(""), "file"},
      {BYTES(".."), "file"},
      {BYTES("..."), "file"},
      {BYTES("\\\\"), "file"},
      {BYTES(".htaccess"), "htaccess"},
      {BYTES("-rf.txt"), "rf.txt"},
      {BYTES("name.txt. . ."), "name.txt"},
      {BYTES("con"), "_con"},
      {BYTES("NUL.txt"), "_NUL.txt"},
      {BYTES("com1.pdf"), "_com1.pdf"},
      {BYTES("comma.pdf"), "comma.pdf"},
      {BYTES("lpt.txt"), "lpt.txt"},
      {BYTES("a<b>c:d\"e|f?g*h.txt"), "a_b_c_d_e_f_g_h.txt"},
      {BYTES("$(reboot)`id`;&.txt"), "_(reboot)_id___.txt"},
      {BYTES("quote%22.txt"), "quote_22.txt"},
      {BYTES("nul\0byte.txt"), "nulbyte.txt"},
      {BYTES("line\r\nbreak.txt"), "line break.txt"},
      {BYTES("txt.\xE2\x80\xAEgpj.exe"), "txt.gpj.exe"},
      {BYTES("\x1b[2J.txt"), "[2J.txt"},
      {BYTES("caf\xE9.txt"), "caf\xEF\xBF\xBD.txt"},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    struct arena *a = arena_new(256, 8192);
    assert_string_equal(upload_clean_name(a, cases[i].raw), cases[i].clean);
    arena_free(&a);
  }
}

static void test_long_names_keep_their_extension(void **state) {
  (void)state;
  struct arena *a = arena_new(256, 64 * 1024);
  struct buf raw = BUF_INIT(8192);
  for (int i = 0; i < 1000; i++)
    buf_add_text(&raw, "文");
  buf_add_text(&raw, ".docx");
  char *clean = upload_clean_name(a, buf_slice(&raw));
  assert_true(strlen(clean) <= UPLOAD_NAME_MAX);
  assert_true(utf8_clean(slice_text(clean)));
  assert_string_equal(clean + strlen(clean) - 5, ".docx");
  /* an "extension" that is the whole name */
  buf_clear(&raw);
  buf_add_text(&raw, "a.");
  for (int i = 0; i < 1000; i++)
    buf_add_char(&raw, 'x');
  assert_int_equal(strlen(upload_clean_name(a, buf_slice(&raw))), UPLOAD_NAME_MAX - 1);
  buf_free(&raw);
  arena_free(&a);
  a = arena_new(16, 32);
  assert_null(upload_clean_name(a, SLICE("a name that does not fit into the arena.txt")));
  arena_free(&a);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_types),
      cmocka_unit_test(test_names),
      cmocka_unit_test(test_long_names_keep_their_extension),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
