/* SPDX-License-Identifier: Apache-2.0 */
/* Whether nobody wrote this mail, by its header alone (AR-01 … AR-06, AR-11, AR-17, AR-18). Inside common/mime
 * only. Pure. */
#ifndef MIME_AUTOMATIC_H
#define MIME_AUTOMATIC_H

#include "event/event.h"
#include "mime/part.h"

/* NULL when nothing speaks for it. With evidence that only asks for silence (Precedence,
 * X-Auto-Response-Suppress), the kind is empty. */
Deskbell__V1__Automatic *automatic_read(struct reading *r, const struct mail_header *h, const struct mail_part *root,
                                        bool null_path);

#endif
