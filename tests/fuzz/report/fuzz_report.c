/* SPDX-License-Identifier: Apache-2.0 */
/* Reports of deliveries, dispositions and complaints, in parts and in prose: whatever is in them, what is read fits into
 * an event and is the same the second time. */
#include "event/event.h"
#include "mime/mime.h"
#include "mime/report.h"
#include <stdlib.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc, (void)argv;
  mime_start();
  return 0;
}

static void check(const Deskbell__V1__Report *report) {
  if (report->n_recipients > EVENT_REPORTED_MAX || report->n_of_references > REPORT_REFERENCES_MAX)
    abort();
  for (size_t i = 0; i < report->n_recipients; i++)
    if (strlen(report->recipients[i]->diagnostic) > REPORT_DIAGNOSTIC_MAX)
      abort();
}

/* The first byte says whether it failed; the rest is a mail, whose text is read as prose too. */
static void read_once(struct slice raw, bool failed, struct buf *ret) {
  struct reading r = {.arena = arena_new(64 * 1024, 64 * 1024 * 1024)};
  struct mail_header h;
  const char *why;
  header_read(&r, raw, &h);
  struct mail_part *root = part_read(&r, &h);
  contact_event *e = event_new(r.arena);
  e->id = (char *)(uintptr_t) "00000000000000000000000000";
  e->kind = DESKBELL__V1__EVENT_KIND__MESSAGE;
  e->channel = (char *)(uintptr_t) "fuzz";
  e->report = report_read(&r, root);
  (void)report_outcome(e->report);
  e->report = report_add_text(&r, &h, root, h.body, failed, e->report);
  if (e->report) {
    check(e->report);
    report_bound(&r, e->report);
  }
  if (r.failed || event_check(e, &why) != 0 || event_pack(e, r.arena, ret) != 0)
    abort();
  arena_free(&r.arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size == 0)
    return 0;
  struct buf one = BUF_INIT(EVENT_MAX_BYTES), two = BUF_INIT(EVENT_MAX_BYTES);
  read_once(slice_of(data + 1, size - 1), data[0] & 1, &one);
  read_once(slice_of(data + 1, size - 1), data[0] & 1, &two);
  if (!slice_equal(buf_slice(&one), buf_slice(&two)))
    abort();
  buf_free(&one);
  buf_free(&two);
  return 0;
}
