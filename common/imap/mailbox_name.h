/* SPDX-License-Identifier: Apache-2.0 */
/* Names of folders: UTF-8 for people, modified UTF-7 on the wire (RFC 3501 section 5.1.3). Pure. */
#ifndef IMAP_MAILBOX_NAME_H
#define IMAP_MAILBOX_NAME_H

#include "base/buf.h"

/* Adds the wire form, printable ASCII. Returns 0; -EINVAL when `name` is not valid UTF-8 or holds a NUL; BUF_FULL. */
int must_check mailbox_name_encode(struct slice name, struct buf *ret);
/* Adds the UTF-8. Returns 0; -EINVAL when `wire` is no modified UTF-7 (some servers send plain UTF-8); BUF_FULL. What
 * was added before a fault stays. */
int must_check mailbox_name_decode(struct slice wire, struct buf *ret);

#endif
