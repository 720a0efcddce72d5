/* SPDX-License-Identifier: Apache-2.0 */
/* What templates take together: which one never has its turn, who is left without. Private to the module. */
#ifndef TEMPLATE_COVER_H
#define TEMPLATE_COVER_H

#include "template/review.h"

#define REVIEW_PATIENCE 20000000 /* comparisons; beyond it nothing more is said about several templates */

struct review {
  const struct desk *desk;
  const struct config *config; /* may be NULL */
  template_tell *tell;
  void *arg;
  size_t wrong;
  int64_t patience;
};

void review_note(struct review *r, const struct complaint_place *place, const char *name, const char *format, ...)
    printf_like(4, 5);
/* Has the template a case that none before it takes? */
void review_turn(struct review *r, size_t index);
/* Customers on a channel that has templates, for whom none fits. */
void review_holes(struct review *r);

#endif
