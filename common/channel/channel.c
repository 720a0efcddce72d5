/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading position: `pulled`, the last record taken from the spool into `ahead`. When the link comes up anew it goes back
 * to the last confirmed record; records still being normalised are waited for first, so that none is in work twice.
 */
#include "channel/channel.h"
#include "base/clock.h"
#include "base/file.h"
#include "channel/ahead.h"
#include "event/event.h"
#include "metrics/metrics.h"
#include <stdio.h>
#include <stdlib.h>

enum { OLDEST_MS = 5 * 60 * 1000, LINK_DOWN_MS = 10 * 1000, EVENT_ARENA = 256 * 1024 };

struct channel {
  const char *program;
  const struct config *config;
  struct channel_options options;
  struct spool *spool;
  struct link *link;
  struct ahead ahead;
  uint64_t pulled, back_to;
  bool going_back, pumping, closing;
  size_t committing;
  const char **names;
  struct metric *waiting, *used, *size, *oldest, *taken, *full, *routed, *duplicate, *quarantined;
};

static void pump(struct channel *c);

/* ---- spool → ahead */

/* The id of a packed event: its first field, 26 characters (contact_event.proto). */
static bool event_id_of(struct slice event, struct event_id *ret) {
  return event.len >= 2 + EVENT_ID_LEN && event.at[0] == 0x0a && event.at[1] == EVENT_ID_LEN &&
         event_id_parse(slice_of(event.at + 2, EVENT_ID_LEN), ret) == 0;
}

/* A record that cannot be used is still told to somebody: it becomes a quarantine entry at its place. */
static void quarantine(struct channel *c, uint64_t seq, const char *reason, const char *detail) {
  char source[96], text[EVENT_ID_LEN + 1];
  snprintf(source, sizeof(source), "%s/%llu", c->program, (unsigned long long)seq);
  struct event_id id = event_id_make(slice_text(c->program), SLICE("spool"), slice_text(source), slice_text(reason));
  event_id_text(&id, text);
  struct arena *a = arena_new(16 * 1024, EVENT_ARENA);
  Deskbell__V1__QuarantineReason why = DESKBELL__V1__QUARANTINE_REASON__INIT;
  why.reason = arena_copy(a, slice_text(reason));
  why.detail = arena_copy(a, slice_text(detail));
  contact_event *e = event_new(a);
  e->id = text;
  e->kind = DESKBELL__V1__EVENT_KIND__QUARANTINE;
  e->channel = arena_copy(a, slice_text(c->config->channel_count ? c->names[0] : c->program));
  e->channel_kind = arena_copy(a, slice_text(c->program));
  e->source_id = source;
  e->received_at_ms = clock_now_ms();
  e->quarantine = &why;
  struct buf packed = BUF_INIT(EVENT_MAX_BYTES);
  int r = event_pack(e, a, &packed);
  assert(r == 0);
  ahead_ready(&c->ahead, seq, &id, buf_slice(&packed));
  buf_free(&packed);
  arena_free(&a);
}

static bool on_record(void *arg, const struct spool_record *record) {
  struct channel *c = arg;
  struct event_id id;
  ahead_add(&c->ahead, record->seq, record->spooled_ms, record->attempts);
  c->pulled = record->seq;
  if (record->kind == SPOOL_DAMAGED)
    quarantine(c, record->seq, "spool-damaged", "its record in the spool does not fit its checksum");
  else if (record->kind != RECORD_EVENT && c->options.normalise)
    c->options.normalise(c->options.arg, c, record);
  else if (record->kind == RECORD_EVENT && record->payload.len <= CHANNEL_EVENT_MAX && event_id_of(record->payload, &id))
    ahead_ready(&c->ahead, record->seq, &id, record->payload);
  else
    quarantine(c, record->seq, "spool-unknown", "its record in the spool is of a kind this program does not know");
  return !ahead_full(&c->ahead);
}

/* Returns true when something came. */
static bool pull(struct channel *c) {
  uint64_t before = c->pulled;
  if (!ahead_full(&c->ahead)) {
    int r = spool_read(c->spool, c->pulled, CHANNEL_WINDOW - c->ahead.count, on_record, c);
    (void)r; /* SPOOL_END, or a fault that the next commit or link event tries again */
  }
  return c->pulled != before;
}

/* ---- ahead → link; true when something left */

static bool push(struct channel *c) {
  bool left = false;
  for (const struct ahead_slot *s; (s = ahead_first(&c->ahead));) {
    struct link_event e = {.seq = s->seq, .id = s->id, .event = slice_of(s->event, s->len), .attempt = s->attempt,
                           .spooled_ms = s->spooled_ms};
    if (link_send(c->link, &e) != 0)
      break;
    ahead_drop_first(&c->ahead);
    left = true;
  }
  return left;
}

