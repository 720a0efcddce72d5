/* SPDX-License-Identifier: Apache-2.0 */
/* The facts of a mail from bytes: a header, and its Subject, From and body as they stand. A kind has evidence, doubt has
 * none, and the same facts give the same verdict. */
#include "mime/automatic.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *const mine[] = {(char[]){"support@desk.example"}, (char[]){"@help.desk.example"}};

static void decide(struct reading *r, uint8_t flags, struct slice raw, const struct mime_own *own,
                   struct automatic_verdict *ret) {
  static const char *const types[] = {"text/plain", "multipart/report", "message/delivery-status", ""};
  struct mail_header h;
  header_read(r, raw, &h);
  const struct automatic_facts facts = {
      .header = &h, .type = types[flags & 3], .report_type = flags & 4 ? "delivery-status" : "",
      .outcome = (enum report_outcome)((flags >> 3) % 3), .null_path = flags & 32, .invitation = flags & 64,
      .mail_from = header_value(r, &h, "Return-Path"), .sender = slice_text(reading_line(r, header_value(r, &h, "From"))),
      .sender_name = slice_text(reading_line(r, header_value(r, &h, "Sender"))),
      .reply_to = slice_text(reading_line(r, header_value(r, &h, "Reply-To"))),
      .subject = slice_text(reading_line(r, header_value(r, &h, "Subject"))), .text = slice_text(reading_text(r, h.body)),
      .own = own,
  };
  automatic_decide(r, &facts, ret);
  if (r->failed || ret->count > AUTOMATIC_EVIDENCE_MAX || (*ret->kind && ret->count == 0) || (*ret->kind && ret->doubtful))
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size == 0)
    return 0;
  struct mime_own *own = mime_own_new(mine, 2);
  struct reading r = {.arena = arena_new(64 * 1024, 64 * 1024 * 1024)};
  struct automatic_verdict one, two;
  decide(&r, data[0], slice_of(data + 1, size - 1), own, &one);
  decide(&r, data[0], slice_of(data + 1, size - 1), own, &two);
  if (strcmp(one.kind, two.kind) != 0 || one.count != two.count)
    abort();
  const Deskbell__V1__Automatic *event = automatic_event(&r, &one);
  if (!event != (one.count == 0))
    abort();
  arena_free(&r.arena);
  mime_own_free(&own);
  return 0;
}
