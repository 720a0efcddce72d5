/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of settings in docs/man/ are those of the rows (common/config/config_rows.def). After a row has changed:
 *
 *   DESKBELL_WRITE_MANUAL=1 build/unit/test_man_pages
 *
 * writes them anew; without the variable a difference fails the test. A table stands between two lines:
 *
 *   <!-- settings: email -->
 *   <!-- end of settings -->
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/file.h"
#include "config/config.h"
#include <stdio.h>
#include <stdlib.h>

#define PAGE_MAX (1024 * 1024)
#define BEGIN "<!-- settings: "
#define BEGIN_END " -->\n"
#define END "<!-- end of settings -->"

/* Every section of the configuration stands on one page. */
static const struct {
  const char *page, *sections[6];
} pages[] = {
    {"deskbell.md", {"desk", "redis", "link", "spool", "outbound", "channels"}},
    {"dispatch.md", {"dispatch"}},
    {"acknowledge.md", {"acknowledge"}},
    {"router.md", {"router"}},
    {"inbox.md", {"inbox"}},
    {"email.md", {"email", "smtp", "mailboxes"}},
    {"sms.md", {"sms"}},
    {"webform.md", {"webform"}},
};

static const char *find(const char *from, const char *what, const char *page) {
  const char *at = strstr(from, what);
  if (!at)
    fail_msg("%s has no line \"%s\" where one must be", page, what);
  return at;
}

/* Copies `text` to `ret` with the section's table in place. */
static void put_table(const char *text, const char *section, const char *page, struct buf *ret) {
  char begin[80];
  snprintf(begin, sizeof(begin), BEGIN "%s" BEGIN_END, section);
  const char *table = find(text, begin, page) + strlen(begin), *end = find(table, END, page);
  struct buf rows = BUF_INIT(PAGE_MAX);
  config_manual(section, &rows);
  assert_true(rows.len > 0 && !rows.full);
  assert_int_equal(buf_add(ret, text, (size_t)(table - text)), 0);
  assert_int_equal(buf_add_slice(ret, buf_slice(&rows)), 0);
  assert_int_equal(buf_add_text(ret, end), 0);
  buf_free(&rows);
}

static void check_page(size_t n, bool write) {
  char path[4096];
  snprintf(path, sizeof(path), "%s/%s", MAN_PAGES, pages[n].page);
  struct buf have = BUF_INIT(PAGE_MAX), want = BUF_INIT(PAGE_MAX);
  assert_int_equal(file_read(path, &have), 0);
  assert_int_equal(buf_add_slice(&want, buf_slice(&have)), 0);
  for (size_t i = 0; i < sizeof(pages[n].sections) / sizeof(char *) && pages[n].sections[i]; i++) {
    struct buf next = BUF_INIT(PAGE_MAX);
    put_table(want.at, pages[n].sections[i], pages[n].page, &next);
    buf_free(&want);
    want = next;
  }
  if (write)
    assert_int_equal(file_write_atomic(path, buf_slice(&want), 0644), 0);
  else if (!slice_equal(buf_slice(&have), buf_slice(&want)))
    fail_msg("%s does not say what the rows say: run this test with DESKBELL_WRITE_MANUAL=1", pages[n].page);
  buf_free(&have);
  buf_free(&want);
}

static void test_tables_are_those_of_the_rows(void **state) {
  (void)state;
  bool write = getenv("DESKBELL_WRITE_MANUAL") != NULL;
  for (size_t n = 0; n < sizeof(pages) / sizeof(pages[0]); n++)
    check_page(n, write);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_tables_are_those_of_the_rows)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
