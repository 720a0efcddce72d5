/* SPDX-License-Identifier: Apache-2.0 */
/* The replacement cases are those of Unicode 15 section 3.9 (tables 3-8 to 3-11). */
#include "text/utf8.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#define FFFD "\xEF\xBF\xBD"

struct mend_case {
  struct slice in;
  const char *out;
  size_t mended;
};

static void check_mend(const struct mend_case *cases, size_t count) {
  for (size_t i = 0; i < count; i++) {
    struct arena *a = arena_new(64, 4096);
    size_t mended = SIZE_MAX;
    char *got = utf8_mend(a, cases[i].in, &mended);
    assert_non_null(got);
    assert_string_equal(got, cases[i].out);
    assert_int_equal(mended, cases[i].mended);
    assert_true(utf8_clean(slice_text(got)));
    assert_true(mended == 0 || !utf8_clean(cases[i].in));
    arena_free(&a);
  }
}

static void test_mend_broken_bytes(void **state) {
  (void)state;
  static const struct mend_case cases[] = {
      {{"", 0}, "", 0},
      {{"plain", 5}, "plain", 0},
      {{"\xC3\xA9\xE4\xB8\xAD\xF0\x9F\x94\x94", 9}, "é中🔔", 0},
      /* overlong forms */
      {{"\xC0\xAF", 2}, FFFD FFFD, 2},
      {{"\xE0\x80\xBF", 3}, FFFD FFFD FFFD, 3},
      {{"\xF0\x81\x82\x41", 4}, FFFD FFFD FFFD "A", 3},
      /* surrogates and above U+10FFFF */
      {{"\xED\xA0\x80", 3}, FFFD FFFD FFFD, 3},
      {{"\xF4\x91\x92\x93", 4}, FFFD FFFD FFFD FFFD, 4},
      {{"\xFF\x41", 2}, FFFD "A", 1},
      /* a cut sequence is one piece, and the next character is safe */
      {{"\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41", 9}, FFFD FFFD FFFD FFFD "A", 4},
      {{"\xE2\x82", 2}, FFFD, 1},
      {{"\xF0\x9F\x94", 3}, FFFD, 1},
      {{"\x80", 1}, FFFD, 1},
      {{"caf\xE9 au lait", 12}, "caf" FFFD " au lait", 1},
      {{"\xF4\x8F\xBF\xBF", 4}, "\xF4\x8F\xBF\xBF", 0},
  };
  check_mend(cases, sizeof(cases) / sizeof(*cases));
}

static void test_mend_controls_and_line_ends(void **state) {
  (void)state;
  static const struct mend_case cases[] = {
      {{"a\r\nb\rc\nd", 8}, "a\nb\nc\nd", 0},
      {{"a\r\r\nb", 5}, "a\n\nb", 0},
      {{"\r", 1}, "\n", 0},
      {{"a\0b\x1b[31mc\x07", 10}, "ab[31mc", 3},
      {{"tab\tstays", 9}, "tab\tstays", 0},
      {{"\x0b\x0c", 2}, "", 2},
  };
  for (size_t i = 0; i < 3; i++)
    assert_false(utf8_clean(cases[i].in)); /* a CR is not clean, yet nothing to complain about */
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    struct arena *a = arena_new(64, 4096);
    size_t mended;
    assert_string_equal(utf8_mend(a, cases[i].in, &mended), cases[i].out);
    assert_int_equal(mended, cases[i].mended);
    assert_non_null(utf8_mend(a, cases[i].in, NULL));
    arena_free(&a);
  }
}

static void test_mend_stops_at_the_ceiling(void **state) {
  (void)state;
  struct arena *a = arena_new(64, 128);
  char broken[100];
  memset(broken, 0xFF, sizeof(broken)); /* would grow to three times its size */
  size_t mended = 7;
  assert_null(utf8_mend(a, slice_of(broken, sizeof(broken)), &mended));
  assert_int_equal(mended, 7);
  assert_null(utf8_one_line(a, slice_of(broken, sizeof(broken))));
  arena_free(&a);
}

static void test_valid_and_clean(void **state) {
  (void)state;
  assert_true(utf8_valid(SLICE("")));
  assert_true(utf8_valid(SLICE("a\0b\x1b")));
  assert_false(utf8_clean(SLICE("a\0b")));
  assert_true(utf8_clean(SLICE("a\tb\n")));
  assert_false(utf8_clean(SLICE("a\rb")));
  assert_true(utf8_clean(SLICE("\x7f"))); /* not a C0 control */
  /* every place in a long text, so that the eight-at-once path is left and entered everywhere */
  char text[40];
  for (size_t at = 0; at < sizeof(text); at++) {
    memset(text, 'x', sizeof(text));
    assert_true(utf8_valid(slice_of(text, sizeof(text))));
    text[at] = (char)0xE9;
    assert_false(utf8_valid(slice_of(text, sizeof(text))));
  }
}

