/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is to be thought of a mail once it has been read: automatic or a person's, what it reports on, whether the
 * sender is who he says, what the operator's filter said. Inside common/mime only. Pure.
 */
#ifndef MIME_JUDGE_H
#define MIME_JUDGE_H

#include "event/event.h"
#include "mime/mime.h"
#include "mime/part.h"

/* Sets automatic, report, authenticity, suspected ("spam-filter") and from.verified of an event whose from, subject and
 * text are set; warnings "looks-automatic" and those of authenticity.h. */
void judge(struct reading *r, const struct mail_header *h, const struct mail_part *root,
           const struct mime_envelope *envelope, contact_event *e);

#endif
