/* SPDX-License-Identifier: Apache-2.0 */
/* A result as an HTTP answer. */
#ifndef INBOX_ANSWER_H
#define INBOX_ANSWER_H

#include "inbox.h"
#include "result.h"

#define ANSWER_HEADERS 6 /* of who asks; the answer adds its own */

/* `headers` go with it, at most ANSWER_HEADERS. */
void answer_result(struct inbox *inbox, struct http_request *request, const struct result *r,
                   const struct http_reply_header *headers, size_t header_count);
void answer_problem(struct inbox *inbox, struct http_request *request, enum problem problem, const char *detail,
                    const struct http_reply_header *headers, size_t header_count);

#endif
