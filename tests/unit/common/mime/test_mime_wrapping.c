/* SPDX-License-Identifier: Apache-2.0 */
/* What mail is wrapped into: signatures (MI-21), winmail.dat with its RTF (MI-20), files in texts (MI-15). */
#include "pieces.h"
#include "base/buf.h"
#include "mime/body_text.h"
#include "mime/charset.h"
#include "mime/inline_file.h"
#include "mime/lzfu.h"
#include "mime/rtf.h"
#include "mime/smime.h"
#include "mime/tnef.h"
#include "mime/yenc.h"

#define BYTES(literal) {literal, sizeof(literal) - 1}

/* --- signatures --- */

#define OID_SIGNED "\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x07\x02"
#define OID_ENVELOPED "\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x07\x03"
#define OID_DATA "\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x07\x01"

static void test_smime(void **state) {
  (void)state;
  static const struct {
    const char *what;
    struct slice bytes;
    enum smime kind;
    const char *inner;
  } cases[] = {
      {"in one piece",
       BYTES("\x30\x27" OID_SIGNED "\xA0\x1A\x30\x18\x02\x01\x01\x31\x00\x30\x11" OID_DATA "\xA0\x04\x04\x02hi"),
       SMIME_SIGNED, "hi"},
      {"lengths unsaid",
       BYTES("\x30\x80" OID_SIGNED "\xA0\x80\x30\x80\x02\x01\x01\x31\x80\x30\x80\0\0\0\0\x30\x80" OID_DATA
             "\xA0\x80\x24\x80\x04\x02hi\x24\x80\x04\x01 \0\0\x04\x03you\0\0\0\0"), SMIME_SIGNED, "hi you"},
      {"pieces of said length",
       BYTES("\x30\x80" OID_SIGNED "\xA0\x80\x30\x80\x02\x01\x01\x31\x00\x30\x80" OID_DATA
             "\xA0\x80\x24\x06\x04\x01h\x04\x01i"), SMIME_SIGNED, "hi"},
      {"length in four bytes",
       BYTES("\x30\x84\x00\x00\x00\x27" OID_SIGNED "\xA0\x1A\x30\x18\x02\x01\x01\x31\x00\x30\x11" OID_DATA
             "\xA0\x04\x04\x02hi"), SMIME_SIGNED, "hi"},
      {"cut off",
       BYTES("\x30\x27" OID_SIGNED "\xA0\x1A\x30\x18\x02\x01\x01\x31\x00\x30\x11" OID_DATA "\xA0\x04\x04\x02h"),
       SMIME_SIGNED, "h"},
      {"content elsewhere", BYTES("\x30\x21" OID_SIGNED "\xA0\x14\x30\x12\x02\x01\x01\x31\x00\x30\x0B" OID_DATA),
       SMIME_DETACHED, ""},
      {"empty content",
       BYTES("\x30\x25" OID_SIGNED "\xA0\x18\x30\x16\x02\x01\x01\x31\x00\x30\x0F" OID_DATA "\xA0\x02\x04\x00"),
       SMIME_DETACHED, ""},
      {"encrypted", BYTES("\x30\x0B" OID_ENVELOPED), SMIME_ENCRYPTED, ""},
      {"compressed", BYTES("\x30\x0D\x06\x0B\x2A\x86\x48\x86\xF7\x0D\x01\x09\x10\x01\x09"), SMIME_COMPRESSED, ""},
      {"another thing", BYTES("\x30\x0B" OID_DATA), SMIME_BROKEN, ""},
      {"no BER", BYTES("hello"), SMIME_BROKEN, ""},
      {"nothing", BYTES(""), SMIME_BROKEN, ""},
      {"a tag of several bytes", BYTES("\x30\x04\x1F\x81\x01\x00"), SMIME_BROKEN, ""},
      {"a length of nine bytes", BYTES("\x30\x89\x01\x01\x01\x01\x01\x01\x01\x01\x01"), SMIME_BROKEN, ""},
      {"a length of all ones", BYTES("\x30\x88\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF" OID_ENVELOPED), SMIME_ENCRYPTED, ""},
      {"never closed", BYTES("\x30\x80" OID_SIGNED "\xA0\x80\x30\x80\x02\x01\x01\x31\x80\x30\x80"), SMIME_BROKEN, ""},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct reading r = start();
    struct slice inner = {"", 0};
    enum smime kind = smime_open(&r, cases[i].bytes, &inner);
    if (kind != cases[i].kind)
      fail_msg("%s: %d", cases[i].what, kind);
    if (kind == SMIME_SIGNED)
      check_text(cases[i].what, inner, cases[i].inner);
    arena_free(&r.arena);
  }
}

