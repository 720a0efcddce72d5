/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What changed between two texts, line by line, as `diff -u` shows it. Pure. The fewest changes (Myers 1986) as long as they
 * are at most LINES_DIFF_MOST; texts that differ in more are shown as one changed block, without what they begin and
 * end with alike.
 */
#ifndef TEXT_LINES_DIFF_H
#define TEXT_LINES_DIFF_H

#include "base/buf.h"

#define LINES_DIFF_MOST 1500
/* Room for any difference of texts of so many bytes in all: each line with its mark, and the heads of blocks. */
#define LINES_DIFF_ROOM(bytes) (2 * (bytes) + 128 * 1024)

/* Appends it to `ret`, nothing when they are the same. Returns 0 or BUF_FULL. */
int lines_diff(struct slice old, const char *old_name, struct slice new, const char *new_name, struct buf *ret);

#endif
