/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list holds items in order; `unsent` is the first that is not on its way. Calls are answered in order, so each
 * answer belongs to the items at the head. A refusal (nothing was done) puts the lane on hold; once the last call on
 * its way is answered, `unsent` goes back to the head.
 */
#include "lane.h"
#include "base/clock.h"
#include "base/point.h"
#include <stdio.h>
#include <stdlib.h>

enum { CALLS_ON_THE_WAY = 2, ARENA_FIRST = 64 * 1024, ARENA_MOST = 16 * 1024 * 1024, CALL_BYTES = 1024 * 1024 };
enum { EVENT_FIELDS = 20, RULE_FIELDS = 6, HEAD_FIELDS = 9 };

struct call {
  struct lane *lane;
  size_t count;
};

struct lane {
  struct redis *redis;
  struct lane_options options;
  struct lane_user user;
  struct lane_item *head, **tail, *unsent;
  size_t length, on_the_way;
  bool hold, closing;
  bool refused;                    /* and no call has gone well since */
  struct call calls[CALLS_ON_THE_WAY];
  bool busy[CALLS_ON_THE_WAY];
  struct arena *arena;
  struct buf resp, body;
};

static void on_changed(void *arg, struct redis *r, bool up, const char *why) {
  (void)r;
  struct lane *l = arg;
  if (up)
    l->hold = false;
  l->user.changed(l->user.arg, l, up, why);
  if (up)
    lane_pump(l);
}

struct lane *lane_open(uv_loop_t *loop, const struct lane_options *options, const struct lane_user *user) {
  struct lane *l = must_calloc(1, sizeof(*l));
  l->options = *options;
  l->user = *user;
  l->tail = &l->head;
  l->arena = arena_new(ARENA_FIRST, ARENA_MOST);
  l->body = BUF_INIT(64 * 1024 * 1024);
  l->resp = BUF_INIT(64 * 1024 * 1024);
  l->options.redis.changed = on_changed;
  l->options.redis.arg = l;
  l->redis = redis_open(loop, &l->options.redis);
  return l;
}

void lane_close(struct lane **lane) {
  if (!lane || !*lane)
    return;
  struct lane *l = *lane;
  *lane = NULL;
  l->closing = true;
  redis_close(&l->redis);
  while (l->head) {
    struct lane_item *next = l->head->next;
    free(l->head);
    l->head = next;
  }
  arena_free(&l->arena);
  buf_free(&l->body);
  buf_free(&l->resp);
  free(l);
}

struct lane_item *lane_item_new(struct slice event) {
  assert(event.len <= CALL_BYTES);
  struct lane_item *item = must_realloc(NULL, sizeof(*item) + event.len);
  memset(item, 0, sizeof(*item));
  item->len = event.len;
  memcpy(item->event, event.at, event.len);
  return item;
}

void lane_add(struct lane *l, struct lane_item *item) {
  item->next = NULL;
  *l->tail = item;
  l->tail = &item->next;
  if (!l->unsent)
    l->unsent = item;
  l->length++;
}

static struct lane_item *take_head(struct lane *l) {
  struct lane_item *item = l->head;
  assert(item && item != l->unsent);
  l->head = item->next;
  if (!l->head)
    l->tail = &l->head;
  l->length--;
  return item;
}

/* ---- writing a call */

static void put(struct buf *b, struct slice s) {
  char head[24];
  int n = snprintf(head, sizeof(head), "$%zu\r\n", s.len);
  buf_add(b, head, (size_t)n);
  buf_add_slice(b, s);
  buf_add(b, "\r\n", 2);
}

static void put_text(struct buf *b, const char *s) {
  put(b, slice_text(s));
}

static void put_number(struct buf *b, int64_t n) {
  char text[24];
  int len = snprintf(text, sizeof(text), "%lld", (long long)n);
  put(b, slice_of(text, (size_t)len));
}

static void put_rules(struct buf *b, const struct desk *desk, const struct decision *d) {
  put_number(b, (int64_t)d->rule_count);
  for (size_t i = 0; i < d->rule_count; i++) {
    const struct desk_rule *rule = &desk->rules[d->rules[i]];
    put_text(b, rule->name);
    put_text(b, rule->queue);
    put_number(b, rule->priority);
    if (rule->own_within)
      put_number(b, rule->answer_within_ms);
    else
      put_text(b, ""); /* the queue's, or that of the customer's class */
    put_text(b, rule->skills);
    put_text(b, rule->customer);
  }
}

/* An event that cannot be understood is still a fact: it goes into quarantine with its bytes. */
static void decide_quarantine(struct decision *d, const char *reason) {
  *d = (struct decision){.kind = "quarantine", .mode = "new", .from = "", .name = "", .proven = "", .proven_how = "",
                         .message_id = "", .references = "", .tokens = "", .others = "", .subject = "", .hints = "", .automatic = "",
                         .why = reason};
}