/* --- compressed RTF --- */

static void test_lzfu(void **state) {
  (void)state;
  /* The example of MS-OXRTFCP 4.1: a preset, a few references, an end. */
  static const struct slice hello = BYTES("\x2D\0\0\0\x2B\0\0\0LZFu\xF1\xC5\xC7\xA7\x03\0\x0A\0rcpg125B2\x0A\xF3"
                                          " hel\x09\0 bw\x05\xB0ld}\x0A\x80\x0F\xA0");
  static const struct slice plain = BYTES("\x10\0\0\0\x04\0\0\0MELA\0\0\0\0{\\rt");
  struct reading r = start();
  struct slice out;
  assert_true(lzfu_read(&r, hello, 1000, &out));
  check_text("hello", out, "{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n");
  assert_true(lzfu_read(&r, hello, 5, &out));
  check_text("bounded", out, "{\\rtf");
  for (size_t len = 0; len < hello.len; len++)
    if (lzfu_read(&r, slice_of(hello.at, len), 1000, &out))
      assert_true(out.len <= 43);
  assert_true(lzfu_read(&r, plain, 1000, &out));
  check_text("not compressed", out, "{\\rt");
  assert_false(lzfu_read(&r, slice_of("\x10\0\0\0\x04\0\0\0LZFx\0\0\0\0abcd", 20), 1000, &out));
  arena_free(&r.arena);
}

static void test_rtf(void **state) {
  (void)state;
  static const struct {
    const char *rtf, *text;
    bool html;
  } cases[] = {
      {"{\\rtf1\\ansi Hello\\par world}", "Hello\nworld", false},
      {"{\\rtf1\\ansi\\ansicpg1251 \\'cf\\'f0\\'e8}", "\u041F\u0440\u0438", false},
      {"{\\rtf1\\ansi{\\fonttbl{\\f0 Arial;}{\\f1\\fcharset204 Arial;}}\\f0 \\'e4\\f1 \\'cf\\f0 \\'e4}",
       "\u00E4\u041F\u00E4", false},
      {"{\\rtf1\\ansi{\\fonttbl{\\f0\\fcharset128 MS;}}\\f0\\'93\\'fa\\'96\\'7b}", "\u65E5\u672C", false},
      {"{\\rtf1 \\u8364? \\uc2\\u228ae\\uc0\\u246 x}", "\u20AC \u00E4\u00F6x", false},
      {"{\\rtf1 \\u-10179?\\u-8704?}", "\U0001F600", false},
      {"{\\rtf1 \\u55357?x}", "x", false},
      {"{\\rtf1{\\colortbl;\\red0}{\\stylesheet x}{\\info{\\title t}}{\\*\\generator g}{\\pict 00ff}a}", "a", false},
      {"{\\rtf1{\\*\\unknown x}{\\unknown y}\\unknown z}", "yz", false},
      {"{\\rtf1 a\\{b\\}c\\\\d\\~e\\_f\\-g}", "a{b}c\\d\u00A0e-fg", false},
      {"{\\rtf1 \\ldblquote x\\rdblquote\\emdash\\bullet\\tab y\\line z}", "\u201Cx\u201D\u2014\u2022\ty\nz", false},
      {"{\\rtf1 a\r\nb}", "ab", false},
      {"{\\rtf1 a\\\nb}", "a\nb", false},
      {"{\\rtf1 }}}}a", "a", false},
      {"{{{{{{", "", false},
      {"\\", "", false},
      {"\\'4", "4", false},
      {"", "", false},
      {"{\\rtf1\\ansi\\fromhtml1{\\*\\htmltag64 <p>}\\htmlrtf\\par\\htmlrtf0 A & B{\\*\\htmltag84 &#228;}\\htmlrtf"
       " \\'e4\\htmlrtf0{\\*\\mhtmltag64 x}{\\*\\htmltag72 </p>}}", "<p>A &amp; B&#228;</p>", true},
      {"{\\rtf1\\fromhtml1 {\\*\\htmltag <a href=\"x\">}\\'e4\\~{\\htmlrtf {\\b\\htmlrtf0}{\\*\\htmltag </a>}}}",
       "<a href=\"x\">\u00E4&nbsp;</a>", true},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct reading r = start();
    bool html;
    check_text(cases[i].rtf, rtf_read(&r, slice_text(cases[i].rtf), 1252, 10000, &html), cases[i].text);
    if (html != cases[i].html)
      fail_msg("%s", cases[i].rtf);
    arena_free(&r.arena);
  }
  struct reading r = start();
  struct buf deep = BUF_INIT(100000);
  bool html;
  for (int i = 0; i < 20000; i++)
    buf_add_text(&deep, "{a");
  for (int i = 0; i < 20000; i++)
    buf_add_text(&deep, "}");
  assert_int_equal(rtf_read(&r, buf_slice(&deep), 1252, 100000, &html).len, 20000);
  assert_int_equal(rtf_read(&r, buf_slice(&deep), 1252, 100, &html).len, 100);
  buf_free(&deep);
  arena_free(&r.arena);
}

