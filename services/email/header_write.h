/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Header fields of mail that goes out (RFC 5322, 2047): folded, ASCII only, CRLF. Whatever a value holds, it stays inside
 * its field: controls become blanks, text that could be taken for an encoded-word is encoded (SE-12, AR-39). No line with
 * an encoded-word is longer than 76 characters, no other than 78 unless a single word is; none ever than 998. Pure.
 */
#ifndef EMAIL_HEADER_WRITE_H
#define EMAIL_HEADER_WRITE_H

#include "base/buf.h"

#define HEADER_LINE_MAX 998

/* "Name: value" of free text, UTF-8. An empty value writes nothing. */
void header_write_text(struct buf *out, const char *name, struct slice value);
/* "Name: display <address>"; without a display name "Name: address". The address was checked: header_address_ok(). */
void header_write_mailbox(struct buf *out, const char *name, struct slice display, struct slice address);
/* "Name: a, b, c", a line each. */
void header_write_addresses(struct buf *out, const char *name, char *const *addresses, size_t count);
/* "Name: <id> <id>": ids without <>; one that is not printable ASCII or holds <> is left out. */
void header_write_ids(struct buf *out, const char *name, char *const *ids, size_t count);
/* "Date: Tue, 24 Nov 2026 09:30:00 +0000" */
void header_write_date(struct buf *out, int64_t unix_ms);
/* A parameter of the last field on a line of its own: "; name=value" as a token, a quoted string, or RFC 2231. */
void header_write_parameter(struct buf *out, const char *name, struct slice value);

/* One addr-spec that can be written as it is: printable ASCII, one '@' outside quotes, no blanks, commas or <>,
 * at most 254 characters (RFC 5321 4.5.3.1.3). */
bool header_address_ok(struct slice address);
/* One Message-ID without <>. */
bool header_id_ok(struct slice id);

#endif
