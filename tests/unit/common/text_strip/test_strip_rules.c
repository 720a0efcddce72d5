/* SPDX-License-Identifier: Apache-2.0 */
/* What holds for every text, how long the worst ones take (QT-03), and whether the table of words is in order. */
#include "base/buf.h"
#include "strip_case.h"
#include "text/strip_fold.h"
#include "text/strip_words.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>

enum { MEBI = 1024 * 1024 };

static const struct strip_hints all_hints[] = {
    {.from_html = false}, {.from_html = true}, {.forwarded = true}, {.fresh = true}, {true, true, true}};
#define HINTS (sizeof(all_hints) / sizeof(all_hints[0]))

/* Lines of all kinds in any order: nothing but the rules can be said of what comes out. */
static const char *const lines[] = {
    "", " ", "Hello", "Hello:", "> quoted", ">> deeper", ">", " > indented", "| bar", "-- ", "--", "___", "---",
    "________________________________", "-----Original Message-----",
    "On Mon, May 6, 2024 at 10:00 Joe <joe@x.example>",
    "Joe <joe@x.example> wrote:", "wrote:", "Joe wrote:", "From: Joe <joe@x.example>", "Sent: Monday", "To: Jane",
    "Subject: Order", "Sent from my iPhone", "Best regards", "Joe Doe", "Tel: 555 0100", "##- reply above -##",
    "2024年5月6日 Joe <joe@x.example> 写道：", "ä", "Virus-free.", "\xE2\x80\x8B", "CAUTION: external", ">From here",
    ">= 5",
};
#define LINES (sizeof(lines) / sizeof(lines[0]))

static unsigned next_random(unsigned *state) {
  *state = *state * 1664525u + 1013904223u;
  return *state >> 16;
}

static void check_in_order(struct slice text, const struct strip_hints *hints) {
  struct arena *a = arena_new(64 * 1024, 64 * MEBI);
  struct strip_span *spans;
  size_t count, cut = 0;
  struct slice left = strip_left(a, text, hints, &spans, &count);
  for (size_t i = 0; i < count; i++) {
    assert_true(spans[i].end > spans[i].begin && spans[i].end <= text.len);
    cut += spans[i].end - spans[i].begin;
  }
  assert_int_equal(left.len + cut, text.len);
  for (size_t len = 0; len < text.len; len += 1 + text.len / 7) { /* clipped anywhere they still fit */
    size_t clipped = strip_clip(text, len, spans, count);
    for (size_t i = 0; i < clipped; i++)
      assert_true(spans[i].end > spans[i].begin && spans[i].end <= len);
    assert_int_equal(strip_text(a, text, hints, &spans, &count), 0);
  }
  arena_free(&a);
}

static void test_any_order_of_lines(void **state) {
  (void)state;
  unsigned random = 4711;
  for (size_t round = 0; round < 3000; round++) {
    struct buf text = BUF_INIT(MEBI);
    for (size_t n = next_random(&random) % 14; n; n--)
      buf_printf(&text, "%s\n", lines[next_random(&random) % LINES]);
    check_in_order(buf_slice(&text), &all_hints[round % HINTS]);
    buf_free(&text);
  }
}

static void test_clip(void **state) {
  (void)state;
  struct arena *a = arena_new(64 * 1024, MEBI);
  struct strip_span *spans;
  size_t count;
  struct slice text = SLICE("On 5/6/24 10:00, Joe wrote:\n> When?\n> Where?\n\nFriday.\n-- \nJoe");
  const struct strip_hints hints = {.fresh = false};
  assert_int_equal(strip_text(a, text, &hints, &spans, &count), 0);
  assert_int_equal(count, 3);
  assert_int_equal(strip_clip(text, text.len, spans, count), 3);
  assert_int_equal(strip_clip(text, text.len - 2, spans, count), 3); /* inside the signature */
  assert_int_equal(spans[2].end, text.len - 2);
  assert_int_equal(strip_clip(text, spans[1].end + 3, spans, count), 2);
  assert_int_equal(strip_clip(text, spans[1].end, spans, count), 0); /* nothing else is left of it (QT-02) */
  assert_int_equal(strip_clip(text, 3, spans, count), 0);
  assert_int_equal(strip_clip(text, 0, spans, count), 0);
  arena_free(&a);
}

static void test_kinds(void **state) {
  (void)state;
  struct arena *a = arena_new(64 * 1024, MEBI);
  struct strip_span *s;
  size_t count;
  const struct strip_hints hints = {.fresh = false};
  struct slice text = SLICE("Broken.\n\nBest regards\nJoe\n\nVirus-free.\n\nOn 5/6/24 10:00, Joe wrote:\n> When?");
  assert_int_equal(strip_text(a, text, &hints, &s, &count), 0);
  assert_int_equal(count, 4);
  static const struct {
    const char *kind;
    bool guess;
  } expected[] = {{"signature", true}, {"disclaimer", false}, {"attribution", false}, {"quote", false}};
  for (size_t i = 0; i < 4; i++) {
    assert_string_equal(strip_kind_text(s[i].kind), expected[i].kind);
    assert_int_equal(s[i].guess, expected[i].guess);
  }
  arena_free(&a);
}