/* --- winmail.dat --- */

static void put16(struct buf *b, unsigned value) {
  buf_add_char(b, (char)value);
  buf_add_char(b, (char)(value >> 8));
}

static void put32(struct buf *b, uint32_t value) {
  put16(b, value & 0xFFFF);
  put16(b, value >> 16);
}

static void put_attribute(struct buf *b, char level, unsigned id, struct slice value) {
  unsigned sum = 0;
  buf_add_char(b, level);
  put32(b, id);
  put32(b, (uint32_t)value.len);
  buf_add_slice(b, value);
  for (size_t i = 0; i < value.len; i++)
    sum += (uint8_t)value.at[i];
  put16(b, sum);
}

static void put_value(struct buf *b, unsigned type, unsigned id, struct slice value) {
  put16(b, type);
  put16(b, id);
  put32(b, 1);
  put32(b, (uint32_t)value.len);
  buf_add_slice(b, value);
  for (size_t i = value.len; i % 4; i++)
    buf_add_char(b, '\0');
}

static struct buf begin_tnef(void) {
  struct buf b = BUF_INIT(64 * 1024);
  put32(&b, 0x223E9F78);
  put16(&b, 1);
  return b;
}

/* A message with a body in RTF, a file with an old name, and one with properties. */
static struct buf make_tnef(void) {
  struct buf b = begin_tnef(), p = BUF_INIT(4096);
  put_attribute(&b, 1, 0x00089006, SLICE("\0\0\1\0"));
  put_attribute(&b, 1, 0x00069007, SLICE("\xE3\x04\0\0\0\0\0\0")); /* 1251 */
  put_attribute(&b, 1, 0x00078008, SLICE("IPM.Microsoft Mail.Note\0"));
  put32(&p, 3);
  put16(&p, 0x03);
  put16(&p, 0x3FDE);
  put32(&p, 65001);
  put16(&p, 0x1E); /* a property with a name of its own: passed */
  put16(&p, 0x8001);
  buf_add(&p, "0123456789abcdef", 16);
  put32(&p, 1);
  put32(&p, 6);
  buf_add(&p, "n\0a\0m\0\0\0", 8);
  put32(&p, 1);
  put32(&p, 3);
  buf_add(&p, "xyz\0", 4);
  put_value(&p, 0x102, 0x1009, SLICE("\x23\0\0\0\x23\0\0\0MELA\0\0\0\0{\\rtf1\\ansi\\ansicpg1251 \\'cf\\par x}"));
  put_attribute(&b, 1, 0x00069003, buf_slice(&p));
  put_attribute(&b, 2, 0x00069002, SLICE("\1\0\0\0\0\0\0\0\0\0\0\0\0\0"));
  put_attribute(&b, 2, 0x00018010, SLICE("\xCF.txt\0"));
  put_attribute(&b, 2, 0x0006800F, SLICE("first"));
  put_attribute(&b, 2, 0x00069002, SLICE("\1\0\0\0\0\0\0\0\0\0\0\0\0\0"));
  put_attribute(&b, 2, 0x00018010, SLICE("SECOND~1.PDF\0"));
  buf_clear(&p);
  put32(&p, 5);
  put_value(&p, 0x1E, 0x370E, SLICE("application/pdf\0"));
  put_value(&p, 0x1F, 0x3707, SLICE("\x1F\x04.\0p\0d\0f\0\0\0"));
  put_value(&p, 0x1E, 0x3704, SLICE("SECOND~1.PDF\0"));
  put_value(&p, 0x1E, 0x3712, SLICE("logo@x\0"));
  put_value(&p, 0x102, 0x3701, SLICE("second"));
  put_attribute(&b, 2, 0x00069005, buf_slice(&p));
  buf_free(&p);
  return b;
}

