/* SPDX-License-Identifier: Apache-2.0 */
#include "sse.h"

int sse_event(struct buf *b, const char *id, const char *event, struct slice data) {
  assert(!memchr(data.at, '\n', data.len) && !memchr(data.at, '\r', data.len));
  if (id[0])
    buf_printf(b, "id: %s\n", id);
  buf_printf(b, "event: %s\ndata: ", event);
  buf_add_slice(b, data);
  return buf_add_text(b, "\n\n");
}

struct slice sse_heartbeat(void) {
  return SLICE(":\n\n");
}
