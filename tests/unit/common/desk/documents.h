/* SPDX-License-Identifier: Apache-2.0 */
/* Desk documents in tests: what must be read, what must be refused and in which words, and documents as long as they may be. */
#ifndef TEST_DESK_DOCUMENTS_H
#define TEST_DESK_DOCUMENTS_H

#include "desk/desk.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

#define NOT_BY_ALL __attribute__((unused))

NOT_BY_ALL static struct desk *good(const char *yaml) {
  struct desk *d = NULL;
  struct complaint complaint = {0};
  if (desk_parse(slice_text(yaml), "desk.yaml", &d, &complaint))
    fail_msg("%u:%u: %s\n%s", complaint.line, complaint.column, complaint.text, yaml);
  return d;
}

NOT_BY_ALL static void refused(struct slice yaml, const char *want) {
  struct desk *d = NULL;
  struct complaint complaint = {0};
  char got[1024];
  assert_int_equal(desk_parse(yaml, "desk.yaml", &d, &complaint), -EINVAL);
  assert_null(d);
  snprintf(got, sizeof(got), "%s:%u:%u: %s", complaint.file, complaint.line, complaint.column, complaint.text);
  assert_string_equal(got, want);
}

NOT_BY_ALL static void list_of(struct buf *b, const char *head, const char *format_a, const char *format_b,
                               size_t count, const char *tail) {
  buf_add_text(b, head);
  for (size_t i = 0; i < count; i++)
    buf_printf(b, "%s%s%zu%s", i ? ",\n" : "", format_a, i, format_b);
  buf_add_text(b, tail);
}

#endif
