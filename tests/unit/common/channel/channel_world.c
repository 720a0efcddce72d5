/* SPDX-License-Identifier: Apache-2.0 */
#include "channel_world.h"
#include "base/file.h"
#include "base/id.h"
#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PATIENCE_MS 60000

static void on_patience(uv_timer_t *timer) {
  (void)timer;
  fail_msg("waited in vain");
}

static char name_sms[] = "sms-main", name_hook[] = "hook", name_mail[] = "support", keys[] = "keys";

void world_open(struct world *w) {
  *w = (struct world){.window_events = 1000};
  strcpy(w->dir, "/tmp/deskbell-channel-XXXXXX");
  assert_non_null(mkdtemp(w->dir));
  char *folder = path_join(w->dir, keys);
  assert_int_equal(folder_make(folder), 0);
  assert_int_equal(keys_make(folder, "router"), 0);
  assert_int_equal(keys_make(folder, "sms"), 0);
  free(folder);
  snprintf(w->endpoint, sizeof(w->endpoint), "ipc://%s/router.ipc", w->dir);
  w->channels[0] = (struct channel_config){.name = name_mail, .kind = CHANNEL_EMAIL};
  w->channels[1] = (struct channel_config){.name = name_sms, .kind = CHANNEL_SMS};
  w->channels[2] = (struct channel_config){.name = name_hook, .kind = CHANNEL_WEBHOOK};
  w->config = (struct config){
      .dir = w->dir,
      .link = {.connect = w->endpoint, .keys = keys, .heartbeat_ms = 100, .dead_after_ms = 2000},
      .spool = {.size = 16 * 1024 * 1024, .keep_ms = 3600 * 1000, .blob_max = 1024 * 1024},
      .channels = w->channels,
      .channel_count = 3,
  };
  w->arrivals = must_calloc(4 * WORLD_RECORDS, sizeof(*w->arrivals));
  w->making = must_calloc(WORLD_RECORDS, sizeof(*w->making));
  w->texts = must_calloc(WORLD_RECORDS, sizeof(*w->texts));
  w->arena = arena_new(256 * 1024, 4 * 1024 * 1024);
  assert_int_equal(uv_loop_init(&w->loop), 0);
  uv_timer_init(&w->loop, &w->patience);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at) {
  (void)st, (void)type, (void)at;
  return remove(path);
}

void world_close(struct world *w) {
  channel_close(&w->channel);
  link_router_close(&w->router);
  uv_close((uv_handle_t *)&w->patience, NULL);
  uv_run(&w->loop, UV_RUN_DEFAULT);
  assert_int_equal(uv_loop_close(&w->loop), 0);
  free(w->arrivals);
  free(w->making);
  free(w->texts);
  arena_free(&w->arena);
  nftw(w->dir, remove_one, 10, FTW_DEPTH | FTW_PHYS);
}

void world_until(struct world *w, bool (*is_so)(struct world *w)) {
  uv_timer_start(&w->patience, on_patience, PATIENCE_MS, 0);
  while (!is_so(w))
    uv_run(&w->loop, UV_RUN_ONCE);
  uv_timer_stop(&w->patience);
}

void world_settle(struct world *w) {
  for (int i = 0; i < 200; i++)
    uv_run(&w->loop, UV_RUN_NOWAIT);
}

/* ---- the router */

static void remember_status(struct world_arrival *a, const contact_event *e) {
  const Deskbell__V1__DeliveryStatus *s = e->status;
  snprintf(a->id, sizeof(a->id), "%s", e->id);
  snprintf(a->key, sizeof(a->key), "%s", e->from->key);
  snprintf(a->of_outbound, sizeof(a->of_outbound), "%s", s->of_outbound);
  snprintf(a->of_source, sizeof(a->of_source), "%s", s->of_source_id);
  snprintf(a->state, sizeof(a->state), "%s", s->state);
  snprintf(a->why, sizeof(a->why), "%s", s->why);
  snprintf(a->code, sizeof(a->code), "%s", s->code);
  snprintf(a->destination, sizeof(a->destination), "%s", s->destination);
  a->of_attempt = s->attempt;
  a->at_ms = s->at_ms;
  a->next_try_ms = s->next_try_ms;
  a->permanent = s->permanent;
}

