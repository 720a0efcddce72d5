/* SPDX-License-Identifier: Apache-2.0 */
/*
 * receive (link) → lane by address → the atomic step in Redis → confirm (link). The other way: relay.h.
 *
 * If the router dies anywhere here: nothing is lost, because a channel program keeps every event until it is
 * confirmed; nothing is doubled, because the step in Redis knows the events it has seen.
 */
#include "router.h"
#include "base/clock.h"
#include "base/file.h"
#include "lane.h"
#include "log/log.h"
#include "metrics/metrics.h"
#include "redis/redis_config.h"
#include "relay.h"
#include "sender.h"
#include "store.h"
#include <stdio.h>
#include <stdlib.h>

#define TAG "{p00}"

enum { RETRY_MS = 100, REFRESH_MS = 5000, REDIS_GRACE_MS = 1000, LANES_MAX = 64 };

static const char *const automatic_kinds[] = {"reply", "bounce", "report", "list", "bulk", "loopback"};
#define AUTOMATIC_KINDS (sizeof(automatic_kinds) / sizeof(automatic_kinds[0]))

struct router {
  struct service_run *run;
  const struct config *config;
  struct link_router *link;
  struct store *store;
  struct relay *relay;
  const char **channel_names;
  struct lane *lanes[LANES_MAX];
  size_t lane_count;
  struct decide_desk desk;
  struct buf secret;
  char *password, *redis_url;
  uv_prepare_t pump;
  uv_timer_t retry, refresh;
  bool draining, store_trouble;
  char trouble[320], store_words[320], plan_words[320]; /* what the lanes and the store last said; "" all is well */
  struct slice *channels;          /* names of all channels */
  struct metric *routed, *duplicate, *quarantined, *refused, *step, *accepted, *waiting, *lanes_up, *version;
  struct metric *automatic[AUTOMATIC_KINDS];
};

/* ---- what a lane asks and tells */

static const struct decide_desk *desk_in_force(void *arg) {
  struct router *s = arg;
  s->desk.now_ms = clock_now_ms();
  return s->desk.desk ? &s->desk : NULL;
}

static bool is_own(void *arg, struct slice address) {
  struct router *s = arg;
  for (size_t i = 0; i < s->config->channel_count; i++)
    for (size_t k = 0; k < s->config->channels[i].address_count; k++)
      if (slice_equal_nocase(slice_text(s->config->channels[i].addresses[k]), address))
        return true;
  return false;
}

/* AR-16: what nobody wrote is counted; what is our own and comes back stands in no queue, so it is said as well. */
static void count_automatic(struct router *s, const struct lane_item *item) {
  for (size_t i = 0; i < AUTOMATIC_KINDS; i++)
    if (strcmp(item->automatic, automatic_kinds[i]) == 0)
      metric_add(s->automatic[i], 1);
  if (strcmp(item->automatic, "loopback") != 0)
    return;
  char id[EVENT_ID_LEN + 1];
  event_id_text(&item->id, id);
  log_warn("mail_came_back", KV("contact_event", id), KV("then", "kept in the journal, in no queue"));
}

static void settled(void *arg, const struct lane_item *item, enum lane_outcome outcome) {
  struct router *s = arg;
  int64_t now_ms = clock_now_ms();
  struct metric *counter = outcome == LANE_ROUTED ? s->routed : outcome == LANE_DUPLICATE ? s->duplicate : s->quarantined;
  metric_add(counter, 1);
  metric_observe_us(s->step, clock_monotonic_us() - item->arrived_us);
  if (outcome == LANE_ROUTED && item->received_ms > 0)
    metric_observe_us(s->accepted, (now_ms - item->received_ms) * 1000);
  store_heard(s->store, now_ms);
  if (outcome == LANE_ROUTED && item->automatic[0])
    count_automatic(s, item);
  if (!item->peer)
    return;
  static const enum link_outcome told[] = {LINK_ROUTED, LINK_DUPLICATE, LINK_QUARANTINED};
  link_router_done(item->peer, item->seq, told[outcome], slice_text(item->quarantine));
}

static void on_retry(uv_timer_t *timer);

/* Holding lanes are tried again until all go on. */
static void retry_soon(struct router *s) {
  if (!uv_is_active((uv_handle_t *)&s->retry))
    uv_timer_start(&s->retry, on_retry, RETRY_MS, RETRY_MS);
}

static void remember_trouble(struct router *s, const char *words) {
  snprintf(s->trouble, sizeof(s->trouble), "%s", words ? words : "");
}