static void pump(struct channel *c) {
  if (c->pumping || c->closing || !link_up(c->link))
    return;
  c->pumping = true; /* normalise and link call back into here */
  if (c->going_back && c->ahead.pending == 0) {
    ahead_clear(&c->ahead);
    c->pulled = c->back_to;
    c->going_back = false;
  }
  for (bool moved = true; moved && !c->going_back;) {
    moved = push(c);
    moved = pull(c) || moved;
  }
  c->pumping = false;
}

void channel_normalised(struct channel *c, uint64_t seq, const struct event_id *id, struct slice event) {
  if (event.len == 0 || event.len > CHANNEL_EVENT_MAX)
    quarantine(c, seq, "event-size", "the program made an event of a size that cannot be sent");
  else
    ahead_ready(&c->ahead, seq, id, event);
  pump(c);
}

/* ---- what the link tells */

static void go_back(struct channel *c, uint64_t to) {
  c->back_to = c->going_back && c->back_to < to ? c->back_to : to;
  c->going_back = true;
  pump(c);
}

static void on_restart(void *arg) {
  struct channel *c = arg;
  go_back(c, spool_confirmed(c->spool));
}

static void on_replay(void *arg, int64_t since_ms) {
  struct channel *c = arg;
  uint64_t before = spool_before(c->spool, since_ms), confirmed = spool_confirmed(c->spool);
  go_back(c, before < confirmed ? before : confirmed);
}

static void on_more(void *arg) {
  pump(arg);
}

static void on_confirmed(void *arg, uint64_t upto) {
  struct channel *c = arg;
  if (upto > spool_confirmed(c->spool))
    spool_confirm(c->spool, upto);
}

static void on_outcome(void *arg, uint64_t seq, enum link_outcome outcome, struct slice reason) {
  (void)seq;
  (void)reason;
  struct channel *c = arg;
  struct metric *m = outcome == LINK_DUPLICATE ? c->duplicate : outcome == LINK_QUARANTINED ? c->quarantined : c->routed;
  metric_add(m, 1);
}

static void on_commit(void *arg) {
  pump(arg);
}

/* ---- take */

struct take {
  struct channel *channel;
  spool_done *done;
  void *arg;
};

static void on_done(void *arg, int outcome, uint64_t seq) {
  struct take take = *(struct take *)arg;
  free(arg);
  take.channel->committing--;
  if (outcome == SPOOL_FULL)
    metric_add(take.channel->full, 1);
  else if (outcome == 0)
    metric_add(take.channel->taken, 1);
  take.done(take.arg, outcome, seq);
}

int channel_take(struct channel *c, uint32_t kind, int64_t taken_ms, struct slice payload, spool_done *done, void *arg) {
  struct take *take = must_calloc(1, sizeof(*take));
  *take = (struct take){c, done, arg};
  int r = spool_append(c->spool, kind, taken_ms, payload, on_done, take);
  if (r == 0) {
    c->committing++;
    return 0;
  }
  if (r == SPOOL_FULL)
    metric_add(c->full, 1);
  free(take);
  return r;
}

struct spool *channel_spool(struct channel *c) {
  return c->spool;
}

/* ---- open and close */

static bool own_kind(const char *program, enum channel_kind kind) {
  if (strcmp(program, "email") == 0)
    return kind == CHANNEL_EMAIL;
  if (strcmp(program, "webform") == 0)
    return kind == CHANNEL_FORM;
  if (strcmp(program, "sms") == 0)
    return kind == CHANNEL_SMS || kind == CHANNEL_WEBHOOK;
  return true;
}

static void open_metrics(struct channel *c) {
  c->waiting = metric_gauge("deskbell_spool_waiting", "Records not confirmed by the router", NULL, NULL);
  c->used = metric_gauge("deskbell_spool_used_bytes", "Bytes of the spool in use", NULL, NULL);
  c->size = metric_gauge("deskbell_spool_size_bytes", "Bytes of the spool", NULL, NULL);
  c->oldest = metric_gauge("deskbell_spool_oldest_seconds", "Age of the oldest record not confirmed", NULL, NULL);
  c->taken = metric_counter("deskbell_spool_taken_total", "Records made durable", NULL, NULL);
  c->full = metric_counter("deskbell_spool_full_total", "Refusals because spool or disk are full", NULL, NULL);
  const char *name = "deskbell_channel_outcomes_total", *help = "Events that were not plainly routed, by outcome";
  c->routed = metric_counter(name, help, "outcome", "routed");
  c->duplicate = metric_counter(name, help, "outcome", "duplicate");
  c->quarantined = metric_counter(name, help, "outcome", "quarantined");
}

