/* SPDX-License-Identifier: Apache-2.0 */
/* One line of a mail's text, and what stands at its beginning. Inside common/text only. Pure. */
#ifndef TEXT_STRIP_LINE_H
#define TEXT_STRIP_LINE_H

#include "base/slice.h"

enum { STRIP_DEPTH_MAX = 100 }; /* marks of quotation that are counted */

struct strip_line {
  size_t begin, next;  /* offsets in the text; `next` is behind the line's end */
  struct slice text;   /* without the line's end */
  struct slice body;   /* behind the marks */
  unsigned depth;      /* how many '>' it begins with */
  bool indented;       /* blanks stand before them: a sign of drawings as well as of old mail programs */
  bool blank;          /* nothing to see, no marks either */
};

/* Reads the line at `at`. False at the end of the text. */
bool strip_line_read(struct slice text, size_t at, struct strip_line *ret);
/* The next line from `at` on that is not blank, at most `blanks` blank ones before it. */
bool strip_line_seen(struct slice text, size_t at, size_t blanks, struct strip_line *ret);
/* The line that ends before `at`, not looking before `floor`. */
bool strip_line_before(struct slice text, size_t at, size_t floor, struct strip_line *ret);
/* Blank lines from the start of a line at `at` on: where the first line begins that is not blank. */
size_t strip_blanks_skip(struct slice text, size_t at);
/* Blank lines before the end of a line at `end`, not before `begin`: where the last line ends that is not blank. */
size_t strip_blanks_trim(struct slice text, size_t begin, size_t end);
/* The last sign that is seen, full-width forms as ASCII; 0 when it is none. */
char strip_line_last(struct slice line);

#endif
