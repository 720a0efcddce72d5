/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An answer that goes on as long as both sides want, for server-sent events: 200, then what is written, a chunk at a
 * time. What the peer has not read yet waits in memory, up to `room`; when that is full nothing more is taken and the
 * writer must end it. A peer that reads nothing of what waits for the server's deadline_ms, or that the network lost,
 * is cut. A stream counts as pending (http_pending()) until its last byte is sent.
 *
 * Loop thread only.
 */
#ifndef HTTP_STREAM_H
#define HTTP_STREAM_H

#include "http/http.h"

enum { HTTP_STREAM_FULL = 1 };

struct http_stream;

/* The peer is gone: it closed, was cut, or the server was closed (http_close() calls it too). Called once, unless the
 * stream was ended before; the stream must not be used again. */
typedef void http_gone(void *arg);

/* In the place of http_reply(). `room`: bytes that may wait, at least 1. */
struct http_stream *http_stream_begin(struct http_request *r, const char *type, const struct http_reply_header *headers,
                                      size_t header_count, size_t room, http_gone *gone, void *arg);
/* All or nothing; copies. Returns 0 or HTTP_STREAM_FULL. */
int must_check http_stream_write(struct http_stream *s, struct slice bytes);
/* Bytes that wait for the peer. */
size_t http_stream_waiting(const struct http_stream *s);
/* Says once, with the argument of `gone`, when nothing waits any more; at once never. It may write, but not end it. */
void http_stream_when_empty(struct http_stream *s, void (*empty)(void *arg));
/* What was written is still sent, within the server's deadline_ms. NULL-safe. */
void http_stream_end(struct http_stream **s);

/* For a request whose answer takes long: says once when the peer has closed its side. The request must be answered all
 * the same (a peer may have closed one direction only). `gone` is not called after the answer. */
void http_watch(struct http_request *r, http_gone *gone, void *arg);

#endif
