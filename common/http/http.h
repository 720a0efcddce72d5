/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP/1.1 server part, on libmicrohttpd inside the libuv loop. A request is handed over whole (body in memory,
 * bounded); the answer may be given at once or later from the loop thread – the connection is suspended meanwhile.
 *
 * Limits, each with its answer: body over max_body 413 (also when only announced), headers over 32 KiB 431 (kept
 * pieces included, so in practice from about 30 KiB), Content-Length together with Transfer-Encoding or given twice
 * 400, whole request over deadline_ms: closed, a kept connection silent for 60 s: closed, connections over the limits:
 * closed at accept (a trusted proxy counts only in all), slow readers: closed by the deadline. Methods other than the
 * handler's are the handler's business (405).
 */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include "base/buf.h"
#include <uv.h>

struct http_server;
struct http_request;

struct http_options {
  const char *listen;          /* "127.0.0.1:0", "[::1]:8080" */
  size_t max_body;             /* server-wide ceiling; a handler may ask for less (http_limit callback) */
  uint32_t max_connections;
  uint32_t max_per_address;
  int64_t deadline_ms;
  const char *const *trusted_proxies; /* peers whose X-Forwarded-For is believed */
  size_t trusted_proxy_count;
};

/* Called when a request is complete. Must call http_reply() once, now or later. */
typedef void http_handler(void *arg, struct http_request *request);
/* Optional: the largest body that is taken of this request, asked when its headers are there; 0: the server's. */
typedef size_t http_limit(void *arg, const struct http_request *r);

/* Returns 0 (gives *ret) or -errno (port taken, bad address). */
int must_check http_open(uv_loop_t *loop, const struct http_options *options, http_handler *handler, http_limit *limit,
                         void *arg, struct http_server **ret);
/* "127.0.0.1:34567"; lent until close. */
const char *http_address(const struct http_server *s);
/* Stops accepting; open requests may still be answered, requests that come on kept connections get 503. */
void http_quiesce(struct http_server *s);
/* Requests taken whose answer is not on its way to the last byte yet. */
size_t http_pending(const struct http_server *s);
/* Cuts what is not answered; http_reply() must not be called for it afterwards. Not from inside a handler. */
void http_close(struct http_server **s);

/* All lent until http_reply(). */
const char *http_method(const struct http_request *r);
const char *http_path(const struct http_request *r);       /* percent-encoded as sent, without the query */
struct slice http_query(const struct http_request *r);     /* raw, without '?' */
struct slice http_body(const struct http_request *r);      /* raw bytes */
const char *http_header(const struct http_request *r, const char *name); /* first value or NULL; any case */
const char *http_peer(const struct http_request *r);       /* IP text; X-Forwarded-For only from a trusted proxy */
/* Keep-alive memory for the handler's own state of this request: freed with it. NULL at its 64 KiB ceiling. */
void *http_request_alloc(struct http_request *r, size_t size);

struct http_reply_header {
  const char *name, *value;
};
/* Copies the body. `type` may be NULL for no body. Adds X-Content-Type-Options: nosniff and Cache-Control: no-store. */
void http_reply(struct http_request *r, unsigned status, const char *type, struct slice body,
                const struct http_reply_header *headers, size_t header_count);

#endif
