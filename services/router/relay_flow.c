/* SPDX-License-Identifier: Apache-2.0 */
#include "relay_flow.h"
#include "base/clock.h"
#include "base/point.h"
#include "log/log.h"
#include <stdio.h>
#include <stdlib.h>

enum { PAUSE_FIRST_MS = 1000, PAUSE_MOST_MS = 30000, REASON_MAX = 255 };

static int64_t now_ms(const struct flow *f) {
  return (int64_t)uv_now(f->common->loop);
}

static void clock_text(char ret[24]) {
  snprintf(ret, 24, "%lld", (long long)clock_now_ms());
}

/* ---- flights */

static struct flight *find(struct flow *f, const char *id, const char *order) {
  for (size_t i = 0; i < f->count; i++)
    if (strcmp(f->flights[i].id, id) == 0 && strcmp(f->flights[i].order, order) == 0)
      return &f->flights[i];
  return NULL;
}

static struct flight *add(struct flow *f, const char *id, const char *order, const char *channel) {
  assert(f->count < LINK_OUTBOUND_WINDOW);
  struct flight *flight = &f->flights[f->count++];
  *flight = (struct flight){.order = order, .since_ms = now_ms(f)};
  snprintf(flight->id, sizeof(flight->id), "%s", id);
  snprintf(flight->channel, sizeof(flight->channel), "%s", channel);
  return flight;
}

static void forget(struct flow *f, struct flight *flight) {
  *flight = f->flights[--f->count];
}

static void forget_sent(struct flow *f) {
  for (size_t i = f->count; i > 0; i--)
    if (!f->flights[i - 1].settling)
      forget(f, &f->flights[i - 1]);
}

static size_t bytes_under_way(const struct flow *f) {
  size_t n = 0;
  for (size_t i = 0; i < f->count; i++)
    n += f->flights[i].settling ? 0 : f->flights[i].bytes;
  return n;
}

/* ---- settling: what the program answered goes to Redis */

struct outcome {
  char id[DERIVED_ID_LEN + 1], channel[FLOW_CHANNEL_MAX + 1];
  const char *order;
  const char *answer;              /* "taken", "refused"; NULL once it is in a call */
  char reason[REASON_MAX + 1];
};

struct settling {
  struct flow *flow;
  size_t count;
  struct {
    char id[DERIVED_ID_LEN + 1];
    const char *order;
  } items[LINK_OUTBOUND_WINDOW];
};

static void on_settled(void *arg, redisReply *reply) {
  struct settling *s = arg;
  struct flow *f = s->flow;
  POINT("relay.settled");
  if (reply && reply->type == REDIS_REPLY_ERROR && !f->common->closing) {
    log_warn("outbox_unsettled", KV("program", f->program), KV("why", reply->str), KV("then", "sent again"));
    f->paused_until_ms = now_ms(f) + PAUSE_FIRST_MS;
  }
  for (size_t i = 0; i < s->count; i++) {
    struct flight *flight = find(f, s->items[i].id, s->items[i].order);
    if (flight && flight->settling)
      forget(f, flight);
  }
  free(s);
  flow_pump(f);
}

static void outcome_of(struct outcome *o, const struct flight *flight, const char *answer, struct slice reason) {
  *o = (struct outcome){.order = flight->order, .answer = answer};
  memcpy(o->id, flight->id, sizeof(o->id));
  memcpy(o->channel, flight->channel, sizeof(o->channel));
  snprintf(o->reason, sizeof(o->reason), "%.*s", (int)(reason.len < REASON_MAX ? reason.len : REASON_MAX), reason.at);
}

