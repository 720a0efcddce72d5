/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole mails as programs write them (tests/data/html/mails, made up): their text and their cleaned HTML. A new one:
 * put NAME.html there, run `test_html_mails --print NAME.html` and `--clean NAME.html`, read every line, and keep them as
 * NAME.txt and NAME.clean.
 */
#include "base/file.h"
#include "html_verify.h"
#include "text/html.h"
#include "text/html_clean.h"
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

enum { MAILS_LEAST = 15, SIZE_MAX_READ = 1024 * 1024 };

static struct buf read_beside(const char *path, const char *end) {
  char name[4096];
  struct buf content = BUF_INIT(SIZE_MAX_READ);
  snprintf(name, sizeof(name), "%.*s%s", (int)(strlen(path) - strlen(".html")), path, end);
  if (file_read(name, &content) != 0)
    fail_msg("cannot read %s", name);
  return content;
}

static struct buf text_of(struct slice html) {
  struct buf out = BUF_INIT(SIZE_MAX_READ);
  assert_int_equal(html_to_text(html, &out), 0);
  buf_add_char(&out, '\n');
  return out;
}

static struct buf clean(struct slice html) {
  struct buf out = BUF_INIT(SIZE_MAX_READ);
  struct html_clean_notes notes;
  assert_int_equal(html_clean(html, &out, &notes), 0);
  return out;
}

static void compare(const char *path, const char *what, struct slice got, struct slice expected) {
  if (!slice_equal(got, expected))
    fail_msg("%s: %s differs\n--- got ---\n%.*s\n--- expected ---\n%.*s", path, what, (int)got.len, got.at,
             (int)expected.len, expected.at);
}

static void check_mail(const char *path) {
  size_t at;
  auto_clean(buf_free) struct buf html = read_beside(path, ".html"), text = text_of(buf_slice(&html)),
                                  cleaned = clean(buf_slice(&html)), again = clean(buf_slice(&cleaned)),
                                  expected_text = read_beside(path, ".txt"),
                                  expected_clean = read_beside(path, ".clean");
  const char *wrong = html_verify(buf_slice(&cleaned), &at);
  if (wrong)
    fail_msg("%s: %s at %zu", path, wrong, at);
  compare(path, "text", buf_slice(&text), buf_slice(&expected_text));
  compare(path, "cleaned", buf_slice(&cleaned), buf_slice(&expected_clean));
  compare(path, "cleaned twice", buf_slice(&again), buf_slice(&cleaned));
}

static void test_mails(void **state) {
  (void)state;
  glob_t found;
  assert_int_equal(glob(TEST_DATA "/html/mails/*.html", 0, NULL, &found), 0);
  assert_true(found.gl_pathc >= MAILS_LEAST);
  for (size_t i = 0; i < found.gl_pathc; i++)
    check_mail(found.gl_pathv[i]);
  globfree(&found);
}

/* QT-09: which program's mail says where it quotes, and how. */
static void test_quotations_are_known(void **state) {
  (void)state;
  static const struct {
    const char *mail, *has;
  } cases[] = {
      {"gmail-reply", "<blockquote data-quote=\"words\""}, {"gmail-reply", "data-quote=\"attribution\""},
      {"gmail-reply", "data-quote=\"message\""},           {"gmail-forward", "data-quote=\"message\""},
      {"outlook-reply", "data-quote=\"rest\""},            {"outlook-web-reply", "data-quote=\"rest\""},
      {"apple-mail-reply", "data-quote=\"words\""},        {"thunderbird-reply", "data-quote=\"attribution\""},
      {"thunderbird-reply", "data-quote=\"words\""},       {"yahoo-reply", "data-quote=\"message\""},
      {"gmx-reply", "data-quote=\"message\""},             {"zimbra-reply", "<hr data-quote=\"rest\""},
      {"mailru-reply", "data-quote=\"words\""},            {"protonmail-reply", "data-quote=\"message\""},
      {"yandex-reply", "<blockquote data-quote=\"words\""},
      {"windows-mail-reply", "data-quote=\"rest\""},       {"netease-reply", "data-quote=\"words\""},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    char path[4096];
    snprintf(path, sizeof(path), TEST_DATA "/html/mails/%s.html", cases[i].mail);
    auto_clean(buf_free) struct buf html = read_beside(path, ".html"), cleaned = clean(buf_slice(&html));
    if (!strstr(cleaned.at, cases[i].has))
      fail_msg("%s has no %s", cases[i].mail, cases[i].has);
  }
}

static int print(const char *how, const char *path) {
  struct buf html = BUF_INIT(SIZE_MAX_READ);
  if (file_read(path, &html) != 0)
    return 1;
  struct buf out = strcmp(how, "--clean") == 0 ? clean(buf_slice(&html)) : text_of(buf_slice(&html));
  fwrite(out.at, 1, out.len, stdout);
  buf_free(&out);
  buf_free(&html);
  return 0;
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_mails), cmocka_unit_test(test_quotations_are_known)};
  if (argc == 3)
    return print(argv[1], argv[2]);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
