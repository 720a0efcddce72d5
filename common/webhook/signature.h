/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures of webhooks, checked over the raw bytes before anything is parsed (WH-01); constant-time compares.
 * Several secrets: any may match (rotation, WH-14). Pure. The published vectors are its unit tests.
 */
#ifndef WEBHOOK_SIGNATURE_H
#define WEBHOOK_SIGNATURE_H

#include "http/form.h"

enum { SIGNATURE_WRONG = 1, SIGNATURE_STALE = 2 };

/* Twilio: base64(HMAC-SHA1(token, url + each name and value, names sorted, values of a name sorted and unique)).
 * `url` is the full public URL with query as configured; both forms with and without default port are tried.
 * For a JSON body `form` is NULL and the URL's bodySHA256 must equal the hex SHA-256 of `body`.
 * https://www.twilio.com/docs/usage/security  Returns 0, SIGNATURE_WRONG. */
int must_check signature_twilio(const struct slice *secrets, size_t secret_count, struct slice url,
                                const struct form *form, struct slice body, struct slice header, struct arena *a);
/* Standard Webhooks (https://www.standardwebhooks.com): v1 HMAC-SHA256 over "id.timestamp.body"; secrets are
 * "whsec_" + base64 or the bare base64. Returns 0, SIGNATURE_WRONG, SIGNATURE_STALE (outside ±5 min). */
int must_check signature_standard(const struct slice *secrets, size_t secret_count, struct slice id,
                                  struct slice timestamp, struct slice body, struct slice header, int64_t now_ms);
/* For senders and tests: gives "v1,…" into `ret` (room for 64). Returns 0 or -EINVAL (bad secret). */
int must_check signature_standard_make(struct slice secret, struct slice id, struct slice timestamp, struct slice body,
                                       char ret[64]);

#endif
