/* SPDX-License-Identifier: Apache-2.0 */
/* Content-Transfer-Encoding (MI-14): decodes what is decodable and never fails. Inside common/mime only. Pure. */
#ifndef MIME_TRANSFER_H
#define MIME_TRANSFER_H

#include "mime/reading.h"

enum transfer {
  TRANSFER_IDENTITY,
  TRANSFER_BASE64,
  TRANSFER_QUOTED_PRINTABLE,
  TRANSFER_UUENCODE,
  TRANSFER_YENC,
  TRANSFER_UNKNOWN, /* base64 when it looks like nothing else, or identity */
};

/* "7-bit", "8 bits", "BASE64 (comment)", …; unknown ones with the warning "transfer-encoding-unknown". */
enum transfer transfer_find(struct reading *r, struct slice value);
/* Lends `content` for identity and for what is not in base64 although it says so ("transfer-encoding-wrong"),
 * otherwise the arena's. */
struct slice transfer_decode(struct reading *r, enum transfer encoding, struct slice content);
/* The same for a text, to whose end a gateway may have put lines that are not encoded: *ret_tail. */
struct slice transfer_decode_text(struct reading *r, enum transfer encoding, struct slice content,
                                  struct slice *ret_tail);

enum { TRANSFER_SPARE = 4 };
/* Into `out`, which has room for s.len + TRANSFER_SPARE bytes, for base64 three quarters of s.len and that. Returns
 * what was written. Junk in base64 is skipped, and comments; padding ends a quantum, not the text, for some senders
 * encode line by line. With `header` '_' is a space (RFC 2047 Q). */
size_t transfer_base64(struct slice s, char *out);
size_t transfer_quoted_printable(struct slice s, bool header, char *out);
/* From behind the "begin" line to "end". *ret_taken is how much was read, 0 when it is no uuencoded text. */
size_t transfer_uudecode(struct slice s, char *out, size_t *ret_taken);
/* "begin 644 name" as a line of its own at or behind `from`; its offset and name, and where its data begins. */
bool transfer_find_begin(struct slice s, size_t from, size_t *ret_at, size_t *ret_data, struct slice *ret_name);

#endif
