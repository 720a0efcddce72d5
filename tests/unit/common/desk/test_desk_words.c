/* SPDX-License-Identifier: Apache-2.0 */
/* Folding agrees with the Unicode library, words end where they should, the matcher finds what a plain search finds. */
#include "desk/fold.h"
#include "desk/names.h"
#include "desk/words.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unicase.h>
#include <unictype.h>
#include <unistr.h>
#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* The words of a text, joined by '|'. */
static const char *words_of(struct slice text, char *ret, size_t room) {
  struct word_walk walk = word_walk(text);
  size_t used = 0;
  *ret = '\0';
  while (word_next(&walk)) {
    assert_true(walk.start < walk.at && walk.at <= text.len);
    used += (size_t)snprintf(ret + used, room - used, "%s%.*s", used ? "|" : "", (int)walk.len, walk.folded);
    assert_true(used < room);
  }
  return ret;
}

static void test_words_of_text(void **state) {
  (void)state;
  static const struct {
    struct slice text;
    const char *words;
  } cases[] = {
      {SLICE(""), ""},
      {SLICE(" \t\n.,;"), ""},
      {SLICE("Hello, World!"), "hello|world"},
      {SLICE("don't x_y 3rd 12.5"), "don|t|x|y|3rd|12|5"},
      {SLICE("Straße STRASSE"), "strasse|strasse"},
      {SLICE("ÄÖÜ äöü"), "äöü|äöü"},
      {SLICE("e\xCC\x81t\xC3\xA9 \xC3\x89T\xC3\x89"), "été|été"},           /* composed and not */
      {SLICE("ΣΊΣΥΦΟΣ σίσυφος"), "σίσυφοσ|σίσυφοσ"},                        /* final sigma */
      {SLICE("ПРИВЕТ Ёж"), "привет|ёж"},
      {SLICE("ﬁn DŽ"), "fin|dž"},
      {SLICE("\xC4\xB0stanbul"), "i\xCC\x87stanbul"},
      {SLICE("in\xC2\xADvoice zero\xE2\x80\x8Bwidth"), "invoice|zerowidth"}, /* invisible characters */
      {SLICE("\xC3\xA9\xC2\xADX\xC5\xBF"), "éxs"},
      {SLICE("我要发票 ok"), "我|要|发|票|ok"},
      {SLICE("abc発票def"), "abc|発|票|def"},
      {SLICE("청구서를"), "청|구|서|를"},
      {SLICE("नमस्ते"), "नमस्ते"},
      {SLICE("a🙂b — c"), "a|b|c"},
      {SLICE("a\xFF" "b\xC3"), "a|b"},                                      /* no UTF-8: separates */
      {SLICE("a\0b"), "a|b"},
      {SLICE("\xE4\xBD"), ""},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    char got[400];
    char *copy = malloc(cases[i].text.len ? cases[i].text.len : 1); /* exactly sized, for the sanitizer */
    memcpy(copy, cases[i].text.at, cases[i].text.len);
    assert_string_equal(words_of(slice_of(copy, cases[i].text.len), got, sizeof(got)), cases[i].words);
    free(copy);
  }
}

/* One letter between two of ASCII: our folding is the library's, whichever way it went. */
static void test_folding_is_unicodes(void **state) {
  (void)state;
  for (ucs4_t c = 0x80; c < 0x11000; c++) {
    uint8_t text[8] = "x", want[64];
    size_t want_len = sizeof(want);
    if (!uc_is_general_category_withtable(c, UC_CATEGORY_MASK_L | UC_CATEGORY_MASK_N))
      continue;
    int n = u8_uctomb(text + 1, c, 6);
    assert_true(n > 0);
    struct word_walk walk = word_walk(slice_of(text, (size_t)n + 1));
    assert_true(word_next(&walk));
    if (walk.at == 1)
      continue; /* a character that is a word by itself */
    uint8_t composed[64];
    size_t composed_len = sizeof(composed);
    assert_true(u8_casefold(text, (size_t)n + 1, NULL, NULL, want, &want_len) == want);
    assert_true(u8_casefold(text, (size_t)n + 1, NULL, UNINORM_NFC, composed, &composed_len) == composed);
    struct slice got = slice_of(walk.folded, walk.len);
    if (!slice_equal(got, slice_of(want, want_len)) && !slice_equal(got, slice_of(composed, composed_len)))
      fail_msg("U+%04X", (unsigned)c);
  }
}

static void test_long_words(void **state) {
  (void)state;
  static const struct {
    const char *letter;
    size_t count;
    bool kept;
  } cases[] = {
      {"x", FOLDED_MAX, true},      {"x", FOLDED_MAX + 1, false},     {"x", 100000, false},
      {"é", FOLDED_MAX / 2, true},  {"é", FOLDED_MAX / 2 + 1, false}, {"ß", FOLDED_MAX / 2, true},
      {"ß", FOLDED_MAX / 2 + 1, false}, {"ß", 100000, false},         {"ΐ", 1000, false},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct buf text = BUF_INIT(1 << 20);
    for (size_t n = 0; n < cases[i].count; n++)
      buf_add_text(&text, cases[i].letter);
    buf_add_text(&text, " y");
    struct word_walk walk = word_walk(buf_slice(&text));
    assert_true(word_next(&walk));
    assert_true((walk.len > 0) == cases[i].kept);
    assert_true(word_next(&walk));
    assert_true(walk.len == 1 && walk.folded[0] == 'y');
    assert_false(word_next(&walk));
    buf_free(&text);
  }
}

static bool found(const struct desk_words *w, const char *text, uint32_t number) {
  uint64_t bits[WORDS_BITS] = {0};
  words_scan(w, slice_text(text), bits);
  return bits[number / 64] >> (number % 64) & 1;
}

