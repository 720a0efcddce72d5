/* SPDX-License-Identifier: Apache-2.0 */
#include "inbox.h"
#include "base/clock.h"
#include "events.h"
#include "log/log.h"
#include "redis/redis_config.h"
#include "take_http.h"
#include "take_zmq.h"
#include <stdio.h>
#include <stdlib.h>

enum { BATCH_MAX = 256, ANSWER_MAX = 1024 * 1024, DRAIN_LOOK_MS = 10, GRACE_MS = 1000 };
enum { STEPS, JOURNAL };

/* ---- news */

static void on_entry(void *arg, const struct entry *e) {
  struct inbox *s = arg;
  struct notice n;
  if (slice_equal(e->type, SLICE("desk")))
    definition_read(s->definition, s->redis);
  if (!notice_is(e->type) || !listeners_count(s->listeners) || !notice_read(e, &n))
    return;
  listeners_tell(s->listeners, &n);
  notice_free(&n);
}

static void on_begun(void *arg, bool lost) {
  struct inbox *s = arg;
  service_ready(s->run); /* from here on no news is missed */
  if (lost)
    listeners_say(s->listeners, "lost", NULL, NULL);
}

static void note(struct inbox *s, int which, const char *why) {
  snprintf(s->trouble[which], sizeof(s->trouble[which]), "%.300s", why ? why : "");
  if (why)
    log_warn("redis_lost", KV("for", which == STEPS ? "steps" : "the journal"), KV("why", why),
             KV("then", "trying again"));
}

static void on_trouble(void *arg, const char *why) {
  note(arg, JOURNAL, why);
}

static void on_changed(void *arg, struct redis *r, bool up, const char *why) {
  struct inbox *s = arg;
  (void)r;
  note(s, STEPS, up ? NULL : why);
  if (!up)
    return;
  definition_read(s->definition, s->redis);
  listeners_renew(s->listeners, clock_monotonic_ms());
  event_streams_resume(s->streams);
}

/* ---- leases */

static void on_renewed(void *arg, redisReply *reply) {
  (void)arg, (void)reply; /* whatever it was: in a third of the time again */
}

static void renew(void *arg, const char *agent, int64_t keep_ms) {
  struct inbox *s = arg;
  char now[24], keep[24];
  snprintf(now, sizeof(now), "%lld", (long long)clock_now_ms());
  snprintf(keep, sizeof(keep), "%lld", (long long)keep_ms);
  const char *argv[] = {"FCALL", "deskbell_presence", "1", TAG, now, agent, "", keep, ""};
  (void)!redis_send_argv(s->redis, 9, argv, NULL, on_renewed, s); /* away: the next time */
}

/* Who came with a key, not a token, is take_zmq.c's business. */
static bool row_holds(void *arg, const struct access_row *row) {
  static const uint8_t no_token[SHA256_BYTES];
  return memcmp(row->digest, no_token, sizeof(no_token)) == 0 || gate_holds(((struct inbox *)arg)->gate, row);
}

void inbox_recheck(struct inbox *s) {
  listeners_say(s->listeners, "signed-out", row_holds, s);
}

static void on_tick(uv_timer_t *timer) {
  struct inbox *s = timer->data;
  int64_t now = clock_monotonic_ms();
  if (gate_look(s->gate))
    inbox_recheck(s);
  if (!definition_known(s->definition) && redis_up(s->redis))
    definition_read(s->definition, s->redis); /* the router makes the first */
  listeners_tick(s->listeners, now);
  event_streams_tick(s->streams, now);
  take_zmq_tick(s->zmq, now);
  if (now - s->began_ms > GRACE_MS)
    service_ready(s->run); /* a Redis that is down keeps nobody waiting */
}

/* ---- life */

static void open_metrics(struct inbox *s) {
  s->asked = metric_counter("deskbell_inbox_requests_total", "What agents asked for", NULL, NULL);
  s->refused = metric_counter("deskbell_inbox_refused_total", "Requests answered with a problem", NULL, NULL);
  s->failed = metric_counter("deskbell_inbox_failed_total", "Requests that failed for a fault on our side", NULL, NULL);
  s->overrun = metric_counter("deskbell_inbox_slow_total", "Event streams ended because their reader was too slow", NULL,
                              NULL);
  s->listening = metric_gauge("deskbell_inbox_connections", "Event streams and waiting requests", NULL, NULL);
}

