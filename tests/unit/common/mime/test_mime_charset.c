/* SPDX-License-Identifier: Apache-2.0 */
/* MI-06 … MI-08: character sets as they are labelled, mislabelled and not labelled. */
#include "pieces.h"
#include "mime/charset.h"
#include "mime/charset_seven.h"
#include "mime/encoded_word.h"
#include "text/utf8.h"

/* One word in every set, so that a converter which is missing is seen. */
static void test_every_set(void **state) {
  (void)state;
  static const struct {
    const char *label, *bytes, *text;
  } cases[] = {
      {"utf-7", "Gr+APwA3w-e", "Gr\u00FC\u00DFe"},
      {"unicode-1-1-utf-7", "+ZeVnLA-", "\u65E5\u672C"},
      {"windows-1250", "p\xF8\xEDli\x9A", "p\u0159\u00EDli\u0161"},
      {"windows-1251", "\xCF\xF0\xE8\xE2\xE5\xF2", "\u041F\u0440\u0438\u0432\u0435\u0442"},
      {"windows-1252", "\x80 \x84Gr\xFC\xDF\x65\x93", "\u20AC \u201EGr\u00FC\u00DFe\u201C"},
      {"windows-1253", "\xC3\xE5\xE9\xDC", "\u0393\u03B5\u03B9\u03AC"},
      {"windows-1254", "\xFE\xF0\xFD", "\u015F\u011F\u0131"},
      {"windows-1255", "\xF9\xEC\xE5\xED", "\u05E9\u05DC\u05D5\u05DD"},
      {"windows-1256", "\xE3\xD1\xCD\xC8\xC7", "\u0645\u0631\u062D\u0628\u0627"},
      {"windows-1257", "la\xF0iai", "la\u0161iai"},
      {"windows-1258", "\xD0", "\u0110"},
      {"windows-874", "\xCA\xC7\xD1\xCA", "\u0E2A\u0E27\u0E31\u0E2A"},
      {"tis-620", "\xCA\xC7", "\u0E2A\u0E27"},
      {"iso-8859-1", "\x80uro", "\u20ACuro"},
      {"iso-8859-2", "\xB1\xEA\xF3\xB3", "\u0105\u0119\u00F3\u0142"},
      {"iso-8859-3", "\xF8u", "\u011Du"},
      {"iso-8859-4", "\xB6", "\u013C"},
      {"iso-8859-5", "\xBF\xE0\xD8", "\u041F\u0440\u0438"},
      {"iso-8859-6", "\xE5\xD1", "\u0645\u0631"},
      {"iso-8859-7", "\xC3\xE5", "\u0393\u03B5"},
      {"iso-8859-8-i", "\xF9\xEC", "\u05E9\u05DC"},
      {"iso-8859-9", "\xFD\x80", "\u0131\u20AC"},
      {"iso-8859-10", "\xBA", "\u0161"},
      {"iso-8859-13", "\xE0", "\u0105"},
      {"iso-8859-14", "\xD0", "\u0174"},
      {"iso-8859-15", "\xA4", "\u20AC"},
      {"iso-8859-16", "\xBA\xFE", "\u0219\u021B"},
      {"koi8-r", "\xF0\xD2\xC9\xD7\xC5\xD4", "\u041F\u0440\u0438\u0432\u0435\u0442"},
      {"koi8-u", "\xA7\xA4", "\u0457\u0454"},
      {"koi8-t", "\xFE", "\u0427"},
      {"ibm437", "\x81", "\u00FC"},
      {"cp737", "\x80", "\u0391"},
      {"cp775", "\xD0", "\u0105"},
      {"cp850", "\x84\x81", "\u00E4\u00FC"},
      {"cp852", "\xA5", "\u0105"},
      {"cp855", "\xA0", "\u0430"},
      {"cp857", "\x9F", "\u015F"},
      {"cp858", "\xD5", "\u20AC"},
      {"cp862", "\x80", "\u05D0"},
      {"cp866", "\x8F\xE0\xA8", "\u041F\u0440\u0438"},
      {"macintosh", "Gr\x9F\xA7\x65 \xD2x\xD3", "Gr\u00FC\u00DFe \u201Cx\u201D"},
      {"x-mac-ce", "\x88", "\u0105"},
      {"x-mac-cyrillic", "\x8F\xF0", "\u041F\u0440"},
      {"gb2312", "\xC4\xE3\xBA\xC3", "\u4F60\u597D"},
      {"gb2312", "\xE9\x46\x80", "\u9555\u20AC"}, /* of GBK, and Windows' euro */
      {"gb18030", "\x81\x39\xEF\x30", "\u3401"},
      {"big5", "\xA7\x41\xA6\x6E\xA3\xE1", "\u4F60\u597D\u20AC"},
      {"big5-hkscs", "\x9D\x54", "\U00028BD4"},
      {"euc-tw", "\xC4\xE3", "\u4E2D"},
      {"euc-jp", "\xC6\xFC\xCB\xDC\xAD\xA1", "\u65E5\u672C\u2460"},
      {"shift_jis", "\x93\xFA\x96\x7B\xB1\x87\x40", "\u65E5\u672C\uFF71\u2460"},
      {"ks_c_5601-1987", "\xBE\xC8\xB3\xE7\x8C\x63", "\uC548\uB155\uB620"},
      {"johab", "\x88\x61", "\uAC00"},
      {"iso-2022-jp", "\x1B$BF|K\\-!\x1B(B!", "\u65E5\u672C\u2460!"},
      {"iso-2022-jp", "\x1B(I1\x1B(B", "\uFF71"},
      {"iso-2022-jp", "\x1B$(D0!\x1B(B", "\u4E02"},
      {"iso-2022-jp-2", "\x1B$AD:\x1B(B", "\u66AE"},
      {"iso-2022-kr", "\x1B$)C\x0E>H3g\x0F!", "\uC548\uB155!"},
      {"iso-2022-cn", "\x1B$)A\x0E\x44\x63\x0F", "\u4F60"},
      {"hz-gb-2312", "~{Dc:C~}~~!", "\u4F60\u597D~!"},
      {"viscii", "\xE3", "\u00E3"},
      {"tcvn", "\xB5", "\u00E0"},
      {"armscii-8", "\xB2", "\u0531"},
      {"georgian-ps", "\xC0", "\u10D0"},
      {"utf-16le", "h\0i\0", "h"}, /* as a string of C it ends here */
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct reading r = start();
    struct slice bytes = slice_of(cases[i].bytes, strcmp(cases[i].label, "utf-16le") ? strlen(cases[i].bytes) : 2);
    check_text(cases[i].label, charset_to_utf8(&r, slice_text(cases[i].label), bytes), cases[i].text);
    if (r.warning_count || r.replaced)
      fail_msg("%s: %s", cases[i].label, r.warning_count ? r.warnings[0] : "replaced");
    arena_free(&r.arena);
  }
  assert_int_equal(charset_open_all(), 0);
}

