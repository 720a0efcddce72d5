/* SPDX-License-Identifier: Apache-2.0 */
/* yEnc 1.2, as newsreaders put it into texts (MI-15). Inside common/mime only. Pure. */
#ifndef MIME_YENC_H
#define MIME_YENC_H

#include "base/slice.h"

/* "=ybegin … name=NAME" as a line of its own at or behind `from`, and an "=ypart" line below it: the offset, the name,
 * and where the data begin. */
bool yenc_find_begin(struct slice s, size_t from, size_t *ret_at, size_t *ret_data, struct slice *ret_name);
/* From there to "=yend", into `out`, which has room for s.len bytes. *ret_taken is how much was read: all of it when
 * there is no end. */
size_t yenc_decode(struct slice s, char *out, size_t *ret_taken);

#endif
