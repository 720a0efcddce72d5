/* SPDX-License-Identifier: Apache-2.0 */
/* Texts of parts. Inside common/mime only. Pure. */
#ifndef MIME_BODY_TEXT_H
#define MIME_BODY_TEXT_H

#include "mime/body.h"

struct body_text {
  struct slice text;   /* UTF-8, clean, line ends LF; not unflowed yet */
  bool binary;         /* no text at all (MI-09); `text` is empty */
  bool cut;            /* longer than BODY_PART_MAX */
};

/* Files in a plain text (MI-15) become attachments of `body`; NULL leaves them where they are. */
struct body_text body_text_decode(struct reading *r, const struct mail_part *p, bool html, struct mail_body *body);
/* format=flowed (RFC 3676) undone: paragraphs are lines, quotations keep their marks. */
struct slice body_text_unflow(struct reading *r, struct slice text, bool delete_space);
/* Plain text as HTML, for texts that stand between parts of HTML. */
struct slice body_text_as_html(struct reading *r, struct slice text);
/* `to`, a gap and `more`, where both say something. */
void body_text_append(struct reading *r, struct slice *to, struct slice more, const char *between);
void body_attach(struct reading *r, struct mail_body *body, const struct body_attachment *attachment);

#endif
