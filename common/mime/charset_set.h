/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The character sets by name, and their conversion to UTF-8 by iconv. The converters are opened once and kept for the
 * life of the process: opening one reads files, which the parser cannot any more when its first mail comes. Inside
 * common/mime only. Not for threads.
 */
#ifndef MIME_CHARSET_SET_H
#define MIME_CHARSET_SET_H

#include "mime/reading.h"

enum charset {
#define SET(id, name, unit, wide) CHARSET_##id,
#define LABEL(id, label)
#include "mime/charset_rows.def"
#undef SET
#undef LABEL
  CHARSET_COUNT,
  CHARSET_UNKNOWN = CHARSET_COUNT,
};

/* Opens all converters. Returns how many the system does not have. */
size_t charset_open_all(void);
/* Any case, quotes and punctuation as they come; CHARSET_NONE for one that says nothing ("unknown-8bit"),
 * CHARSET_UNKNOWN for one nobody knows. */
enum charset charset_find(struct slice label);
const char *charset_name(enum charset set);
/* Whether every byte makes sense in it; keeps nothing. */
bool charset_explains(struct reading *r, enum charset set, struct slice bytes);
/* Converts everything; what cannot be is U+FFFD and counted in *ret_broken. False when the system does not have it. */
bool charset_convert(struct reading *r, enum charset set, struct slice bytes, struct slice *ret, size_t *ret_broken);

#endif
