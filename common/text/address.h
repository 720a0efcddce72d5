/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses of customers (RFC 5321, 6531, E.164): kept raw, for sending, and as a key for identity. Pure. */
#ifndef TEXT_ADDRESS_H
#define TEXT_ADDRESS_H

#include "base/arena.h"

enum { ADDRESS_INVALID = 1 };

/* "User@EXAMPLE.org" → address "User@example.org", key "email:user@example.org" (local part lower-cased ASCII + NFC,
 * domain to A-labels by IDNA 2008 non-transitional, trailing dot removed; AD-02…AD-05). Dots and +tags stay (AD-04).
 * Encoded-words in the addr-spec are refused (AD-14). Returns 0, ADDRESS_INVALID, -ENOMEM. */
int must_check address_email(struct arena *a, struct slice raw, char **ret_address, char **ret_key);
/* "+1 (415) 555-2671", " 14155552671" (form-decoded '+'), "whatsapp:+1415…" → "+14155552671", key "tel:+14155552671".
 * Only with a plus (or `digits_are_e164` for providers that send bare digits) and 8 to 15 digits. Short codes and
 * alphanumeric senders are kept verbatim with key "short:…" (AD-10); *ret_answerable false for them.
 * Returns 0, ADDRESS_INVALID, -ENOMEM. */
int must_check address_phone(struct arena *a, struct slice raw, bool digits_are_e164, char **ret_address,
                             char **ret_key, bool *ret_answerable);
/* Any key from operator input: an e-mail address, a phone number or a key as it is ("email:…", "tel:…", "id:…"). */
int must_check address_key_of(struct arena *a, struct slice raw, char **ret_key);
/* Splits "support+token@example.com": local part before the '+', the token (may be empty), the domain. */
bool address_split_token(struct slice address, struct slice *ret_local, struct slice *ret_token,
                         struct slice *ret_domain);

#endif
