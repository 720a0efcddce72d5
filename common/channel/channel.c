/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Life, taking and health of a channel program's way behind its intake. If the process dies here, everything answered
 * is in the spool, and is sent again from behind what the spool knows to be confirmed.
 */
#include "base/clock.h"
#include "base/file.h"
#include "channel/channel_internal.h"
#include <stdlib.h>

#define OLDEST_MOST_MS (5 * 60 * 1000)
#define LINK_DOWN_MOST_MS (10 * 1000) /* a router that restarts makes nobody unhealthy */
#define ARENA_FIRST (16 * 1024)
#define ARENA_CEILING (2 * 1024 * 1024)

/* ---- whose channels are whose */

static const struct {
  const char *program;
  unsigned kinds; /* bits of enum channel_kind */
} owners[] = {
    {"email", 1u << CHANNEL_EMAIL},
    {"sms", 1u << CHANNEL_SMS | 1u << CHANNEL_WEBHOOK},
    {"webform", 1u << CHANNEL_FORM},
};

/* Disabled ones too: what was taken before is still to be sent. A program that owns no kind (the operator's tool) speaks
 * for all; the router has the last word. */
static bool owns(const char *program, const struct channel_config *channel) {
  for (size_t i = 0; i < sizeof(owners) / sizeof(owners[0]); i++)
    if (strcmp(owners[i].program, program) == 0)
      return owners[i].kinds >> channel->kind & 1;
  return true;
}

/* ---- opening and closing */

static void open_metrics(struct channel *c) {
  c->waiting = metric_gauge("deskbell_spool_waiting", "Records not confirmed by the router", NULL, NULL);
  c->used = metric_gauge("deskbell_spool_used_bytes", "Bytes of the spool in use", NULL, NULL);
  c->size = metric_gauge("deskbell_spool_size_bytes", "Bytes preallocated for the spool", NULL, NULL);
  c->oldest = metric_gauge("deskbell_spool_oldest_seconds", "Age of the oldest record that waits", NULL, NULL);
  c->taken = metric_counter("deskbell_spool_taken_total", "Records made durable", NULL, NULL);
  c->full = metric_counter("deskbell_spool_full_total", "Takes deferred because spool or disk are full", NULL, NULL);
  c->failed = metric_counter("deskbell_spool_failed_total", "Takes and reads that failed in the disk", NULL, NULL);
  c->duplicate = metric_counter("deskbell_channel_outcomes_total", "Events that were not plainly routed, by outcome",
                                "outcome", "duplicate");
  c->quarantined = metric_counter("deskbell_channel_outcomes_total", "Events that were not plainly routed, by outcome",
                                  "outcome", "quarantined");
  c->damaged = metric_counter("deskbell_spool_damaged_total", "Records that went into quarantine unread", NULL, NULL);
}

static int explain_spool(int fault, const char *folder, size_t size, struct complaint *complaint) {
  if (fault == -EBUSY)
    complain(complaint, folder, 0, 0, "another process uses this spool");
  else if (fault == -ENOSPC)
    complain(complaint, folder, 0, 0, "no room on the disk for a spool of %zu bytes", size);
  else
    complain(complaint, folder, 0, 0, "the spool cannot be opened: %s", strerror(-fault));
  return fault;
}

static void on_commit(void *arg) {
  channel_pump(arg);
}

static int open_spool(uv_loop_t *loop, struct channel *c, struct complaint *complaint) {
  const struct spool_settings *s = &c->options.config->spool;
  char *home = config_path(c->options.config, c->program);
  char *folder = path_join(home, "spool"), *blobs = path_join(home, "blobs");
  struct spool_options options = {
      .folder = folder, .size = s->size, .keep_ms = s->keep_ms,
      .blobs = {.folder = blobs, .largest = s->blob_max, .reserve = s->blob_reserve, .keep_ms = s->blob_keep_ms}};
  int r = folder_make(blobs);
  if (r == 0)
    r = spool_open(loop, &options, &c->spool);
  if (r < 0) {
    explain_spool(r, folder, s->size, complaint);
  } else {
    c->pulled = c->confirmed = c->highest_sent = spool_confirmed(c->spool);
    spool_on_commit(c->spool, on_commit, c);
  }
  free(home);
  free(folder);
  free(blobs);
  return r;
}