static void refused(void *arg, struct lane *lane, const char *error) {
  (void)lane;
  struct router *s = arg;
  metric_add(s->refused, 1);
  retry_soon(s);
  if (strncmp(error, "STALE", 5) != 0) {
    remember_trouble(s, error);
    log_warn("redis_refuses", KV("why", error), KV("then", "holding, trying again"));
  }
  store_refresh(s->store);
}

static void lane_changed(void *arg, struct lane *lane, bool up, const char *why) {
  (void)lane;
  struct router *s = arg;
  if (!up) {
    retry_soon(s);
    log_warn("lane_down", KV("why", why), KV("then", "reconnecting, events wait in the spools"));
  }
}

/* ---- what the store tells */

static void loaded(void *arg, const struct desk *desk) {
  struct router *s = arg;
  bool other = !s->desk.desk || s->desk.desk->version != desk->version;
  if (other)
    log_info("desk_loaded", KI("version", desk->version), KI("rules", desk->rule_count), KI("queues", desk->queue_count));
  s->desk.desk = desk;
  s->store_trouble = false;
  s->store_words[0] = '\0';
  for (size_t i = 0; other && i < s->lane_count; i++)
    lane_resume(s->lanes[i]); /* else in on_retry(): a refusal looks here, and must not be tried again at once */
  service_ready(s->run); /* who waited for us finds our functions there */
}

static void replaced(void *arg, int64_t since_ms) {
  struct router *s = arg;
  log_warn("redis_replaced", KV("then", "asking the channel programs for a replay"));
  if (since_ms > 0 && s->link)
    link_router_replay(s->link, since_ms);
}

static void store_changed(void *arg, bool up, const char *why) {
  struct router *s = arg;
  if (up)
    log_info("redis_up", KV("lanes", "connecting"));
  else
    log_warn("redis_down", KV("why", why), KV("then", "reconnecting, events wait in the spools"));
  s->store_trouble = !up;
}

static void unplanned(void *arg, const char *words) {
  struct router *s = arg;
  snprintf(s->plan_words, sizeof(s->plan_words), "%s", words ? words : "");
  if (words)
    log_error("plan_refused", KV("why", words), KV("then", "events are routed, dispatch goes on with the plan before"));
  else
    log_info("plan_taken", KV("then", "dispatch goes by the desk definition in force"));
}

static void store_trouble(void *arg, const char *words) {
  struct router *s = arg;
  s->store_trouble = true;
  snprintf(s->store_words, sizeof(s->store_words), "%s", words);
  log_error("redis_unusable", KV("why", words));
}

/* ---- receive */

/* The sender's key decides the lane, so that the events of one address stay in order (G3). */
static struct lane *lane_of(struct router *s, struct slice event, const struct event_id *id) {
  struct slice key = sender_key(event);
  uint64_t h = hash64(key.len ? key : slice_of(id->bytes, sizeof(id->bytes)));
  return s->lanes[h % s->lane_count];
}

/* The operator's own tool may speak for every channel. */
static bool is_operator(struct slice program) {
  return slice_equal(program, SLICE("deskbell"));
}

static void arrived(void *arg, struct link_peer *peer, const struct link_arrival *items, size_t count) {
  struct router *s = arg;
  int64_t now_ms = clock_now_ms(), now_us = clock_monotonic_us();
  for (size_t i = 0; i < count; i++) {
    struct lane_item *item = lane_item_new(items[i].event);
    item->peer = peer;
    item->seq = items[i].seq;
    item->id = items[i].id;
    item->spooled_ms = items[i].spooled_ms;
    item->sent_ms = items[i].sent_ms;
    item->arrived_ms = now_ms;
    item->arrived_us = now_us;
    item->quarantine = items[i].foreign && !is_operator(link_peer_program(peer)) ? "foreign-channel" : NULL;
    lane_add(lane_of(s, items[i].event, &items[i].id), item);
  }
}

static void gone(void *arg, struct link_peer *peer) {
  struct router *s = arg;
  for (size_t i = 0; i < s->lane_count; i++)
    lane_forget_peer(s->lanes[i], peer);
  relay_gone(s->relay, peer);
}

/* The operator's tool speaks for every channel and delivers for none. */
static void came(void *arg, struct link_peer *peer) {
  struct router *s = arg;
  if (!is_operator(link_peer_program(peer)))
    relay_came(s->relay, peer);
}

static void answered(void *arg, struct link_peer *peer, const struct link_outbound_answer *answers, size_t count) {
  struct router *s = arg;
  relay_answered(s->relay, peer, answers, count);
}

