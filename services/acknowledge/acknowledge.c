/* SPDX-License-Identifier: Apache-2.0 */
#include "acknowledge.h"
#include "base/clock.h"
#include "base/point.h"
#include "decide.h"
#include "journal/follow.h"
#include "log/log.h"
#include "metrics/metrics.h"
#include "redis/redis_config.h"
#include <stdio.h>
#include <stdlib.h>

#define TAG "{p00}"

enum { BATCH_MAX = 128, HEAD_FIELDS = 11, ARENA_FIRST = 256 * 1024, ARENA_MOST = 64 * 1024 * 1024 };
enum { RETRY_MS = 500, REDIS_GRACE_MS = 1000, TICK_MS = 1000, LAG_ALARM_MS = 60 * 1000, CALL_MAX = 32 * 1024 * 1024 };

struct acknowledge {
  struct service_run *run;
  const struct config *config;
  struct follow *follow;
  struct pace *pace;
  uv_timer_t tick;
  struct buf secret, args, call, packed;
  struct arena *arena;
  char *redis_url, *password;
  size_t decided;              /* messages in the step under way */
  bool draining;
  char trouble[320];           /* "" all is well */
  struct metric *sent, *silent, *limited, *passed, *lag;
};

/* ---- the step */

static void put(struct buf *b, struct slice s) {
  buf_printf(b, "$%zu\r\n", s.len);
  buf_add_slice(b, s);
  buf_add_text(b, "\r\n");
}

static void put_number(struct buf *b, int64_t n) {
  char text[24];
  snprintf(text, sizeof(text), "%lld", (long long)n);
  put(b, slice_text(text));
}

static void on_decided(void *arg, redisReply *reply) {
  struct acknowledge *s = arg;
  POINT("acknowledge.answered");
  if (!reply) {
    follow_again(s->follow, RETRY_MS);
    return;
  }
  if (reply->type == REDIS_REPLY_ERROR) {
    bool stale = strncmp(reply->str, "STALE", 5) == 0; /* another program was first, or another desk definition is in force */
    if (!stale) {
      snprintf(s->trouble, sizeof(s->trouble), "%.300s", reply->str);
      log_warn("redis_refuses", KV("why", s->trouble), KV("then", "nothing is acknowledged, trying again"));
    }
    follow_again(s->follow, stale ? 0 : RETRY_MS);
    return;
  }
  for (size_t i = 0; i < reply->len; i++) {
    char c = reply->str[i];
    metric_add(c == 'a' ? s->sent : c == 's' ? s->silent : c == 'l' ? s->limited : s->passed, 1);
  }
  s->trouble[0] = '\0';
  follow_next(s->follow);
}

/* `args`: the decisions, in RESP already. */
static void call(struct acknowledge *s, const char *from, const char *to) {
  const struct desk *desk = follow_desk(s->follow);
  const struct desk_acknowledge *limits = &desk->acknowledge;
  buf_clear(&s->call);
  buf_printf(&s->call, "*%zu\r\n", 4 + HEAD_FIELDS + s->decided * DECIDE_FIELDS);
  put(&s->call, SLICE("FCALL"));
  put(&s->call, SLICE("deskbell_acknowledge"));
  put(&s->call, SLICE("1"));
  put(&s->call, SLICE(TAG));
  put_number(&s->call, clock_now_ms());
  put(&s->call, slice_text(from));
  put(&s->call, slice_text(to));
  put_number(&s->call, (int64_t)desk->version);
  put_number(&s->call, limits->sender_10m);
  put_number(&s->call, limits->sender_day);
  put_number(&s->call, limits->sms_day);
  put_number(&s->call, limits->domain_hour);
  put_number(&s->call, limits->channel_hour);
  put_number(&s->call, limits->subject_repeat_ms);
  put_number(&s->call, (int64_t)s->decided);
  buf_add_slice(&s->call, buf_slice(&s->args));
  if (redis_send(follow_redis(s->follow), buf_slice(&s->call), on_decided, s) < 0)
    follow_again(s->follow, RETRY_MS);
  POINT("acknowledge.asked");
}

static void on_batch(void *arg, const struct follow_batch *batch) {
  struct acknowledge *s = arg;
  const struct decide_facts facts = {.config = s->config, .desk = follow_desk(s->follow), .pace = s->pace,
                                     .secret = buf_slice(&s->secret),
                                     .passed_version = follow_passed_version(s->follow), .now_ms = clock_now_ms()};
  struct slice fields[DECIDE_FIELDS];
  buf_clear(&s->args);
  s->decided = 0;
  for (size_t i = 0; i < batch->count; i++) {
    arena_reset(s->arena);
    if (!decide(&facts, &batch->entries[i], s->arena, &s->packed, fields))
      continue;
    for (size_t k = 0; k < DECIDE_FIELDS; k++)
      put(&s->args, fields[k]);
    s->decided++;
  }
  if (s->decided)
    POINT("acknowledge.decided");
  call(s, batch->from, batch->to);
}

static void on_skip(void *arg, const char *from, const char *to) {
  struct acknowledge *s = arg;
  buf_clear(&s->args);
  s->decided = 0;
  call(s, from, to);
}

