/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which certificate of a mail server is believed. By default one that an authority known here has signed for the host's
 * name; or, with a pin, exactly one certificate, whoever signed it, whatever name and dates it has: that is for private
 * authorities and self-signed servers (tls_pin.h).
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

/* Sets up `easy`; `ca_file` and `pin` may be "". Borrows `t` as long as the transfer. Returns 0 or -EINVAL: the pin is
 * none. */
int must_check tls_trust_apply(struct tls_trust *t, CURL *easy, const char *ca_file, const char *pin);
/* Adds why the certificate was not believed: a half sentence that goes on from "the certificate of HOST ". */
void tls_trust_why(const struct tls_trust *t, const char *host, struct buf *ret);

#endif
