/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parsers of form bodies: application/x-www-form-urlencoded and multipart/form-data (RFC 7578). Pure; linear in the
 * input. Tolerant of what browsers send (odd file names, missing last CRLF, bare LF), strict on limits.
 * Values are returned raw (percent-decoded, not validated as UTF-8): signatures need the raw bytes.
 */
#ifndef HTTP_FORM_H
#define HTTP_FORM_H

#include "base/arena.h"

enum { FORM_BROKEN = 1, FORM_TOO_MANY = 2 };

#define FORM_MAX_PARTS 1000

struct form_part {
  struct slice name;
  struct slice value;
  bool is_file;
  struct slice filename;     /* as sent */
  struct slice type;         /* media type as sent, "" unknown */
};

struct form {
  struct form_part *parts;   /* in order of the body */
  size_t count;
};

/* Memory from `a`; values of multipart parts borrow `body`. Returns 0, FORM_TOO_MANY, FORM_BROKEN (never for
 * urlencoded; a multipart body without its closing delimiter is one), -ENOMEM (ceiling). */
int must_check form_parse_urlencoded(struct arena *a, struct slice body, struct form *ret);
/* `content_type` is the whole header value, for the boundary. */
int must_check form_parse_multipart(struct arena *a, struct slice content_type, struct slice body, struct form *ret);
/* First part of that name, or NULL. */
const struct form_part *form_find(const struct form *f, const char *name);

#endif
