/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /v1/offers?wait=30&known=w…,w…: what is offered to the caller that is not among `known`; at once if there is
 * something, else as soon as there is, else an empty list when the time is over, the peer has closed, or the program
 * stops.
 */
#ifndef INBOX_OFFERS_H
#define INBOX_OFFERS_H

#include "ask.h"
#include "inbox.h"

#define OFFERS_WAIT_USUAL_S 0

/* Answers the request, now or later; takes the arena of the ask. `headers` as answer_result(), copied. */
void offers_begin(struct inbox *inbox, struct http_request *request, const struct access_row *row,
                  const struct ask *ask, struct arena *arena, const struct http_reply_header *headers,
                  size_t header_count);

#endif