static void test_every_character_is_accepted_and_every_pair_of_bytes_survives(void **state) {
  (void)state;
  struct arena *a = arena_new(256, 4096);
  for (uint32_t c = 0x80; c <= 0x10FFFF; c += c < 0x1000 ? 1 : 61) {
    char u[4];
    size_t n = 0;
    if (c < 0x800) {
      u[n++] = (char)(0xC0 | c >> 6);
    } else if (c < 0x10000) {
      u[n++] = (char)(0xE0 | c >> 12);
      u[n++] = (char)(0x80 | (c >> 6 & 63));
    } else {
      u[n++] = (char)(0xF0 | c >> 18);
      u[n++] = (char)(0x80 | (c >> 12 & 63));
      u[n++] = (char)(0x80 | (c >> 6 & 63));
    }
    u[n++] = (char)(0x80 | (c & 63));
    assert_int_equal(utf8_valid(slice_of(u, n)), c < 0xD800 || c > 0xDFFF);
    assert_false(utf8_valid(slice_of(u, n - 1)));
  }
  for (unsigned pair = 0; pair < 0x10000; pair++) {
    char u[2] = {(char)(pair >> 8), (char)pair};
    arena_reset(a);
    char *got = utf8_mend(a, slice_of(u, 2), NULL);
    assert_true(utf8_clean(slice_text(got)));
  }
  arena_free(&a);
}

static void test_cut(void **state) {
  (void)state;
  static const struct {
    const char *text;
    size_t max, cut;
  } cases[] = {
      {"abc", 5, 3},  {"abc", 3, 3},   {"abc", 2, 2},      {"abc", 0, 0},      {"é", 1, 0},
      {"aé", 2, 1},   {"aéb", 3, 3},   {"中文", 4, 3},     {"中文", 5, 3},     {"a🔔b", 4, 1},
      {"a🔔b", 5, 5}, {"🔔", 3, 0},    {"\x80\x80\x80\x80\x80", 4, 4}, {"a\xC3z", 2, 2},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
    assert_int_equal(utf8_cut(slice_text(cases[i].text), cases[i].max), cases[i].cut);
}

static void test_one_line(void **state) {
  (void)state;
  static const struct {
    struct slice in;
    const char *out;
  } cases[] = {
      {{"", 0}, ""},
      {{" \t\r\n ", 5}, ""},
      {{"  one \r\n  two\tthree  ", 22}, "one two three"},
      {{"a\xC2\xA0\xC2\xA0z", 6}, "a z"},                             /* no-break spaces */
      {{"a\xE2\x80\xA8z", 5}, "a z"},                                 /* line separator */
      {{"txt.\xE2\x80\xAE" "exe", 10}, "txt.exe"},                    /* right-to-left override */
      {{"\xEF\xBB\xBFname", 7}, "name"},                              /* byte order mark */
      {{"a\x1b[2Jb\0c\x7f", 9}, "a[2Jbc"},
      {{"\xC2\x9B" "31m", 5}, "31m"},                                 /* C1 CSI */
      {{"Subject\r\nBcc: x@y.example", 25}, "Subject Bcc: x@y.example"},
      {{"caf\xE9", 4}, "caf" FFFD},
      {{"\xD9\x85\xD8\xB1\xD8\xAD\xD8\xA8\xD8\xA7", 10}, "مرحبا"},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    struct arena *a = arena_new(64, 4096);
    assert_string_equal(utf8_one_line(a, cases[i].in), cases[i].out);
    arena_free(&a);
  }
}

/* Plain runs are skipped eight bytes at a time: every byte value at every place of a run must still be seen. */
static void test_every_byte_in_a_plain_run(void **state) {
  (void)state;
  struct arena *a = arena_new(4096, 1024 * 1024);
  for (unsigned value = 0; value < 256; value++)
    for (size_t place = 0; place < 24; place++) {
      char text[24];
      memset(text, 'a', sizeof(text));
      text[place] = (char)value;
      bool clean = value == '\t' || value == '\n' || (value >= 0x20 && value < 0x80);
      assert_int_equal(utf8_clean(slice_of(text, sizeof(text))), clean);
      arena_reset(a);
      char *mended = utf8_mend(a, slice_of(text, sizeof(text)), NULL);
      size_t len = strlen(mended);
      assert_int_equal(len, value >= 0x80 ? 26 : clean || value == '\r' ? 24 : 23);
      assert_memory_equal(mended, text, place);
      assert_memory_equal(mended + len - (23 - place), text + place + 1, 23 - place);
    }
  arena_free(&a);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_byte_in_a_plain_run),
      cmocka_unit_test(test_mend_broken_bytes),
      cmocka_unit_test(test_mend_controls_and_line_ends),
      cmocka_unit_test(test_mend_stops_at_the_ceiling),
      cmocka_unit_test(test_valid_and_clean),
      cmocka_unit_test(test_every_character_is_accepted_and_every_pair_of_bytes_survives),
      cmocka_unit_test(test_cut),
      cmocka_unit_test(test_one_line),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
