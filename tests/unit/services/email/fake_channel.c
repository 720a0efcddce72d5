/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_channel.h"
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

static bool each(void *arg, const struct spool_record *record) {
  struct channel *c = arg;
  c->read = record->seq;
  c->normalise(c->arg, c, record);
  return true;
}

static void pump(void *arg) {
  struct channel *c = arg;
  if (c->normalise)
    while (spool_read(c->spool, c->read, CHANNEL_WINDOW, each, c) == 0)
      continue;
}

static void open_spool(struct channel *c) {
  char folder[96], blobs[96];
  snprintf(folder, sizeof(folder), "%s/spool", c->folder);
  snprintf(blobs, sizeof(blobs), "%s/blobs", c->folder);
  const struct spool_options options = {
      .folder = folder, .size = 8 * 1024 * 1024, .keep_ms = 3600000,
      .blobs = {.folder = blobs, .largest = c->config->spool.blob_max},
  };
  assert_int_equal(spool_open(&c->loop, &options, &c->spool), 0);
  c->read = spool_confirmed(c->spool);
  spool_on_commit(c->spool, pump, c);
}

void fake_channel_open(struct channel *c, const char *yaml) {
  memset(c, 0, sizeof(*c));
  snprintf(c->folder, sizeof(c->folder), "/tmp/deskbell-test-XXXXXX");
  assert_non_null(mkdtemp(c->folder));
  struct complaint complaint = {0};
  char text[4096];
  snprintf(text, sizeof(text),
           "channels:\n  - {name: mail, kind: email, addresses: [\"support@example.com\", \"@mail.example\"]}\n"
           "  - {name: sales, kind: email, addresses: [\"sales@example.com\"]}\n"
           "  - {name: off, kind: email, enabled: false, addresses: [\"off@example.com\"]}\n%s", yaml);
  if (config_parse(slice_text(text), "test", c->folder, &c->config, &complaint) != 0)
    fail_msg("%s", complaint.text);
  c->config->spool.blob_max = FAKE_BLOB_MAX;
  assert_int_equal(uv_loop_init(&c->loop), 0);
  c->arena = arena_new(4096, 64 * 1024 * 1024);
  open_spool(c);
}

void fake_channel_reopen(struct channel *c) {
  spool_close(&c->spool);
  while (uv_run(&c->loop, UV_RUN_NOWAIT))
    continue;
  open_spool(c);
  pump(c);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw) {
  (void)st, (void)type, (void)ftw;
  return remove(path);
}

void fake_channel_end(struct channel *c) {
  spool_close(&c->spool);
  uv_run(&c->loop, UV_RUN_DEFAULT);
  assert_int_equal(uv_loop_close(&c->loop), 0);
  config_free(&c->config);
  arena_free(&c->arena);
  nftw(c->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

void fake_channel_wait(struct channel *c, size_t count) {
  pump(c);
  while (c->count < count)
    uv_run(&c->loop, UV_RUN_ONCE);
}

const struct fake_event *fake_channel_event(const struct channel *c, uint64_t seq) {
  for (size_t i = 0; i < c->count; i++)
    if (c->events[i].seq == seq)
      return &c->events[i];
  return NULL;
}

struct spool *channel_spool(struct channel *c) {
  return c->spool;
}

int channel_take(struct channel *c, uint32_t kind, int64_t taken_ms, struct slice payload, spool_done *done,
                 void *arg) {
  int r = c->take ? c->take(c) : 0;
  return r ? r : spool_append(c->spool, kind, taken_ms, payload, done, arg);
}

void channel_normalised(struct channel *c, uint64_t seq, const struct event_id *id, struct slice event) {
  const char *why = "";
  assert_true(c->count < FAKE_EVENTS);
  assert_null(fake_channel_event(c, seq)); /* once */
  struct fake_event *e = &c->events[c->count++];
  e->seq = seq;
  e->id = *id;
  if (event_unpack(event, c->arena, &e->event, &why) != 0)
    fail_msg("%s", why);
}
