/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_channel.h"

struct fake_channel fake;

void fake_open(uv_loop_t *loop) {
  struct buf blob = fake.last_blob;
  memset(&fake, 0, sizeof(fake));
  fake.last_blob = blob;
  fake.last_blob.max = 1 << 24;
  buf_clear(&fake.last_blob);
  fake.loop = loop;
  uv_timer_init(loop, &fake.timer);
}

void fake_commit(void) {
  size_t count = fake.waiting_count;
  fake.waiting_count = 0;
  for (size_t i = 0; i < count; i++)
    fake.waiting[i].done(fake.waiting[i].arg, fake.done_outcome, i + 1);
}

void fake_close(void) {
  uv_close((uv_handle_t *)&fake.timer, NULL);
  for (size_t i = 0; i < fake.events; i++)
    buf_free(&fake.event[i]);
  buf_free(&fake.last_blob);
}

static void on_timer(uv_timer_t *timer) {
  (void)timer;
  fake_commit();
}

struct spool *channel_spool(struct channel *c) {
  (void)c;
  return NULL;
}

struct blob_store *spool_blobs(struct spool *s) {
  (void)s;
  return NULL;
}

int blob_put(struct blob_store *s, struct slice bytes, struct blob_ref *ret) {
  (void)s;
  if (fake.blob_outcome)
    return fake.blob_outcome;
  fake.blobs++;
  buf_clear(&fake.last_blob);
  buf_add_slice(&fake.last_blob, bytes);
  sha256(bytes, ret->sha256);
  ret->size = bytes.len;
  return 0;
}

int channel_take(struct channel *c, uint32_t kind, int64_t taken_ms, struct slice payload, spool_done *done, void *arg) {
  (void)c, (void)kind, (void)taken_ms;
  if ((fake.take_outcome && fake.events >= fake.take_room) || fake.events == FAKE_EVENTS_MAX)
    return fake.take_outcome ? fake.take_outcome : SPOOL_FULL;
  fake.event[fake.events].max = EVENT_MAX_BYTES;
  buf_add_slice(&fake.event[fake.events++], payload);
  fake.waiting[fake.waiting_count].done = done;
  fake.waiting[fake.waiting_count++].arg = arg;
  if (!fake.manual)
    uv_timer_start(&fake.timer, on_timer, 0, 0);
  return 0;
}
