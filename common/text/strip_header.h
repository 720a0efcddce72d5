/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands above a quote that has no marks: lines between dashes ("-----Original Message-----") and the header
 * that Outlook, QQ, GMX and others copy ("From: … Sent: … To: … Subject: …"). Inside common/text only. Pure.
 */
#ifndef TEXT_STRIP_HEADER_H
#define TEXT_STRIP_HEADER_H

#include "base/slice.h"

enum strip_mark {
  STRIP_MARK_NONE,
  STRIP_MARK_RULE,      /* nothing but dashes or such */
  STRIP_MARK_LONG_RULE, /* the 32 underscores of Outlook, or as good as */
  STRIP_MARK_ORIGINAL,  /* "-----Original Message-----" */
  STRIP_MARK_WROTE,     /* "---- On Mon, … wrote ----" */
  STRIP_MARK_FORWARDED, /* "---------- Forwarded message ---------", "Begin forwarded message:" */
  STRIP_MARK_ABOVE,     /* "##- Please reply above this line -##" */
};

/* What the whole line is. */
enum strip_mark strip_mark_read(struct slice line);
/* A header that begins with the line at `at`, in a text without blank lines at its end: where it ends, 0 when there is none. It needs a sender, a date, a
 * recipient and a subject, or the first three as only a program writes them, and something below it; behind a mark of
 * that kind less is enough, for a customer's own "From: Berlin, To: Paris" is no header (QT-08). *ret_looked: before this no other begins, when there was none. */
size_t strip_header_read(struct slice text, size_t at, enum strip_mark announced, size_t *ret_looked);

#endif
