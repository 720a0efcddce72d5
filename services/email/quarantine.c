/* SPDX-License-Identifier: Apache-2.0 */
#include "quarantine.h"
#include "base/encode.h"
#include "mail_event.h"
#include "mime/mime.h"
#include <inttypes.h>
#include <stdio.h>

static const struct {
  const char *code, *detail;
} reasons[] = {
    [QUARANTINE_PARSER_DIED] = {"parser-died", "Reading it ended the parser twice."},
    [QUARANTINE_PARSER_TIMEOUT] = {"parser-timeout", "Reading it took longer than parser_deadline, twice."},
    [QUARANTINE_PART_TOO_LARGE] = {"part-too-large", "A part of it is larger than blob_max."},
    [QUARANTINE_ORIGINAL_LOST] = {"original-lost", "Its bytes are missing or damaged in the blob store."},
    [QUARANTINE_RECORD_UNREADABLE] = {"record-unreadable", "Its spool record is damaged or of a newer version."},
    [QUARANTINE_NOT_FETCHED] = {"mail-not-fetched", "The server did not give it."},
};

const char *quarantine_code(enum quarantine_reason reason) {
  return reasons[reason].code;
}

static int finish(contact_event *e, struct arena *a, struct buf *ret, struct event_id *ret_id) {
  if (!e || event_pack(e, a, ret) != 0)
    return -ENOMEM;
  return event_id_parse(slice_text(e->id), ret_id);
}

/* Without its bytes a mail has no id of its own; its place in the spool is as unique. */
static int set_id(contact_event *e, struct arena *a, struct slice channel, uint64_t seq, struct slice content) {
  char source[48], text[EVENT_ID_LEN + 1];
  snprintf(source, sizeof(source), "record-%" PRIu64, seq);
  const struct event_id id = event_id_make(channel, SLICE("quarantine"), slice_text(source), content);
  event_id_text(&id, text);
  e->id = arena_copy(a, slice_text(text));
  e->source_id = arena_copy(a, slice_text(source));
  return e->id && e->source_id ? 0 : -ENOMEM;
}

int quarantine_mail(struct blob_store *blobs, size_t largest, const struct mail_record *record, uint64_t seq,
                    enum quarantine_reason reason, struct arena *a, struct buf *ret, struct event_id *ret_id) {
  auto_clean(buf_free) struct buf raw = BUF_INIT(largest);
  int r = blob_read(blobs, record->original.sha256, &raw);
  if (r < 0)
    return r;
  if (r > 0) {
    reason = QUARANTINE_ORIGINAL_LOST;
    buf_clear(&raw);
  }
  const struct mime_envelope envelope = {
      .channel = record->channel,
      .mail_from = record->mail_from,
      .null_path = record->null_path,
      .recipient = record->recipient,
      .reply_token = record->token,
      .received_ms = record->received_ms,
  };
  contact_event *e = mime_quarantine(a, buf_slice(&raw), &envelope, reasons[reason].code, reasons[reason].detail);
  if (!e)
    return -ENOMEM;
  if (r > 0 && set_id(e, a, record->channel, seq, slice_of(record->original.sha256, SHA256_BYTES)) < 0)
    return -ENOMEM;
  r = mail_event_complete(e, record, a);
  return r ? r : finish(e, a, ret, ret_id);
}

int quarantine_record(const char *channel, uint64_t seq, int64_t taken_ms, struct slice payload, struct arena *a,
                      struct buf *ret, struct event_id *ret_id) {
  const struct mime_envelope envelope = {.channel = slice_text(channel), .mail_from = SLICE(""),
                                         .recipient = SLICE(""), .reply_token = SLICE(""), .received_ms = taken_ms};
  const enum quarantine_reason reason = QUARANTINE_RECORD_UNREADABLE;
  contact_event *e = mime_quarantine(a, SLICE(""), &envelope, reasons[reason].code, reasons[reason].detail);
  if (!e || set_id(e, a, slice_text(channel), seq, payload) < 0)
    return -ENOMEM;
  return finish(e, a, ret, ret_id);
}

int quarantine_unfetched(const char *channel, const struct mail_place *place, unsigned tries, struct slice words,
                         int64_t now_ms, struct arena *a, struct buf *ret, struct event_id *ret_id) {
  const struct mime_envelope envelope = {.channel = slice_text(channel), .mail_from = SLICE(""),
                                         .recipient = SLICE(""), .reply_token = SLICE(""), .received_ms = now_ms};
  char text[EVENT_ID_LEN + 1];
  char *source = arena_printf(a, "%.*s/%.*s/%" PRIu32 "/%" PRIu32, (int)place->mailbox.len, place->mailbox.at,
                              (int)place->folder.len, place->folder.at, place->uid_validity, place->uid);
  char *detail = arena_printf(a, "%s Tries: %u. It stays in mailbox %.*s, folder %.*s, as UID %" PRIu32 ".%s%.*s",
                              reasons[QUARANTINE_NOT_FETCHED].detail, tries, (int)place->mailbox.len,
                              place->mailbox.at, (int)place->folder.len, place->folder.at, place->uid,
                              words.len ? " It said: " : "", (int)words.len, words.at);
  contact_event *e = source && detail ? mime_quarantine(a, SLICE(""), &envelope,
                                                        reasons[QUARANTINE_NOT_FETCHED].code, detail)
                                      : NULL;
  if (!e || mail_event_set_place(e, place, a) < 0)
    return -ENOMEM;
  const struct event_id id = event_id_make(slice_text(channel), SLICE("quarantine"), slice_text(source), SLICE(""));
  event_id_text(&id, text);
  e->id = arena_copy(a, slice_text(text));
  e->source_id = arena_printf(a, "imap:%s", source);
  return e->id && e->source_id ? finish(e, a, ret, ret_id) : -ENOMEM;
}