/* One call for all of the first one's channel. */
static void settle_channel(struct flow *f, struct outcome *list, size_t count) {
  enum { HEAD = 6, PARTS = 4 };
  const char *argv[HEAD + PARTS * LINK_OUTBOUND_WINDOW];
  char now[24];
  int argc = HEAD;
  struct settling *s = must_calloc(1, sizeof(*s));
  s->flow = f;
  clock_text(now);
  memcpy(argv, (const char *[]){"FCALL", "deskbell_outbound_relayed", "1", f->common->tag, now, list[0].channel},
         HEAD * sizeof(*argv));
  for (size_t i = 0; i < count; i++) {
    if (!list[i].answer || strcmp(list[i].channel, list[0].channel) != 0)
      continue;
    const char *parts[PARTS] = {list[i].id, list[i].order, list[i].answer, list[i].reason};
    memcpy(argv + argc, parts, sizeof(parts));
    argc += PARTS;
    memcpy(s->items[s->count].id, list[i].id, sizeof(list[i].id));
    s->items[s->count++].order = list[i].order;
    find(f, list[i].id, list[i].order)->settling = true;
    list[i].answer = NULL;
  }
  if (redis_send_argv(f->common->redis, argc, argv, NULL, on_settled, s) < 0)
    on_settled(s, NULL);
  POINT("relay.settling");
}

static void settle(struct flow *f, struct outcome *list, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (list[i].answer)
      settle_channel(f, list + i, count - i);
}

/* ---- asking what is due */

static const char *text_of(const redisReply *r, size_t *ret_len) {
  bool text = r->type == REDIS_REPLY_STRING;
  *ret_len = text ? r->len : 0;
  return text ? r->str : "";
}

/* What stands in an outbox and is nowhere else leaves it: Redis was damaged, or restored in part. */
static void settle_lost(struct flow *f, const char *id, const char *channel) {
  struct outcome lost;
  const struct flight *flight = add(f, id, "", channel);
  log_warn("outbound_lost", KV("outbound", flight->id), KV("channel", flight->channel));
  outcome_of(&lost, flight, "refused", SLICE("lost"));
  settle(f, &lost, 1);
}

enum { DUE_PARTS = 5 };

struct due {
  struct link_outbound items[LINK_OUTBOUND_WINDOW];
  const char *channels[LINK_OUTBOUND_WINDOW];
  size_t count;
};

static void read_due(struct flow *f, const redisReply *reply, struct due *ret) {
  ret->count = 0;
  for (size_t i = 0; i + DUE_PARTS <= reply->elements && f->count + ret->count < LINK_OUTBOUND_WINDOW; i += DUE_PARTS) {
    size_t id_len, len, ignored;
    uint64_t attempt;
    const char *id = text_of(reply->element[i], &id_len), *channel = text_of(reply->element[i + 1], &ignored);
    const char *order = link_order(text_of(reply->element[i + 2], &ignored));
    const char *message = text_of(reply->element[i + 3], &len);
    if (slice_to_u64(slice_text(text_of(reply->element[i + 4], &ignored)), UINT32_MAX, &attempt) != 0)
      attempt = 0;
    bool good = id_len == DERIVED_ID_LEN && order && len <= LINK_OUTBOUND_MAX &&
                (len > 0 || order != link_order("deliver"));
    if (good) {
      ret->items[ret->count] = (struct link_outbound){.id = id, .order = order, .message = slice_of(message, len),
                                                         .attempt = (uint32_t)attempt};
      ret->channels[ret->count++] = channel;
    } else if (id_len > 0 && id_len <= DERIVED_ID_LEN) {
      settle_lost(f, id, channel);
    }
  }
}

static void on_due(void *arg, redisReply *reply) {
  struct flow *f = arg;
  struct due due;
  bool again = f->again;
  f->asking = f->again = false;
  if (f->common->closing || !f->peer || !reply || reply->type != REDIS_REPLY_ARRAY)
    return; /* the relay's tick tries again */
  read_due(f, reply, &due);
  if (due.count)
    POINT("relay.due");
  size_t taken = link_router_send_outbound(f->peer, due.items, due.count);
  for (size_t i = 0; i < taken; i++)
    add(f, due.items[i].id, due.items[i].order, due.channels[i])->bytes = (uint32_t)due.items[i].message.len;
  if (taken)
    POINT("relay.sent");
  if (again)
    flow_pump(f);
}

