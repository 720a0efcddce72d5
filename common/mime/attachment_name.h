/* SPDX-License-Identifier: Apache-2.0 */
/* Names of attachments as they are shown (MI-16). Never used as a path: the bytes are stored under their digest.
 * Inside common/mime only. Pure. */
#ifndef MIME_ATTACHMENT_NAME_H
#define MIME_ATTACHMENT_NAME_H

#include "mime/reading.h"

enum { ATTACHMENT_NAME_MAX = 200 };

/* One line without folders, device names, direction marks and characters that a disk refuses; made from the type
 * when nothing is left. */
char *attachment_name_clean(struct reading *r, const char *raw, const char *type);
/* "scan (2).pdf" when one of `taken` is "scan.pdf". */
char *attachment_name_unique(struct reading *r, char *name, char *const *taken, size_t taken_count);

#endif
