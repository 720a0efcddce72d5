/* SPDX-License-Identifier: Apache-2.0 */
/* Failure is a flag, asked at the end: a mail is read whole or not at all, and readers stay readable. */
#include "mime/reading.h"
#include "text/utf8.h"

void *reading_alloc(struct reading *r, size_t size) {
  void *at = arena_alloc(r->arena, size);
  r->failed |= !at;
  return at;
}

void *reading_zalloc(struct reading *r, size_t size) {
  void *at = arena_zalloc(r->arena, size);
  r->failed |= !at;
  return at;
}

void reading_shrink(struct reading *r, const void *at, size_t size, size_t kept) {
  arena_shrink(r->arena, at, size, kept);
}

static char *or_empty(struct reading *r, char *s) {
  static char empty[1];
  r->failed |= !s;
  return s ? s : empty;
}

char *reading_copy(struct reading *r, struct slice s) {
  return or_empty(r, arena_copy(r->arena, s));
}

char *reading_text(struct reading *r, struct slice s) {
  size_t mended = 0;
  char *text = or_empty(r, utf8_mend(r->arena, s, &mended));
  if (mended)
    reading_warn(r, "text-mended");
  return text;
}

char *reading_line(struct reading *r, struct slice s) {
  return or_empty(r, utf8_one_line(r->arena, s));
}

void reading_warn(struct reading *r, const char *warning) {
  for (size_t i = 0; i < r->warning_count; i++)
    if (strcmp(r->warnings[i], warning) == 0)
      return;
  if (r->warning_count < READING_WARNINGS_MAX)
    r->warnings[r->warning_count++] = warning;
}
