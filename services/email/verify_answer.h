/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a parser's answer may be believed: a parser that was taken over by a mail must not speak for another
 * channel, name bytes that are not stored, or hand on what later readers could stumble over. What it says about its
 * own mail, be it that the sender is proven, cannot be checked without reading that mail again. Pure.
 */
#ifndef EMAIL_VERIFY_ANSWER_H
#define EMAIL_VERIFY_ANSWER_H

#include "event/event.h"
#include "mail_record.h"

/* Returns true, or false with `*ret_why` a static sentence. */
bool answer_believable(struct slice packed, const struct event_id *id, const struct mail_record *record,
                       const struct blob_ref *blobs, size_t blob_count, struct arena *a, const char **ret_why);

#endif
