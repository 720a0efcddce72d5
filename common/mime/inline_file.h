/* SPDX-License-Identifier: Apache-2.0 */
/* Files that stand in a text as they did before MIME: uuencode and yEnc (MI-15). Inside common/mime only. Pure. */
#ifndef MIME_INLINE_FILE_H
#define MIME_INLINE_FILE_H

#include "mime/body.h"

enum { INLINE_FILES_MAX = 100 }; /* of one text; more stay where they are */

/* Takes them out of the bytes of a text, of which *label is the character set; each is an attachment of `body`. Lends
 * `bytes` when there are none. */
struct slice inline_files_take(struct reading *r, struct slice bytes, struct slice label, struct mail_body *body);

#endif
