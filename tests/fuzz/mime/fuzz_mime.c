/* SPDX-License-Identifier: Apache-2.0 */
/* Beyond not crashing: every mail that is not blank becomes an event that can be packed, read again by every
 * reader, and is the same event the second time. */
#include "mime/mime.h"
#include <stdlib.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc, (void)argv;
  mime_start();
  return 0;
}

static void read_once(struct slice raw, struct buf *ret) {
  const struct mime_envelope envelope = {.channel = SLICE("fuzz"), .mail_from = SLICE("a@b.example"),
                                         .recipient = SLICE("c@d.example"), .reply_token = SLICE("t")};
  struct arena *a = arena_new(64 * 1024, 64 * 1024 * 1024);
  struct mime_result result = {0};
  const char *why;
  int r = mime_to_event(raw, &envelope, a, &result, &why);
  if (r < 0)
    abort(); /* the fuzzer's mails are small */
  if (r == 0) {
    if (event_pack(result.event, a, ret) != 0 || event_check(result.event, &why) != 0)
      abort();
    if (result.blob_count < result.event->n_attachments && result.event->n_attachments && result.blob_count == 0)
      abort();
    struct event_id id = mime_event_id(&envelope, raw);
    if (memcmp(id.bytes, result.id.bytes, sizeof(id.bytes)) != 0)
      abort();
    mime_result_free(&result);
  }
  contact_event *quarantined = mime_quarantine(a, raw, &envelope, "unparseable", "x");
  if (!quarantined || event_check(quarantined, &why) != 0)
    abort();
  arena_free(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct buf one = BUF_INIT(EVENT_MAX_BYTES), two = BUF_INIT(EVENT_MAX_BYTES);
  read_once(slice_of(data, size), &one);
  read_once(slice_of(data, size), &two);
  if (!slice_equal(buf_slice(&one), buf_slice(&two)))
    abort();
  buf_free(&one);
  buf_free(&two);
  return 0;
}
