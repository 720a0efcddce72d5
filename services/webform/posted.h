/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was sent to a form, read from any of its three body types into one shape. All texts are mended UTF-8
 * (text/utf8.h); whether they are acceptable is form_check()'s business. Pure.
 */
#ifndef WEBFORM_POSTED_H
#define WEBFORM_POSTED_H

#include "base/arena.h"

enum { POSTED_BROKEN = 1, POSTED_TOO_LARGE = 2 };

#define POSTED_TEXT_MAX (256 * 1024) /* of a body without files, and of all texts of one with files */
#define POSTED_EXTRA_MAX 50          /* fields we do not know, which are kept for the agent */

enum posted_kind { POSTED_URLENCODED, POSTED_MULTIPART, POSTED_JSON, POSTED_UNSUPPORTED };

/* Known fields, in the order of the page. Names on the wire: posted_field_name(). */
enum posted_field {
  FIELD_NAME,
  FIELD_EMAIL,
  FIELD_PHONE,
  FIELD_SUBJECT,
  FIELD_MESSAGE,
  FIELD_FILES,
  FIELD_CONSENT,
  FIELD_TRAP,        /* honeypot (WF-10): invisible to people */
  FIELD_TOKEN,
  FIELD_SUBMISSION,  /* JSON: the client's own key for this submission */
  FIELD_COUNT
};

struct posted_file {
  char *name;          /* cleaned for display */
  struct slice bytes;  /* borrows the body */
};

struct posted_extra {
  char *name, *value;
};

struct posted {
  const char *value[FIELD_COUNT]; /* never NULL */
  bool not_text[FIELD_COUNT];     /* JSON: something else than a string was given */
  bool not_text_extra;
  struct posted_file *files;
  size_t file_count;              /* files beyond UPLOAD_MAX_FILES are counted, not kept */
  struct posted_extra *extra;
  size_t extra_count;             /* as file_count, with POSTED_EXTRA_MAX */
  bool mended;                    /* bytes were not UTF-8, or control characters were dropped */
  bool foreign_charset;           /* the client says that it is not UTF-8 (_charset_) */
};

enum posted_kind posted_kind_of(const char *content_type);
/* `content_type` is the whole header value. Returns 0, POSTED_BROKEN, POSTED_TOO_LARGE. */
int must_check posted_read(struct arena *a, enum posted_kind kind, const char *content_type, struct slice body,
                           struct posted *ret);
/* An empty one, for a new page. */
void posted_clear(struct posted *p);
const char *posted_field_name(enum posted_field field);
/* What can be shown again; how many there are in fact may be more. */
size_t posted_extra_kept(const struct posted *p);

#endif
