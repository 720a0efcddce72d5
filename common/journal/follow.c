/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One call at a time on one connection: (where do I stand? → which desk definition? → its document →) read → the user's
 * step → read … Whatever fails, and every LOOK_MS, it begins at the front again.
 */
#include "journal/follow.h"
#include "base/clock.h"
#include <stdio.h>
#include <stdlib.h>

enum { RETRY_MS = 100, LOOK_MS = 1000, SKIP_MS = 2000, BLOCK_MS = 1000 };

struct follow {
  struct follow_options options;
  struct follow_user user;
  struct redis *redis;
  uv_timer_t timer;
  char position[FOLLOW_CURSOR_MAX], next[FOLLOW_CURSOR_MAX], last[FOLLOW_CURSOR_MAX];
  char journal[64], version_key[64], documents[64], count[16], block[24];
  uint64_t version;            /* being fetched */
  uint64_t passed_version;
  struct desk *desk;
  int64_t looked_ms;
  int64_t waiting_ms;          /* when the oldest entry behind the position was written, as far as is known; 0: none */
  bool busy;                   /* a call or the user's step is under way */
  bool ready, troubled, draining;
  bool passing;                /* nothing needed the journal when last looked */
  struct entry *entries;
};

static void look(struct follow *f);

/* ---- going on */

static void on_timer(uv_timer_t *timer) {
  look(timer->data);
}

static void later(struct follow *f, int64_t ms) {
  f->busy = false;
  if (!f->draining)
    uv_timer_start(&f->timer, on_timer, (uint64_t)ms, 0);
}

static void say(struct follow *f, const char *why) {
  if (!why && !f->troubled)
    return;
  f->troubled = why != NULL;
  f->user.trouble(f->user.arg, why);
}

/* True when the call failed; it is tried again from the front. */
static bool failed(struct follow *f, const redisReply *reply) {
  if (reply && reply->type != REDIS_REPLY_ERROR)
    return false;
  if (!reply) {
    f->busy = false; /* the connection is lost: on_changed() begins again */
    return true;
  }
  bool no_library = strstr(reply->str, "Function not found") != NULL; /* the router brings it */
  if (!no_library)
    say(f, reply->str);
  later(f, no_library ? RETRY_MS : LOOK_MS);
  return true;
}

static void ask(struct follow *f, redis_answer *answer, int argc, const char **argv) {
  f->busy = true;
  if (redis_send_argv(f->redis, argc, argv, NULL, answer, f) < 0)
    f->busy = false;
}
#define ASK(f, answer, ...)                                                                                         \
  ask(f, answer, (int)(sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *)), (const char *[]){__VA_ARGS__})

/* ---- the journal */

static int64_t cursor_ms(const char *cursor) {
  return strtoll(cursor, NULL, 10);
}

static void copy_cursor(char *ret, const char *cursor) {
  snprintf(ret, FOLLOW_CURSOR_MAX, "%s", cursor);
}

static void on_read(void *arg, redisReply *reply) {
  struct follow *f = arg;
  if (failed(f, reply))
    return;
  f->busy = false;
  if (f->draining)
    return;
  if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 1 || reply->element[0]->elements != 2) {
    look(f); /* nothing new */
    return;
  }
  const redisReply *list = reply->element[0]->element[1];
  size_t count = 0;
  f->waiting_ms = 0;
  for (size_t i = 0; i < list->elements && i < f->options.batch_max; i++) {
    const redisReply *one = list->element[i];
    if (one->type == REDIS_REPLY_ARRAY && one->elements && one->element[0]->type == REDIS_REPLY_STRING)
      copy_cursor(f->next, one->element[0]->str);
    if (i == 0)
      f->waiting_ms = cursor_ms(f->next);
    count += entry_read(one, &f->entries[count]); /* what is none is passed over */
  }
  copy_cursor(f->last, f->next);
  f->busy = true;
  const struct follow_batch batch = {f->position, f->next, f->entries, count};
  f->user.batch(f->user.arg, &batch);
}

static void read_on(struct follow *f) {
  ASK(f, on_read, "XREAD", "COUNT", f->count, "BLOCK", f->block, "STREAMS", f->journal, f->position);
}

/* Nothing needs the journal: the position is kept near its end, so that it can be trimmed. */
static void pass_over(struct follow *f) {
  f->passing = true;
  if (strcmp(f->position, f->last) == 0) {
    later(f, SKIP_MS);
    return;
  }
  copy_cursor(f->next, f->last);
  f->busy = true;
  f->user.skip(f->user.arg, f->position, f->next);
}

static void go_on(struct follow *f) {
  if (!f->ready) {
    f->ready = true;
    f->user.ready(f->user.arg);
  }
  say(f, NULL);
  if (f->draining) {
    f->busy = false;
    return;
  }
  if (!f->user.needs(f->user.arg, f->desk)) {
    pass_over(f);
    return;
  }
  if (f->passing)
    f->passed_version = f->desk->version - 1;
  f->passing = false;
  read_on(f);
}

/* ---- the desk definition */

