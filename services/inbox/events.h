/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /v1/events: news as server-sent events. The first is `hello`; each has the journal's cursor as its id, and a
 * client that comes back with Last-Event-ID gets what it missed, before what is new. When that cannot be told without
 * gaps – the cursor is none of the journal's, too old, or Redis lost news – it gets `reset`: read what you show anew.
 *
 * What a reader does not take waits, up to `inbox.stream_size`; then it is told `reset` and the stream ends.
 */
#ifndef INBOX_EVENTS_H
#define INBOX_EVENTS_H

#include "inbox.h"

struct event_streams;

struct event_streams *event_streams_new(struct inbox *inbox);
/* All must have ended. */
void event_streams_free(struct event_streams **all);
/* Answers the request: with a stream, or a problem. */
void events_begin(struct event_streams *all, struct http_request *request, const struct access_row *row,
                  const struct http_reply_header *headers, size_t header_count);
/* Once in a while: says to the quiet ones that it is alive. */
void event_streams_tick(struct event_streams *all, int64_t now_ms);
/* Redis is there again: who was catching up goes on. */
void event_streams_resume(struct event_streams *all);

#endif
