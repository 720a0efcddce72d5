/* SPDX-License-Identifier: Apache-2.0 */
/* Text forms of bytes: hex, base64 (RFC 4648), Crockford base32 (lower case), percent-encoding; and CRC-32C. */
#ifndef BASE_ENCODE_H
#define BASE_ENCODE_H

#include "base/buf.h"

#define HEX_LEN(n) (2 * (n))
#define BASE64_LEN(n) (4 * (((n) + 2) / 3))
#define BASE32_LEN(n) (((n) * 8 + 4) / 5)

/* Each writes exactly the length above and a NUL. */
void hex_encode(const void *bytes, size_t len, char *ret);
void base64_encode(const void *bytes, size_t len, char *ret);
void base32_encode(const void *bytes, size_t len, char *ret);
/* Returns 0 or -EINVAL; `len` is the room in `ret`, *ret_len what was written. Hex takes both cases; base64 is
 * strict RFC 4648 with padding. */
int must_check hex_decode(struct slice text, void *ret, size_t len, size_t *ret_len);
int must_check base64_decode(struct slice text, void *ret, size_t len, size_t *ret_len);
/* Decodes %XX, and '+' as a space when `plus` (application/x-www-form-urlencoded). A broken %XX stays as it is. */
int must_check percent_decode(struct slice text, bool plus, struct buf *ret);
/* Escapes everything but RFC 3986 unreserved characters. */
int percent_encode(struct slice text, struct buf *ret);
/* CRC-32C (Castagnoli), continuing from `crc` (0 to start). */
uint32_t crc32c(uint32_t crc, const void *bytes, size_t len);

#endif
