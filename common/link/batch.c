/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The wire form is that of link.proto: Frame.batch (field 4) holding EventBatch.items (field 1). The length in front
 * is known last, so room for it is left and filled from the right.
 */
#include "link/batch.h"
#include "link/frame.h"

enum {
  TAG_BATCH = 4 << 3 | 2,
  TAG_ITEM = 1 << 3 | 2,
  HEAD = 8,             /* a tag and the longest length, rounded up */
  VARINT_MAX = 5,       /* of a length */
};

static size_t put_varint(uint8_t *at, size_t value) {
  size_t n = 0;
  for (; value > 0x7f; value >>= 7)
    at[n++] = (uint8_t)(value | 0x80);
  at[n++] = (uint8_t)value;
  return n;
}

void batch_init(struct batch *b) {
  *b = (struct batch){.bytes = BUF_INIT(FRAME_MAX)};
  batch_clear(b);
}

void batch_free(struct batch *b) {
  buf_free(&b->bytes);
}

void batch_clear(struct batch *b) {
  static const char room[HEAD];
  buf_clear(&b->bytes);
  buf_add(&b->bytes, room, sizeof(room));
  b->items = b->event_bytes = 0;
}

bool batch_fits(const struct batch *b, size_t event_len) {
  return b->items == 0 || (b->items < FRAME_BATCH_ITEMS && b->event_bytes + event_len <= FRAME_BATCH_BYTES);
}

void batch_add(struct batch *b, const struct link_event *event, int64_t sent_ms) {
  assert(batch_fits(b, event->event.len) && event->event.len <= FRAME_EVENT_MAX);
  Deskbell__V1__BatchItem item = DESKBELL__V1__BATCH_ITEM__INIT;
  item.seq = event->seq;
  item.id = (ProtobufCBinaryData){.len = EVENT_ID_BYTES, .data = (uint8_t *)event->id.bytes};
  item.event = (ProtobufCBinaryData){.len = event->event.len, .data = (uint8_t *)event->event.at};
  item.attempt = event->attempt;
  item.spooled_at_ms = event->spooled_ms;
  item.sent_at_ms = sent_ms;
  size_t len = deskbell__v1__batch_item__get_packed_size(&item);
  char *at;
  int r = buf_reserve(&b->bytes, 1 + VARINT_MAX + len, &at);
  assert(r == 0);
  uint8_t *to = (uint8_t *)at;
  *to++ = TAG_ITEM;
  to += put_varint(to, len);
  deskbell__v1__batch_item__pack(&item, to);
  buf_advance(&b->bytes, (size_t)(to - (uint8_t *)at) + len);
  b->items++;
  b->event_bytes += event->event.len;
}

struct slice batch_frame(struct batch *b) {
  assert(b->items);
  uint8_t head[HEAD];
  size_t body = b->bytes.len - HEAD, n = 0;
  head[n++] = TAG_BATCH;
  n += put_varint(head + n, body);
  char *start = b->bytes.at + HEAD - n;
  memcpy(start, head, n);
  return slice_of(start, n + body);
}
