/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection to an IMAP server, logged in: libcurl finds the host, does TLS or STARTTLS and AUTHENTICATE; what
 * comes after is bytes in and out. Internal to imap_client.
 *
 * libcurl holds the connection in its multi (CURLOPT_CONNECT_ONLY: the handle must stay there); when it is done it
 * watches the socket no more and we do. TLS may hold bytes that poll() knows nothing of, so it is read until there is
 * nothing, in turns of READ_TURNS so that one mailbox does not keep the loop.
 */
#ifndef EMAIL_IMAP_CONNECTION_H
#define EMAIL_IMAP_CONNECTION_H

#include "base/buf.h"
#include "imap_client.h"

struct imap_connection;

struct imap_connection_user {
  void (*up)(void *arg);
  void (*bytes)(void *arg, struct slice bytes); /* lent */
  void (*writable)(void *arg);                  /* what was sent before is gone */
  /* Once; nothing follows. `why` is lent. */
  void (*down)(void *arg, enum imap_down reason, const char *why);
  void *arg;
};

struct imap_login {
  const struct imap_account *account; /* borrowed until closed */
  const char *password;               /* copied */
  const char *token;                  /* copied; "": none */
  int64_t connect_ms;
};

/* Starts connecting; says nothing from within. */
struct imap_connection *imap_connection_open(uv_loop_t *loop, struct curl_loop *curl, const struct imap_login *login,
                                             const struct imap_connection_user *user);
/* Closes at once; no callback follows. Frees itself from the loop. May be called from within a callback. */
void imap_connection_close(struct imap_connection **c);
/* Takes bytes from `output` when it can; otherwise writable() follows. */
void imap_connection_send(struct imap_connection *c, struct buf *output);
/* No bytes() from now on, until resumed. */
void imap_connection_pause(struct imap_connection *c);
void imap_connection_resume(struct imap_connection *c);

#endif