static void remember(struct world *w, struct link_peer *peer, const struct link_arrival *item) {
  contact_event *e;
  const char *why;
  char id[EVENT_ID_LEN + 1];
  assert_true(w->arrived < 4 * WORLD_RECORDS);
  struct world_arrival *a = &w->arrivals[w->arrived++];
  arena_reset(w->arena);
  if (event_unpack(item->event, w->arena, &e, &why))
    fail_msg("event %llu: %s", (unsigned long long)item->seq, why);
  event_id_text(&item->id, id);
  assert_string_equal(id, e->id);
  *a = (struct world_arrival){.peer = peer, .seq = item->seq, .attempt = item->attempt,
                              .quarantine = e->kind == DESKBELL__V1__EVENT_KIND__QUARANTINE};
  snprintf(a->channel, sizeof(a->channel), "%s", e->channel);
  snprintf(a->text, sizeof(a->text), "%s", e->text);
  snprintf(a->reason, sizeof(a->reason), "%s", e->quarantine ? e->quarantine->reason : "");
  a->has_original = e->original != NULL;
  if (e->original)
    memcpy(a->original, e->original->sha256.data, 32);
  if (e->status)
    remember_status(a, e);
}

static void on_arrived(void *arg, struct link_peer *peer, const struct link_arrival *items, size_t count) {
  struct world *w = arg;
  for (size_t i = 0; i < count; i++) {
    assert_false(items[i].foreign);
    remember(w, peer, &items[i]);
  }
  if (!w->hold)
    world_answer(w);
}

void world_answer(struct world *w) {
  for (; w->unanswered < w->arrived; w->unanswered++) {
    const struct world_arrival *a = &w->arrivals[w->unanswered];
    if (a->peer)
      link_router_done(a->peer, a->seq, LINK_ROUTED, SLICE(""));
  }
}

static void forget_peer(struct world *w, const struct link_peer *peer) {
  for (size_t i = 0; i < w->arrived; i++)
    if (!peer || w->arrivals[i].peer == peer)
      w->arrivals[i].peer = NULL;
}

static void on_gone(void *arg, struct link_peer *peer) {
  forget_peer(arg, peer);
}

static bool may_speak(void *arg, struct slice program, struct slice channel) {
  (void)arg;
  return slice_equal(program, SLICE("sms")) && (slice_equal(channel, slice_text(name_sms)) ||
                                                slice_equal(channel, slice_text(name_hook)));
}

void world_router_open(struct world *w) {
  struct complaint c = {.text = ""};
  char folder[128], key[160];
  snprintf(folder, sizeof(folder), "%s/keys", w->dir);
  snprintf(key, sizeof(key), "%s/router.key", folder);
  forget_peer(w, NULL); /* of the router before */
  struct link_router_options options = {.listen = w->endpoint, .key_file = key, .keys_folder = folder,
                                        .window_events = w->window_events, .window_bytes = 4 * 1024 * 1024,
                                        .heartbeat_ms = 100, .dead_after_ms = 2000, .may_speak = may_speak};
  struct link_router_user user = {.arrived = on_arrived, .gone = on_gone, .came = w->came, .answered = w->answered,
                                  .arg = w};
  if (link_router_open(&w->loop, &options, &user, &w->router, &c))
    fail_msg("%s: %s", c.file, c.text);
}

void world_expect_in_order(const struct world *w, uint64_t upto) {
  uint64_t last = 0;
  for (size_t i = 0; i < w->arrived; i++) {
    assert_true(w->arrivals[i].seq <= last + 1);
    if (w->arrivals[i].seq == last + 1)
      last++;
  }
  assert_int_equal(last, upto);
}

/* ---- the channel and its normaliser */

