/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What libesmtp 1.1.0 leaves open, closed around it, for the thread that calls it:
 *   - connect() gets a deadline, TCP_NODELAY (else 44 ms for each mail) and close-on-exec; the program's own connect() is
 *     used by the library, and does this only between smtp_guard_enter() and smtp_guard_leave();
 *   - TLS by a context of ours: the certificate is checked against the configured name (the library would take the DNS
 *     canonical name), SNI is sent, at most TLS 1.2 (with 1.3 its reads and the session tickets get in each other's way),
 *     or a pinned key instead of a CA;
 *   - plain text that a server sends behind its answer to STARTTLS would be read as if it were encrypted: the connection is
 *     cut (CVE-2011-0411's kind of attack);
 *   - mails go by DATA, never in chunks (BDAT): of several answers the library tells only the last, so that a disk that is
 *     full for a moment becomes "551 discarded after earlier error", and a mail that is too large ends in doubt;
 *   - the last thing the server said is kept, for the operator. What we say is never looked at: it has passwords.
 */
#ifndef EMAIL_SMTP_GUARD_H
#define EMAIL_SMTP_GUARD_H

#include "base/slice.h"
#include <openssl/ssl.h>

#define SMTP_GUARD_SAID 300

struct smtp_guard {
  int64_t connect_ms;             /* deadline of connect(), also for reading its first byte */
  int fd;                         /* of the connection; -1 none yet */
  void (*connection)(void *arg, int fd); /* told before it connects; may be NULL */
  void *arg;
  bool starttls_sent, injected;   /* cut, because text came behind the answer to STARTTLS */
  bool tls_begun, tls_done;       /* the handshake */
  const char *tls_why;            /* why the certificate was refused; NULL: it was not */
  char said[SMTP_GUARD_SAID];     /* last line of the server, printable; "" nothing yet */
};

/* The TLS context for one relay: may be used by many threads. `ca_file` "": the system's; `pin`: "sha256:" and the digest in
 * hex of the server's certificate or of its public key (SubjectPublicKeyInfo), "": verify by CA. Returns 0 (gives *ret) or
 * < 0 with the complaint filled. */
int must_check smtp_guard_tls(const char *host, const char *ca_file, const char *pin, SSL_CTX **ret,
                              struct complaint *complaint);
/* The context believes this one certificate or key and no other, whoever signed it. `pin` is borrowed. */
void smtp_guard_pin(SSL_CTX *ctx, const char *pin);
void smtp_guard_enter(struct smtp_guard *g);
void smtp_guard_leave(void);
/* The monitor callback of libesmtp; `arg` is the guard. */
void smtp_guard_monitor(const char *bytes, int len, int writing, void *arg);

#endif
