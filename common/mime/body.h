/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the customer wrote, out of the tree of parts: which are text, which HTML, which attachments (RFC 8621 4.1.4,
 * so that all text counts and not only the first, MI-18). Inside common/mime only. Pure.
 */
#ifndef MIME_BODY_H
#define MIME_BODY_H

#include "mime/part.h"

/* Of a text that is shown; a longer one is also an attachment, whole ("text-cut"). */
enum { BODY_PART_MAX = 4 * 1024 * 1024 };

struct body_attachment {
  const char *type, *name, *content_id; /* name as it came */
  struct slice bytes;                   /* decoded */
  enum part_place place;
};

struct mail_body {
  struct slice text;  /* clean UTF-8, line ends LF; whole */
  bool from_html;     /* some of it was made from HTML */
  struct slice html;  /* clean UTF-8; empty when there is none */
  struct body_attachment *attachments;
  size_t attachment_count, attachment_room;
};

void body_read(struct reading *r, struct mail_part *root, struct mail_body *ret);
/* Whether `html` refers to cid:content_id (MI-17). */
bool body_shows(struct slice html, const char *content_id);

#endif