static bool may_speak(void *arg, struct slice program, struct slice channel) {
  struct router *s = arg;
  if (is_operator(program))
    return true;
  const struct channel_config *c = config_channel(s->config, channel);
  if (!c)
    return false;
  const char *owner = c->kind == CHANNEL_EMAIL ? "email" : c->kind == CHANNEL_FORM ? "webform" : "sms";
  return slice_equal(program, slice_text(owner));
}

static size_t on_the_way(const struct router *s) {
  size_t n = 0;
  for (size_t i = 0; i < s->lane_count; i++)
    n += lane_length(s->lanes[i]);
  return n;
}

static void on_pump(uv_prepare_t *prepare) {
  struct router *s = prepare->data;
  for (size_t i = 0; i < s->lane_count; i++)
    lane_pump(s->lanes[i]);
  if (s->draining && on_the_way(s) == 0) {
    s->draining = false;
    service_drained(s->run);
  }
}

static void on_retry(uv_timer_t *timer) {
  struct router *s = timer->data;
  bool calm = true;
  for (size_t i = 0; i < s->lane_count; i++) {
    lane_resume(s->lanes[i]);
    calm = calm && !lane_held(s->lanes[i]);
  }
  if (calm) {
    uv_timer_stop(timer);
    remember_trouble(s, "");
  } else {
    store_refresh(s->store);
  }
}

static void on_refresh(uv_timer_t *timer) {
  struct router *s = timer->data;
  service_ready(s->run); /* a Redis that is down keeps nobody waiting: the channel programs spool */
  store_refresh(s->store);
  if (s->config->router.journal_keep_ms > 0)
    store_trim(s->store, clock_now_ms() - s->config->router.journal_keep_ms);
}

/* ---- open and close */

static int read_secrets(struct router *s) {
  struct complaint complaint;
  int r = config_desk_secret(s->config, &s->secret, &complaint);
  if (r == 0)
    r = redis_config_password(s->config, &s->password, &complaint);
  return r < 0 ? service_fail(s->run, r, "%s: %s", complaint.file, complaint.text) : 0;
}

static void list_channels(struct router *s) {
  size_t count = s->config->channel_count;
  s->channels = must_calloc(count + 1, sizeof(*s->channels));
  for (size_t i = 0; i < count; i++)
    s->channels[i] = slice_text(s->config->channels[i].name);
  s->desk.channels = s->channels;
  s->desk.channel_count = count;
}

static void open_metrics(struct router *s) {
  const char *events = "deskbell_router_events_total", *help = "Contact events settled, by outcome";
  s->routed = metric_counter(events, help, "outcome", "routed");
  s->duplicate = metric_counter(events, help, "outcome", "duplicate");
  s->quarantined = metric_counter(events, help, "outcome", "quarantined");
  for (size_t i = 0; i < AUTOMATIC_KINDS; i++)
    s->automatic[i] = metric_counter("deskbell_router_automatic_total", "Mail that nobody wrote, by kind", "kind",
                                     automatic_kinds[i]);
  s->refused = metric_counter("deskbell_router_refusals_total", "Calls that Redis refused; the events wait", NULL, NULL);
  s->step = metric_histogram("deskbell_router_route_seconds", "From arrival over the link to held by Redis", NULL, NULL);
  s->accepted = metric_histogram("deskbell_router_accept_to_queue_seconds",
                                 "From taken by the channel program to in its queue", NULL, NULL);
  s->waiting = metric_gauge("deskbell_router_events_on_the_way", "Events received and not yet held by Redis", NULL, NULL);
  s->lanes_up = metric_gauge("deskbell_router_lanes_up", "Lanes whose Redis connection is up", NULL, NULL);
  s->version = metric_gauge("deskbell_router_desk_version", "Version of the desk definition in force", NULL, NULL);
}

static void open_lanes(struct router *s, const struct redis_options *redis) {
  const struct router_settings *r = &s->config->router;
  struct lane_options options = {.redis = *redis, .tag = TAG, .batch = r->batch, .dedupe_keep_ms = r->dedupe_keep_ms,
                                 .thread_idle_ms = r->thread_idle_ms};
  struct lane_user user = {.desk = desk_in_force, .is_own = is_own, .settled = settled, .refused = refused,
                           .changed = lane_changed, .arg = s};
  s->lane_count = r->lanes > LANES_MAX ? LANES_MAX : r->lanes;
  for (size_t i = 0; i < s->lane_count; i++)
    s->lanes[i] = lane_open(service_loop(s->run), &options, &user);
}

static void open_relay(struct router *s, const struct redis_options *redis) {
  const struct config *c = s->config;
  s->channel_names = must_calloc(c->channel_count, sizeof(*s->channel_names));
  for (size_t i = 0; i < c->channel_count; i++)
    s->channel_names[i] = c->channels[i].name;
  struct relay_options options = {.redis = *redis, .tag = TAG, .channels = s->channel_names,
                                  .channel_count = c->channel_count};
  s->relay = relay_open(service_loop(s->run), &options);
}

