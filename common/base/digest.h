/* SPDX-License-Identifier: Apache-2.0 */
/* Digests and keyed digests, by OpenSSL. */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include "base/slice.h"

#define SHA256_BYTES 32
#define SHA1_BYTES 20

struct digest; /* a running SHA-256 */

void sha256(struct slice bytes, uint8_t ret[SHA256_BYTES]);
struct digest *digest_new(void);
void digest_free(struct digest **d);
void digest_add(struct digest *d, struct slice bytes);
/* Ends it; the digest may then be used again from the start. */
void digest_end(struct digest *d, uint8_t ret[SHA256_BYTES]);

void hmac_sha256(struct slice key, struct slice bytes, uint8_t ret[SHA256_BYTES]);
void hmac_sha1(struct slice key, struct slice bytes, uint8_t ret[SHA1_BYTES]);
/* Constant time for equal lengths. */
bool bytes_equal_secret(struct slice a, struct slice b);
/* From the system's generator; ends the process if there is none. */
void random_bytes(void *ret, size_t len);

#endif