struct belief_case {
  const char *label;
  struct slice bytes;
  const char *text, *warning; /* NULL: none */
  size_t replaced;
};

#define BYTES(literal) {literal, sizeof(literal) - 1}

static const struct belief_case beliefs[] = {
    {"utf-8", BYTES("Gr\u00FC\u00DFe"), "Gr\u00FC\u00DFe", NULL, 0},
    {"us-ascii", BYTES("Gr\u00FC\u00DFe"), "Gr\u00FC\u00DFe", NULL, 0},
    {"us-ascii", BYTES("Gr\xFC\xDF\x65"), "Gr\u00FC\u00DFe", NULL, 0},
    {"", BYTES("Gr\u00FC\u00DFe"), "Gr\u00FC\u00DFe", NULL, 0},
    {"", BYTES("Gr\xFC\xDF\x65"), "Gr\u00FC\u00DFe", "charset-guessed", 0},
    {"unknown-8bit", BYTES("Gr\xFC\xDF\x65"), "Gr\u00FC\u00DFe", "charset-guessed", 0},
    {"nonsense", BYTES("Gr\xFC\xDF\x65"), "Gr\u00FC\u00DFe", "charset-unknown", 0},
    {"nonsense", BYTES("ascii"), "ascii", "charset-unknown", 0},
    {"utf-8//IGNORE", BYTES("Gr\u00FC\u00DFe"), "Gr\u00FC\u00DFe", "charset-unknown", 0},
    {"EBCDIC-AT-DE", BYTES("ascii"), "ascii", "charset-unknown", 0}, /* the C library has it; mail may not have it */
    {"utf-8", BYTES("Gr\xFC\xDF\x65"), "Gr\u00FC\u00DFe", "charset-guessed", 0},
    {"utf-8", BYTES("Gr\u00FC\u00DFe, \u00E4\u00F6\u00FC\xC3"), "Gr\u00FC\u00DFe, \u00E4\u00F6\u00FC\xC3",
     "charset-broken", 1},
    {"iso-8859-1", BYTES("Gr\u00FC\u00DFe"), "Gr\u00FC\u00DFe", "charset-wrong", 0},
    {"iso-8859-15", BYTES("Gr\u00FC\u00DFe"), "Gr\u00FC\u00DFe", "charset-wrong", 0},
    {"windows-1252", BYTES("\x81 \x8D"), "\uFFFD \uFFFD", "charset-broken", 2},
    {"iso-8859-1", BYTES("\x1B$BF|K\\\x1B(B"), "\u65E5\u672C", NULL, 0},
    {"", BYTES("\x1B$BF|K\\\x1B(B"), "\u65E5\u672C", NULL, 0},
    {"", BYTES("\x1B[1m no Japanese"), "\x1B[1m no Japanese", NULL, 0},
    {"gb2312", BYTES("\u4F60\u597D\uFF0C\u4E16\u754C"), "\u4F60\u597D\uFF0C\u4E16\u754C", "charset-wrong", 0},
    {"gb2312", BYTES("\xC4\xBA\xC8\xD5"), "\u66AE\u65E5", NULL, 0}, /* two characters may look like UTF-8 by chance */
    {"koi8-r", BYTES("\u041F\u0440\u0438\u0432\u0435\u0442"), "\u041F\u0440\u0438\u0432\u0435\u0442", "charset-wrong",
     0},
    {"gb2312", BYTES("\xC4\xE3\xFF\xFF\xBA\xC3"), "\u4F60\uFFFD\u597D", "charset-broken", 1},
    {"gb2312", BYTES("\xC4\xE3\xBA"), "\u4F60\uFFFD", "charset-broken", 1},
    {"big5", BYTES("\xA7\x41\xFF" "A"), "\u4F60\uFFFD" "A", "charset-broken", 1},
    {"iso-2022-jp", BYTES("\x93\xFA\x96\x7B"), "\u65E5\u672C", "charset-wrong", 0},
    {"iso-2022-jp", BYTES("\u65E5\u672C"), "\u65E5\u672C", "charset-wrong", 0},
    {"shift_jis", BYTES("\x1B$BF|K\\\x1B(B"), "\x1B$BF|K\\\x1B(B", NULL, 0},
    {"euc-jp", BYTES("\x93\xFA\x96\x7B\x82\xC5"), "\u65E5\u672C\u3067", "charset-wrong", 0},
    {"utf-16", BYTES("\xFF\xFEh\0i\0"), "hi", NULL, 0},
    {"utf-16", BYTES("\xFE\xFF\0h\0i"), "hi", NULL, 0},
    {"utf-16", BYTES("h\0i\0"), "hi", NULL, 0},
    {"utf-16", BYTES("\0h\0i"), "hi", NULL, 0},
    {"utf-8", BYTES("\xFF\xFEh\0i\0"), "hi", NULL, 0},
    {"utf-8", BYTES("\xEF\xBB\xBFhi"), "hi", NULL, 0},
    {"utf-16le", BYTES("h\0\x00\xD8i\0"), "h\uFFFDi", "charset-broken", 1},
    {"utf-32", BYTES("\0\0\0h\0\0\0i"), "hi", NULL, 0},
    {"", BYTES("\xFF\xFE\0\0h\0\0\0"), "h", NULL, 0},
    {"utf-7", BYTES("a\xFC" "b"), "a\uFFFD" "b", "charset-broken", 1},
    {"iso-2022-kr", BYTES("\x0E>H\x0F"), "\uC548", NULL, 0}, /* the announcement is missing */
    {"iso-2022-kr", BYTES("\x1B$)C\x0E>H\n>H"), "\uC548\n>H", NULL, 0},
    {"iso-2022-jp", BYTES("\x1B$BF|\nK\\"), "\u65E5\n\u672C", NULL, 0},
    {"iso-2022-jp", BYTES("\x1B$BF"), "F", NULL, 0},
    {"hz-gb-2312", BYTES("a~\nb~{Dc\n:C"), "ab\u4F60\n:C", NULL, 0},
    {"", BYTES(""), "", NULL, 0},
};