static void test_phrases(void **state) {
  (void)state;
  static const char *const phrases[] = {"a b c", "b c", "a b d", "b", "c a b", "a a b", "x"};
  static const struct {
    const char *text;
    const char *hits; /* '1' per phrase that occurs */
  } cases[] = {
      {"", "0000000"},          {"a b c", "1101000"},     {"a-b (c)", "1101000"}, {"a b x c", "0001001"},
      {"c a b", "0001100"},     {"a a b", "0001010"},     {"a a a b c", "1101010"}, {"a b", "0001000"},
      {"a b c a b d", "1111100"}, {"ab c", "0000000"},    {"A B D", "0011000"},   {"a b unknown c", "0001000"},
  };
  struct desk_words *w = words_new();
  uint32_t numbers[COUNT(phrases)];
  for (size_t i = 0; i < COUNT(phrases); i++) {
    assert_int_equal(words_add(w, slice_text(phrases[i]), &numbers[i]), 0);
    assert_int_equal(numbers[i], i);
  }
  uint32_t again;
  assert_int_equal(words_add(w, SLICE("A, B; C"), &again), 0);
  assert_int_equal(again, 0); /* the same phrase */
  for (size_t i = 0; i < COUNT(cases); i++)
    for (size_t n = 0; n < COUNT(phrases); n++)
      if (found(w, cases[i].text, numbers[n]) != (cases[i].hits[n] == '1'))
        fail_msg("'%s' in '%s'", phrases[n], cases[i].text);
  words_free(&w);
  assert_null(w);
  words_free(&w);
}

static void test_phrases_refused(void **state) {
  (void)state;
  struct desk_words *w = words_new();
  uint32_t number;
  char long_word[FOLDED_MAX + 2];
  memset(long_word, 'x', sizeof(long_word));
  assert_int_equal(words_add(w, SLICE(""), &number), WORDS_EDGE);
  assert_int_equal(words_add(w, SLICE("..."), &number), WORDS_EDGE);
  assert_int_equal(words_add(w, SLICE("c#"), &number), WORDS_EDGE);
  assert_int_equal(words_add(w, SLICE("-c"), &number), WORDS_EDGE);
  assert_int_equal(words_add(w, slice_of(long_word, sizeof(long_word)), &number), WORDS_LONG);
  assert_int_equal(words_add(w, SLICE("一二三四五六七八九十一二三四五六七八九十一二三四"), &number), 0);
  assert_int_equal(words_add(w, SLICE("一二三四五六七八九十一二三四五六七八九十一二三四五"), &number), WORDS_LONG);
  words_free(&w);
}

/* Against the obvious way to do it, on words and texts made by a fixed sequence. */
static bool plain_search(const uint8_t *text, size_t len, const uint8_t *phrase, size_t phrase_len) {
  for (size_t i = 0; i + phrase_len <= len; i++)
    if (memcmp(text + i, phrase, phrase_len) == 0)
      return true;
  return false;
}

static void spell(const uint8_t *letters, size_t len, char *ret) {
  for (size_t i = 0; i < len; i++)
    ret += sprintf(ret, "%sw%c", i ? " " : "", 'a' + letters[i]);
}

static void test_against_plain_search(void **state) {
  (void)state;
  uint32_t seed = 1, numbers[40];
  uint8_t phrases[40][8], text[60];
  size_t lengths[40];
  char words[400];
  struct desk_words *w = words_new();
#define NEXT(n) ((seed = seed * 1664525u + 1013904223u) >> 16) % (n)
  for (size_t i = 0; i < 40; i++) {
    lengths[i] = 1 + NEXT(6);
    for (size_t n = 0; n < lengths[i]; n++)
      phrases[i][n] = (uint8_t)(NEXT(3));
    spell(phrases[i], lengths[i], words);
    assert_int_equal(words_add(w, slice_text(words), &numbers[i]), 0);
  }
  for (size_t round = 0; round < 500; round++) {
    uint64_t bits[WORDS_BITS] = {0};
    size_t len = NEXT(60);
    for (size_t n = 0; n < len; n++)
      text[n] = (uint8_t)(NEXT(4));
    words[0] = '\0';
    spell(text, len, words);
    words_scan(w, slice_text(words), bits);
    for (size_t i = 0; i < 40; i++)
      assert_true((bits[numbers[i] / 64] >> (numbers[i] % 64) & 1) == plain_search(text, len, phrases[i], lengths[i]));
  }
  words_free(&w);
}

static void test_names(void **state) {
  (void)state;
  struct names n = {0};
  char text[16];
  assert_int_equal(names_find(&n, SLICE("x")), NAMES_NONE);
  for (uint32_t i = 0; i < 5000; i++) {
    snprintf(text, sizeof(text), "name-%u", i);
    assert_true(names_add(&n, slice_text(text), i));
    assert_false(names_add(&n, slice_text(text), 9));
  }
  assert_int_equal(n.count, 5000);
  for (uint32_t i = 0; i < 5000; i++) {
    snprintf(text, sizeof(text), "name-%u", i);
    assert_int_equal(names_find(&n, slice_text(text)), i);
  }
  assert_int_equal(names_find(&n, SLICE("name-5000")), NAMES_NONE);
  assert_int_equal(names_find(&n, SLICE("name-")), NAMES_NONE);
  names_free(&n);
  assert_int_equal(names_find(&n, SLICE("name-1")), NAMES_NONE);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_words_of_text),        cmocka_unit_test(test_folding_is_unicodes),
      cmocka_unit_test(test_long_words),           cmocka_unit_test(test_phrases),
      cmocka_unit_test(test_phrases_refused),      cmocka_unit_test(test_against_plain_search),
      cmocka_unit_test(test_names),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