static void test_many_spans(void **state) {
  (void)state;
  struct arena *a = arena_new(64 * 1024, 64 * MEBI);
  struct strip_span *spans;
  size_t count;
  struct buf text = BUF_INIT(MEBI);
  const struct strip_hints hints = {.fresh = false};
  for (size_t i = 0; i < 5000; i++)
    buf_printf(&text, "> question\nanswer %zu\n", i);
  assert_int_equal(strip_text(a, buf_slice(&text), &hints, &spans, &count), 0);
  assert_int_equal(count, STRIP_SPANS_MAX);
  buf_free(&text);
  arena_free(&a);
}

static void test_ceiling(void **state) {
  (void)state;
  struct strip_span *spans;
  size_t count;
  const struct strip_hints hints = {.fresh = false};
  for (size_t ceiling = 16; ceiling < 40 * 1024; ceiling += 999) {
    struct arena *a = arena_new(16, ceiling);
    int r = strip_text(a, SLICE("Hello\n> a\nb\n> c"), &hints, &spans, &count);
    assert_true(r == -ENOMEM || ceiling > 20 * 1024);
    arena_free(&a);
  }
}

/* ---- time */

/* Each pattern repeated to 1 MiB, with and without a line end. The bound is CPU time of this process, far above what
 * linear needs under a sanitizer and far below what quadratic would take; tests/bench says the real figures. */
static void test_linear_on_hostile_input(void **state) {
  (void)state;
  static const char *const patterns[] = {
      ">", "> ", ">\n", "> a quoted line of usual length, as mail has it\n", "> a\nb\n", "a\n\n> b\n\n",
      "> > > > > > > > a\n",
      "a:\n", "On 2024 10:00 <a@b> x:\n", "Joe <joe@x.example> wrote:\n",
      "On Mon, May 6, 2024 at 10:00 Joe\n<joe@x.example>:\n",
      "wrote:\n> a\n", "From: a\n", "From: Sent: To: Subject: ", "To: a@b.example,\n", "a: b\n", "-- \n", "--\n",
      "-", "_", "_\n",
      "-----Original\n", "-----Original Message----\n", "----- a -----\n", "##-", "##- -\n", "Sent from my iPhone\n",
      "Sent from my ", "Best regards\n", "Best regards\n\n", " ", " \n", "\n", "\xC2\xA0", "\xE2\x80\x8B\n", "a ",
      "a", "1 ", "1.",
      "12:", "@", "a@b ", "<", "(a@", "i ", "\xE4\xBD\xA0", "\xCC\x81", "This email is confidential, privileged, ",
      "This email is confidential, privileged; in error delete.\n\n", "CAUTION: external ", "| \n", ": a\n",
      ">From \n", ">=\n",
      " > a\n", "    >\n", "*From:*\n", "a:\n\n\n> b\n", "Von: a\n\n",
  };
  char *text = malloc(MEBI + 64);
  for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
    size_t len = (size_t)sprintf(text, "Own words.\n"), piece = strlen(patterns[i]);
    for (; len + piece <= MEBI; len += piece)
      memcpy(text + len, patterns[i], piece);
    struct arena *a = arena_new(64 * 1024, 64 * MEBI);
    struct strip_span *spans;
    size_t count;
    clock_t before = clock();
    assert_int_equal(strip_text(a, slice_of(text, len), &all_hints[i % 2], &spans, &count), 0);
    double seconds = (double)(clock() - before) / CLOCKS_PER_SEC;
    if (seconds > 2)
      fail_msg("%s: %.1f s", patterns[i], seconds);
    arena_free(&a);
  }
  free(text);
}

/* The sizes of QT-03: a quote of 767 KB, and a hundred levels. */
static void test_long_and_deep_quotes(void **state) {
  (void)state;
  struct buf text = BUF_INIT(MEBI), deep = BUF_INIT(MEBI);
  buf_add_text(&text, "Friday.\n\nOn Mon, May 6, 2024 at 10:00 AM Anna <anna@shop.example> wrote:\n\n");
  buf_add_slice(&deep, buf_slice(&text));
  while (text.len < 767 * 1000)
    buf_add_text(&text, "> The quick brown fox jumps over the lazy dog.\n>\n");
  for (size_t level = 1; level <= 100; level++) {
    for (size_t i = 0; i < level; i++)
      buf_add_text(&deep, i % 2 ? "> " : ">");
    buf_printf(&deep, " level %zu\n", level);
  }
  const struct strip_hints hints = {.fresh = false};
  const struct slice texts[] = {buf_slice(&text), buf_slice(&deep)};
  for (size_t i = 0; i < 2; i++) {
    struct arena *a = arena_new(64 * 1024, 64 * MEBI);
    struct strip_span *spans;
    size_t count;
    clock_t before = clock();
    struct slice left = strip_left(a, texts[i], &hints, &spans, &count);
    assert_true((double)(clock() - before) / CLOCKS_PER_SEC < 1);
    assert_true(slice_equal(left, SLICE("Friday.")));
    arena_free(&a);
  }
  buf_free(&text);
  buf_free(&deep);
}

