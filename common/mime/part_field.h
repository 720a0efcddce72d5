/* SPDX-License-Identifier: Apache-2.0 */
/* What the Content-… fields of a part say. Inside common/mime only. Pure. */
#ifndef MIME_PART_FIELD_H
#define MIME_PART_FIELD_H

#include "mime/part.h"

/* Fills what the fields say. `preset` is the type by position when they say nothing, `first` whether it is where
 * text is expected. *ret_boundary is empty when none is given. */
void part_fields_read(struct reading *r, const struct mail_header *h, const char *preset, bool first,
                      struct mail_part *p, struct slice *ret_boundary);

#endif
