/* SPDX-License-Identifier: Apache-2.0 */
/* A mail that is attached to another one: an attachment, and a line that says what it is (MI-23). Inside common/mime
 * only. Pure. */
#ifndef MIME_ATTACHED_MAIL_H
#define MIME_ATTACHED_MAIL_H

#include "mime/reading.h"

enum { ATTACHED_MAILS_MAX = 20 }; /* that are looked into */

struct attached_mail {
  const char *subject, *from;  /* "" when it does not say */
  int64_t sent_ms;             /* 0: it does not say */
  bool report;                 /* a bounce or another report */
  bool broken;                 /* no header */
};

bool attached_mail_is(const char *type);
void attached_mail_read(struct reading *r, struct slice bytes, struct attached_mail *ret);
/* "[Attached mail: Subject – Name <address>, 2026-11-24T09:30:00Z]" */
char *attached_mail_line(struct reading *r, const struct attached_mail *mail);
/* What is written in it; mails in it are not looked into. */
struct slice attached_mail_words(struct reading *r, struct slice bytes);

#endif
