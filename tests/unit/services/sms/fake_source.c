/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/digest.h"
#include "fake_source.h"

static int put(void *arg, struct slice bytes, uint8_t ret_sha256[32]) {
  struct fake_blobs *b = arg;
  if (b->outcome)
    return b->outcome;
  b->count++;
  b->last.max = 1 << 24;
  buf_clear(&b->last);
  buf_add_slice(&b->last, bytes);
  sha256(bytes, ret_sha256);
  return 0;
}

struct source fake_source(struct arena *a, struct fake_blobs *blobs, bool sms) {
  return (struct source){.arena = a, .channel = SLICE("shop"), .channel_kind = sms ? "sms" : "webhook", .sms = sms,
                         .received_ms = 1795512600123, .blobs = {put, blobs}};
}

const char *fake_field(const contact_event *e, const char *name) {
  for (size_t i = 0; i < e->n_fields; i++)
    if (strcmp(e->fields[i]->name, name) == 0)
      return e->fields[i]->value;
  return "(none)";
}

bool fake_warned(const contact_event *e, const char *warning) {
  for (size_t i = 0; i < e->n_warnings; i++)
    if (strcmp(e->warnings[i], warning) == 0)
      return true;
  return false;
}

void fake_check(struct arena *a, contact_event *e) {
  auto_clean(buf_free) struct buf packed = BUF_INIT(EVENT_MAX_BYTES);
  contact_event *back;
  const char *why = "";
  assert_int_equal(event_pack(e, a, &packed), 0);
  if (event_unpack(buf_slice(&packed), a, &back, &why) != 0)
    fail_msg("%s", why);
}
