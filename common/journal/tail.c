/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One call at a time: where does the journal end? → read → read … After a reconnect it asks for the end again: an end
 * before our position means that Redis lost what we had seen.
 */
#include "journal/tail.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { RETRY_MS = 200, BLOCK_MS = 1000 };

struct tail {
  struct tail_options options;
  struct tail_user user;
  struct redis *redis;
  uv_timer_t timer;
  char position[TAIL_CURSOR_MAX];
  char journal[64], count[16], block[24];
  bool busy, known, troubled, closing; /* known: the position is one of this Redis as far as is known */
};

static void go_on(struct tail *t);

/* ---- cursors */

static bool cursor_parts(const char *text, uint64_t ret[2]) {
  struct slice rest = slice_text(text), head;
  if (!slice_split(&rest, '-', &head) || slice_to_u64(head, UINT64_MAX, &ret[0]) < 0)
    return false;
  ret[1] = 0;
  return !rest.at || slice_to_u64(rest, UINT64_MAX, &ret[1]) == 0;
}

int cursor_compare(const char *a, const char *b) {
  uint64_t x[2] = {0, 0}, y[2] = {0, 0};
  if (!cursor_parts(a, x))
    x[0] = x[1] = 0;
  if (!cursor_parts(b, y))
    y[0] = y[1] = 0;
  for (int i = 0; i < 2; i++)
    if (x[i] != y[i])
      return x[i] < y[i] ? -1 : 1;
  return 0;
}

bool cursor_ok(struct slice text) {
  char copy[TAIL_CURSOR_MAX];
  uint64_t parts[2];
  if (text.len == 0 || text.len >= sizeof(copy) || memchr(text.at, 0, text.len))
    return false;
  memcpy(copy, text.at, text.len);
  copy[text.len] = '\0';
  return strchr(copy, '-') && cursor_parts(copy, parts);
}

/* ---- going on */

static void on_timer(uv_timer_t *timer) {
  go_on(timer->data);
}

static void later(struct tail *t) {
  t->busy = false;
  if (!t->closing)
    uv_timer_start(&t->timer, on_timer, RETRY_MS, 0);
}

static void say(struct tail *t, const char *why) {
  if (!why && !t->troubled)
    return;
  t->troubled = why != NULL;
  t->user.trouble(t->user.arg, why);
}

static bool failed(struct tail *t, const redisReply *reply) {
  if (reply && reply->type != REDIS_REPLY_ERROR)
    return false;
  if (!reply) {
    t->busy = false; /* on_changed() begins again */
    return true;
  }
  say(t, reply->str);
  later(t);
  return true;
}

static void ask(struct tail *t, redis_answer *answer, int argc, const char **argv) {
  t->busy = true;
  if (redis_send_argv(t->redis, argc, argv, NULL, answer, t) < 0)
    t->busy = false;
}

/* ---- reading */

static void on_read(void *arg, redisReply *reply) {
  struct tail *t = arg;
  if (failed(t, reply))
    return;
  t->busy = false;
  say(t, NULL);
  bool some = reply->type == REDIS_REPLY_ARRAY && reply->elements == 1 && reply->element[0]->elements == 2;
  const redisReply *list = some ? reply->element[0]->element[1] : NULL;
  for (size_t i = 0; list && i < list->elements && !t->closing; i++) {
    const redisReply *one = list->element[i];
    struct entry e;
    if (one->type != REDIS_REPLY_ARRAY || !one->elements || one->element[0]->type != REDIS_REPLY_STRING)
      continue;
    snprintf(t->position, sizeof(t->position), "%s", one->element[0]->str);
    if (entry_read(one, &e))
      t->user.entry(t->user.arg, &e);
  }
  go_on(t);
}

static void on_end(void *arg, redisReply *reply) {
  struct tail *t = arg;
  const char *end = "0-0";
  if (failed(t, reply))
    return;
  t->busy = false;
  if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 1 && reply->element[0]->type == REDIS_REPLY_ARRAY &&
      reply->element[0]->elements && reply->element[0]->element[0]->type == REDIS_REPLY_STRING)
    end = reply->element[0]->element[0]->str;
  bool first = !t->position[0], lost = !first && cursor_compare(end, t->position) < 0;
  t->known = true;
  if (first || lost) {
    snprintf(t->position, sizeof(t->position), "%s", end);
    t->user.begun(t->user.arg, lost);
  }
  go_on(t);
}

static void go_on(struct tail *t) {
  if (t->busy || t->closing || !redis_up(t->redis))
    return;
  uv_timer_stop(&t->timer);
  if (t->known)
    ask(t, on_read, 8,
        (const char *[]){"XREAD", "COUNT", t->count, "BLOCK", t->block, "STREAMS", t->journal, t->position});
  else
    ask(t, on_end, 6, (const char *[]){"XREVRANGE", t->journal, "+", "-", "COUNT", "1"});
}

static void on_changed(void *arg, struct redis *r, bool up, const char *why) {
  struct tail *t = arg;
  (void)r;
  t->known = false;
  if (up)
    go_on(t);
  else {
    t->busy = false;
    say(t, why);
  }
}

/* ---- for the user */

struct tail *tail_open(uv_loop_t *loop, const struct tail_options *options, const struct tail_user *user) {
  struct tail *t = must_calloc(1, sizeof(*t));
  t->options = *options;
  t->user = *user;
  snprintf(t->journal, sizeof(t->journal), "%s:journal", options->tag);
  snprintf(t->count, sizeof(t->count), "%u", options->batch_max);
  int64_t patience_ms = options->redis.deadline_ms / 2; /* "nothing new" must come before silence counts as a fault */
  snprintf(t->block, sizeof(t->block), "%" PRId64, patience_ms < BLOCK_MS ? patience_ms : (int64_t)BLOCK_MS);
  uv_timer_init(loop, &t->timer);
  t->timer.data = t;
  t->options.redis.changed = on_changed;
  t->options.redis.arg = t;
  t->redis = redis_open(loop, &t->options.redis);
  return t;
}

const char *tail_position(const struct tail *t) {
  return t->position;
}

static void on_closed(uv_handle_t *handle) {
  free(handle->data);
}

void tail_close(struct tail **tail) {
  if (!tail || !*tail)
    return;
  struct tail *t = *tail;
  *tail = NULL;
  t->closing = true;
  redis_close(&t->redis);
  uv_close((uv_handle_t *)&t->timer, on_closed);
}