static void test_belief(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(beliefs); i++) {
    const struct belief_case *c = &beliefs[i];
    struct reading r = start();
    check_text(c->label, charset_to_utf8(&r, slice_text(c->label), c->bytes), c->text);
    if (c->warning ? !warned(&r, c->warning) : r.warning_count > 0)
      fail_msg("%zu %s: %s", i, c->label, r.warning_count ? r.warnings[0] : "no warning");
    if (r.replaced != c->replaced)
      fail_msg("%zu %s: %zu replaced", i, c->label, r.replaced);
    arena_free(&r.arena);
  }
}

static void test_html(void **state) {
  (void)state;
  static const struct {
    const char *label, *html, *text;
  } cases[] = {
      {"", "<meta charset=koi8-r>\xF0\xD2\xC9", "<meta charset=koi8-r>\u041F\u0440\u0438"},
      {"", "<META content='text/html; CHARSET=\"koi8-r\"'>\xF0",
       "<META content='text/html; CHARSET=\"koi8-r\"'>\u041F"},
      {"nonsense", "<meta charset=koi8-r>\xF0", "<meta charset=koi8-r>\u041F"},
      {"windows-1251", "<meta charset=koi8-r>\xCF", "<meta charset=koi8-r>\u041F"}, /* the mail's word counts */
      {"utf-8", "<meta charset=koi8-r>\xF0\xD2\xC9", "<meta charset=koi8-r>\u041F\u0440\u0438"}, /* but this is none */
      {"euc-jp", "<meta charset=koi8-r>\xF0\xD2 \xC9 ", "<meta charset=koi8-r>\u041F\u0440 \u0438 "},
      {"", "<meta charset=utf-16>\u00E4", "<meta charset=utf-16>\u00E4"},
      {"", "<meta charset=utf-7>+ADw-script", "<meta charset=utf-7>+ADw-script"},
      {"", "<meta charset=>\u00E4", "<meta charset=>\u00E4"},
      {"", "<meta charset=nonsense>\xE4", "<meta charset=nonsense>\u00E4"},
      {"utf-8", "charset", "charset"},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct reading r = start();
    struct slice text = charset_html_to_utf8(&r, slice_text(cases[i].label), slice_text(cases[i].html));
    check_text(cases[i].html, text, cases[i].text);
    arena_free(&r.arena);
  }
}