static void test_tnef(void **state) {
  (void)state;
  struct reading r = start();
  struct buf b = make_tnef();
  struct tnef t;
  assert_true(tnef_read(&r, buf_slice(&b), 100000, &t));
  assert_true(t.whole);
  assert_false(t.special);
  check_text("text", t.text, "\u041F\nx");
  assert_int_equal(t.html.len, 0);
  assert_int_equal(t.file_count, 2);
  assert_string_equal(t.files[0].name, "\u041F.txt");
  assert_string_equal(t.files[0].type, "application/octet-stream");
  check_text("first", t.files[0].bytes, "first");
  assert_string_equal(t.files[1].name, "\u041F.pdf");
  assert_string_equal(t.files[1].type, "application/pdf");
  assert_string_equal(t.files[1].content_id, "logo@x");
  check_text("second", t.files[1].bytes, "second");
  buf_free(&b);
  arena_free(&r.arena);
}

/* Every length cut: what is there is read, what is not is not, and it is said. Every byte changed: nothing breaks. */
static void test_tnef_damaged(void **state) {
  (void)state;
  struct buf b = make_tnef();
  for (size_t i = 0; i < b.len; i++) {
    struct reading r = start();
    struct tnef t;
    char *copy = must_realloc(NULL, i + 1); /* so that a sanitizer sees one byte too far */
    memcpy(copy, b.at, i);
    bool read = tnef_read(&r, slice_of(copy, i), 100000, &t);
    assert_true(read == (i >= 6));
    if (i > 6 && i < b.len)
      assert_false(t.whole && t.file_count == 2 && t.files[1].bytes.len == 6);
    arena_free(&r.arena);
    free(copy);
    r = start();
    b.at[i] ^= 0x55;
    if (tnef_read(&r, buf_slice(&b), 100000, &t))
      assert_true(t.file_count <= 4);
    b.at[i] ^= 0x55;
    arena_free(&r.arena);
  }
  buf_free(&b);
}

static void test_tnef_odd(void **state) {
  (void)state;
  static const struct slice message_id = BYTES("\x07\x03\x02\0\0\0\0\0\xC0\0\0\0\0\0\0\x46");
  struct reading r = start();
  struct buf b = begin_tnef(), p = BUF_INIT(4096), object = BUF_INIT(4096);
  struct tnef t;
  buf_add_slice(&object, message_id);
  buf_add(&object, b.at, b.len);
  put_attribute(&b, 1, 0x00078008, SLICE("IPM.Microsoft Schedule.MtgReq\0"));
  put_attribute(&b, 1, 0x0002800C, SLICE("the body\0"));
  put_attribute(&b, 2, 0x0006800F, SLICE("data of no file"));
  put_attribute(&b, 2, 0x00069002, SLICE(""));
  put32(&p, 1);
  put_value(&p, 0x0D, 0x3701, buf_slice(&object));
  put_attribute(&b, 2, 0x00069005, buf_slice(&p));
  buf_clear(&p);
  put32(&p, 1);
  put_value(&p, 0x1E, 0x1013, SLICE("<p>\xE4</p>"));
  put_attribute(&b, 1, 0x00069003, buf_slice(&p));
  assert_true(tnef_read(&r, buf_slice(&b), 100000, &t));
  assert_true(t.whole && t.special);
  check_text("text", t.text, "the body");
  check_text("html", t.html, "<p>\u00E4</p>");
  assert_int_equal(t.file_count, 1);
  assert_string_equal(t.files[0].type, TNEF_TYPE);
  assert_int_equal(t.files[0].bytes.len, 6);
  buf_clear(&b);
  put32(&b, 0x223E9F78);
  put16(&b, 1);
  for (int i = 0; i < TNEF_FILES_MAX + 5; i++)
    put_attribute(&b, 2, 0x00069002, SLICE(""));
  assert_true(tnef_read(&r, buf_slice(&b), 100000, &t));
  assert_int_equal(t.file_count, TNEF_FILES_MAX);
  assert_false(t.whole);
  buf_free(&object);
  buf_free(&p);
  buf_free(&b);
  arena_free(&r.arena);
}