static void on_document(void *arg, redisReply *reply) {
  struct follow *f = arg;
  struct complaint c;
  struct desk *desk = NULL;
  char words[700];
  if (failed(f, reply))
    return;
  if (reply->type != REDIS_REPLY_STRING) {
    later(f, RETRY_MS); /* another one was applied just now */
    return;
  }
  if (desk_parse(slice_of(reply->str, reply->len), "desk definition", &desk, &c) < 0) {
    snprintf(words, sizeof(words), "the desk definition in Redis cannot be used: line %u: %s", c.line, c.text);
    say(f, words);
    later(f, LOOK_MS);
    return;
  }
  desk->version = f->version;
  desk_free(&f->desk);
  f->desk = desk;
  go_on(f);
}

static void on_version(void *arg, redisReply *reply) {
  struct follow *f = arg;
  if (failed(f, reply))
    return;
  if (reply->type != REDIS_REPLY_STRING ||
      slice_to_u64(slice_of(reply->str, reply->len), UINT64_MAX, &f->version) < 0) {
    later(f, RETRY_MS); /* the router makes the first */
    return;
  }
  if (f->desk && f->desk->version == f->version)
    go_on(f);
  else
    ASK(f, on_document, "HGET", f->documents, reply->str);
}

/* ---- where it stands */

static void on_position(void *arg, redisReply *reply) {
  struct follow *f = arg;
  if (failed(f, reply))
    return;
  if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 || reply->element[0]->type != REDIS_REPLY_STRING ||
      reply->element[1]->type != REDIS_REPLY_STRING) {
    say(f, "Redis answers strangely about the follower's position");
    later(f, LOOK_MS);
    return;
  }
  copy_cursor(f->position, reply->element[0]->str);
  copy_cursor(f->last, reply->element[1]->str);
  f->waiting_ms = cursor_ms(f->position) < cursor_ms(f->last) ? cursor_ms(f->last) : 0; /* this one at least */
  f->looked_ms = clock_monotonic_ms();
  ASK(f, on_version, "GET", f->version_key);
}

static void look(struct follow *f) {
  if (f->busy || f->draining || !redis_up(f->redis))
    return;
  uv_timer_stop(&f->timer);
  bool fresh = f->ready && f->position[0] && clock_monotonic_ms() - f->looked_ms < LOOK_MS;
  if (fresh && f->user.needs(f->user.arg, f->desk))
    read_on(f);
  else
    ASK(f, on_position, "FCALL", "deskbell_follow", "1", f->options.tag, f->options.name);
}

static void on_changed(void *arg, struct redis *r, bool up, const char *why) {
  (void)r;
  struct follow *f = arg;
  f->position[0] = '\0';
  if (!up) {
    f->busy = false;
    say(f, why);
    return;
  }
  look(f);
}

/* ---- for the user */

struct follow *follow_open(uv_loop_t *loop, const struct follow_options *options, const struct follow_user *user) {
  struct follow *f = must_calloc(1, sizeof(*f));
  f->options = *options;
  f->user = *user;
  f->entries = must_calloc(options->batch_max, sizeof(*f->entries));
  snprintf(f->journal, sizeof(f->journal), "%s:journal", options->tag);
  snprintf(f->version_key, sizeof(f->version_key), "%s:desk", options->tag);
  snprintf(f->documents, sizeof(f->documents), "%s:desk:documents", options->tag);
  snprintf(f->count, sizeof(f->count), "%u", options->batch_max);
  int64_t patience_ms = options->redis.deadline_ms / 2; /* "nothing new" must come before silence counts as a fault */
  snprintf(f->block, sizeof(f->block), "%lld", (long long)(patience_ms < BLOCK_MS ? patience_ms : BLOCK_MS));
  uv_timer_init(loop, &f->timer);
  f->timer.data = f;
  f->options.redis.changed = on_changed;
  f->options.redis.arg = f;
  f->redis = redis_open(loop, &f->options.redis);
  return f;
}

struct redis *follow_redis(struct follow *f) {
  return f->redis;
}

const struct desk *follow_desk(const struct follow *f) {
  return f->desk;
}

uint64_t follow_passed_version(const struct follow *f) {
  return f->passed_version;
}

void follow_next(struct follow *f) {
  copy_cursor(f->position, f->next);
  f->waiting_ms = 0;
  f->busy = false;
  if (f->passing)
    later(f, SKIP_MS); /* a busy journal has always gone on by now */
  else
    look(f);
}

void follow_again(struct follow *f, int64_t delay_ms) {
  f->position[0] = '\0';
  later(f, delay_ms);
}

int64_t follow_lag_ms(const struct follow *f, int64_t now_ms) {
  return f->position[0] && f->waiting_ms > 0 && now_ms > f->waiting_ms ? now_ms - f->waiting_ms : 0;
}

void follow_drain(struct follow *f) {
  f->draining = true;
  uv_timer_stop(&f->timer);
}

bool follow_idle(const struct follow *f) {
  return !f->busy;
}

static void on_closed(uv_handle_t *handle) {
  struct follow *f = handle->data;
  desk_free(&f->desk);
  free(f->entries);
  free(f);
}

void follow_close(struct follow **follow) {
  if (!follow || !*follow)
    return;
  struct follow *f = *follow;
  f->draining = true;
  redis_close(&f->redis); /* a step under way ends with this, and its user still calls follow_again() */
  *follow = NULL;
  uv_close((uv_handle_t *)&f->timer, on_closed);
}
