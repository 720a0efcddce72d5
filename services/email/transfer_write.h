/* SPDX-License-Identifier: Apache-2.0 */
/* Content transfer encodings for mail that goes out (RFC 2045 section 6); CRLF, lines of at most 76. Pure. */
#ifndef EMAIL_TRANSFER_WRITE_H
#define EMAIL_TRANSFER_WRITE_H

#include "base/buf.h"

enum text_encoding { TEXT_7BIT, TEXT_QUOTED_PRINTABLE, TEXT_BASE64 };

/* What suits a text with LF: 7bit for short lines of ASCII, quoted-printable while it stays readable, else base64. */
enum text_encoding transfer_choose(struct slice text);
const char *transfer_name(enum text_encoding encoding);
/* Ends with CRLF unless the text is empty. */
void transfer_write_text(struct buf *out, struct slice text, enum text_encoding encoding);
void transfer_write_base64(struct buf *out, struct slice bytes);

#endif