static int open_link(struct router *s) {
  const struct link_config *l = &s->config->link;
  char *keys = config_path(s->config, l->keys), *key = path_join(keys, "router.key");
  struct link_router_options options = {
      .listen = service_listen(s->run, "router", l->listen), .key_file = key, .keys_folder = keys,
      .window_events = l->window_events, .window_bytes = l->window_bytes, .heartbeat_ms = l->heartbeat_ms,
      .dead_after_ms = l->dead_after_ms, .may_speak = may_speak};
  struct link_router_user user = {.arrived = arrived, .gone = gone, .came = came, .answered = answered, .arg = s};
  struct complaint c = {.text = ""};
  int r = link_router_open(service_loop(s->run), &options, &user, &s->link, &c);
  if (r < 0)
    service_fail(s->run, r, "cannot listen for channel programs on %s: %s", options.listen, c.text);
  else
    service_endpoint(s->run, "router", link_router_endpoint(s->link));
  free(key);
  free(keys);
  return r;
}

static void open_timers(struct router *s) {
  uv_loop_t *loop = service_loop(s->run);
  uv_prepare_init(loop, &s->pump);
  uv_timer_init(loop, &s->retry);
  uv_timer_init(loop, &s->refresh);
  s->pump.data = s->retry.data = s->refresh.data = s;
  uv_prepare_start(&s->pump, on_pump);
  uv_timer_start(&s->refresh, on_refresh, REDIS_GRACE_MS, REFRESH_MS);
}

int router_start(struct service_run *run, void **ret_self) {
  struct router *s = must_calloc(1, sizeof(*s));
  s->run = run;
  s->config = service_config(run);
  s->secret = BUF_INIT(64);
  open_metrics(s);
  open_timers(s);
  *ret_self = s;
  int r = read_secrets(s);
  if (r < 0)
    return r;
  s->desk.secret = buf_slice(&s->secret);
  list_channels(s);
  s->redis_url = redis_config_url(s->config);
  struct redis_options redis = {.url = s->redis_url, .user = s->config->redis.user, .password = s->password,
                                .deadline_ms = s->config->router.redis_deadline_ms};
  struct store_user user = {.loaded = loaded, .replaced = replaced, .changed = store_changed, .unplanned = unplanned,
                            .trouble = store_trouble, .arg = s};
  s->store_trouble = true;
  s->store = store_open(service_loop(run), &redis, TAG, &user);
  open_lanes(s, &redis);
  open_relay(s, &redis);
  return open_link(s);
}

void router_drain(void *self) {
  struct router *s = self;
  relay_drain(s->relay);
  s->draining = true; /* channel programs are stopped first; what they sent is finished here */
}

static void free_self(uv_handle_t *handle) {
  struct router *s = handle->data;
  buf_free(&s->secret);
  free(s->password);
  free(s->redis_url);
  free(s->channel_names);
  free(s->channels);
  free(s);
}

void router_stop(void *self) {
  struct router *s = self;
  if (!s)
    return;
  for (size_t i = 0; i < s->lane_count; i++)
    lane_close(&s->lanes[i]);
  store_close(&s->store);
  link_router_close(&s->link);
  relay_close(&s->relay);
  uv_close((uv_handle_t *)&s->pump, NULL);
  uv_close((uv_handle_t *)&s->retry, NULL);
  uv_close((uv_handle_t *)&s->refresh, free_self);
}

void router_unhealthy(void *self, struct buf *ret_reasons) {
  struct router *s = self;
  if (s->store_trouble)
    buf_printf(ret_reasons, "redis: not usable%s%s\n", s->store_words[0] ? ": " : "", s->store_words);
  else if (s->trouble[0])
    buf_printf(ret_reasons, "redis: refuses: %s\n", s->trouble);
  if (s->plan_words[0])
    buf_printf(ret_reasons, "dispatch: the desk definition in force is not its plan: %s\n", s->plan_words);
  relay_unhealthy(s->relay, ret_reasons);
}

void router_measure(void *self) {
  struct router *s = self;
  int64_t up = 0;
  for (size_t i = 0; i < s->lane_count; i++)
    up += redis_up(lane_redis(s->lanes[i]));
  metric_set(s->lanes_up, up);
  metric_set(s->waiting, (int64_t)on_the_way(s));
  metric_set(s->version, s->desk.desk ? (int64_t)s->desk.desk->version : 0);
  relay_measure(s->relay);
}
