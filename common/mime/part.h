/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of a mail as a tree, borrowed from its bytes. Tolerant of every boundary that is missing, doubled, a
 * beginning of another or never closed (MI-11), of types that are none (MI-27) and of depth and number (MI-10):
 * behind PART_DEPTH_MAX levels and PART_COUNT_MAX parts the rest is one leaf. message/rfc822 is a leaf: its bytes
 * are an attachment. A TNEF and a signature around a mail are opened (MI-20, MI-21): what was in them are their
 * children. Inside common/mime only. Pure.
 */
#ifndef MIME_PART_H
#define MIME_PART_H

#include "mime/header.h"
#include "mime/transfer.h"

enum { PART_COUNT_MAX = 1000, PART_DEPTH_MAX = 50, LOCATION_MAX = 1000 };

enum part_place { PLACE_UNSAID, PLACE_INLINE, PLACE_ATTACHMENT };

struct mail_part {
  const char *type;          /* lower case, "text/plain" */
  struct slice charset;
  const char *name;          /* decoded, not cleaned; "" when there is none */
  const char *content_id;    /* without <> */
  const char *location;      /* Content-Location, as it came */
  const char *report_type;   /* of multipart/report */
  const char *smime_type;
  const char *method;        /* of text/calendar */
  bool flowed, delete_space; /* RFC 3676 */
  enum part_place place;
  enum transfer encoding;
  struct slice content;      /* encoded; of a multipart: everything */
  struct mail_part *first, *next; /* children, siblings */
  bool spare;                /* a TNEF's idea of the text: counts when there is no other */
  bool kept;                 /* opened, and worth an attachment all the same */
  bool returned;             /* in a report: what it is about */
  bool text_read;            /* `text` is what body.c made of it */
  struct slice text;
};

/* The whole mail; NULL when the reading failed. `h` is its header, already read. */
struct mail_part *part_read(struct reading *r, const struct mail_header *h);
bool part_is(const struct mail_part *p, const char *prefix); /* "text/", "multipart/" */

#endif
