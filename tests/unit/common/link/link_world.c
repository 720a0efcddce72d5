/* SPDX-License-Identifier: Apache-2.0 */
#include "link_world.h"
#include "base/file.h"
#include "deskbell/v1/contact_event.pb-c.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PATIENCE_MS 60000

size_t event_of(uint64_t seq, const char *channel, size_t len, struct event_id *ret_id, char *ret, size_t room) {
  char number[24], id[EVENT_ID_LEN + 1];
  static char text[LINK_EVENT_MAX + 1];
  snprintf(number, sizeof(number), "%llu", (unsigned long long)seq);
  *ret_id = event_id_make(slice_text(channel), SLICE("message"), slice_text(number), SLICE(""));
  event_id_text(ret_id, id);
  memset(text, 'x', len);
  text[len] = '\0';
  Deskbell__V1__ContactEvent e = DESKBELL__V1__CONTACT_EVENT__INIT;
  e.id = id;
  e.kind = DESKBELL__V1__EVENT_KIND__MESSAGE;
  e.channel = (char *)channel;
  e.text = text;
  assert_true(deskbell__v1__contact_event__get_packed_size(&e) <= room);
  return deskbell__v1__contact_event__pack(&e, (uint8_t *)ret);
}

/* ---- the world */

static void on_patience(uv_timer_t *timer) {
  (void)timer;
  fail_msg("waited in vain");
}

void world_open(struct world *w) {
  *w = (struct world){.reason = "", .forbidden = "forbidden"};
  strcpy(w->dir, "/tmp/deskbell-link-XXXXXX");
  assert_non_null(mkdtemp(w->dir));
  snprintf(w->endpoint, sizeof(w->endpoint), "ipc://%s/router.ipc", w->dir);
  assert_int_equal(keys_make(w->dir, "router"), 0);
  assert_int_equal(keys_make(w->dir, "sms"), 0);
  assert_int_equal(keys_make(w->dir, "email"), 0);
  w->held = must_calloc(4 * WORLD_EVENTS, sizeof(*w->held));
  w->options = (struct link_router_options){.window_events = 1000, .window_bytes = 4 * 1024 * 1024, .heartbeat_ms = 100,
                                            .dead_after_ms = 2000};
  assert_int_equal(uv_loop_init(&w->loop), 0);
  uv_timer_init(&w->loop, &w->patience);
}

const char *world_path(struct world *w, const char *name) {
  snprintf(w->path, sizeof(w->path), "%s/%s", w->dir, name);
  return w->path;
}

static void answer(struct world *w, struct link_peer *peer, uint64_t seq) {
  link_router_done(peer, seq, w->outcome, slice_text(w->reason));
}

static void on_arrived(void *arg, struct link_peer *peer, const struct link_arrival *items, size_t count) {
  struct world *w = arg;
  assert_true(count >= 1 && count <= FRAME_BATCH_ITEMS);
  for (size_t i = 0; i < count; i++) {
    uint64_t seq = items[i].seq;
    assert_true(seq < WORLD_EVENTS);
    w->arrived++;
    w->foreign += items[i].foreign;
    if (!w->have[seq]) {
      w->have[seq] = 1;
      if (seq == w->in_order + 1)
        w->in_order++;
      else
        w->disorder = true;
    }
    if (!w->hold) {
      answer(w, peer, seq);
      continue;
    }
    assert_true(w->held_count < 4 * WORLD_EVENTS);
    w->held[w->held_count++] = (struct held){peer, seq};
  }
}

static void on_gone(void *arg, struct link_peer *peer) {
  struct world *w = arg;
  size_t kept = 0;
  w->gone++;
  for (size_t i = 0; i < w->held_count; i++)
    if (w->held[i].peer != peer)
      w->held[kept++] = w->held[i];
  w->held_count = kept;
}

static bool may_speak(void *arg, struct slice program, struct slice channel) {
  struct world *w = arg;
  return program.len > 0 && !slice_equal(channel, slice_text(w->forbidden));
}

void world_router_open(struct world *w) {
  struct complaint c = {.text = ""};
  char key[128];
  snprintf(key, sizeof(key), "%s/router.key", w->dir);
  w->options.listen = w->endpoint;
  w->options.key_file = key;
  w->options.keys_folder = w->dir;
  w->options.may_speak = may_speak;
  struct link_router_user user = {.arrived = on_arrived, .gone = on_gone, .came = w->came, .answered = w->answered,
                                  .arg = w};
  int r = link_router_open(&w->loop, &w->options, &user, &w->router, &c);
  if (r)
    fail_msg("%s: %s", c.file, c.text);
}

