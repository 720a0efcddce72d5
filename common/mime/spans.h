/* SPDX-License-Identifier: Apache-2.0 */
/* What of a mail's text is quoted, signed or boilerplate (text/strip.h), for its event. Inside common/mime only. */
#ifndef MIME_SPANS_H
#define MIME_SPANS_H

#include "event/event.h"
#include "mime/body.h"

/* Judges the whole text and sets e->spans, which index into e->text. Subject and thread are read already. */
void spans_set(struct reading *r, const struct mail_body *body, contact_event *e);

#endif
