/* SPDX-License-Identifier: Apache-2.0 */
/* Content lines of iCalendar (RFC 5545 3.1): unfolded, cut into name, parameters and value. Inside common/mime only.
 * Pure. */
#ifndef MIME_CALENDAR_LINE_H
#define MIME_CALENDAR_LINE_H

#include "mime/header.h"

enum { CALENDAR_LINE_MAX = 16 * 1024 }; /* of an unfolded one; the rest of a longer one is left out */

struct calendar_line {
  struct slice name, parameters, value;
};

struct calendar_scan {
  struct lines lines;
  struct slice next;      /* read ahead */
  bool has_next;
  char joined[CALENDAR_LINE_MAX];
};

void calendar_scan_start(struct calendar_scan *s, struct slice bytes);
/* Lends until the next call. False when there is none left. */
bool calendar_scan_next(struct calendar_scan *s, struct calendar_line *ret);
/* The value of a parameter without its quotes; empty when it is not there. */
struct slice calendar_parameter(const struct calendar_line *line, const char *name);
bool calendar_is(const struct calendar_line *line, const char *name);

#endif
