/* SPDX-License-Identifier: Apache-2.0 */
/* Reads what a starting program reports: lines "endpoint NAME VALUE", then "ready". Pure; any chunks; bounded. */
#ifndef CTL_REPORT_H
#define CTL_REPORT_H

#include "base/slice.h"

enum { REPORT_READY = 1 };

#define REPORT_LINE_MAX 1280 /* a longer line is skipped and counted as bad */

struct report {
  char line[REPORT_LINE_MAX + 1];
  size_t len;
  bool ready;
  unsigned bad; /* lines that are neither */
};

typedef void report_endpoint(void *arg, const char *name, const char *value);

/* Returns 0, or REPORT_READY once, when "ready" came; what follows it is ignored. */
int report_feed(struct report *r, struct slice bytes, report_endpoint *endpoint, void *arg);

#endif
