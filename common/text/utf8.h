/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8 as the standards want it of us: always valid, no C0 controls but TAB and LF (MI-41). */
#ifndef TEXT_UTF8_H
#define TEXT_UTF8_H

#include "base/arena.h"

bool utf8_valid(struct slice s);
/* Valid and without C0 controls other than TAB, LF. */
bool utf8_clean(struct slice s);
/* A cleaned NUL-terminated copy: invalid bytes become U+FFFD, CRLF and CR become LF, NUL and other C0 are dropped.
 * *ret_mended (may be NULL) counts what was mended. NULL at the arena's ceiling. */
char *utf8_mend(struct arena *a, struct slice s, size_t *ret_mended);
/* The length <= max that does not cut inside a character. */
size_t utf8_cut(struct slice s, size_t max);
/* One line for a header, a log or a title: line breaks and runs of white space become one space, ends trimmed, bidi controls dropped. */
char *utf8_one_line(struct arena *a, struct slice s);

#endif
