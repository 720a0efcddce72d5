/* SPDX-License-Identifier: Apache-2.0 */
/* Why a connection could not be made, in words an operator understands, and of which kind it is. Pure. */
#ifndef EMAIL_IMAP_FAULT_H
#define EMAIL_IMAP_FAULT_H

#include "imap_client.h"
#include "tls_trust.h"

#define IMAP_WHY_MAX 600

/* What curl and the server said. */
struct imap_attempt {
  const struct imap_account *account;
  CURLcode outcome;
  const char *error;      /* curl's own words */
  long os_errno;          /* of the last connect(); 0: none */
  bool connected;
  int64_t connect_ms;     /* the limit */
  const struct tls_trust *trust;
  bool foreign;           /* its first line is none of IMAP */
  bool answered;          /* the server's last NO, BAD or BYE follows */
  enum imap_code code;
  struct slice words;
};

uint16_t imap_account_port(const struct imap_account *a);
/* Adds one sentence without secrets. */
enum imap_down imap_fault(const struct imap_attempt *a, struct buf *ret_why);

#endif
