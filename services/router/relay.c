/* SPDX-License-Identifier: Apache-2.0 */
/* Life, waking and health of the relay; a program's share is a flow (relay_flow.c). */
#include "relay.h"
#include "base/clock.h"
#include "relay_flow.h"
#include <stdio.h>
#include <stdlib.h>

enum { TICK_MS = 1000, LATE_MOST_MS = 60000 };

struct relay {
  struct relay_options options;
  struct flow_common common;
  char *tag, *wake_channel;
  struct redis *ear;
  uv_timer_t tick;
  struct flow *flows[LINK_PEERS_MAX];
  size_t flow_count;
  bool counting;
  /* As last counted: of all channels, and of the one whose first is due for the longest. */
  int64_t waiting, earliest_ms, late_waiting;
  char late_channel[FLOW_CHANNEL_MAX + 1];
  struct metric *waiting_now, *oldest, *under_way, *wakes;
};

static struct flow *flow_of(struct relay *r, const struct link_peer *peer) {
  struct slice program = link_peer_program(peer);
  for (size_t i = 0; i < r->flow_count; i++)
    if (slice_equal(slice_text(r->flows[i]->program), program))
      return r->flows[i];
  return NULL;
}

void relay_came(struct relay *r, struct link_peer *peer) {
  struct flow *f = flow_of(r, peer);
  if (!f && r->flow_count < LINK_PEERS_MAX)
    f = r->flows[r->flow_count++] = flow_new(&r->common, link_peer_program(peer));
  if (f)
    flow_came(f, peer);
}

void relay_gone(struct relay *r, struct link_peer *peer) {
  struct flow *f = flow_of(r, peer);
  if (f)
    flow_gone(f);
}

void relay_answered(struct relay *r, struct link_peer *peer, const struct link_outbound_answer *answers, size_t count) {
  struct flow *f = flow_of(r, peer);
  if (f)
    flow_answered(f, answers, count);
}

/* ---- waking */

static void pump_all(struct relay *r) {
  for (size_t i = 0; i < r->flow_count; i++)
    flow_pump(r->flows[i]);
}

static void on_heard(void *arg, struct slice channel) {
  struct relay *r = arg;
  metric_add(r->wakes, 1);
  for (size_t i = 0; i < r->flow_count; i++)
    if (flow_speaks_for(r->flows[i], channel))
      flow_pump(r->flows[i]);
}

static void on_changed(void *arg, struct redis *redis, bool up, const char *why) {
  (void)redis, (void)why; /* the store says it */
  if (up)
    pump_all(arg);
}

static void on_counted(void *arg, redisReply *reply) {
  struct relay *r = arg;
  r->counting = false;
  if (r->common.closing || !reply || reply->type != REDIS_REPLY_ARRAY)
    return;
  r->waiting = r->earliest_ms = 0;
  for (size_t i = 0; i + 2 < reply->elements; i += 3) {
    const redisReply *channel = reply->element[i], *waiting = reply->element[i + 1], *due = reply->element[i + 2];
    if (channel->type != REDIS_REPLY_STRING || waiting->type != REDIS_REPLY_INTEGER || due->type != REDIS_REPLY_STRING)
      continue;
    int64_t due_ms = (int64_t)strtod(due->str, NULL);
    r->waiting += waiting->integer;
    if (r->earliest_ms && due_ms >= r->earliest_ms)
      continue;
    r->earliest_ms = due_ms;
    r->late_waiting = waiting->integer;
    snprintf(r->late_channel, sizeof(r->late_channel), "%s", channel->str);
  }
  if (r->waiting > 0)
    pump_all(r);
}

/* How much waits; what became due, or was missed while nobody listened, is found by it. */
static void on_tick(uv_timer_t *timer) {
  struct relay *r = timer->data;
  enum { HEAD = 4 };
  if (r->counting || !redis_up(r->common.redis))
    return;
  size_t count = HEAD + r->options.channel_count;
  const char **argv = must_calloc(count, sizeof(*argv));
  memcpy(argv, (const char *[]){"FCALL_RO", "deskbell_outbound_waiting", "1", r->tag}, HEAD * sizeof(*argv));
  for (size_t i = HEAD; i < count; i++)
    argv[i] = r->options.channels[i - HEAD];
  r->counting = redis_send_argv(r->common.redis, (int)count, argv, NULL, on_counted, r) == 0;
  free(argv);
}

