/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 2047 as it is written, not as it was meant (MI-06, MI-07). Inside common/mime only. Pure. */
#ifndef MIME_ENCODED_WORD_H
#define MIME_ENCODED_WORD_H

#include "mime/reading.h"

/* Length of the encoded-word at the start of `s`, 0 when there is none. With `spaces` its text may hold spaces. */
size_t encoded_word_length(struct slice s, bool spaces);
/* One clean line of UTF-8 of an unfolded header value: encoded-words decoded, characters split over two words
 * joined, raw 8-bit taken as UTF-8 or windows-1252. Warnings "encoded-word-broken", "header-8bit" and charset's. */
char *encoded_word_decode(struct reading *r, struct slice value);

#endif
