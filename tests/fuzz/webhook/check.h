/* SPDX-License-Identifier: Apache-2.0 */
/* What both fuzzers hold every event to: whatever came in, what goes out is acceptable to every reader. */
#ifndef FUZZ_WEBHOOK_CHECK_H
#define FUZZ_WEBHOOK_CHECK_H

#include "base/digest.h"
#include "draft.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline int fuzz_put(void *arg, struct slice bytes, uint8_t ret_sha256[32]) {
  (void)arg;
  sha256(bytes, ret_sha256);
  return 0;
}

static inline struct source fuzz_source(struct arena *a) {
  return (struct source){.arena = a, .channel = SLICE("shop"), .channel_kind = "sms", .sms = true, .received_ms = 1,
                         .blobs = {fuzz_put, NULL}};
}

static inline void fuzz_check(struct arena *a, contact_event *e) {
  auto_clean(buf_free) struct buf packed = BUF_INIT(EVENT_MAX_BYTES);
  contact_event *back;
  const char *why;
  if (event_pack(e, a, &packed) != 0 || event_unpack(buf_slice(&packed), a, &back, &why) != 0)
    abort();
}

#endif
