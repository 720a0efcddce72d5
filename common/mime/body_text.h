/* SPDX-License-Identifier: Apache-2.0 */
/* Texts of parts. Inside common/mime only. Pure. */
#ifndef MIME_BODY_TEXT_H
#define MIME_BODY_TEXT_H

#include "mime/body.h"

/* The part's text in UTF-8, clean, line ends LF; not unflowed yet. *ret_binary when it is no text at all (MI-09). */
struct slice body_text_decode(struct reading *r, const struct mail_part *p, bool html, bool *ret_binary);
/* format=flowed (RFC 3676) undone: paragraphs are lines, quotations keep their marks. */
struct slice body_text_unflow(struct reading *r, struct slice text, bool delete_space);
/* Takes uuencoded files out of a text (MI-15); each is an attachment. */
struct slice body_text_take_files(struct reading *r, struct slice text, struct mail_body *body);
/* What to read when a mail is nothing but an invitation (MI-19): its method, subject, times and people. */
struct slice body_text_of_calendar(struct reading *r, struct slice calendar);
void body_attach(struct reading *r, struct mail_body *body, const struct body_attachment *attachment);

#endif
