/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The header of a mail or of a part, as tolerant as RFC 7103 wants it. Lines end at CRLF, LF or a lone CR (MI-04). A
 * line that is neither a field nor a continuation belongs to the field before it when a field or the empty line
 * follows, else the body begins with it (MI-02). Inside common/mime only. Pure.
 */
#ifndef MIME_HEADER_H
#define MIME_HEADER_H

#include "mime/reading.h"

enum {
  HEADER_FIELD_MAX = 16 * 1024,   /* of one value; longer ones are cut */
  HEADER_TOTAL_MAX = 256 * 1024,  /* fields behind this are not looked at */
};

/* Lines of bytes, linear whatever ends them. */
struct lines {
  struct slice rest;
  const char *next_lf;
  bool lf_known;
};
/* Lends the line without its end. False when there is none left. */
bool lines_next(struct lines *l, struct slice *ret);

struct mail_field {
  struct slice name;   /* without the colon and white space before it */
  struct slice value;  /* behind the colon, folded as it came */
  struct slice whole;  /* name, colon, value */
};

/* One field after the other, uncut. When it is exhausted `lines.rest` is the body. */
struct header_scan {
  struct lines lines;
  bool begun, ended;
  bool odd;            /* a line was joined or taken for the body's first */
};
void header_scan_start(struct header_scan *s, struct slice raw);
bool header_scan_next(struct header_scan *s, struct mail_field *ret);

struct mail_header {
  struct mail_field *fields;
  size_t count;
  struct slice body;
};

/* Behind blank lines and an mbox "From " line (MI-03). */
struct slice mail_start(struct slice raw);
/* Reads all fields, cut to the limits above (warnings "header-cut", "header-odd-line"). */
void header_read(struct reading *r, struct slice raw, struct mail_header *ret);
/* The next field of that name behind `after` (NULL: the first); NULL when there is none. */
const struct mail_field *header_find(const struct mail_header *h, const char *name, const struct mail_field *after);
/* Without line ends and NUL, ends trimmed. */
struct slice header_unfold(struct reading *r, struct slice value);
/* The first field of that name unfolded; empty when there is none. */
struct slice header_value(struct reading *r, const struct mail_header *h, const char *name);

#endif
