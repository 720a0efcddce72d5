/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One Authentication-Results field as RFC 8601 2.2 writes it and filters write it: comments, quoted strings, versions,
 * several results of a method, words that belong to nothing. Whether to believe it is authenticity.c's business.
 * Inside common/mime only. Pure, linear.
 */
#ifndef MIME_AUTHRES_H
#define MIME_AUTHRES_H

#include "mime/reading.h"

enum { AUTHRES_MAX = 32 }; /* results of one field; later ones are not looked at */

/* Lent from the value; empty when not said. Any case, any form. */
struct authres_result {
  struct slice method, result;
  struct slice from;        /* header.from */
  struct slice signer;      /* header.d, or else header.i */
  struct slice mail_from;   /* smtp.mailfrom */
};

struct authres {
  struct slice id;          /* authserv-id; "-" when the field has none, as Exchange Online's */
  struct authres_result results[AUTHRES_MAX];
  size_t count;
};

/* `value` is unfolded. False when it says nothing that could be read: neither id nor result, or a version that is
 * not 1. */
bool authres_read(struct slice value, struct authres *ret);

#endif
