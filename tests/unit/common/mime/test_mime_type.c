/* SPDX-License-Identifier: Apache-2.0 */
/* MI-16, MI-27: types and parameters in every form they come in. */
#include "pieces.h"
#include "base/buf.h"
#include "mime/charset.h"
#include "mime/parameter.h"
#include "mime/part_field.h"

struct type_case {
  const char *value;
  const char *type;       /* where text is expected */
  const char *charset, *boundary, *name;
  bool broken;            /* "content-type-broken" */
};

static const struct type_case types[] = {
    {"text/plain", "text/plain", "", "", "", false},
    {"TEXT/Plain", "text/plain", "", "", "", false},
    {"text", "text/plain", "", "", "", false},
    {"text/", "text/plain", "", "", "", false},
    {"plain", "text/plain", "", "", "", false},
    {"plain/text; charset=utf-8", "text/plain", "utf-8", "", "", false},
    {"html", "text/html", "", "", "", false},
    {"text/htm", "text/html", "", "", "", false},
    {"multipart; boundary=b", "multipart/mixed", "", "b", "", false},
    {"multipart/; boundary=b", "multipart/mixed", "", "b", "", false},
    {"message", "message/rfc822", "", "", "", false},
    {"text / plain; charset=utf-8", "text/plain", "utf-8", "", "", false},
    {"text/(really)plain (so) ; charset=utf-8", "text/plain", "utf-8", "", "", false},
    {"(first) image/png", "image/png", "", "", "", false},
    {"text/plain/extra; charset=utf-8", "text/plain", "utf-8", "", "", false},
    {"text//plain; charset=utf-8", "text/plain", "utf-8", "", "", false},
    {"text/plain;", "text/plain", "", "", "", false},
    {"text/plain;;; charset=utf-8;;", "text/plain", "utf-8", "", "", false},
    {"text/plain charset=utf-8", "text/plain", "utf-8", "", "", false},
    {"text/plain, text/html", "text/plain", "", "", "", false},
    {"text/plain; charset=utf-8 format=flowed", "text/plain", "utf-8", "", "", false},
    {"text/plain; charset", "text/plain", "", "", "", false},
    {"text/plain; charset=", "text/plain", "", "", "", false},
    {"text/plain; =utf-8; charset=koi8-r", "text/plain", "koi8-r", "", "", false},
    {"text/plain; charset = \"utf-8\"", "text/plain", "utf-8", "", "", false},
    {"text/plain; charset=\"utf-8", "text/plain", "utf-8", "", "", false},
    {"text/plain; charset=utf-8\"", "text/plain", "utf-8\"", "", "", false},
    {"text/plain; charset='utf-8'", "text/plain", "'utf-8'", "", "", false},
    {"text/plain; charset=utf-8 (Unicode)", "text/plain", "utf-8", "", "", false},
    {"text/plain; charset=utf-8,", "text/plain", "utf-8", "", "", false},
    {"text/plain; charset=utf-8; charset=koi8-r", "text/plain", "utf-8", "", "", false},
    {"text/plain; CHARSET=UTF-8", "text/plain", "UTF-8", "", "", false},
    {"text/plain; charset*=us-ascii'en'utf-8", "text/plain", "utf-8", "", "", false},
    {"text/plain; charset*0=ut; charset*1=f-8", "text/plain", "utf-8", "", "", false},
    {"Content-Type: text/html; charset=utf-8", "text/html", "utf-8", "", "", false},
    {"\"text/html\"; charset=utf-8", "text/html", "utf-8", "", "", false},
    {"'text/html'", "text/html", "", "", "", false},
    {"=?utf-8?Q?text/html?=; charset=utf-8", "text/html", "utf-8", "", "", false},
    {"=?utf-8?Q?text/html=3B_charset=3Dutf-8?=", "text/html", "utf-8", "", "", false},
    {"*/*", "text/plain", "", "", "", true},
    {"image/*", "text/plain", "", "", "", true},
    {"/plain; charset=utf-8", "text/plain", "utf-8", "", "", true},
    {"nonsense", "text/plain", "", "", "", true},
    {"n\xC3\xA4/x; charset=utf-8", "text/plain", "utf-8", "", "", true},
    {"; charset=utf-8", "text/plain", "utf-8", "", "", true},
    {";", "text/plain", "", "", "", true},
    {"x-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/y",
     "text/plain", "", "", "", true},
    {"multipart/mixed boundary=b", "multipart/mixed", "", "b", "", false},
    {"multipart/mixed; boundary=\"a b\"", "multipart/mixed", "", "a b", "", false},
    {"multipart/mixed; boundary=\" b \"", "multipart/mixed", "", "b", "", false},
    {"multipart/mixed; boundary=----=_Part_1.2_=", "multipart/mixed", "", "----=_Part_1.2_=", "", false},
    {"multipart/mixed; boundary=\"=_a;b\"; charset=utf-8", "multipart/mixed", "utf-8", "=_a;b", "", false},
    {"multipart/mixed; boundary=\"\\\"q\\\"\"", "multipart/mixed", "", "\"q\"", "", false},
    {"multipart/mixed; boundary=", "multipart/mixed", "", "", "", false},
    {"multipart/mixed; boundary*0=a; boundary*1=b", "multipart/mixed", "", "ab", "", false},
    {"multipart/mixed; (c) boundary=b (d)", "multipart/mixed", "", "b", "", false},
    {"multipart/mixed; (never closed; boundary=b", "multipart/mixed", "", "b", "", false},
    {"image/png; name=my file.png", "image/png", "", "", "my file.png", false},
    {"image/png; name=my file (1).png; x=y", "image/png", "", "", "my file (1).png", false},
    {"image/png; name=my file.png charset=x", "image/png", "x", "", "my file.png", false},
    {"image/png; name=\"a;b.png\"", "image/png", "", "", "a;b.png", false},
    {"image/png; name=\"a \"big\" one.png\"; charset=x", "image/png", "x", "", "a \"big\" one.png", false},
    {"image/png; name=\"a \"big one.png; charset=x", "image/png", "x", "", "a", false},
    {"image/png; name=\"cut.png; charset=x", "image/png", "x", "", "cut.png", false},
    {"image/png; name=\"C:\\Temp\\a.png\"", "image/png", "", "", "C:\\Temp\\a.png", false},
    {"image/png; name=\"a\\\\b\\\"c.png\"", "image/png", "", "", "a\\b\"c.png", false},
    {"image/png; name==?utf-8?Q?=C3=A4;b.png?=", "image/png", "", "", "\xC3\xA4;b.png", false},
    {"image/png; name=\"=?utf-8?Q?=C3=A4.png?=\"", "image/png", "", "", "\xC3\xA4.png", false},
    {"image/png; name=\"\"", "image/png", "", "", "", false},
};

