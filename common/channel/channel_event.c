/* SPDX-License-Identifier: Apache-2.0 */
/* Our own writers put the id in front of an event (field 1 of 26 characters), so that it is read without unpacking. */
#include "channel/channel_event.h"
#include <stdio.h>

int channel_event_id(struct slice event, struct arena *a, struct event_id *ret) {
  enum { TAG_ID = 1 << 3 | 2 };
  contact_event *whole;
  const char *why;
  if (event.len > 2 + EVENT_ID_LEN && event.at[0] == TAG_ID && event.at[1] == EVENT_ID_LEN &&
      event_id_parse(slice_of(event.at + 2, EVENT_ID_LEN), ret) == 0)
    return 0;
  arena_reset(a);
  if (event_unpack(event, a, &whole, &why) || event_id_parse(slice_text(whole->id), ret) < 0)
    return -EBADMSG;
  return 0;
}

void channel_quarantine(const struct quarantine_entry *q, struct arena *a, struct event_id *ret_id, struct buf *ret) {
  char number[24], id[EVENT_ID_LEN + 1];
  arena_reset(a);
  snprintf(number, sizeof(number), "%llu", (unsigned long long)q->seq);
  *ret_id = event_id_make(slice_text(q->program), SLICE("spool-record"), slice_text(number), q->content);
  event_id_text(ret_id, id);
  contact_event *e = event_new(a);
  Deskbell__V1__QuarantineReason *reason = arena_alloc(a, sizeof(*reason));
  assert(e && reason); /* an empty arena holds a handful of short texts */
  deskbell__v1__quarantine_reason__init(reason);
  reason->reason = arena_copy(a, slice_text(q->reason));
  reason->detail = arena_copy(a, slice_text(q->detail));
  e->id = arena_copy(a, slice_text(id));
  e->kind = DESKBELL__V1__EVENT_KIND__QUARANTINE;
  e->channel = arena_copy(a, slice_text(q->channel));
  e->channel_kind = arena_copy(a, slice_text(q->channel_kind));
  e->source_id = arena_printf(a, "spool:%s:%s", q->program, number);
  e->received_at_ms = q->received_ms;
  e->quarantine = reason;
  if (q->original)
    e->original = event_blob_new(a, q->original->sha256, q->original->size);
  int r = event_pack(e, a, ret);
  assert(r == 0);
}