static bool needs(void *arg, const struct desk *desk) {
  (void)arg;
  return desk->template_count > 0;
}

/* ---- life */

static void on_ready(void *arg) {
  struct acknowledge *s = arg;
  service_ready(s->run); /* from here on no message is missed */
}

static void on_trouble(void *arg, const char *why) {
  struct acknowledge *s = arg;
  snprintf(s->trouble, sizeof(s->trouble), "%.300s", why ? why : "");
  if (why)
    log_warn("journal_not_read", KV("why", why), KV("then", "nothing is acknowledged, trying again"));
  else
    log_info("journal_read_again", KV("then", "acknowledging"));
}

static void on_pace(void *arg, redisReply *reply) {
  pace_read(((struct acknowledge *)arg)->pace, reply);
}

static void on_tick(uv_timer_t *timer) {
  struct acknowledge *s = timer->data;
  const char *argv[] = {"HGETALL", TAG ":pace"};
  service_ready(s->run); /* a Redis that is down keeps nobody waiting */
  if (s->draining && follow_idle(s->follow))
    service_drained(s->run);
  else if (!s->draining)
    (void)!redis_send_argv(follow_redis(s->follow), 2, argv, NULL, on_pace, s); /* not now: the next time */
}

static void open_metrics(struct acknowledge *s) {
  const char *name = "deskbell_acknowledge_messages_total", *help = "Messages decided on, by outcome";
  s->sent = metric_counter(name, help, "outcome", "acknowledged");
  s->silent = metric_counter(name, help, "outcome", "silent");
  s->limited = metric_counter(name, help, "outcome", "limited");
  s->passed = metric_counter(name, help, "outcome", "nothing_to_do");
  s->lag = metric_gauge("deskbell_acknowledge_lag_ms", "Age of the oldest journal entry not looked at", NULL, NULL);
}

static int read_secrets(struct acknowledge *s) {
  struct complaint complaint;
  int r = config_desk_secret(s->config, &s->secret, &complaint);
  if (r == 0)
    r = redis_config_password(s->config, &s->password, &complaint);
  return r < 0 ? service_fail(s->run, r, "%s: %s", complaint.file, complaint.text) : 0;
}

int acknowledge_start(struct service_run *run, void **ret_self) {
  struct acknowledge *s = must_calloc(1, sizeof(*s));
  s->run = run;
  s->config = service_config(run);
  s->secret = BUF_INIT(64);
  s->args = BUF_INIT(CALL_MAX);
  s->call = BUF_INIT(CALL_MAX + 4096);
  s->packed = BUF_INIT(ANSWER_MAX_BYTES);
  s->arena = arena_new(ARENA_FIRST, ARENA_MOST);
  s->pace = pace_new();
  uv_timer_init(service_loop(run), &s->tick);
  s->tick.data = s;
  open_metrics(s);
  *ret_self = s;
  int r = read_secrets(s);
  if (r < 0)
    return r;
  s->redis_url = redis_config_url(s->config);
  const struct follow_options options = {
      .redis = {.url = s->redis_url, .user = s->config->redis.user, .password = s->password,
                .deadline_ms = s->config->router.redis_deadline_ms},
      .tag = TAG, .name = "acknowledge", .batch_max = BATCH_MAX};
  const struct follow_user user = {.ready = on_ready, .batch = on_batch, .needs = needs, .skip = on_skip,
                                   .trouble = on_trouble, .arg = s};
  s->follow = follow_open(service_loop(run), &options, &user);
  uv_timer_start(&s->tick, on_tick, REDIS_GRACE_MS, TICK_MS);
  return 0;
}

void acknowledge_drain(void *self) {
  struct acknowledge *s = self;
  s->draining = true;
  follow_drain(s->follow);
  uv_timer_start(&s->tick, on_tick, 0, 50);
}

static void free_self(uv_handle_t *handle) {
  struct acknowledge *s = handle->data;
  if (s->secret.at)
    explicit_bzero(s->secret.at, s->secret.len);
  buf_free(&s->secret);
  buf_free(&s->args);
  buf_free(&s->call);
  buf_free(&s->packed);
  arena_free(&s->arena);
  pace_free(&s->pace);
  free(s->password);
  free(s->redis_url);
  free(s);
}

void acknowledge_stop(void *self) {
  struct acknowledge *s = self;
  if (!s)
    return;
  follow_close(&s->follow);
  uv_close((uv_handle_t *)&s->tick, free_self);
}

void acknowledge_unhealthy(void *self, struct buf *ret_reasons) {
  struct acknowledge *s = self;
  int64_t lag = s->follow ? follow_lag_ms(s->follow, clock_now_ms()) : 0;
  if (s->trouble[0])
    buf_printf(ret_reasons, "redis: %s\n", s->trouble);
  if (lag > LAG_ALARM_MS)
    buf_printf(ret_reasons, "behind: messages wait for %lld s to be acknowledged\n", (long long)(lag / 1000));
}

void acknowledge_measure(void *self) {
  struct acknowledge *s = self;
  metric_set(s->lag, follow_lag_ms(s->follow, clock_now_ms()));
}
