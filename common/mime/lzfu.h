/* SPDX-License-Identifier: Apache-2.0 */
/* RTF as Exchange compresses it (MS-OXRTFCP). Inside common/mime only. Pure. */
#ifndef MIME_LZFU_H
#define MIME_LZFU_H

#include "mime/reading.h"

/* Into the arena, at most `most` bytes. What is damaged or cut off ends the text early; false when nothing can be
 * read. */
bool lzfu_read(struct reading *r, struct slice compressed, size_t most, struct slice *ret);

#endif