static int open_link(uv_loop_t *loop, struct channel *c, struct complaint *complaint) {
  const struct config *config = c->options.config;
  const char **names = must_calloc(config->channel_count + 1, sizeof(*names));
  size_t count = 0;
  for (size_t i = 0; i < config->channel_count; i++) {
    if (!owns(c->program, &config->channels[i]))
      continue;
    if (count == 0) {
      c->channel = config->channels[i].name;
      c->channel_kind = channel_kind_text(config->channels[i].kind);
    }
    names[count++] = config->channels[i].name;
  }
  char *keys = config_path(config, config->link.keys), *server = path_join(keys, "router.pub");
  auto_clean(buf_free) struct buf own = BUF_INIT(8192);
  buf_printf(&own, "%s/%s.key", keys, c->program);
  struct link_options options = {.program = c->program, .router = config->link.connect, .server_key_file = server,
                                 .own_key_file = own.at, .channels = names, .channel_count = count,
                                 .heartbeat_ms = config->link.heartbeat_ms,
                                 .dead_after_ms = config->link.dead_after_ms};
  struct link_user user = channel_link_user;
  user.arg = c;
  int r = link_open(loop, &options, &user, &c->link, complaint);
  free(names);
  free(keys);
  free(server);
  return r;
}

int channel_open(uv_loop_t *loop, const struct channel_options *options, struct channel **ret,
                 struct complaint *complaint) {
  struct channel *c = must_calloc(1, sizeof(*c));
  c->options = *options;
  c->program = must_strdup(options->program);
  c->channel = c->program;
  c->channel_kind = "";
  c->arena = arena_new(ARENA_FIRST, ARENA_CEILING);
  open_metrics(c);
  int r = open_spool(loop, c, complaint);
  if (r == 0)
    r = open_link(loop, c, complaint);
  if (r < 0)
    channel_close(&c);
  else
    *ret = c;
  return r;
}

void channel_close(struct channel **channel) {
  if (!channel || !*channel)
    return;
  struct channel *c = *channel;
  c->closing = true;
  link_close(&c->link);
  spool_close(&c->spool); /* answers every channel_take() */
  channel_forget_slots(c);
  arena_free(&c->arena);
  free(c->program);
  free(c);
  *channel = NULL;
}

struct spool *channel_spool(struct channel *c) {
  return c->spool;
}

void channel_on_outbound(struct channel *c, void (*take)(void *arg, const struct link_outbound *items, size_t count),
                         void *arg) {
  c->outbound = take;
  c->outbound_arg = arg;
}

bool channel_speaks_for(const struct channel *c, struct slice channel) {
  const struct channel_config *configured = config_channel(c->options.config, channel);
  return configured && owns(c->program, configured);
}

/* ---- taking */

struct taking {
  struct channel *c;
  spool_done *done;
  void *arg;
};

static void on_taken(void *arg, int outcome, uint64_t seq) {
  struct taking t = *(struct taking *)arg;
  free(arg);
  t.c->taking--;
  metric_add(outcome == 0 ? t.c->taken : outcome == SPOOL_FULL ? t.c->full : t.c->failed, 1);
  t.done(t.arg, outcome, seq);
}

int channel_take(struct channel *c, uint32_t kind, int64_t taken_ms, struct slice payload, spool_done *done,
                 void *arg) {
  struct taking *t = must_calloc(1, sizeof(*t));
  *t = (struct taking){.c = c, .done = done, .arg = arg};
  int r = spool_append(c->spool, kind, taken_ms, payload, on_taken, t);
  if (r == 0) {
    c->taking++;
    return 0;
  }
  metric_add(r == SPOOL_FULL ? c->full : c->failed, 1);
  free(t);
  return r;
}

bool channel_idle(const struct channel *c) {
  struct spool_state state;
  spool_state(c->spool, &state);
  return c->taking == 0 && state.waiting == 0 && c->count == 0 && link_unconfirmed(c->link) == 0;
}

/* ---- health */

static int64_t oldest_age_ms(const struct spool_state *state) {
  int64_t age = state->oldest_ms ? clock_now_ms() - state->oldest_ms : 0;
  return age > 0 ? age : 0;
}

void channel_unhealthy(struct channel *c, struct buf *ret_reasons) {
  struct spool_state state;
  spool_state(c->spool, &state);
  if (link_down_ms(c->link) > LINK_DOWN_MOST_MS) {
    const char *why = link_trouble(c->link);
    buf_printf(ret_reasons, "link: no router for %llds%s%s\n", (long long)(link_down_ms(c->link) / 1000),
               *why ? ": " : "", why);
  }
  if (state.full)
    buf_add_text(ret_reasons, "spool: full, sources are deferred\n");
  else if (state.used > state.size / 2)
    buf_printf(ret_reasons, "spool: %zu%% used\n", (size_t)((double)state.used * 100 / (double)state.size));
  if (oldest_age_ms(&state) > OLDEST_MOST_MS)
    buf_printf(ret_reasons, "spool: the oldest of %llu waiting records is %llds old\n",
               (unsigned long long)state.waiting, (long long)(oldest_age_ms(&state) / 1000));
}

void channel_measure(struct channel *c) {
  struct spool_state state;
  spool_state(c->spool, &state);
  metric_set(c->waiting, (int64_t)state.waiting);
  metric_set(c->used, (int64_t)state.used);
  metric_set(c->size, (int64_t)state.size);
  metric_set(c->oldest, oldest_age_ms(&state) / 1000);
}
