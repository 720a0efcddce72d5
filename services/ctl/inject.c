/* SPDX-License-Identifier: Apache-2.0 */
#include "inject.h"
#include "base/clock.h"
#include "base/file.h"
#include "link/keys.h"
#include <stdlib.h>

enum { PATIENCE_MS = 30000, TICK_MS = 10, SPOOL_BYTES = 8 * 1024 * 1024 };

struct inject {
  const struct ctl *ctl;
  struct config config;      /* a copy of the values; strings are the original's */
  uv_loop_t loop;
  uv_timer_t patience;
  struct channel *channel;
  int64_t until_ms;
  bool over, durable;
  int outcome;
};

/* Ticks, because the link's callbacks run just before the loop sleeps: what they change is seen when it wakes. */
static void on_patience(uv_timer_t *timer) {
  struct inject *i = timer->data;
  i->over = clock_monotonic_ms() >= i->until_ms;
}

int inject_open(const struct ctl *ctl, const struct config *config, struct inject **ret) {
  struct inject *i = must_calloc(1, sizeof(*i));
  i->ctl = ctl;
  i->config = *config;
  i->config.spool.size = SPOOL_BYTES;
  uv_loop_init(&i->loop);
  uv_timer_init(&i->loop, &i->patience);
  i->patience.data = i;
  char *keys = config_path(config, config->link.keys);
  int r = keys_make(keys, "deskbell");
  struct complaint c = {.text = ""};
  struct channel_options options = {.program = "deskbell", .config = &i->config};
  if (r < 0)
    r = ctl_fail(ctl, "cannot make the key %s/deskbell.key: %s", keys, strerror(-r));
  else if ((r = channel_open(&i->loop, &options, &i->channel, &c)) == -EBUSY)
    r = ctl_fail(ctl, "another deskbell command is sending just now; try again");
  else if (r < 0)
    r = ctl_fail(ctl, "cannot open %s/deskbell: %s", config->dir, c.text[0] ? c.text : strerror(-r));
  free(keys);
  if (r != CTL_OK) {
    inject_close(&i);
    return r;
  }
  *ret = i;
  return CTL_OK;
}

struct blob_store *inject_blobs(struct inject *i) {
  return spool_blobs(channel_spool(i->channel));
}

static void on_durable(void *arg, int outcome, uint64_t seq) {
  (void)seq;
  struct inject *i = arg;
  i->durable = true;
  i->outcome = outcome;
}

/* Runs the loop until `done`, or the patience is over. */
static bool wait(struct inject *i, bool (*done)(struct inject *i)) {
  i->over = false;
  i->until_ms = clock_monotonic_ms() + PATIENCE_MS;
  uv_timer_start(&i->patience, on_patience, TICK_MS, TICK_MS);
  while (!done(i) && !i->over)
    uv_run(&i->loop, UV_RUN_ONCE);
  uv_timer_stop(&i->patience);
  return done(i);
}

static bool is_durable(struct inject *i) {
  return i->durable;
}

static bool is_confirmed(struct inject *i) {
  return channel_idle(i->channel);
}

int inject_sync_blobs(struct inject *i) {
  i->durable = false;
  if (spool_sync_blobs(channel_spool(i->channel), on_durable, i) != 0)
    return ctl_fail(i->ctl, "the spool in %s/deskbell is full", i->config.dir);
  if (!wait(i, is_durable) || i->outcome != 0)
    return ctl_fail(i->ctl, "the files cannot be written to %s/deskbell: %s", i->config.dir,
                    i->outcome < 0 ? strerror(-i->outcome) : "full");
  return CTL_OK;
}

int inject_event(struct inject *i, contact_event *event, struct arena *a) {
  auto_clean(buf_free) struct buf packed = BUF_INIT(EVENT_MAX_BYTES);
  const char *why = "too large";
  if (event_check(event, &why) != 0 || event_pack(event, a, &packed) != 0)
    return ctl_fail(i->ctl, "the event cannot be sent: %s", why);
  i->durable = false;
  if (channel_take(i->channel, RECORD_EVENT, clock_now_ms(), buf_slice(&packed), on_durable, i) != 0)
    return ctl_fail(i->ctl, "the spool in %s/deskbell is full", i->config.dir);
  if (!wait(i, is_durable) || i->outcome != 0)
    return ctl_fail(i->ctl, "the event cannot be written to %s/deskbell: %s", i->config.dir,
                    i->outcome < 0 ? strerror(-i->outcome) : "full");
  if (!wait(i, is_confirmed))
    return ctl_fail(i->ctl, "the router has not confirmed within 30 s; the event is kept and goes out with the next call");
  return CTL_OK;
}

static void close_rest(uv_handle_t *handle, void *arg) {
  (void)arg;
  if (!uv_is_closing(handle))
    uv_close(handle, NULL);
}

void inject_close(struct inject **inject) {
  if (!inject || !*inject)
    return;
  struct inject *i = *inject;
  *inject = NULL;
  channel_close(&i->channel);
  uv_close((uv_handle_t *)&i->patience, NULL);
  while (uv_run(&i->loop, UV_RUN_DEFAULT) != 0)
    uv_walk(&i->loop, close_rest, NULL);
  uv_loop_close(&i->loop);
  free(i);
}
