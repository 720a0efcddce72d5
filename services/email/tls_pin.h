/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pin is a SHA-256 of the certificate or of its public key, as hex (colons or not) or base64:
 *   sha256:4A:6F:…    what `openssl x509 -noout -fingerprint -sha256` and browsers show of a certificate
 *   sha256//YhKJ…=    what curl takes as --pinnedpubkey, of its public key; survives a renewal with the same key
 * Both forms are tried against both, so whoever copies one need not know which it is.
 */
#ifndef EMAIL_TLS_PIN_H
#define EMAIL_TLS_PIN_H

#include "base/digest.h"
#include <openssl/x509.h>
#include <stdbool.h>

/* Returns 0 or -EINVAL. */
int must_check tls_pin_read(const char *text, uint8_t ret[SHA256_BYTES]);
/* Is it this certificate, or any with its key? */
bool tls_pin_fits(const uint8_t pin[SHA256_BYTES], X509 *leaf);

#endif