static void ask(struct flow *f, const char *const *channels, size_t channel_count) {
  enum { HEAD = 8 };
  const char **argv = must_calloc(HEAD + channel_count + f->count, sizeof(*argv));
  char now[24], most[24], room[24], count[24];
  size_t under_way = bytes_under_way(f);
  int argc = HEAD;
  clock_text(now);
  snprintf(most, sizeof(most), "%zu", LINK_OUTBOUND_WINDOW - f->count);
  bool full = under_way >= LINK_OUTBOUND_WINDOW_BYTES;
  snprintf(room, sizeof(room), "%zu", full ? 0 : LINK_OUTBOUND_WINDOW_BYTES - under_way);
  snprintf(count, sizeof(count), "%zu", channel_count);
  memcpy(argv, (const char *[]){"FCALL_RO", "deskbell_outbound_due", "1", f->common->tag, now, most, room, count},
         HEAD * sizeof(*argv));
  for (size_t i = 0; i < channel_count; i++)
    argv[argc++] = channels[i];
  for (size_t i = 0; i < f->count; i++)
    argv[argc++] = f->flights[i].id;
  f->asking = redis_send_argv(f->common->redis, argc, argv, NULL, on_due, f) == 0;
  free(argv);
}

void flow_pump(struct flow *f) {
  const struct flow_common *c = f->common;
  size_t channel_count;
  if (f->asking) {
    f->again = true;
    return;
  }
  if (c->draining || c->closing || !f->peer || !link_peer_up(f->peer) || f->count == LINK_OUTBOUND_WINDOW ||
      now_ms(f) < f->paused_until_ms || !redis_up(c->redis))
    return;
  const char *const *channels = link_peer_channels(f->peer, &channel_count);
  if (channel_count)
    ask(f, channels, channel_count);
}

/* ---- what the link says */

void flow_came(struct flow *f, struct link_peer *peer) {
  f->peer = peer;
  f->paused_until_ms = f->pause_ms = 0;
  forget_sent(f);
  flow_pump(f);
}

void flow_gone(struct flow *f) {
  f->peer = NULL;
  forget_sent(f);
}

static void pause_flow(struct flow *f, struct slice why) {
  if (now_ms(f) < f->paused_until_ms)
    return; /* others of the same moment */
  f->pause_ms = f->pause_ms ? f->pause_ms * 2 : PAUSE_FIRST_MS;
  f->pause_ms = f->pause_ms > PAUSE_MOST_MS ? PAUSE_MOST_MS : f->pause_ms;
  f->paused_until_ms = now_ms(f) + f->pause_ms;
  log_warn("outbound_later", KV("program", f->program), KS("why", why), KI("again_in_ms", f->pause_ms));
}

static void count_answer(const struct flow *f, enum link_answer answer) {
  const struct flow_common *c = f->common;
  metric_add(answer == LINK_TAKEN ? c->taken : answer == LINK_REFUSED ? c->refused : c->later, 1);
}

void flow_answered(struct flow *f, const struct link_outbound_answer *answers, size_t count) {
  struct outcome list[LINK_OUTBOUND_WINDOW];
  size_t n = 0;
  POINT("relay.answered");
  for (size_t i = 0; i < count; i++) {
    struct flight *flight = find(f, answers[i].id, answers[i].order);
    enum link_answer answer = answers[i].answer;
    if (!flight || flight->settling)
      continue;
    count_answer(f, answer);
    if (answer == LINK_LATER) {
      pause_flow(f, answers[i].reason);
      forget(f, flight);
      continue;
    }
    f->pause_ms = 0;
    outcome_of(&list[n++], flight, answer == LINK_TAKEN ? "taken" : "refused", answers[i].reason);
  }
  settle(f, list, n);
}

bool flow_speaks_for(const struct flow *f, struct slice channel) {
  size_t count = 0;
  const char *const *channels = f->peer ? link_peer_channels(f->peer, &count) : NULL;
  for (size_t i = 0; i < count; i++)
    if (slice_equal(slice_text(channels[i]), channel))
      return true;
  return false;
}

int64_t flow_silent_ms(const struct flow *f) {
  int64_t since = INT64_MAX;
  for (size_t i = 0; f->peer && i < f->count; i++)
    if (!f->flights[i].settling && f->flights[i].since_ms < since)
      since = f->flights[i].since_ms;
  return since == INT64_MAX ? 0 : now_ms(f) - since;
}

struct flow *flow_new(const struct flow_common *common, struct slice program) {
  struct flow *f = must_calloc(1, sizeof(*f));
  f->common = common;
  snprintf(f->program, sizeof(f->program), "%.*s", (int)program.len, program.at);
  return f;
}

void flow_free(struct flow **f) {
  free(*f);
  *f = NULL;
}