void world_answer(struct world *w, bool backwards) {
  size_t n = w->held_count;
  w->held_count = 0;
  for (size_t i = 0; i < n; i++) {
    struct held h = w->held[backwards ? n - 1 - i : i];
    answer(w, h.peer, h.seq);
  }
}

void world_until(struct world *w, bool (*is_so)(void *arg), void *arg) {
  uv_timer_start(&w->patience, on_patience, PATIENCE_MS, 0);
  while (!is_so(arg))
    uv_run(&w->loop, UV_RUN_ONCE);
  uv_timer_stop(&w->patience);
}

void world_settle(struct world *w) {
  for (int i = 0; i < 200; i++)
    uv_run(&w->loop, UV_RUN_NOWAIT);
}

static void empty_folder(const char *dir) {
  DIR *d = opendir(dir);
  assert_non_null(d);
  for (struct dirent *e; (e = readdir(d));) {
    char *path = path_join(dir, e->d_name);
    unlink(path);
    free(path);
  }
  closedir(d);
  rmdir(dir);
}

void world_close(struct world *w) {
  link_router_close(&w->router);
  uv_close((uv_handle_t *)&w->patience, NULL);
  uv_run(&w->loop, UV_RUN_DEFAULT);
  assert_int_equal(uv_loop_close(&w->loop), 0); /* nothing was left open */
  free(w->held);
  empty_folder(w->dir);
}

/* ---- a program */

void program_feed(struct program *p) {
  static char bytes[2 * LINK_EVENT_MAX];
  while (p->next <= p->total) {
    struct link_event e = {.seq = p->next, .spooled_ms = 1};
    e.event = slice_of(bytes, event_of(p->next, p->channel, p->len, &e.id, bytes, sizeof(bytes)));
    int r = link_send(p->link, &e);
    if (link_unconfirmed(p->link) > p->most_unconfirmed)
      p->most_unconfirmed = link_unconfirmed(p->link);
    if (r == LINK_NO_CREDIT)
      return;
    assert_int_equal(r, 0);
    p->next++;
  }
}

static void on_restart(void *arg) {
  struct program *p = arg;
  p->restarts++;
  p->next = p->confirmed + 1;
  program_feed(p);
}

static void on_more(void *arg) {
  program_feed(arg);
}

static void on_confirmed(void *arg, uint64_t upto) {
  struct program *p = arg;
  assert_true(upto < p->next);
  p->confirmed = upto;
}

static void on_outcome(void *arg, uint64_t seq, enum link_outcome outcome, struct slice reason) {
  struct program *p = arg;
  assert_true(seq > p->confirmed);
  p->outcomes[outcome]++;
  snprintf(p->reason, sizeof(p->reason), "%.*s", (int)reason.len, reason.at);
}

static void on_replay(void *arg, int64_t since_ms) {
  struct program *p = arg;
  p->replays++;
  p->replay_since_ms = since_ms;
  if (p->replay_to < p->confirmed)
    p->confirmed = p->replay_to;
  p->next = p->confirmed + 1;
  program_feed(p);
}

void program_open_with(struct program *p, struct world *w, const char *name, const char *key, const char *server_key,
                       const char *const *channels, size_t channel_count) {
  struct complaint c = {.text = ""};
  char own[256], server[256];
  snprintf(own, sizeof(own), "%s/%s", w->dir, key);
  snprintf(server, sizeof(server), "%s/%s", w->dir, server_key);
  p->world = w;
  p->next = p->confirmed + 1;
  if (!p->channel)
    p->channel = WORLD_CHANNEL;
  struct link_options options = {.program = name, .router = w->endpoint, .server_key_file = server, .own_key_file = own,
                                 .channels = channels, .channel_count = channel_count, .heartbeat_ms = 100,
                                 .dead_after_ms = 2000};
  struct link_user user = {.restart = on_restart, .more = on_more, .confirmed = on_confirmed, .outcome = on_outcome,
                           .replay = on_replay, .outbound = p->outbound, .arg = p};
  int r = link_open(&w->loop, &options, &user, &p->link, &c);
  if (r)
    fail_msg("%s: %s", c.file, c.text);
}

void program_open(struct program *p, struct world *w, const char *name, uint64_t total) {
  static const char *const channels[] = {WORLD_CHANNEL, "second"};
  char key[64];
  snprintf(key, sizeof(key), "%s.key", name);
  p->total = total;
  program_open_with(p, w, name, key, "router.pub", channels, 2);
}

bool program_up(void *arg) {
  return link_up(((struct program *)arg)->link);
}

bool program_all_confirmed(void *arg) {
  const struct program *p = arg;
  return p->confirmed == p->total;
}

bool program_in_trouble(void *arg) {
  return *link_trouble(((struct program *)arg)->link) != '\0';
}
