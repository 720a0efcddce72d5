/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an operator asks of the program that reads mailboxes: a file NAME.VERB in a folder that it watches. A file,
 * because the asking is then durable: who asks while the program is down is heard at its next start, and the file goes
 * only when what was asked is in the ledger. Asking twice is asking once.
 */
#ifndef MAILBOX_REQUEST_H
#define MAILBOX_REQUEST_H

#include "base/fault.h"

enum mailbox_verb {
  MAILBOX_RECONCILE, /* compare all the server has with all that was stored, now */
  MAILBOX_RESCAN,    /* read everything again; what is known is not stored twice */
  MAILBOX_VERBS,
};

#define MAILBOX_REQUEST_FOLDER "email/mailboxes/requests" /* below the desk's folder */

enum { REQUEST_NONE = 1 };

#define REQUEST_NAME_MAX 64

struct mailbox_request {
  char mailbox[REQUEST_NAME_MAX];
  enum mailbox_verb verb;
};

const char *mailbox_verb_text(enum mailbox_verb verb);
/* Makes the folder when it is missing. Returns 0 or -errno. */
int must_check mailbox_request_put(const char *folder, const struct mailbox_request *r);
/* Reads a file's name. Returns 0, or REQUEST_NONE when it is no request. */
int must_check mailbox_request_read(const char *name, struct mailbox_request *ret);
/* Is it still there? */
bool mailbox_request_waits(const char *folder, const struct mailbox_request *r);
/* It was done. */
void mailbox_request_end(const char *folder, const struct mailbox_request *r);
/* Calls each() for the requests that wait; it may end them. Returns 0 or -errno. */
int must_check mailbox_request_each(const char *folder, void (*each)(void *arg, const struct mailbox_request *r),
                                    void *arg);

#endif
