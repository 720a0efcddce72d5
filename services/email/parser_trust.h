/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parser must know of the configuration to read a mail: which fields of it are the operator's own word, and
 * which addresses are the desk's. It has no configuration and no file, so its first request tells it (parser_wire.h):
 *
 *   "O address\n"   for each address of an e-mail channel
 *   "C name\n"      an e-mail channel, and then its
 *   "A id\n"        authserv_ids
 *   "S header\n"    spam_headers
 *
 * No setting has a line end in it (config/forms.h). Pure.
 */
#ifndef EMAIL_PARSER_TRUST_H
#define EMAIL_PARSER_TRUST_H

#include "base/buf.h"
#include "config/config.h"
#include "mime/mime.h"

struct parser_trust;

/* Adds to `ret`. Returns 0 or BUF_FULL. */
int must_check parser_trust_pack(const struct config *config, struct buf *ret);
/* Copies what it needs of `packed`; lines it does not know are left out. */
struct parser_trust *parser_trust_unpack(struct slice packed);
/* Lends what holds for a channel; one that is no longer configured has no trusted fields. */
const struct mime_trust *parser_trust_of(const struct parser_trust *t, struct slice channel);
void parser_trust_free(struct parser_trust **t);

#endif
