/* SPDX-License-Identifier: Apache-2.0 */
/* What one reading of one mail carries along: where its memory comes from and what had to be mended. Inside
 * common/mime only. */
#ifndef MIME_READING_H
#define MIME_READING_H

#include "base/arena.h"

enum { READING_WARNINGS_MAX = 32 };

struct reading {
  struct arena *arena;
  bool failed; /* the arena's ceiling was met: nothing that was read counts */
  const char *warnings[READING_WARNINGS_MAX];
  size_t warning_count;
  size_t replaced;         /* characters that became U+FFFD */
  unsigned likely;         /* the enum charset that a piece of the mail has named (charset.h) */
};

/* Not zeroed; NULL, and `failed`, at the ceiling. */
void *reading_alloc(struct reading *r, size_t size);
void *reading_zalloc(struct reading *r, size_t size);
/* Only `kept` bytes of what was just allocated were needed. */
void reading_shrink(struct reading *r, const void *at, size_t size, size_t kept);
/* A NUL-terminated copy; "" at the ceiling. */
char *reading_copy(struct reading *r, struct slice s);
/* Clean UTF-8: of text, and of what must stay on one line. "" at the ceiling. */
char *reading_text(struct reading *r, struct slice s);
char *reading_line(struct reading *r, struct slice s);
/* A static word; said once however often it happens. */
void reading_warn(struct reading *r, const char *warning);

#endif
