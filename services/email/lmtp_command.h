/* SPDX-License-Identifier: Apache-2.0 */
/* One LMTP command line taken apart (RFC 2033, RFC 5321 4.1). Everything lent points into the line. Pure. */
#ifndef EMAIL_LMTP_COMMAND_H
#define EMAIL_LMTP_COMMAND_H

#include "base/slice.h"

#define LMTP_PATH_MAX 320 /* bytes of an address: 64 + "@" + 255 */

enum { LMTP_SYNTAX = 1, LMTP_PARAMETER = 2 };

enum lmtp_verb {
  VERB_UNKNOWN,
  VERB_LHLO,
  VERB_HELO, /* EHLO too */
  VERB_MAIL,
  VERB_RCPT,
  VERB_DATA,
  VERB_RSET,
  VERB_NOOP,
  VERB_VRFY,
  VERB_QUIT,
  VERB_FOREIGN, /* another protocol speaks here, e.g. a web browser that was talked into it */
};

struct lmtp_command {
  enum lmtp_verb verb;
  struct slice argument; /* trimmed */
};

/* `line` without its CRLF. */
void lmtp_command_read(struct slice line, struct lmtp_command *ret);

struct lmtp_sender {
  struct slice path; /* "" for <> */
  bool smtputf8, eight_bit;
  uint64_t size;     /* announced; 0: not */
};

/* The argument of MAIL: "FROM:<path> SIZE=1 BODY=8BITMIME SMTPUTF8". Returns 0, LMTP_SYNTAX, LMTP_PARAMETER. */
int must_check lmtp_read_mail(struct slice argument, struct lmtp_sender *ret);
/* The argument of RCPT: "TO:<path>". Returns as above. */
int must_check lmtp_read_rcpt(struct slice argument, struct slice *ret_path);

#endif
