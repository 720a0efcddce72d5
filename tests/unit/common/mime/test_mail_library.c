/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every mail of tests/data/mail against the event beside it, with LF and with CRLF. A new mail: put NAME.eml there,
 * run `test_mail_library --print NAME.eml`, read every line of what it says against the rule the mail is for, and
 * keep it as NAME.json. After a change that many mails feel: `test_mail_library --print-all tests/data/mail`, and read
 * what git shows.
 */
#include "base/file.h"
#include "mail_event.h"
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

enum { LIBRARY_LEAST = 150 };

static void read_bytes(const char *path, struct buf *ret) {
  *ret = BUF_INIT(16 * 1024 * 1024);
  if (file_read(path, ret) != 0)
    fail_msg("cannot read %s", path);
}

/* What is not decoded keeps its line ends, so its digest depends on them. */
static void forget_bytes(json_t *event) {
  size_t i;
  json_t *attachment;
  json_array_foreach(json_object_get(event, "attachments"), i, attachment) {
    json_object_del(attachment, "sha256");
    json_object_del(attachment, "size");
  }
}

static void check_mail(const char *path, struct slice raw, bool exact) {
  char expected_path[4096];
  snprintf(expected_path, sizeof(expected_path), "%.*s.json", (int)strlen(path) - 4, path);
  json_error_t error;
  json_t *expected = json_load_file(expected_path, 0, &error);
  if (!expected)
    fail_msg("%s: %s", expected_path, error.text);
  struct mail_event m;
  const char *why = NULL;
  mail_event_read(&m, raw);
  if (m.outcome != 0)
    fail_msg("%s: outcome %d %s", path, m.outcome, m.why);
  if (event_check(m.result.event, &why) != 0)
    fail_msg("%s: %s", path, why);
  json_t *got = mail_event_json(&m);
  if (!exact) {
    forget_bytes(expected);
    forget_bytes(got);
  }
  if (!json_equal(expected, got)) {
    char *text = json_dumps(got, JSON_INDENT(2) | JSON_SORT_KEYS);
    fail_msg("%s%s differs from its .json:\n%s", path, exact ? "" : " (CRLF)", text);
  }
  json_decref(got);
  json_decref(expected);
  mail_event_free(&m);
}

static void test_library(void **state) {
  (void)state;
  glob_t found;
  assert_int_equal(glob(TEST_DATA "/mail/*.eml", 0, NULL, &found), 0);
  assert_true(found.gl_pathc >= LIBRARY_LEAST);
  for (size_t i = 0; i < found.gl_pathc; i++) {
    struct buf raw;
    read_bytes(found.gl_pathv[i], &raw);
    check_mail(found.gl_pathv[i], buf_slice(&raw), true);
    struct buf crlf = mail_crlf(buf_slice(&raw));
    check_mail(found.gl_pathv[i], buf_slice(&crlf), false);
    buf_free(&crlf);
    buf_free(&raw);
  }
  globfree(&found);
}

/* Each mail cut at any place is still a mail, and what comes of it can be packed. */
static void test_library_cut_anywhere(void **state) {
  (void)state;
  glob_t found;
  assert_int_equal(glob(TEST_DATA "/mail/*.eml", 0, NULL, &found), 0);
  for (size_t i = 0; i < found.gl_pathc; i++) {
    struct buf raw;
    read_bytes(found.gl_pathv[i], &raw);
    for (size_t len = 1; len < raw.len && len < 4096; len += 1 + len / 16) {
      char *copy = malloc(len); /* so that a sanitizer sees one byte too far */
      memcpy(copy, raw.at, len);
      struct mail_event m;
      struct buf packed = BUF_INIT(EVENT_MAX_BYTES);
      mail_event_read(&m, slice_of(copy, len));
      if (m.outcome == 0)
        assert_int_equal(event_pack(m.result.event, m.arena, &packed), 0);
      buf_free(&packed);
      mail_event_free(&m);
      free(copy);
    }
    buf_free(&raw);
  }
  globfree(&found);
}

/* Returns the exit status. */
static int print(const char *path, FILE *to) {
  struct buf raw;
  struct mail_event m;
  read_bytes(path, &raw);
  mail_event_read(&m, buf_slice(&raw));
  if (m.outcome != 0) {
    fprintf(stderr, "%s: outcome %d %s\n", path, m.outcome, m.why);
  } else {
    json_t *json = mail_event_json(&m);
    json_dumpf(json, to, JSON_INDENT(2) | JSON_SORT_KEYS);
    putc('\n', to);
    json_decref(json);
  }
  int status = m.outcome != 0;
  mail_event_free(&m);
  buf_free(&raw);
  return status;
}

/* Writes the .json beside every .eml of a folder anew; what changed is to be read before it is kept. */
static int print_all(const char *folder) {
  char pattern[4096], path[4096];
  glob_t found;
  int status = 0;
  snprintf(pattern, sizeof(pattern), "%s/*.eml", folder);
  if (glob(pattern, 0, NULL, &found) != 0)
    return 1;
  for (size_t i = 0; i < found.gl_pathc; i++) {
    snprintf(path, sizeof(path), "%.*s.json", (int)strlen(found.gl_pathv[i]) - 4, found.gl_pathv[i]);
    FILE *to = fopen(path, "w");
    status |= !to || print(found.gl_pathv[i], to);
    if (to)
      fclose(to);
  }
  globfree(&found);
  return status;
}

int main(int argc, char **argv) {
  mime_start();
  if (argc == 3 && strcmp(argv[1], "--print") == 0)
    return print(argv[2], stdout);
  if (argc == 3 && strcmp(argv[1], "--print-all") == 0)
    return print_all(argv[2]);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_library),
      cmocka_unit_test(test_library_cut_anywhere),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
