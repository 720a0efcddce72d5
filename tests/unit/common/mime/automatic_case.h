/* SPDX-License-Identifier: Apache-2.0 */
/* One row of the decision table: what is known of a mail, and what must come of it. */
#ifndef TEST_AUTOMATIC_CASE_H
#define TEST_AUTOMATIC_CASE_H

#include "mime/automatic.h"

struct automatic_case {
  const char *header;          /* fields, each with its "\n" */
  const char *from, *name;     /* address and display name */
  const char *subject, *text;
  const char *mail_from, *reply_to, *type, *report_type;
  enum report_outcome outcome;
  bool null_path, invitation;
  const char *kind;            /* "": a person's */
  const char *evidence;        /* among what is given; NULL: there must be none, "": any */
  bool delayed, doubtful;
};

/* Fails with the row's number. The desk's own: support@desk.example, @help.desk.example. */
void automatic_cases_check(const struct automatic_case *cases, size_t count);

#endif