/* ---- life and health */

static void open_metrics(struct relay *r) {
  const char *relayed = "deskbell_outbox_relayed_total", *help = "Outbound messages and orders answered, by answer";
  r->common.taken = metric_counter(relayed, help, "answer", "taken");
  r->common.refused = metric_counter(relayed, help, "answer", "refused");
  r->common.later = metric_counter(relayed, help, "answer", "later");
  r->waiting_now = metric_gauge("deskbell_outbox_waiting", "Outbound messages and orders in the outboxes", NULL, NULL);
  r->oldest = metric_gauge("deskbell_outbox_oldest_seconds", "How long the first of them is due", NULL, NULL);
  r->under_way = metric_gauge("deskbell_outbox_under_way", "Sent to channel programs and not settled", NULL, NULL);
  r->wakes = metric_counter("deskbell_outbox_wakes_total", "How often Redis woke the relay", NULL, NULL);
}

struct relay *relay_open(uv_loop_t *loop, const struct relay_options *options) {
  struct relay *r = must_calloc(1, sizeof(*r));
  size_t len = strlen(options->tag) + sizeof(":outbox");
  r->options = *options;
  r->common.loop = loop;
  r->common.tag = r->tag = must_strdup(options->tag);
  r->wake_channel = must_calloc(1, len);
  snprintf(r->wake_channel, len, "%s:outbox", options->tag);
  open_metrics(r);
  struct redis_options redis = options->redis;
  redis.changed = on_changed;
  redis.arg = r;
  r->common.redis = redis_open(loop, &redis);
  redis.subscribe = r->wake_channel;
  redis.heard = on_heard;
  r->ear = redis_open(loop, &redis);
  uv_timer_init(loop, &r->tick);
  r->tick.data = r;
  uv_timer_start(&r->tick, on_tick, TICK_MS, TICK_MS);
  return r;
}

void relay_drain(struct relay *r) {
  r->common.draining = true;
}

static int64_t oldest_ms(const struct relay *r) {
  int64_t age = r->waiting > 0 ? clock_now_ms() - r->earliest_ms : 0;
  return age > 0 ? age : 0;
}

void relay_unhealthy(const struct relay *r, struct buf *ret_reasons) {
  int64_t age = oldest_ms(r);
  if (age > LATE_MOST_MS)
    buf_printf(ret_reasons, "outbox: %lld wait for channel %s, the first is due for %llds: is its program connected?\n",
               (long long)r->late_waiting, r->late_channel, (long long)(age / 1000));
  for (size_t i = 0; i < r->flow_count; i++)
    if (flow_silent_ms(r->flows[i]) > LATE_MOST_MS)
      buf_printf(ret_reasons, "outbox: %s does not answer: %zu under way\n", r->flows[i]->program, r->flows[i]->count);
}

void relay_measure(struct relay *r) {
  int64_t under_way = 0;
  for (size_t i = 0; i < r->flow_count; i++)
    under_way += (int64_t)r->flows[i]->count;
  metric_set(r->under_way, under_way);
  metric_set(r->waiting_now, r->waiting);
  metric_set(r->oldest, oldest_ms(r) / 1000);
}

static void free_relay(uv_handle_t *handle) {
  struct relay *r = handle->data;
  for (size_t i = 0; i < r->flow_count; i++)
    flow_free(&r->flows[i]);
  free(r->tag);
  free(r->wake_channel);
  free(r);
}

void relay_close(struct relay **relay) {
  if (!relay || !*relay)
    return;
  struct relay *r = *relay;
  *relay = NULL;
  r->common.closing = true;
  redis_close(&r->common.redis); /* answers what is asked */
  redis_close(&r->ear);
  uv_close((uv_handle_t *)&r->tick, free_relay);
}
