/* SPDX-License-Identifier: Apache-2.0 */
/* A template's source, piece by piece; rendering and checking go the same way. Private to the module. */
#ifndef TEMPLATE_SCAN_H
#define TEMPLATE_SCAN_H

#include "template/template.h"

struct piece {
  struct slice text;               /* as it stands; of a variable its default */
  enum template_variable variable; /* TEMPLATE_VARIABLES: only text */
  bool has_default;
};

/* A walk over a source; borrows it. */
struct scan {
  struct slice source;
  size_t at;
  char why[200];                   /* after -EINVAL: what is wrong at `at` */
};

enum { SCAN_PIECE = 1 };
/* SCAN_PIECE (fills *ret), 0 at the end, -EINVAL. */
int must_check scan_next(struct scan *s, struct piece *ret);

#endif
