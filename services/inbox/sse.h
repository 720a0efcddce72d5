/* SPDX-License-Identifier: Apache-2.0 */
/* Server-sent events as bytes (WHATWG HTML, "Server-sent events"). Pure. */
#ifndef INBOX_SSE_H
#define INBOX_SSE_H

#include "base/buf.h"

/* One event. `id` '' none; `data` must be one line, as compact JSON is. Returns 0 or BUF_FULL. */
int sse_event(struct buf *b, const char *id, const char *event, struct slice data);
/* A comment: nothing for the reader, a sign of life for the connection. */
struct slice sse_heartbeat(void);

#endif