/* What is said elsewhere in the mail is better than windows-1252, and worse than UTF-8 (RFC 7103 7.7). */
static void test_likely(void **state) {
  (void)state;
  struct reading r = start();
  charset_remember(&r, SLICE("us-ascii"));
  charset_remember(&r, SLICE("nonsense"));
  charset_remember(&r, SLICE("utf-8"));
  assert_int_equal(r.likely, CHARSET_NONE);
  encoded_word_decode(&r, SLICE("=?koi8-r?q?=F0?="));
  assert_int_equal(r.likely, CHARSET_KOI8_R);
  charset_remember(&r, SLICE("big5"));
  assert_int_equal(r.likely, CHARSET_KOI8_R);
  check_text("raw", slice_text(encoded_word_decode(&r, SLICE("\xF0\xD2\xC9"))), "\u041F\u0440\u0438");
  check_text("labelled", charset_to_utf8(&r, SLICE("iso-8859-1"), SLICE("\xFC")), "\u00FC");
  check_text("UTF-8", charset_to_utf8(&r, SLICE(""), SLICE("\u00FC")), "\u00FC");
  check_text("damaged", charset_to_utf8(&r, SLICE(""), SLICE("\u00FC\u00E4\u00F6\u00DF\xC3")),
             "\u00FC\u00E4\u00F6\u00DF\xC3");
  arena_free(&r.arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_set),
      cmocka_unit_test(test_belief),
      cmocka_unit_test(test_html),
      cmocka_unit_test(test_likely),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
