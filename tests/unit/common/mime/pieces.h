/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the pieces of common/mime share. */
#ifndef TEST_MIME_PIECES_H
#define TEST_MIME_PIECES_H

#include "mime/reading.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static inline struct reading start(void) {
  return (struct reading){.arena = arena_new(4096, 4 * 1024 * 1024)};
}

static inline void check_text(const char *what, struct slice got, const char *expected) {
  if (!slice_equal(got, slice_text(expected)))
    fail_msg("%s\n--- got ---\n%.*s\n--- expected ---\n%s", what, (int)got.len, got.at, expected);
}

static inline bool warned(const struct reading *r, const char *warning) {
  for (size_t i = 0; i < r->warning_count; i++)
    if (strcmp(r->warnings[i], warning) == 0)
      return true;
  return false;
}

#endif
