/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which certificate of a mail server is believed. By default one that an authority known here has signed for the host's
 * name; or, with a pin, exactly one certificate, whoever signed it, whatever name and dates it has: that is for private
 * authorities and self-signed servers.
 *
 * A pin is a SHA-256 of the certificate or of its public key, as hex (colons or not) or base64:
 *   sha256:4A:6F:…    what `openssl x509 -noout -fingerprint -sha256` and browsers show of a certificate
 *   sha256//YhKJ…=    what curl takes as --pinnedpubkey, of its public key; survives a renewal with the same key
 * Both forms are tried against both, so whoever copies one need not know which it is.
 *
 * A refused certificate's fingerprint is told, so that the operator can compare and pin it.
 */
#ifndef EMAIL_TLS_TRUST_H
#define EMAIL_TLS_TRUST_H

#include "base/buf.h"
#include "base/digest.h"
#include <curl/curl.h>

#define TLS_NAMES_MAX 200

struct tls_trust {
  bool pinned;
  uint8_t pin[SHA256_BYTES];
  /* What the handshake saw */
  bool seen;               /* a certificate was judged */
  bool refused;            /* and not believed */
  int error;               /* X509_V_ERR_…, when not pinned */
  uint8_t certificate[SHA256_BYTES];
  char names[TLS_NAMES_MAX]; /* "mail.example.org, *.example.net": what it is for; printable */
};

/* Returns 0 or -EINVAL. */
int must_check tls_pin_read(const char *text, uint8_t ret[SHA256_BYTES]);
/* Sets up `easy`; `ca_file` and `pin` may be "". Borrows `t` as long as the transfer. Returns 0 or -EINVAL: the pin is
 * none. */
int must_check tls_trust_apply(struct tls_trust *t, CURL *easy, const char *ca_file, const char *pin);
/* Adds why the certificate was not believed: a half sentence that goes on from "the certificate of HOST ". */
void tls_trust_why(const struct tls_trust *t, const char *host, struct buf *ret);

#endif
