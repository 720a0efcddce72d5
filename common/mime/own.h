/* SPDX-License-Identifier: Apache-2.0 */
/* Which addresses are the desk's own, and what passes for them. Inside common/mime only. Pure. */
#ifndef MIME_OWN_H
#define MIME_OWN_H

#include "mime/mime.h"
#include "mime/reading.h"

/* All take addresses and domains as they come from a key: lower case, A-labels. False for a NULL `own`. */

/* One of them, or in a domain that is the desk's as a whole ("@example.com"); a sub-address (+…) does not count. */
bool own_has_address(const struct mime_own *own, struct slice address);
/* The domain of one of them, unless it is a mail provider's, which thousands share. */
bool own_has_domain(const struct mime_own *own, struct slice domain);
/* It looks like the domain of one of them and is none. */
bool own_is_imitated(struct reading *r, const struct mime_own *own, struct slice domain);

/* What is behind the last '@'; empty without one. */
struct slice domain_of(struct slice address);
/* The address or domain, of any form, as a key has its domain; "" when it is none. */
struct slice domain_key(struct reading *r, struct slice address_or_domain);
/* One is the other, or is below it: "mail.example.com" below "example.com", nothing below "com". */
bool domain_covers(struct slice above, struct slice below);

#endif