/* ---- words */

static void test_words_are_folded(void **state) {
  (void)state;
  for (enum strip_words kind = 0; kind < WORDS_KINDS; kind++) {
    size_t count;
    const struct strip_row *row = strip_rows(kind, &count);
    assert_true(count > 0);
    for (size_t i = 0; i < count; i++) {
      struct slice rest = row[i].words, word;
      assert_int_equal(row[i].kind, kind); /* rows of a kind stand together */
      while (slice_split(&rest, '|', &word)) {
        struct strip_fold f;
        struct slice folded = strip_fold_of(&f, word);
        if (!word.len || !slice_equal(folded, word))
          fail_msg("%s: %.*s is not %.*s", row[i].language, (int)word.len, word.at, (int)folded.len, folded.at);
      }
    }
  }
}

static void test_every_language_has_its_words(void **state) {
  (void)state;
  static const char *const languages[] = {"en", "de", "fr", "es", "it", "pt", "nl", "pl", "ru", "uk", "zh", "ja", "ko",
                                          "cs", "sv", "da", "no", "fi", "tr", "hu", "ro", "el", "he", "ar", "vi"};
  static const enum strip_words kinds[] = {WORDS_VERB, WORDS_FROM, WORDS_DATE, WORDS_TO, WORDS_SUBJECT, WORDS_ORIGINAL,
                                           WORDS_FORWARDED, WORDS_ABOVE, WORDS_SENT, WORDS_CLOSING, WORDS_REFERENCE,
                                           WORDS_THIS_MAIL, WORDS_SECRECY, WORDS_BANNER, WORDS_SUBJECT_FORWARD};
  for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
    size_t count, found = 0;
    const struct strip_row *row = strip_rows(kinds[i], &count);
    for (size_t l = 0; l < sizeof(languages) / sizeof(languages[0]); l++)
      for (size_t r = 0; r < count; r++)
        found += strcmp(row[r].language, languages[l]) == 0;
    assert_int_equal(found, sizeof(languages) / sizeof(languages[0]));
  }
}

static void test_fold(void **state) {
  (void)state;
  static const char *const rows[][2] = {
      {"  Grüße   AUS\tKöln ", "gruße aus koln"}, {"ΣΤΆΛΘΗΚΕ", "σταλθηκε"},     {"İLETİ ıŞ", "ileti is"},
      {"a\u0301 e\u0301crit", "a ecrit"},          {"发件人：", "发件人:"},        {"‘a’ “b” – — ‑", "'a' \"b\" - - -"},
      {"٢٠٢٤، ۵", "2024, 5"},                      {"a\u202f\u00a0\u3000b", "a b"}, {"\u202aa\u202c\u200f\ufeff", "a"},
      {"ПРИВЕТ Й", "привет й"},                    {"Ế ỳ", "e y"},                 {"", ""},
      {"\xFF" "a", "\uFFFD" "a"},
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    struct strip_fold f;
    struct slice got = strip_fold_of(&f, slice_text(rows[i][0]));
    if (!slice_equal(got, slice_text(rows[i][1])))
      fail_msg("%s: %.*s", rows[i][0], (int)got.len, got.at);
  }
  struct strip_fold f;
  char text[2 * STRIP_FOLD_MAX];
  memset(text, 'a', sizeof(text));
  assert_int_equal(strip_fold_of(&f, slice_of(text, STRIP_FOLD_MAX)).len, STRIP_FOLD_MAX);
  /* what does not fit is not compared */
  assert_int_equal(strip_fold_of(&f, slice_of(text, STRIP_FOLD_MAX + 1)).len, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_any_order_of_lines),      cmocka_unit_test(test_clip),
      cmocka_unit_test(test_kinds),                   cmocka_unit_test(test_many_spans),
      cmocka_unit_test(test_ceiling),                 cmocka_unit_test(test_linear_on_hostile_input),
      cmocka_unit_test(test_long_and_deep_quotes),
      cmocka_unit_test(test_words_are_folded),        cmocka_unit_test(test_every_language_has_its_words),
      cmocka_unit_test(test_fold),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