/* --- files in texts --- */

static void test_yenc(void **state) {
  (void)state;
  struct reading r = start();
  char all[256], encoded[1200], decoded[1200];
  size_t len = 0, at, data, taken;
  struct slice name;
  len = (size_t)snprintf(encoded, sizeof(encoded), "x\r\n=ybegin line=128 size=256 name= all bytes.bin \r\n"
                         "=ypart begin=1 end=256\r\n");
  for (unsigned i = 0; i < 256; i++) {
    all[i] = (char)i;
    uint8_t c = (uint8_t)(i + 42);
    if (c == 0 || c == '\n' || c == '\r' || c == '=') {
      encoded[len++] = '=';
      c = (uint8_t)(c + 64);
    }
    encoded[len++] = (char)c;
    if (i % 128 == 127) {
      encoded[len++] = '\r';
      encoded[len++] = '\n';
    }
  }
  len += (size_t)snprintf(encoded + len, sizeof(encoded) - len, "=yend size=256\r\nafter");
  assert_true(yenc_find_begin(slice_of(encoded, len), 0, &at, &data, &name));
  assert_int_equal(at, 3);
  check_text("name", name, "all bytes.bin");
  size_t got = yenc_decode(slice_of(encoded + data, len - data), decoded, &taken);
  assert_int_equal(got, 256);
  assert_memory_equal(decoded, all, 256);
  check_text("rest", slice_of(encoded + data + taken, len - data - taken), "after");
  assert_false(yenc_find_begin(SLICE("a =ybegin size=1 name=x\n"), 0, &at, &data, &name));
  assert_false(yenc_find_begin(SLICE("=ybegin name=x\n"), 0, &at, &data, &name));
  assert_int_equal(yenc_decode(SLICE("k="), decoded, &taken), 2);
  arena_free(&r.arena);
}

static void test_files_in_text(void **state) {
  (void)state;
  static const struct {
    const char *text, *left;
    const char *names[3], *bytes[3];
  } cases[] = {
      {"no file", "no file", {0}, {0}},
      {"a\nbegin 644 cat.txt\n#0V%T\n`\nend\nb", "a\nb", {"cat.txt"}, {"Cat"}},
      {"a\r\nbegin 644 \xE4.txt\r\n#0V%T\r\n`\r\nend\r\nb", "a\r\nb", {"\u00E4.txt"}, {"Cat"}},
      {"=ybegin line=128 size=3 name=k.txt\n\x6D\x8B\x9E\n=yend size=3\nb", "b", {"k.txt"}, {"Cat"}},
      {"=ybegin line=128 size=3 name=k.txt\n\x6D\x8B\x9E", "", {"k.txt"}, {"Cat"}},
      {"=ybegin size=3 name=1\n\x6D\n=ybegin size=3 name=2\n\x8B\n=yend\nx\nbegin 600 3\n#0V%T\n`\nend\n", "x\n",
       {"1", "2", "3"}, {"C", "a", "Cat"}},
      {"begin the day\nwith =ybegin", "begin the day\nwith =ybegin", {0}, {0}},
      {"begin 644 x\nnot uuencoded\n", "begin 644 x\nnot uuencoded\n", {0}, {0}},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct reading r = start();
    struct mail_body body = {0};
    check_text(cases[i].text, inline_files_take(&r, slice_text(cases[i].text), SLICE("windows-1252"), &body),
               cases[i].left);
    for (size_t k = 0; k < 3; k++) {
      if ((k < body.attachment_count) != !!cases[i].names[k])
        fail_msg("%s: %zu files", cases[i].text, body.attachment_count);
      if (!cases[i].names[k])
        break;
      check_text(cases[i].text, slice_text(body.attachments[k].name), cases[i].names[k]);
      check_text(cases[i].text, body.attachments[k].bytes, cases[i].bytes[k]);
    }
    arena_free(&r.arena);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_smime),    cmocka_unit_test(test_lzfu),     cmocka_unit_test(test_rtf),
      cmocka_unit_test(test_tnef),     cmocka_unit_test(test_tnef_damaged), cmocka_unit_test(test_tnef_odd),
      cmocka_unit_test(test_yenc),     cmocka_unit_test(test_files_in_text),
  };
  charset_open_all();
  return cmocka_run_group_tests(tests, NULL, NULL);
}
