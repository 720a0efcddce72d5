/* SPDX-License-Identifier: Apache-2.0 */
#include "tls_pin.h"
#include "base/encode.h"
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

static struct slice without_label(struct slice s) {
  static const struct slice labels[] = {{"sha256 fingerprint=", 19}, {"sha256//", 8}, {"sha256:", 7}};
  for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
    if (slice_starts_nocase(s, labels[i]))
      return slice_of(s.at + labels[i].len, s.len - labels[i].len);
  return s;
}

int tls_pin_read(const char *text, uint8_t ret[SHA256_BYTES]) {
  struct slice s = without_label(slice_trim(slice_text(text)));
  char hex[HEX_LEN(SHA256_BYTES) + 1];
  uint8_t pin[SHA256_BYTES + 1];
  size_t len = 0, got = 0;
  for (size_t i = 0; i < s.len && len < sizeof(hex); i++)
    if (s.at[i] != ':')
      hex[len++] = s.at[i];
  if ((len != HEX_LEN(SHA256_BYTES) || hex_decode(slice_of(hex, len), pin, sizeof(pin), &got)) &&
      (s.len != BASE64_LEN(SHA256_BYTES) || base64_decode(s, pin, sizeof(pin), &got)))
    return -EINVAL;
  if (got != SHA256_BYTES)
    return -EINVAL;
  memcpy(ret, pin, SHA256_BYTES);
  return 0;
}

bool tls_pin_fits(const uint8_t pin[SHA256_BYTES], X509 *leaf) {
  unsigned char *der = NULL;
  uint8_t certificate[SHA256_BYTES], key[SHA256_BYTES];
  bool fits = X509_digest(leaf, EVP_sha256(), certificate, NULL) == 1 && memcmp(pin, certificate, SHA256_BYTES) == 0;
  const int len = fits ? 0 : i2d_X509_PUBKEY(X509_get_X509_PUBKEY(leaf), &der);
  if (len > 0) {
    sha256(slice_of(der, (size_t)len), key);
    fits = memcmp(pin, key, SHA256_BYTES) == 0;
  }
  OPENSSL_free(der);
  return fits;
}
