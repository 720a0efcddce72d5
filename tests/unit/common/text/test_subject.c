/* SPDX-License-Identifier: Apache-2.0 */
#include "text/subject.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

enum { P = SUBJECT_PLAIN, R = SUBJECT_REPLY, F = SUBJECT_FORWARD, A = SUBJECT_AUTOMATIC };

static const struct {
  const char *subject, *shown, *base;
  int mark;
} cases[] = {
    /* nothing to take away */
    {"", "", "", P},
    {"Printer", "Printer", "printer", P},
    {"  Printer \t is\r\n  broken ", "Printer is broken", "printer is broken", P},
    {"Grüße aus KÖLN", "Grüße aus KÖLN", "grüsse aus köln", P},
    {"STRASSE", "STRASSE", "strasse", P},
    /* RFC 5256 2.1 */
    {"Re: Printer", "Printer", "printer", R},
    {"RE:Printer", "Printer", "printer", R},
    {"re : Printer", "Printer", "printer", R},
    {"Fw: Printer", "Printer", "printer", F},
    {"FWD:   Printer", "Printer", "printer", F},
    {"Re: Re: re: Printer", "Printer", "printer", R},
    {"Re: Fwd: Printer", "Printer", "printer", R},
    {"Fwd: Re: Printer", "Printer", "printer", F},
    {"Printer (fwd)", "Printer", "printer", F},
    {"Printer (fwd) (FWD)  ", "Printer", "printer", F},
    {"Re: Printer (fwd)", "Printer", "printer", F},
    {"[fwd: Printer]", "Printer", "printer", F},
    {"[Fwd: Re: [fwd: Printer (fwd)] (fwd)]", "Printer", "printer", F},
    {"[sales] Printer", "[sales] Printer", "printer", P},
    {"[sales] Re: Printer", "[sales] Printer", "printer", R},
    {"Re: [sales] Printer", "[sales] Printer", "printer", R},
    {"Re: [sales] AW: [it] Printer", "[sales] [it] Printer", "printer", R},
    {"[a][b] [c]Re: Printer", "[a][b] [c] Printer", "printer", R},
    {"Re[sales]: Printer", "Printer", "printer", R},
    {"[sales]", "[sales]", "[sales]", P},
    {"[a] [b]", "[a] [b]", "[b]", P},
    {"Re:", "", "", R},
    {"Re: Fwd:", "", "", R},
    {"Re: [sales]", "[sales]", "[sales]", R},
    {"[not closed Re: x", "[not closed Re: x", "[not closed re: x", P},
    {"[a[b] x", "[a[b] x", "[a[b] x", P},
    {"[fwd: not closed", "[fwd: not closed", "[fwd: not closed", P},
    /* counters */
    {"Re[2]: Printer", "Printer", "printer", R},
    {"RE (3): Printer", "Printer", "printer", R},
    {"Re^4: Printer", "Printer", "printer", R},
    {"Re [12] : Printer", "Printer", "printer", R},
    {"Re(: Printer", "Re(: Printer", "re(: printer", P},
    /* as mail programs write it elsewhere */
    {"AW: Drucker", "Drucker", "drucker", R},
    {"WG: AW: Drucker", "Drucker", "drucker", F},
    {"Antw.: Drucker", "Drucker", "drucker", R},
    {"SV: VB: Skrivare", "Skrivare", "skrivare", R},
    {"VB: Skrivare", "Skrivare", "skrivare", F},
    {"VS: Tulostin", "Tulostin", "tulostin", R},
    {"VL: Tulostin", "Tulostin", "tulostin", F},
    {"RV: Impresora", "Impresora", "impresora", F},
    {"RES: ENC: Impressora", "Impressora", "impressora", R},
    {"RE\xC2\xA0: TR : Imprimante", "Imprimante", "imprimante", R},
    {"TR: Imprimante", "Imprimante", "imprimante", F},
    {"R: I: Stampante", "Stampante", "stampante", R},
    {"Odp: Drukarka", "Drukarka", "drukarka", R},
    {"Odp.: PD: Drukarka", "Drukarka", "drukarka", R},
    {"YNT: Yazıcı", "Yazıcı", "yazıcı", R},
    {"İLT: Yazıcı", "Yazıcı", "yazıcı", F},
    {"НА: Принтер", "Принтер", "принтер", R},
    {"回复：打印机", "打印机", "打印机", R},
    {"回覆: 印表機", "印表機", "印表機", R},
    {"转发: 回复: 打印机", "打印机", "打印机", F},
    {"返信: プリンタ", "プリンタ", "プリンタ", R},
    {"회신: 프린터", "프린터", "프린터", R},
    {"רד: x", "רד: x", "רד: x", P},
    {"AUTO: gone", "gone", "gone", A},
    {"Automatic reply: Printer", "Printer", "printer", A},
    {"Réponse automatique : Imprimante", "Imprimante", "imprimante", A},
    {"Re: Automatic reply: Printer", "Printer", "printer", R},
    /* words that only look like marks */
    {"Reply: Printer", "Reply: Printer", "reply: printer", P},
    {"Regarding: Printer", "Regarding: Printer", "regarding: printer", P},
    {"Re Printer", "Re Printer", "re printer", P},
    {"Forward: march", "Forward: march", "forward: march", P},
    {"Printer Re: x", "Printer Re: x", "printer re: x", P},
    {"Project: Re: x", "Project: Re: x", "project: re: x", P},
    {"(fwd) Printer", "(fwd) Printer", "(fwd) printer", P},
    {"http://x.example", "http://x.example", "http://x.example", P},
    /* references of ours */
    {"[#7kq2-m9xd-4tab] Printer", "Printer", "printer", P},
    {"Re: [#7KQ2-M9XD-4TAB] Printer", "Printer", "printer", R},
    {"Printer [#7kq2-m9xd-4tab]", "Printer", "printer", P},
    {"A [#7kq2-m9xd-4tab] [#7kq2-m9xd-4tac] B", "A B", "a b", P},
    {"Re: [#7kq2-m9xd-4tab]", "", "", R},
    {"[#117904] Printer", "[#117904] Printer", "printer", P},
    {"x[#7kq2-m9xd-4tab] y", "x[#7kq2-m9xd-4tab] y", "x[#7kq2-m9xd-4tab] y", P},
    {"[#7kq2-m9xd-4tai] Printer", "[#7kq2-m9xd-4tai] Printer", "printer", P},
};

