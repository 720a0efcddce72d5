/* SPDX-License-Identifier: Apache-2.0 */
/*
 * May a desk definition that can be read be put into force? All who have a say: desk_review() on routing,
 * template_review() on what is wrong with templates (what is only worth knowing of them is not told here), and whether
 * the plan that is made of it has room. Pure but for the time zones of the system.
 */
#ifndef JUDGE_JUDGE_H
#define JUDGE_JUDGE_H

#include "desk/review.h"

/* Tells each finding; `now_ms`: for hours and calendars. Returns how many were wrong: 0, it may. */
size_t judge_desk(const struct desk *d, int64_t now_ms, desk_tell *tell, void *arg);

#endif
