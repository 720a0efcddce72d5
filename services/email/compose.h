/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes of a mail that goes out: an OutboundMessage into RFC 5322 and MIME. Lines end with CRLF and have at most 998
 * octets (TR-24); everything is 7-bit, so that any next system takes it; nothing a customer or a template supplied can
 * start a header field or a part (SE-12). The same message gives the same bytes on every try.
 *
 *   text                            text/plain
 *   text and html                   multipart/alternative
 *   … and attachments               multipart/mixed; those with a content id that the html shows: multipart/related
 *
 * An acknowledgement says that it is one (AR-31, AR-33); a reply written by an agent says nothing of the kind (AR-32). Pure.
 */
#ifndef EMAIL_COMPOSE_H
#define EMAIL_COMPOSE_H

#include "base/arena.h"
#include "base/buf.h"
#include "deskbell/v1/outbound.pb-c.h"

#define COMPOSE_MAX (64u * 1024 * 1024)

enum {
  COMPOSE_BAD_ADDRESS = 1,   /* an address that cannot be written; with a non-ASCII local part it needs SMTPUTF8 (AD-09) */
  COMPOSE_BAD_ID = 2,        /* no usable Message-ID of ours */
  COMPOSE_TOO_LARGE = 3,
};

struct compose_sender {
  struct slice address;      /* From: of the channel, reachable by a person (AR-35) */
  struct slice name;         /* "" none */
  struct slice reply_to;     /* with the reply token; "" none */
};

/* `files`: the bytes of each attachment, in order. Returns 0 or an outcome above with `*ret_why` in words. */
int must_check compose_mail(const Deskbell__V1__OutboundMessage *m, const struct compose_sender *sender,
                            const struct slice *files, struct buf *ret, const char **ret_why);

#endif
