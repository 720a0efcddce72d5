/* SPDX-License-Identifier: Apache-2.0 */
/* What a mail says about the conversation it belongs to, as said: nothing here is checked (TH-01, TH-07, TH-13).
 * Inside common/mime only. Pure. */
#ifndef MIME_THREAD_H
#define MIME_THREAD_H

#include "event/event.h"
#include "mime/header.h"

enum { THREAD_REFERENCES_MAX = 200, THREAD_REPLIES_MAX = 32, THREAD_TOKENS_MAX = 32, THREAD_TOKEN_LEN_MAX = 64 };

/* `message_id` as mime_digest() found it; `token` from the envelope; `to` the parties of To and Cc. */
void thread_read(struct reading *r, const struct mail_header *h, struct slice message_id, struct slice token,
                 event_party *const *to, size_t to_count, const char *subject, Deskbell__V1__ThreadHints *ret);

#endif