static size_t put_event(struct lane *l, struct lane_item *item, const struct decide_desk *desk) {
  arena_reset(l->arena);
  contact_event *e = NULL;
  const char *why = NULL, *channel = "", *kind = "", *reason = item->quarantine;
  struct decision d;
  char id[EVENT_ID_LEN + 1], trace[120];
  event_id_text(&item->id, id);
  if (event_unpack(slice_of(item->event, item->len), l->arena, &e, &why) != 0)
    reason = reason ? reason : "invalid-event";
  else if (strcmp(e->id, id) != 0)
    reason = reason ? reason : "wrong-id";
  if (e) {
    channel = e->channel;
    kind = e->channel_kind;
    item->received_ms = e->received_at_ms;
  }
  if (reason || decide(e, desk, l->user.is_own, l->user.arg, l->arena, &d) < 0)
    decide_quarantine(&d, reason ? reason : "too-complex");
  item->automatic = d.automatic;
  snprintf(trace, sizeof(trace), "%lld %lld %lld %lld", (long long)item->received_ms, (long long)item->spooled_ms,
           (long long)item->sent_ms, (long long)item->arrived_ms);
  struct buf *b = &l->body;
  put_text(b, id);
  put_text(b, d.kind);
  put_text(b, channel);
  put_text(b, d.mode);
  put_text(b, d.from);
  put_text(b, d.name);
  put_text(b, d.proven);
  put_text(b, d.proven_how);
  put_text(b, d.message_id);
  put_text(b, d.references);
  put_text(b, d.tokens);
  put_text(b, d.others);
  put_text(b, d.subject);
  put_text(b, d.reference);
  put(b, slice_of(item->event, item->len));
  put_text(b, trace);
  put_text(b, d.why);
  put_text(b, d.hints);
  put_text(b, kind);
  put_rules(b, desk->desk, &d);
  return EVENT_FIELDS + d.rule_count * RULE_FIELDS;
}

static void write_call(struct lane *l, size_t count, size_t fields, uint64_t desk_version) {
  struct buf *b = &l->resp;
  buf_clear(b);
  buf_printf(b, "*%zu\r\n$5\r\nFCALL\r\n$14\r\ndeskbell_route\r\n$1\r\n1\r\n", HEAD_FIELDS + fields);
  put_text(b, l->options.tag);
  put_number(b, clock_now_ms());
  put_number(b, (int64_t)desk_version);
  put_number(b, l->options.dedupe_keep_ms);
  put_number(b, l->options.thread_idle_ms);
  put_number(b, (int64_t)count);
  buf_add_slice(b, buf_slice(&l->body));
}

/* ---- answers */

static void settle(struct lane *l, size_t count, const char *outcomes) {
  bool stuck = false;
  for (size_t i = 0; i < count; i++) {
    struct lane_item *item = take_head(l);
    if (outcomes[i] == 'e') { /* could not be routed: a damaged key, say; it is kept as a quarantine entry */
      stuck = stuck || item->quarantine;
      item->quarantine = "route-failed";
      lane_add(l, item);
      continue;
    }
    enum lane_outcome outcome = outcomes[i] == 'd' ? LANE_DUPLICATE : outcomes[i] == 'q' ? LANE_QUARANTINED : LANE_ROUTED;
    l->user.settled(l->user.arg, item, outcome);
    free(item);
  }
  l->refused = stuck;
  if (stuck) {
    l->hold = true;
    l->user.refused(l->user.arg, l, "an event cannot even be put into quarantine: see the log of Redis");
  }
}

static void on_answer(void *arg, redisReply *reply) {
  struct call *call = arg;
  struct lane *l = call->lane;
  size_t count = call->count;
  l->busy[call - l->calls] = false;
  l->on_the_way--;
  POINT("route.answered");
  if (l->closing)
    return;
  bool good = reply && reply->type == REDIS_REPLY_STRING && reply->len == count;
  if (good && !l->hold) {
    settle(l, count, reply->str);
  } else if (!l->hold) {
    l->hold = true;
    l->refused = l->refused || reply;
    if (reply)
      l->user.refused(l->user.arg, l, reply->type == REDIS_REPLY_ERROR ? reply->str : "unexpected answer");
  }
  if (l->hold && l->on_the_way == 0)
    l->unsent = l->head;
  lane_pump(l);
}

static bool send_batch(struct lane *l, const struct decide_desk *desk) {
  size_t count = 0, fields = 0;
  struct lane_item *item = l->unsent;
  buf_clear(&l->body);
  while (item && count < l->options.batch && l->body.len < CALL_BYTES) {
    fields += put_event(l, item, desk);
    count++;
    item = item->next;
  }
  write_call(l, count, fields, desk->desk->version);
  size_t slot = l->busy[0] ? 1 : 0;
  l->calls[slot] = (struct call){l, count};
  if (redis_send(l->redis, buf_slice(&l->resp), on_answer, &l->calls[slot]) < 0)
    return false;
  l->busy[slot] = true;
  l->on_the_way++;
  l->unsent = item;
  POINT("route.sent");
  return true;
}

void lane_pump(struct lane *l) {
  while (!l->hold && l->unsent && l->on_the_way < CALLS_ON_THE_WAY && redis_up(l->redis)) {
    const struct decide_desk *desk = l->user.desk(l->user.arg);
    if (!desk || !send_batch(l, desk))
      return;
  }
}

void lane_resume(struct lane *l) {
  if (l->hold && (l->on_the_way > 0 || !redis_up(l->redis)))
    return; /* not yet: answers are missing, or the connection */
  if (l->hold)
    l->unsent = l->head;
  l->hold = false;
  lane_pump(l);
}

void lane_forget_peer(struct lane *l, const struct link_peer *peer) {
  for (struct lane_item *item = l->head; item; item = item->next)
    if (item->peer == peer)
      item->peer = NULL;
}

bool lane_held(const struct lane *l) {
  return l->hold || l->refused;
}

size_t lane_length(const struct lane *l) {
  return l->length;
}

struct redis *lane_redis(struct lane *l) {
  return l->redis;
}
