/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a mail server's reply means for the message (RFC 5321 4.2, RFC 3463). The digit decides, but for rows of known
 * exceptions: a 5xx that says "greylisted" is put off, a refused password is the relay's trouble and no message's. Pure.
 */
#ifndef EMAIL_SMTP_REPLY_H
#define EMAIL_SMTP_REPLY_H

#include "base/slice.h"

enum reply_meaning {
  REPLY_ACCEPTED,
  REPLY_DEFER,        /* this message, later */
  REPLY_DEFER_RELAY,  /* everything over this relay, later */
  REPLY_FAIL,         /* never */
};

enum reply_step { REPLY_AT_GREETING, REPLY_AT_AUTH, REPLY_AT_MAIL, REPLY_AT_RCPT, REPLY_AT_DATA };

/* `enhanced`: "5.1.1" or empty; `text`: the rest. A code that is none counts as a broken relay. */
enum reply_meaning reply_judge(enum reply_step step, int code, struct slice enhanced, struct slice text);

#endif
