/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection to the relay, by libesmtp, blocking: for a worker thread. It takes mail after mail as long as there is more
 * within a short while, so that a connection is made once for many.
 *
 * A mail goes to all its recipients or to none (a partly delivered one could not be tried again). Just before the final dot
 * the thread waits until its owner has noted on disk that the mail may now arrive; what breaks off after that is unsure.
 */
#ifndef EMAIL_SMTP_SESSION_H
#define EMAIL_SMTP_SESSION_H

#include "base/buf.h"
#include "outbound/outbound.h"
#include "smtp_guard.h"

#define SMTP_WHY 600
#define SMTP_MAILS_A_CONNECTION 500

struct smtp_relay {
  const char *host, *port;
  SSL_CTX *tls;             /* STARTTLS is demanded; NULL: plain */
  const char *user, *password; /* "" none */
  bool implicit_tls;        /* these four: smtp_curl.h only */
  const char *ca_file, *pin;
  const char *token_file;   /* read for each connection, for another program renews it; "" none */
  const char *helo;
  int64_t connect_ms;
  int64_t answer_ms;        /* patience for one answer; 0: RFC 5321 4.5.3.2 */
};

struct smtp_mail {
  struct smtp_mail *next;
  void *tag;
  const char *from;         /* "" : the null path */
  char *const *to;
  size_t to_count;
  bool never_notify;        /* RCPT … NOTIFY=NEVER where DSN is offered (AR-30) */
  struct slice bytes;       /* CRLF, not dot-stuffed */
  /* how it went */
  enum outbound_outcome outcome;
  bool relay_down;
  char why[SMTP_WHY], code[16];
};

struct smtp_user {
  /* Makes the mail's bytes; false: it cannot be sent, outcome, why and code say so (done() follows). May be NULL. */
  bool (*prepare)(void *arg, struct smtp_mail *mail);
  /* The descriptor of this thread's connection, before it connects; -1: it is closed. May be NULL. */
  void (*connection)(void *arg, int fd);
  /* The next mail for this connection; waits a little; NULL: none. */
  struct smtp_mail *(*next)(void *arg);
  /* Blocks until it is noted that the final dot follows; false: it must not. */
  bool (*committing)(void *arg, struct smtp_mail *mail);
  /* outcome, why and code are set. */
  void (*done)(void *arg, struct smtp_mail *mail);
  void *arg;
};

/* Once per process, before the first session. */
void smtp_session_prepare(void);
/* Begins with `first`; done() has been called for every mail taken when it returns. */
void smtp_session_run(const struct smtp_relay *relay, struct smtp_mail *first, const struct smtp_user *user);

#endif
