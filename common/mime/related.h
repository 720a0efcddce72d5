/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which attachments a mail's HTML shows (MI-17): by Content-ID (RFC 2392) or, in mails that are saved pages, by
 * Content-Location (RFC 2557), which is turned into the former. Inside common/mime only. Pure.
 */
#ifndef MIME_RELATED_H
#define MIME_RELATED_H

#include "mime/body.h"

enum { RELATED_SHOWN_MAX = 500, RELATED_LOCATIONS_MAX = 50 };

/* Sets `shown`, and gives a content_id to what had only a location. `body->html` may become another text. */
void related_read(struct reading *r, struct mail_body *body);

#endif