static int open_spool(struct channel *c, uv_loop_t *loop, struct complaint *complaint) {
  const struct spool_settings *s = &c->config->spool;
  char *folder = path_join(c->config->dir, c->program), *records = path_join(folder, "spool"), *blobs = path_join(folder, "blobs");
  int r = folder_make(folder);
  struct spool_options options = {
      .folder = records, .size = s->size, .keep_ms = s->keep_ms,
      .blobs = {.folder = blobs, .largest = s->blob_max, .reserve = s->blob_reserve, .keep_ms = s->blob_keep_ms}};
  if (r == 0)
    r = spool_open(loop, &options, &c->spool);
  if (r < 0)
    complain(complaint, records, 0, 0, r == -EBUSY ? "another process uses this spool" :
             r == -ENOSPC ? "the disk has no room for the spool (setting spool.size)" : "cannot be opened");
  free(blobs);
  free(records);
  free(folder);
  return r;
}

static int open_link(struct channel *c, uv_loop_t *loop, struct complaint *complaint) {
  char *keys = config_path(c->config, c->config->link.keys), file[128];
  snprintf(file, sizeof(file), "%s.key", c->program);
  char *own = path_join(keys, file), *server = path_join(keys, "router.pub");
  size_t count = 0;
  c->names = must_calloc(c->config->channel_count, sizeof(*c->names));
  for (size_t i = 0; i < c->config->channel_count; i++)
    if (own_kind(c->program, c->config->channels[i].kind))
      c->names[count++] = c->config->channels[i].name;
  struct link_options options = {
      .program = c->program, .router = c->config->link.connect, .server_key_file = server, .own_key_file = own,
      .channels = c->names, .channel_count = count, .heartbeat_ms = c->config->link.heartbeat_ms,
      .dead_after_ms = c->config->link.dead_after_ms};
  struct link_user user = {.restart = on_restart, .more = on_more, .confirmed = on_confirmed, .outcome = on_outcome,
                           .replay = on_replay, .arg = c};
  int r = link_open(loop, &options, &user, &c->link, complaint);
  free(server);
  free(own);
  free(keys);
  return r;
}

int channel_open(uv_loop_t *loop, const struct channel_options *options, struct channel **ret, struct complaint *complaint) {
  struct channel *c = must_calloc(1, sizeof(*c));
  c->options = *options;
  c->program = options->program;
  c->config = options->config;
  open_metrics(c);
  int r = open_spool(c, loop, complaint);
  if (r == 0)
    r = open_link(c, loop, complaint);
  if (r < 0) {
    channel_close(&c);
    return r;
  }
  c->pulled = c->back_to = spool_confirmed(c->spool);
  spool_on_commit(c->spool, on_commit, c);
  *ret = c;
  return 0;
}

void channel_close(struct channel **channel) {
  if (!channel || !*channel)
    return;
  struct channel *c = *channel;
  *channel = NULL;
  c->closing = true;
  link_close(&c->link);
  spool_close(&c->spool); /* answers what was not committed */
  ahead_clear(&c->ahead);
  free(c->names);
  free(c);
}

/* ---- how it stands */

bool channel_idle(const struct channel *c) {
  struct spool_state s;
  spool_state(c->spool, &s);
  return c->committing == 0 && s.waiting == 0;
}

void channel_unhealthy(struct channel *c, struct buf *ret_reasons) {
  struct spool_state s;
  spool_state(c->spool, &s);
  int64_t down_ms = link_down_ms(c->link), age_ms = s.oldest_ms ? clock_now_ms() - s.oldest_ms : 0;
  if (down_ms > LINK_DOWN_MS)
    buf_printf(ret_reasons, "link: no router for %llds (%s)\n", (long long)(down_ms / 1000), link_trouble(c->link));
  if (s.full)
    buf_printf(ret_reasons, "spool: full, sources are deferred\n");
  else if (s.used > s.size / 2)
    buf_printf(ret_reasons, "spool: %zu%% full\n", s.used * 100 / s.size);
  if (age_ms > OLDEST_MS)
    buf_printf(ret_reasons, "spool: the oldest record waits for %llds\n", (long long)(age_ms / 1000));
}

void channel_measure(struct channel *c) {
  struct spool_state s;
  spool_state(c->spool, &s);
  metric_set(c->waiting, (int64_t)s.waiting);
  metric_set(c->used, (int64_t)s.used);
  metric_set(c->size, (int64_t)s.size);
  metric_set(c->oldest, s.oldest_ms ? (clock_now_ms() - s.oldest_ms) / 1000 : 0);
}
