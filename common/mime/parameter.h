/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parameters of Content-Type and Content-Disposition (RFC 2045, 2231), as they are written and not as they were
 * meant (MI-16, MI-27): doubled and missing semicolons, quotes that are missing, unclosed or inside, blanks in names,
 * pieces in any order, encoded-words, raw 8-bit. Linear. Inside common/mime only. Pure.
 */
#ifndef MIME_PARAMETER_H
#define MIME_PARAMETER_H

#include "mime/reading.h"

enum { PARAMETERS_MAX = 500 }; /* of one field; later ones are not looked at */

struct parameter {
  struct slice name;   /* without the marks of RFC 2231 */
  struct slice value;  /* bytes, quotes undone */
  unsigned piece;      /* name*0, name*1 …; PARAMETER_WHOLE: not one of several */
  bool extended;       /* name*=, name*0*= */
};
#define PARAMETER_WHOLE 0xFFFFu

struct parameters {
  struct parameter *rows;
  size_t count;
};

/* `value` from behind the type or the disposition, unfolded. */
void parameters_read(struct reading *r, struct slice value, struct parameters *ret);
/* The bytes of a parameter, pieces joined. False when it is not there. */
bool parameter_bytes(struct reading *r, const struct parameters *p, const char *name, struct slice *ret);
/* The same up to a blank or comma, for one that is a word: a charset, a format. Empty when it is not there. */
struct slice parameter_word(struct reading *r, const struct parameters *p, const char *name);
/* A parameter that people read, as one clean line of UTF-8; the extended form goes before the plain one. NULL when it
 * is not there. */
char *parameter_text(struct reading *r, const struct parameters *p, const char *name);

#endif
