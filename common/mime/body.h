/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the customer wrote, out of the tree of parts: which are text, which HTML, which attachments (RFC 8621 4.1.4,
 * so that all text counts and not only the first, MI-18). Inside common/mime only. Pure.
 */
#ifndef MIME_BODY_H
#define MIME_BODY_H

#include "mime/calendar.h"
#include "mime/part.h"

/* Of a text that is shown; a longer one is also an attachment, whole ("text-cut"). */
enum { BODY_PART_MAX = 4 * 1024 * 1024 };
/* More are not taken out ("too-many-attachments"); the original has them. */
enum { BODY_ATTACHMENTS_MAX = 1000 };

struct body_attachment {
  const char *type, *name, *content_id; /* name as it came */
  struct slice bytes;                   /* decoded */
  const char *location;
  const struct mail_part *part;         /* NULL: it was inside a text */
  bool shown;                           /* the HTML refers to it (MI-17) */
  const char *subject;                  /* of an attached mail; NULL: not looked at */
};

struct mail_body {
  struct slice text;  /* clean UTF-8, line ends LF; whole */
  struct slice html;  /* clean UTF-8, as the sender wrote it; empty when there is none */
  bool from_html;     /* some of the text was made from HTML */
  struct body_attachment *attachments;
  size_t attachment_count, attachment_room;
  struct calendar calendar;             /* of the first invitation; event is NULL when there is none (MI-19) */
};

void body_read(struct reading *r, struct mail_part *root, struct mail_body *ret);
/* The text alone, of an attached mail. */
struct slice body_words(struct reading *r, struct mail_part *root);
/* What of the HTML may be shown to an agent (text/html_clean.h, SE-20), at most BODY_PART_MAX. */
struct slice body_clean_html(struct reading *r, struct slice html);

#endif
