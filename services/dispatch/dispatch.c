/* SPDX-License-Identifier: Apache-2.0 */
#include "dispatch.h"
#include "answer.h"
#include "base/clock.h"
#include "base/point.h"
#include "log/log.h"
#include "metrics/metrics.h"
#include "redis/redis.h"
#include "redis/redis_config.h"
#include "turn.h"
#include <stdio.h>
#include <stdlib.h>

#define TAG "{p00}"

/* Silent for so long, nobody is offered anything: somebody must look. */
enum { SILENT_MOST_MS = 10 * 1000, REDIS_GRACE_MS = 1000, DRAIN_LOOK_MS = 20 };

struct dispatch {
  struct service_run *run;
  struct redis *redis, *ear;
  struct turn turn;
  uv_timer_t timer;            /* the next turn */
  uv_timer_t grace;            /* a Redis that is down keeps nobody waiting; later: has the drain ended? */
  char *redis_url, *password, most[16];
  int64_t asked_us, answered_ms; /* of the loop */
  bool draining, closing;
  bool no_library;             /* said, until it is there */
  char trouble[320];           /* "" all is well */
  struct metric *offers, *calls, *refusals, *wakes, *time, *silent;
};

static void pump(struct dispatch *s);

/* ---- the step */

static void say_refused(struct dispatch *s, const struct answer *a) {
  bool again = strncmp(s->trouble, a->why, sizeof(s->trouble) - 1) == 0;
  metric_add(s->refusals, 1);
  snprintf(s->trouble, sizeof(s->trouble), "%s", a->why);
  if (a->kind == ANSWER_NO_LIBRARY && !s->no_library)
    log_info("functions_missing", KV("then", "waiting for the router, which brings them"));
  else if (a->kind == ANSWER_REFUSED && !again)
    log_warn("redis_refuses", KV("why", a->why), KV("then", "nothing is offered, trying again"));
  s->no_library = a->kind == ANSWER_NO_LIBRARY;
}

static void say_done(struct dispatch *s, const redisReply *reply, const struct answer *a) {
  metric_add(s->offers, a->offers);
  if (s->trouble[0])
    log_info("offering_again", KI("offers", a->offers));
  s->trouble[0] = '\0';
  s->no_library = false;
  for (size_t i = 0; log_enabled(LOG_DEBUG) && i < a->offers; i++) {
    struct offer o = answer_offer(reply, i);
    log_debug("offered", KS("work_item", o.item), KS("agents", o.agents), KI("until", o.until_ms));
  }
}

static void on_answer(void *arg, redisReply *reply) {
  struct dispatch *s = arg;
  POINT("dispatch.answered");
  if (!reply || s->closing) /* lost: on_changed() goes on */
    return;
  int64_t now_ms = clock_monotonic_ms();
  struct answer a = answer_read(reply);
  metric_observe_us(s->time, clock_monotonic_us() - s->asked_us);
  if (a.kind == ANSWER_DONE) {
    s->answered_ms = now_ms;
    say_done(s, reply, &a);
    turn_answered(&s->turn, now_ms, a.more, a.next_ms ? a.next_ms - clock_now_ms() : TURN_NOTHING_DUE);
    service_ready(s->run);
  } else {
    say_refused(s, &a);
    turn_refused(&s->turn, now_ms);
  }
  pump(s);
}

static void call(struct dispatch *s) {
  char now[24];
  snprintf(now, sizeof(now), "%lld", (long long)clock_now_ms());
  const char *argv[] = {"FCALL", "deskbell_dispatch", "1", TAG, now, s->most};
  s->asked_us = clock_monotonic_us();
  metric_add(s->calls, 1);
  if (redis_send_argv(s->redis, 6, argv, NULL, on_answer, s) < 0)
    turn_down(&s->turn);
  POINT("dispatch.asked");
}

static void on_timer(uv_timer_t *timer) {
  pump(timer->data);
}

/* Calls when it is time, else waits for it. */
static void pump(struct dispatch *s) {
  int64_t now_ms = clock_monotonic_ms();
  if (s->draining || s->closing)
    return;
  if (turn_take(&s->turn, now_ms))
    call(s);
  int64_t wait_ms = turn_wait_ms(&s->turn, now_ms);
  if (wait_ms < 0)
    uv_timer_stop(&s->timer);
  else
    uv_timer_start(&s->timer, on_timer, (uint64_t)wait_ms, 0);
}

/* ---- what wakes it */

static void on_heard(void *arg, struct slice message) {
  struct dispatch *s = arg;
  (void)message;
  metric_add(s->wakes, 1);
  turn_woken(&s->turn);
  pump(s);
}