static void test_types(void **state) {
  (void)state;
  assert_true(COUNT(types) >= 40);
  for (size_t i = 0; i < COUNT(types); i++) {
    const struct type_case *c = &types[i];
    struct reading r = start();
    struct mail_header h;
    struct mail_part p = {0};
    struct slice boundary;
    char *header = arena_printf(r.arena, "Content-Type: %s\n\n", c->value);
    header_read(&r, slice_text(header), &h);
    part_fields_read(&r, &h, "text/plain", true, &p, &boundary);
    check_text(c->value, slice_text(p.type), c->type);
    check_text(c->value, p.charset, c->charset);
    check_text(c->value, boundary, c->boundary);
    check_text(c->value, slice_text(p.name), c->name);
    if (warned(&r, "content-type-broken") != c->broken)
      fail_msg("%s", c->value);
    arena_free(&r.arena);
  }
}

/* Where no text is expected, nonsense is bytes, unless it names a character set. */
static void test_position(void **state) {
  (void)state;
  static const struct {
    const char *header, *type;
  } cases[] = {
      {"Content-Type: nonsense\n", "application/octet-stream"},
      {"Content-Type: nonsense; charset=utf-8\n", "text/plain"},
      {"Content-Type: */*\n", "application/octet-stream"},
      {"Content-Type:\n", "message/rfc822"},
      {"X: y\n", "message/rfc822"},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct reading r = start();
    struct mail_header h;
    struct mail_part p = {0};
    struct slice boundary;
    header_read(&r, slice_text(cases[i].header), &h);
    part_fields_read(&r, &h, "message/rfc822", false, &p, &boundary);
    check_text(cases[i].header, slice_text(p.type), cases[i].type);
    arena_free(&r.arena);
  }
}