static void open_redis(struct inbox *s) {
  struct redis_options options = {.url = s->redis_url, .user = s->config->redis.user, .password = s->password,
                                  .deadline_ms = s->config->router.redis_deadline_ms, .changed = on_changed, .arg = s};
  const struct tail_options tail = {.redis = options, .tag = TAG, .batch_max = BATCH_MAX};
  const struct tail_user user = {.entry = on_entry, .begun = on_begun, .trouble = on_trouble, .arg = s};
  s->redis = redis_open(s->loop, &options);
  s->tail = tail_open(s->loop, &tail, &user);
}

static void open_gate(struct inbox *s) {
  const struct inbox_settings *settings = &s->config->inbox;
  s->tokens_file = config_path(s->config, settings->tokens_file);
  s->gate = gate_open(
      &(struct gate_options){.tokens_file = s->tokens_file, .rate = settings->rate, .burst = settings->burst});
  s->listeners = listeners_new(
      &(struct listeners_options){.most = settings->streams, .keep_ms = settings->keep_ms, .renew = renew, .arg = s});
  s->streams = event_streams_new(s);
  s->definition = definition_open();
  s->judges = judges_open(s->loop);
}

int inbox_start(struct service_run *run, void **ret_self) {
  struct inbox *s = must_calloc(1, sizeof(*s));
  struct complaint complaint;
  s->run = run;
  s->config = service_config(run);
  s->loop = service_loop(run);
  s->out = BUF_INIT(ANSWER_MAX);
  s->began_ms = clock_monotonic_ms();
  uv_timer_init(s->loop, &s->tick);
  s->tick.data = s;
  open_metrics(s);
  open_gate(s);
  int r = redis_config_password(s->config, &s->password, &complaint);
  if (r < 0) {
    service_fail(run, r, "%s: %s", complaint.file, complaint.text);
  } else {
    s->redis_url = redis_config_url(s->config);
    open_redis(s);
    r = take_http_open(s);
    if (r == 0)
      r = take_zmq_open(s, &s->zmq);
  }
  if (r < 0) {
    inbox_stop(s);
    return r;
  }
  *ret_self = s;
  uint64_t every = (uint64_t)listeners_tick_ms(s->listeners);
  uint64_t beat = (uint64_t)s->config->inbox.heartbeat_ms / 2;
  every = beat < every ? beat : every;
  uv_timer_start(&s->tick, on_tick, every, every);
  return 0;
}

static void on_drained(uv_timer_t *timer) {
  struct inbox *s = timer->data;
  if (http_pending(s->http) == 0 && s->working == 0)
    service_drained(s->run);
}

/* What was begun is answered; who only waits is sent away, and goes on with another inbox or after the restart. */
void inbox_drain(void *self) {
  struct inbox *s = self;
  s->draining = true;
  http_quiesce(s->http);
  take_zmq_drain(s->zmq);
  listeners_say(s->listeners, "stopping", NULL, NULL);
  judges_drain(s->judges);
  uv_timer_start(&s->tick, on_drained, 0, DRAIN_LOOK_MS);
}

static void on_closed(uv_handle_t *handle) {
  struct inbox *s = handle->data;
  event_streams_free(&s->streams);
  listeners_free(&s->listeners);
  definition_close(&s->definition);
  gate_close(&s->gate);
  buf_free(&s->out);
  free(s->redis_url);
  if (s->password)
    explicit_bzero(s->password, strlen(s->password));
  free(s->password);
  free(s->tokens_file);
  free(s);
}

/* In this order: what waits for a judge or for Redis is answered by their closing, and those answers still need the
 * server. */
void inbox_stop(void *self) {
  struct inbox *s = self;
  if (s->listeners)
    listeners_say(s->listeners, "stopping", NULL, NULL);
  tail_close(&s->tail);
  judges_close(&s->judges);
  redis_close(&s->redis);
  take_zmq_close(&s->zmq);
  http_close(&s->http);
  uv_close((uv_handle_t *)&s->tick, on_closed);
}

void inbox_unhealthy(void *self, struct buf *ret_reasons) {
  const struct inbox *s = self;
  const char *tokens = gate_trouble(s->gate), *keys = take_zmq_trouble(s->zmq);
  for (size_t i = 0; i < 2; i++)
    if (s->trouble[i][0])
      buf_printf(ret_reasons, "%s: %s\n", i == STEPS ? "redis" : "journal", s->trouble[i]);
  if (tokens)
    buf_printf(ret_reasons, "tokens: %s\n", tokens);
  if (keys)
    buf_printf(ret_reasons, "keys: %s\n", keys);
}

void inbox_measure(void *self) {
  const struct inbox *s = self;
  metric_set(s->listening, (int64_t)listeners_count(s->listeners));
}