static void make_event(struct world *w, const char *text, struct event_id *ret_id, struct buf *ret) {
  char id[EVENT_ID_LEN + 1];
  arena_reset(w->arena);
  contact_event *e = event_new(w->arena);
  *ret_id = event_id_make(slice_text(name_sms), SLICE("message"), slice_text(text), SLICE(""));
  event_id_text(ret_id, id);
  e->id = id;
  e->kind = DESKBELL__V1__EVENT_KIND__MESSAGE;
  e->channel = name_sms;
  e->channel_kind = name_sms;
  e->text = arena_copy(w->arena, slice_text(text));
  assert_int_equal(event_pack(e, w->arena, ret), 0);
}

static void answer_record(struct world *w, struct channel *c, uint64_t seq, const char *text) {
  static char large[CHANNEL_EVENT_MAX + 1];
  struct event_id id;
  struct buf event = BUF_INIT(EVENT_MAX_BYTES);
  make_event(w, text, &id, &event);
  w->normalised++;
  channel_normalised(c, seq, &id, w->normalise_too_large ? slice_of(large, sizeof(large)) : buf_slice(&event));
  buf_free(&event);
}

static void normalise(void *arg, struct channel *c, const struct spool_record *record) {
  struct world *w = arg;
  char text[64];
  assert_int_equal(record->kind, RECORD_RAW);
  snprintf(text, sizeof(text), "%.*s", (int)record->payload.len, record->payload.at);
  for (size_t i = 0; i < w->making_count; i++)
    assert_int_not_equal(w->making[i], record->seq); /* never asked twice at a time */
  if (!w->normalise_later) {
    answer_record(w, c, record->seq, text);
    return;
  }
  assert_true(w->making_count < CHANNEL_WINDOW);
  strcpy(w->texts[w->making_count], text);
  w->making[w->making_count++] = record->seq;
  if (w->making_count > w->most_making)
    w->most_making = w->making_count;
}

/* Answers one; more records may come in meanwhile, behind those that are here. */
void world_normalise(struct world *w, bool backwards) {
  for (size_t n = w->making_count; n > 0; n--) {
    size_t i = backwards ? n - 1 : 0;
    uint64_t seq = w->making[i];
    char text[64];
    strcpy(text, w->texts[i]);
    w->making_count--;
    memmove(&w->making[i], &w->making[i + 1], (w->making_count - i) * sizeof(w->making[0]));
    memmove(&w->texts[i], &w->texts[i + 1], (w->making_count - i) * sizeof(w->texts[0]));
    answer_record(w, w->channel, seq, text);
  }
}

int world_try_channel(struct world *w, bool normaliser, struct channel **ret, struct complaint *c) {
  struct channel_options options = {.program = "sms", .config = &w->config, .arg = w,
                                    .normalise = normaliser ? normalise : NULL};
  return channel_open(&w->loop, &options, ret, c);
}

void world_channel_open(struct world *w, bool normaliser) {
  struct complaint c = {.text = ""};
  if (world_try_channel(w, normaliser, &w->channel, &c))
    fail_msg("%s: %s", c.file, c.text);
}

static void on_taken(void *arg, int outcome, uint64_t seq) {
  struct world *w = arg;
  assert_true(outcome != 0 || seq > 0);
  *(outcome == 0 ? &w->taken : outcome == SPOOL_FULL ? &w->full : &w->failed) += 1;
}

void world_take(struct world *w, uint32_t kind, struct slice payload) {
  int r = channel_take(w->channel, kind, 1000, payload, on_taken, w);
  if (r == SPOOL_FULL)
    w->full++;
  else
    assert_int_equal(r, 0);
}

void world_take_event(struct world *w, unsigned number) {
  char text[16];
  struct event_id id;
  struct buf event = BUF_INIT(EVENT_MAX_BYTES);
  snprintf(text, sizeof(text), "%u", number);
  make_event(w, text, &id, &event);
  world_take(w, RECORD_EVENT, buf_slice(&event));
  buf_free(&event);
}

void world_take_raw(struct world *w, unsigned number) {
  char text[16];
  snprintf(text, sizeof(text), "%u", number);
  world_take(w, RECORD_RAW, slice_text(text));
}

bool world_idle(struct world *w) {
  return channel_idle(w->channel);
}

bool world_any_arrived(struct world *w) {
  return w->arrived > 0;
}
