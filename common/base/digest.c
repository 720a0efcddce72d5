/* SPDX-License-Identifier: Apache-2.0 */
#include "base/digest.h"
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <sys/random.h>

struct digest {
  EVP_MD_CTX *md;
};

void sha256(struct slice bytes, uint8_t ret[SHA256_BYTES]) {
  SHA256((const unsigned char *)bytes.at, bytes.len, ret);
}

struct digest *digest_new(void) {
  struct digest *d = must_calloc(1, sizeof(*d));
  d->md = EVP_MD_CTX_new();
  if (!d->md || EVP_DigestInit_ex(d->md, EVP_sha256(), NULL) != 1)
    abort();
  return d;
}

void digest_free(struct digest **d) {
  if (!d || !*d)
    return;
  EVP_MD_CTX_free((*d)->md);
  free(*d);
  *d = NULL;
}

void digest_add(struct digest *d, struct slice bytes) {
  if (bytes.len && EVP_DigestUpdate(d->md, bytes.at, bytes.len) != 1)
    abort();
}

void digest_end(struct digest *d, uint8_t ret[SHA256_BYTES]) {
  if (EVP_DigestFinal_ex(d->md, ret, NULL) != 1 || EVP_DigestInit_ex(d->md, EVP_sha256(), NULL) != 1)
    abort();
}

void hmac_sha256(struct slice key, struct slice bytes, uint8_t ret[SHA256_BYTES]) {
  if (!HMAC(EVP_sha256(), key.at, (int)key.len, (const unsigned char *)bytes.at, bytes.len, ret, NULL))
    abort();
}

void hmac_sha1(struct slice key, struct slice bytes, uint8_t ret[SHA1_BYTES]) {
  if (!HMAC(EVP_sha1(), key.at, (int)key.len, (const unsigned char *)bytes.at, bytes.len, ret, NULL))
    abort();
}

bool bytes_equal_secret(struct slice a, struct slice b) {
  return a.len == b.len && CRYPTO_memcmp(a.at, b.at, a.len) == 0;
}

void random_bytes(void *ret, size_t len) {
  uint8_t *at = ret;
  while (len) {
    ssize_t got = getrandom(at, len, 0);
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      abort();
    at += got;
    len -= (size_t)got;
  }
}
