/* SPDX-License-Identifier: Apache-2.0 */
/* Does a text have the form a setting needs? Pure; texts are valid UTF-8 without NUL.
 * For the readers of operators' documents (config, desk). */
#ifndef CONFIG_FORMS_H
#define CONFIG_FORMS_H

#include "base/slice.h"

bool form_line(struct slice s);      /* no control characters */
bool form_prose(struct slice s);     /* the same, but TAB and line breaks */
bool form_name(struct slice s);      /* [a-z0-9][a-z0-9-]{0,31} */
bool form_listen(struct slice s);    /* host:port, [v6]:port; port 0 … 65535 */
bool form_link(struct slice s);      /* tcp://host:port, tcp://host:*, ipc:///path */
bool form_redis(struct slice s);     /* unix:/path, host:port */
bool form_domain(struct slice s);
bool form_url(struct slice s);
bool form_origin(struct slice s);
bool form_language(struct slice s);
bool form_ip(struct slice s);
bool form_recipient(struct slice s); /* local@domain, @domain, * */
bool form_number(struct slice s);
bool form_host(struct slice s);      /* a domain or an IP address */
bool form_pin(struct slice s);       /* sha256: and 32 bytes in hex, ':' between them or not; sha256// and base64 */
bool form_date(struct slice s);      /* 2026-11-24 */
bool form_keyword(struct slice s);   /* an atom of RFC 9051 section 9 */
bool form_folder(struct slice s);
bool form_field(struct slice s);     /* a header field's name, RFC 5322 section 2.2 */

/* Splits host:port at the last ':'; the host without its brackets. False without a port. */
bool host_port(struct slice s, struct slice *ret_host, struct slice *ret_port);

#endif
