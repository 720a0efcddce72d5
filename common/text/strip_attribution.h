/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The line above a quote that says who wrote it: "On Mon, May 6, 2024 at 10:00 AM Joe <joe@x.example> wrote:" in the
 * forms of many programs and languages, judged by what is in it and not by its exact form. A sentence of the customer
 * is none (QT-05). Inside common/text only. Pure.
 */
#ifndef TEXT_STRIP_ATTRIBUTION_H
#define TEXT_STRIP_ATTRIBUTION_H

#include "base/slice.h"

enum { STRIP_ATTRIBUTION_LINES = 4, STRIP_ATTRIBUTION_MAX = 600 }; /* programs wrap it; bytes of all of it */

enum strip_attribution {
  STRIP_ATTRIBUTION_NONE,
  STRIP_ATTRIBUTION_WEAK,   /* "Joe wrote:"; only with marked lines behind it, as the next */
  STRIP_ATTRIBUTION_FAIR,   /* a verb, and a date, a time or an address */
  STRIP_ATTRIBUTION_GOOD,   /* all but an address in brackets; with marked lines, or nothing, behind it */
  STRIP_ATTRIBUTION_STRONG, /* date, address in brackets, verb or time: no sentence looks so */
};

/* Judges the last lines up to one that ends in a colon, best evidence first, and then the fewest lines.
 * *ret_lines is how many of them, from the last on, make the attribution. */
enum strip_attribution strip_attribution_judge(const struct slice *lines, size_t count, size_t *ret_lines);

#endif
