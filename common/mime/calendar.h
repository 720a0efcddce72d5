/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An invitation or its answer (RFC 5545, 5546; MI-19): what is needed to show it. The first event or task of the first
 * calendar counts. Times with a zone that the calendar itself explains get their offset; others stay as they came, zone
 * and all. Only the first megabyte is looked at. Linear. Inside common/mime only. Pure.
 */
#ifndef MIME_CALENDAR_H
#define MIME_CALENDAR_H

#include "event/event.h"
#include "mime/reading.h"

struct calendar {
  Deskbell__V1__Calendar *event; /* NULL: there is none */
  const char *description;       /* "" when it has none; may have several lines */
  const char *answer;            /* of a REPLY: "joe@customer.example ACCEPTED" */
};

/* `label` and `method` are those of the part, each may be empty. Leaves *ret as it is when nothing is in it. */
void calendar_read(struct reading *r, struct slice bytes, struct slice label, const char *method,
                   struct calendar *ret);
/* What to read when a mail is nothing but an invitation. */
char *calendar_text(struct reading *r, const struct calendar *c);

#endif