static void test_names(void **state) {
  (void)state;
  static const struct {
    const char *value, *name; /* NULL: none */
  } cases[] = {
      {"name*=utf-8''%C3%A4.pdf", "\xC3\xA4.pdf"},
      {"name*=UTF-8'de'%c3%a4.pdf", "\xC3\xA4.pdf"},
      {"name*=iso-8859-1''%E4.pdf", "\xC3\xA4.pdf"},
      {"name*=gb2312''%B8%BD%BC%FE.pdf", "\xE9\x99\x84\xE4\xBB\xB6.pdf"},
      {"name*=''%C3%A4.pdf", "\xC3\xA4.pdf"},
      {"name*=%C3%A4.pdf", "\xC3\xA4.pdf"},
      {"name*=\"utf-8''%C3%A4.pdf\"", "\xC3\xA4.pdf"},
      {"name*=utf-8''\"%C3%A4.pdf\"", "\xC3\xA4.pdf"},
      {"name=\"utf-8''%C3%A4.pdf\"", "\xC3\xA4.pdf"},
      {"name*=nobody-knows''%C3%A4.pdf", "\xC3\xA4.pdf"},
      {"name*=utf-8''100%.pdf", "100%.pdf"},
      {"name*=utf-8''%zz%4.pdf", "%zz%4.pdf"},
      {"name*=utf-8''=?utf-8?Q?=C3=A4?=.pdf", "\xC3\xA4.pdf"},
      {"name*0=\"long \"; name*1=\"name\"; name*2=.pdf", "long name.pdf"},
      {"name*1=\"name.pdf\"; name*0=\"long \"", "long name.pdf"},
      {"name*0*=utf-8''%C3%A4; name*1*=%C3%B6; name*2=.pdf", "\xC3\xA4\xC3\xB6.pdf"},
      {"name*0*=utf-8''%C3; name*1*=%A4.pdf", "\xC3\xA4.pdf"},
      {"name*0*=utf-8''%C3%A4; name*1=%41.pdf", "\xC3\xA4%41.pdf"},
      {"name*0=a; name*2=c; name*3=.pdf", "ac.pdf"},
      {"name*1=b.pdf", "b.pdf"},
      {"name*0=a.pdf; name*0=b.pdf", "a.pdf"},
      {"name*0=\"=?utf-8?Q?=C3=A4\"; name*1=\"b.pdf?=\"", "\xC3\xA4" "b.pdf"},
      {"name=plain.pdf; name*=utf-8''%C3%A4.pdf", "\xC3\xA4.pdf"},
      {"name*=utf-8''%C3%A4.pdf; name=plain.pdf", "\xC3\xA4.pdf"},
      {"name=plain.pdf; name*0=a; name*1=b", "ab"},
      {"name*=utf-8''; name=plain.pdf", "plain.pdf"},
      {"name*0x=a.pdf", "a.pdf"},
      {"name*99999999999999999999=a.pdf; name=b.pdf", "a.pdf"},
      {"NAME=a.pdf", "a.pdf"},
      {"name=a.pdf; name=b.pdf", "a.pdf"},
      {"name=\"a\nb.pdf\"", "a b.pdf"},
      {"name=\"it's 5'' wide.pdf\"", "it's 5'' wide.pdf"},
      {"other=a.pdf", NULL},
      {"", NULL},
      {"***", NULL},
      {"=;=;=", NULL},
      {"name", NULL},
      {"name=", ""},
      {"name=\xE4.pdf", "\xC3\xA4.pdf"},
      {"name=\xC3\xA4.pdf", "\xC3\xA4.pdf"},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct reading r = start();
    struct parameters ps;
    parameters_read(&r, slice_text(cases[i].value), &ps);
    const char *name = parameter_text(&r, &ps, "name");
    if (!name != !cases[i].name)
      fail_msg("%s: %s", cases[i].value, name ? name : "none");
    if (name)
      check_text(cases[i].value, slice_text(name), cases[i].name);
    arena_free(&r.arena);
  }
}

static void test_disposition(void **state) {
  (void)state;
  static const struct {
    const char *value, *name;
    enum part_place place;
  } cases[] = {
      {"attachment; filename=a.pdf", "a.pdf", PLACE_ATTACHMENT},
      {"ATTACHMENT", "", PLACE_ATTACHMENT},
      {"inline; filename=a.pdf", "a.pdf", PLACE_INLINE},
      {"x-thing; filename=a.pdf", "a.pdf", PLACE_ATTACHMENT},
      {"attachment filename=a.pdf", "a.pdf", PLACE_ATTACHMENT},
      {"filename=a.pdf", "a.pdf", PLACE_UNSAID},
      {"filename = a.pdf", "a.pdf", PLACE_UNSAID},
      {"; filename=a.pdf", "a.pdf", PLACE_UNSAID},
      {"attachment; name=a.pdf", "a.pdf", PLACE_ATTACHMENT},
      {"attachment; size=3; filename*=utf-8''%C3%A4; creation-date=\"Tue, 24 Nov 2026 10:30:00 +0100\"", "\xC3\xA4",
       PLACE_ATTACHMENT},
      {"", "", PLACE_UNSAID},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct reading r = start();
    struct mail_header h;
    struct mail_part p = {0};
    struct slice boundary;
    char *header = arena_printf(r.arena, "Content-Disposition: %s\n\n", cases[i].value);
    header_read(&r, slice_text(header), &h);
    part_fields_read(&r, &h, "text/plain", true, &p, &boundary);
    check_text(cases[i].value, slice_text(p.name), cases[i].name);
    if (p.place != cases[i].place)
      fail_msg("%s: place %d", cases[i].value, p.place);
    arena_free(&r.arena);
  }
}

static void test_too_many(void **state) {
  (void)state;
  struct reading r = start();
  struct parameters ps;
  struct buf value = BUF_INIT(64 * 1024);
  for (int i = 0; i < 3000; i++)
    buf_printf(&value, "; name*%d=%d", i, i % 10);
  parameters_read(&r, buf_slice(&value), &ps);
  assert_int_equal(ps.count, PARAMETERS_MAX);
  assert_true(warned(&r, "parameters-cut"));
  assert_int_equal(strlen(parameter_text(&r, &ps, "name")), PARAMETERS_MAX);
  buf_free(&value);
  arena_free(&r.arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_types),       cmocka_unit_test(test_position), cmocka_unit_test(test_names),
      cmocka_unit_test(test_disposition), cmocka_unit_test(test_too_many),
  };
  charset_open_all();
  return cmocka_run_group_tests(tests, NULL, NULL);
}