static void test_cases(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct arena *a = arena_new(1024, 65536);
    enum subject_mark mark;
    const char *shown = subject_shown(a, slice_text(cases[i].subject), &mark);
    const char *base = subject_base(a, slice_text(cases[i].subject));
    if (strcmp(shown, cases[i].shown) != 0 || strcmp(base, cases[i].base) != 0 || (int)mark != cases[i].mark)
      fail_msg("\"%s\": shown \"%s\", base \"%s\", mark %d", cases[i].subject, shown, base, (int)mark);
    /* what is left has nothing left to lose, but for names that were kept */
    assert_string_equal(subject_base(a, slice_text(base)), base);
    assert_string_equal(subject_base(a, slice_text(shown)), base);
    assert_string_equal(subject_digest(a, slice_text(shown)), subject_digest(a, slice_text(cases[i].subject)));
    assert_int_equal(strlen(subject_digest(a, slice_text(shown))), *base ? SUBJECT_DIGEST_LEN : 0);
    arena_free(&a);
  }
}

static void test_references(void **state) {
  (void)state;
  static const struct {
    const char *subject;
    size_t count;
  } rows[] = {
      {"[#7kq2-m9xd-4tab]", 1},     {"Re: [#7KQ2-M9XD-4TAB] x", 1}, {"([#7kq2-m9xd-4tab])", 1}, {"x [#7kq2-m9xd-4tab]y", 0},
      {"Foo[#7kq2-m9xd-4tab]", 0},  {"é[#7kq2-m9xd-4tab]", 0},      {"[#7kq2-m9xd-4tab", 0},     {"[7kq2-m9xd-4tab]", 0},
      {"[#7kq2m9xd4tab]", 0},       {"[#7kq2-m9xd-4tabc]", 0},      {"[#7kq2-m9xd-4ta]", 0},     {"#7kq2-m9xd-4tab", 0},
      {"[#0000-0000-0000][#1111-1111-1111]", 2},
  };
  for (size_t i = 0; i < COUNT(rows); i++) {
    struct slice found;
    size_t n = 0, at = 0;
    while (subject_reference_next(slice_text(rows[i].subject), &at, &found)) {
      assert_int_equal(found.len, REFERENCE_LEN);
      n++;
    }
    if (n != rows[i].count)
      fail_msg("%s: %zu", rows[i].subject, n);
  }
}

static void test_ceiling(void **state) {
  (void)state;
  struct arena *a = arena_new(16, 64);
  static const char subject[] = "Re: a subject that is longer than the arena is, whatever is taken away from it";
  assert_null(subject_shown(a, slice_text(subject), NULL));
  assert_null(subject_base(a, slice_text(subject)));
  arena_free(&a);
}

/* One MiB of the worst pieces: CPU seconds far above what linear takes under a sanitizer, far below quadratic. */
static void test_linear(void **state) {
  (void)state;
  static const char *const pieces[] = {"[", "[a]", "[a] ", "Re: ", "[fwd:", "Re[", "(fwd)", "[#", "[#7kq2-m9xd-4tab]", "r:", "]"};
  for (size_t i = 0; i < COUNT(pieces); i++) {
    enum { MOST = 1024 * 1024 };
    char *text = malloc(MOST);
    size_t piece = strlen(pieces[i]);
    for (size_t k = 0; k < MOST; k++)
      text[k] = pieces[i][k % piece];
    struct arena *a = arena_new(65536, 64 * 1024 * 1024);
    clock_t before = clock();
    assert_non_null(subject_shown(a, slice_of(text, MOST), NULL));
    assert_non_null(subject_base(a, slice_of(text, MOST)));
    double seconds = (double)(clock() - before) / CLOCKS_PER_SEC;
    if (seconds > 8)
      fail_msg("\"%s\" takes %.1f s", pieces[i], seconds);
    arena_free(&a);
    free(text);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_cases),
      cmocka_unit_test(test_references),
      cmocka_unit_test(test_ceiling),
      cmocka_unit_test(test_linear),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