/* What was said while it could not listen is lost: so it looks. */
static void on_ear_changed(void *arg, struct redis *r, bool up, const char *why) {
  struct dispatch *s = arg;
  (void)r, (void)why; /* said about the other connection */
  if (!up)
    return;
  turn_woken(&s->turn);
  pump(s);
}

static void on_changed(void *arg, struct redis *r, bool up, const char *why) {
  struct dispatch *s = arg;
  (void)r;
  if (up) {
    turn_up(&s->turn, clock_monotonic_ms());
  } else {
    turn_down(&s->turn);
    snprintf(s->trouble, sizeof(s->trouble), "%s", why);
    log_warn("redis_down", KV("why", why), KV("then", "reconnecting, nothing is offered"));
  }
  pump(s);
}

/* ---- life */

static void open_metrics(struct dispatch *s) {
  s->offers = metric_counter("deskbell_dispatch_offers_total", "Offers made", NULL, NULL);
  s->calls = metric_counter("deskbell_dispatch_calls_total", "Calls of the step in Redis", NULL, NULL);
  s->refusals = metric_counter("deskbell_dispatch_refusals_total", "Calls that Redis refused", NULL, NULL);
  s->wakes =
      metric_counter("deskbell_dispatch_wakes_total", "How often Redis said that there is something to do", NULL, NULL);
  s->time = metric_histogram("deskbell_dispatch_call_seconds", "From a call to its answer", NULL, NULL);
  s->silent = metric_gauge("deskbell_dispatch_silent_ms", "For how long no call has been answered", NULL, NULL);
}

static void on_grace(uv_timer_t *timer) {
  struct dispatch *s = timer->data;
  service_ready(s->run);
  if (s->draining && !s->turn.under_way)
    service_drained(s->run);
}

int dispatch_start(struct service_run *run, void **ret_self) {
  struct dispatch *s = must_calloc(1, sizeof(*s));
  const struct config *config = service_config(run);
  struct complaint complaint;
  s->run = run;
  s->answered_ms = clock_monotonic_ms();
  snprintf(s->most, sizeof(s->most), "%u", config->dispatch.most);
  uv_timer_init(service_loop(run), &s->timer);
  uv_timer_init(service_loop(run), &s->grace);
  s->timer.data = s->grace.data = s;
  open_metrics(s);
  *ret_self = s;
  int r = redis_config_password(config, &s->password, &complaint);
  if (r < 0)
    return service_fail(run, r, "%s: %s", complaint.file, complaint.text);
  s->redis_url = redis_config_url(config);
  struct redis_options options = {.url = s->redis_url, .user = config->redis.user, .password = s->password,
                                  .deadline_ms = config->router.redis_deadline_ms, .changed = on_changed, .arg = s};
  s->redis = redis_open(service_loop(run), &options);
  options.subscribe = TAG ":dispatch";
  options.heard = on_heard;
  options.changed = on_ear_changed;
  s->ear = redis_open(service_loop(run), &options);
  uv_timer_start(&s->grace, on_grace, REDIS_GRACE_MS, 0);
  return 0;
}

void dispatch_drain(void *self) {
  struct dispatch *s = self;
  s->draining = true;
  uv_timer_stop(&s->timer);
  uv_timer_start(&s->grace, on_grace, 0, DRAIN_LOOK_MS);
}

static void free_self(uv_handle_t *handle) {
  struct dispatch *s = handle->data;
  if (s->password)
    explicit_bzero(s->password, strlen(s->password));
  free(s->password);
  free(s->redis_url);
  free(s);
}

void dispatch_stop(void *self) {
  struct dispatch *s = self;
  if (!s)
    return;
  s->closing = true;
  redis_close(&s->redis);
  redis_close(&s->ear);
  uv_close((uv_handle_t *)&s->timer, NULL);
  uv_close((uv_handle_t *)&s->grace, free_self);
}

static int64_t silent_ms(const struct dispatch *s) {
  return clock_monotonic_ms() - s->answered_ms;
}

void dispatch_unhealthy(void *self, struct buf *ret_reasons) {
  const struct dispatch *s = self;
  if (s->trouble[0])
    buf_printf(ret_reasons, "redis: %s\n", s->trouble);
  if (silent_ms(s) > SILENT_MOST_MS)
    buf_printf(ret_reasons, "dispatch: nothing is offered for %lld s\n", (long long)(silent_ms(s) / 1000));
}

void dispatch_measure(void *self) {
  struct dispatch *s = self;
  metric_set(s->silent, silent_ms(s));
}
