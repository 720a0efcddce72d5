/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an operator should know of a desk definition before it is put into force: where a work item could go round for
 * ever, wait for nobody, or never be decided as the document seems to say. Reading it has found what no program could
 * work with; template_review() tells of its templates and zones.
 */
#ifndef DESK_REVIEW_H
#define DESK_REVIEW_H

#include "desk/desk.h"

struct desk_finding {
  bool wrong;              /* must be mended: desk apply refuses it; else an alarm: items may wait for nobody */
  struct complaint_place place;
  char text[500];          /* one sentence */
};

typedef void desk_tell(void *arg, const struct desk_finding *f);

/* Tells each finding; `now_ms`: for hours that never open. Returns how many were wrong. */
size_t desk_review(const struct desk *d, int64_t now_ms, desk_tell *tell, void *arg);

#endif
