/* SPDX-License-Identifier: Apache-2.0 */
/* What e-mail addresses and phone numbers share. Inside common/text only. */
#ifndef TEXT_ADDRESS_SCAN_H
#define TEXT_ADDRESS_SCAN_H

#include "base/slice.h"

/* Without what copying from a page or a phone's address book leaves at the ends: white space of any script, zero
 * width characters, direction marks. The sender's form-decoded leading space goes too. */
struct slice address_trim(struct slice s);
/* Any control, space other than U+0020, format or unassigned character; or broken UTF-8. */
bool address_has_invisible(struct slice s);
/* "tel", "sms", "whatsapp", …: prefixes that providers put before a number; any case. */
bool address_is_phone_scheme(struct slice scheme);

#endif
