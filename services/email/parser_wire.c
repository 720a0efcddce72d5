/* SPDX-License-Identifier: Apache-2.0 */
/* Blobs pass through in runs, never whole, so the parent's memory does not grow with attachments. */
#include "parser_wire.h"

static struct slice take(struct slice *bytes, uint64_t most) {
  size_t len = most < bytes->len ? (size_t)most : bytes->len;
  struct slice head = slice_of(bytes->at, len);
  bytes->at += len;
  bytes->len -= len;
  return head;
}

static enum wire_step broken(struct wire_reader *r) {
  r->broken = true;
  return WIRE_BROKEN;
}

static enum wire_step begin(struct wire_reader *r) {
  r->kind = (enum wire_kind)get_le(r->header, 4);
  r->length = r->left = get_le(r->header + 8, 8);
  r->seq = get_le(r->header + 16, 8);
  switch (r->kind) {
  case ANSWER_READY:
    r->header_len = 0;
    return r->length ? broken(r) : WIRE_READY;
  case ANSWER_BLOB:
    r->in_blob = true;
    return WIRE_BLOB_BEGIN;
  case ANSWER_EVENT:
    if (r->length < EVENT_ID_BYTES || r->length > WIRE_EVENT_MAX)
      return broken(r);
    r->event.max = WIRE_EVENT_MAX;
    buf_clear(&r->event);
    return WIRE_MORE;
  default:
    return broken(r);
  }
}

static enum wire_step blob(struct wire_reader *r, struct slice *bytes) {
  if (!r->left) {
    r->in_blob = false;
    r->header_len = 0;
    return WIRE_BLOB_END;
  }
  if (!bytes->len)
    return WIRE_MORE;
  r->bytes = take(bytes, r->left);
  r->left -= r->bytes.len;
  return WIRE_BLOB_RUN;
}

static enum wire_step event(struct wire_reader *r, struct slice *bytes) {
  struct slice part = take(bytes, r->left);
  buf_add_slice(&r->event, part);
  r->left -= part.len;
  if (r->left)
    return WIRE_MORE;
  r->header_len = 0;
  memcpy(r->id.bytes, r->event.at, EVENT_ID_BYTES);
  r->bytes = slice_of(r->event.at + EVENT_ID_BYTES, r->event.len - EVENT_ID_BYTES);
  return WIRE_EVENT;
}

enum wire_step wire_next(struct wire_reader *r, struct slice *bytes) {
  if (r->broken)
    return WIRE_BROKEN;
  if (r->in_blob)
    return blob(r, bytes);
  if (r->header_len < WIRE_HEADER) {
    struct slice part = take(bytes, WIRE_HEADER - r->header_len);
    memcpy(r->header + r->header_len, part.at, part.len);
    r->header_len += part.len;
    if (r->header_len < WIRE_HEADER)
      return WIRE_MORE;
    enum wire_step step = begin(r);
    if (step != WIRE_MORE)
      return step;
  }
  return event(r, bytes);
}

void wire_reader_free(struct wire_reader *r) {
  buf_free(&r->event);
}
