/* SPDX-License-Identifier: Apache-2.0 */
/*
 * States: down (timer to the next try) → connecting → greeting (AUTH, PING answered) → up. Anything that fails goes
 * to down. hiredis calls the pending handlers with NULL when its context is freed, so nobody waits for ever.
 */
#include "redis/redis.h"
#include "base/clock.h"
#include "base/digest.h"
#include <fcntl.h>
#include <hiredis/async.h>
#include <stdio.h>
#include <stdlib.h>

enum { RETRY_FIRST_MS = 50, RETRY_MOST_MS = 2000, WATCH_MS = 250 };

enum state { DOWN, CONNECTING, GREETING, UP };

struct redis {
  uv_loop_t *loop;
  char *url, *user, *subscribe; /* subscribe: NULL none */
  struct redis_options options;
  enum state state;
  redisAsyncContext *context;
  uv_poll_t *poll;
  int events;
  uv_timer_t retry, watch;
  int64_t backoff_ms, progress_ms;
  size_t waiting;
  bool closing, told_down;
  int handles;
};

static void connect_now(struct redis *r);

/* ---- our libuv adapter: an error is "readable and writable", so that hiredis sees it itself */

static void on_poll(uv_poll_t *poll, int status, int events) {
  struct redis *r = poll->data;
  redisAsyncContext *c = r->context;
  if (!c)
    return;
  if (status < 0 || (events & (UV_READABLE | UV_DISCONNECT)))
    redisAsyncHandleRead(c);
  if (r->context == c && (status < 0 || (events & UV_WRITABLE)))
    redisAsyncHandleWrite(c);
}

static void set_events(struct redis *r, int events) {
  if (!r->poll || r->events == events)
    return;
  r->events = events;
  if (events)
    uv_poll_start(r->poll, events, on_poll);
  else
    uv_poll_stop(r->poll);
}

static void add_read(void *r) { set_events(r, ((struct redis *)r)->events | UV_READABLE); }
static void del_read(void *r) { set_events(r, ((struct redis *)r)->events & ~UV_READABLE); }
static void add_write(void *r) { set_events(r, ((struct redis *)r)->events | UV_WRITABLE); }
static void del_write(void *r) { set_events(r, ((struct redis *)r)->events & ~UV_WRITABLE); }

static void free_poll(uv_handle_t *handle) {
  free(handle);
}

static void cleanup(void *arg) {
  struct redis *r = arg;
  if (!r->poll)
    return;
  uv_poll_stop(r->poll);
  r->poll->data = NULL;
  uv_close((uv_handle_t *)r->poll, free_poll);
  r->poll = NULL;
  r->events = 0;
}

static int attach(struct redis *r) {
  redisAsyncContext *c = r->context;
  fcntl(c->c.fd, F_SETFD, FD_CLOEXEC);
  r->poll = must_calloc(1, sizeof(*r->poll));
  if (uv_poll_init(r->loop, r->poll, c->c.fd) < 0) {
    free(r->poll);
    r->poll = NULL;
    return -EIO;
  }
  r->poll->data = r;
  c->ev = (__typeof__(c->ev)){.data = r, .addRead = add_read, .delRead = del_read, .addWrite = add_write,
                              .delWrite = del_write, .cleanup = cleanup};
  return 0;
}

/* ---- up and down */

static void on_retry(uv_timer_t *timer) {
  connect_now(timer->data);
}

static void go_down(struct redis *r, const char *why) {
  r->state = DOWN;
  r->context = NULL;
  r->waiting = 0;
  if (r->closing)
    return;
  uv_timer_stop(&r->watch);
  uint32_t jitter;
  random_bytes(&jitter, sizeof(jitter));
  int64_t wait = r->backoff_ms / 2 + (int64_t)(jitter % (uint32_t)(r->backoff_ms / 2 + 1));
  r->backoff_ms = r->backoff_ms * 2 > RETRY_MOST_MS ? RETRY_MOST_MS : r->backoff_ms * 2;
  uv_timer_start(&r->retry, on_retry, (uint64_t)wait, 0);
  bool news = !r->told_down;
  r->told_down = true;
  if (news && r->options.changed)
    r->options.changed(r->options.arg, r, false, why);
}

/* Frees the context, which answers all waiting calls with NULL, then plans the next try. */
static void break_off(struct redis *r, const char *why) {
  redisAsyncContext *c = r->context;
  if (!c)
    return;
  char words[256];
  snprintf(words, sizeof(words), "%s", why);
  c->data = NULL;
  r->context = NULL;
  redisAsyncFree(c);
  go_down(r, words);
}

static void on_disconnect(const redisAsyncContext *c, int status) {
  struct redis *r = c->data;
  if (!r || r->context != c)
    return;
  go_down(r, status == REDIS_OK ? "closed" : c->errstr);
}

static void come_up(struct redis *r) {
  r->state = UP;
  r->backoff_ms = RETRY_FIRST_MS;
  r->progress_ms = clock_monotonic_ms();
  uv_timer_stop(&r->watch);
  r->told_down = false;
  if (r->options.changed)
    r->options.changed(r->options.arg, r, true, NULL);
}

/* ["subscribe", channel, 1] once, then ["message", channel, text] each time. A refusal is a disconnect to hiredis. */
static void on_heard(redisAsyncContext *c, void *reply, void *arg) {
  struct redis *r = c->data;
  (void)arg;
  const redisReply *said = reply;
  if (!r || r->context != c || !said || said->type != REDIS_REPLY_ARRAY || said->elements != 3)
    return;
  if (r->state == GREETING)
    come_up(r);
  else if (said->element[2]->type == REDIS_REPLY_STRING)
    r->options.heard(r->options.arg, slice_of(said->element[2]->str, said->element[2]->len));
}

static void on_greeted(redisAsyncContext *c, void *reply, void *arg) {
  struct redis *r = c->data;
  (void)arg;
  redisReply *answer = reply;
  if (!r || r->context != c || !answer)
    return;
  if (answer->type == REDIS_REPLY_ERROR) { /* LOADING, NOAUTH, WRONGPASS: as good as down */
    break_off(r, answer->str);
    return;
  }
  if (r->subscribe)
    redisAsyncCommand(c, on_heard, NULL, "SUBSCRIBE %s", r->subscribe);
  else
    come_up(r);
}

static void on_auth(redisAsyncContext *c, void *reply, void *arg) {
  (void)arg;
  struct redis *r = c->data;
  redisReply *answer = reply;
  if (r && r->context == c && answer && answer->type == REDIS_REPLY_ERROR)
    break_off(r, "wrong user or password");
}

static void on_connect(const redisAsyncContext *c, int status) {
  struct redis *r = c->data;
  if (!r || r->context != c)
    return;
  if (status != REDIS_OK) {
    go_down(r, c->errstr); /* hiredis frees the context itself */
    return;
  }
  r->state = GREETING;
  r->progress_ms = clock_monotonic_ms();
  if (r->subscribe && strncmp(r->url, "unix:", 5) != 0)
    redisEnableKeepAlive(&r->context->c); /* who only listens would not notice that the other side is gone */
  const char *user = r->user, *password = r->options.password;
  if (password && password[0]) {
    if (user[0])
      redisAsyncCommand(r->context, on_auth, NULL, "AUTH %s %s", user, password);
    else
      redisAsyncCommand(r->context, on_auth, NULL, "AUTH %s", password);
  }
  if (r->context)
    redisAsyncCommand(r->context, on_greeted, NULL, "PING");
}

/* Deadline for answers, for the greeting and for connecting. */
static void on_watch(uv_timer_t *timer) {
  struct redis *r = timer->data;
  bool expects = r->state == CONNECTING || r->state == GREETING || (r->state == UP && r->waiting > 0);
  if (expects && clock_monotonic_ms() - r->progress_ms > r->options.deadline_ms)
    break_off(r, "no answer within the deadline");
}

static void connect_now(struct redis *r) {
  char host[256];
  const char *colon = strrchr(r->url, ':');
  if (strncmp(r->url, "unix:", 5) == 0)
    r->context = redisAsyncConnectUnix(r->url + 5);
  else if (colon && (size_t)(colon - r->url) < sizeof(host)) {
    snprintf(host, sizeof(host), "%.*s", (int)(colon - r->url), r->url);
    r->context = redisAsyncConnect(host, atoi(colon + 1));
  }
  r->progress_ms = clock_monotonic_ms();
  if (!r->context) {
    go_down(r, "bad address");
    return;
  }
  redisAsyncContext *c = r->context;
  c->data = r;
  if (c->err || attach(r) < 0) {
    char words[160];
    snprintf(words, sizeof(words), "%s", c->err ? c->errstr : "cannot watch the socket");
    c->data = NULL;
    r->context = NULL;
    redisAsyncFree(c);
    go_down(r, words);
    return;
  }
  r->state = CONNECTING;
  uv_timer_start(&r->watch, on_watch, WATCH_MS, WATCH_MS);
  redisAsyncSetDisconnectCallback(c, on_disconnect);
  redisAsyncSetConnectCallback(c, on_connect); /* asks for writability, hence after attach */
}

struct redis *redis_open(uv_loop_t *loop, const struct redis_options *options) {
  struct redis *r = must_calloc(1, sizeof(*r));
  r->loop = loop;
  r->options = *options;
  r->url = must_strdup(options->url);
  r->user = must_strdup(options->user ? options->user : "");
  r->subscribe = options->subscribe ? must_strdup(options->subscribe) : NULL;
  r->backoff_ms = RETRY_FIRST_MS;
  uv_timer_init(loop, &r->retry);
  uv_timer_init(loop, &r->watch);
  r->retry.data = r->watch.data = r;
  uv_timer_start(&r->retry, on_retry, 0, 0);
  return r;
}

bool redis_up(const struct redis *r) {
  return r->state == UP;
}

size_t redis_waiting(const struct redis *r) {
  return r->waiting;
}

/* ---- calls */

struct call {
  struct redis *redis;
  redis_answer *answer;
  void *arg;
};

static void on_answer(redisAsyncContext *c, void *reply, void *arg) {
  (void)c;
  struct call call = *(struct call *)arg;
  free(arg);
  if (reply && call.redis->waiting) {
    call.redis->waiting--;
    call.redis->progress_ms = clock_monotonic_ms();
    if (call.redis->waiting == 0)
      uv_timer_stop(&call.redis->watch);
  }
  call.answer(call.arg, reply);
}

static struct call *call_new(struct redis *r, redis_answer *answer, void *arg) {
  struct call *call = must_calloc(1, sizeof(*call));
  *call = (struct call){r, answer, arg};
  return call;
}

static int sent(struct redis *r, struct call *call, int status) {
  if (status != REDIS_OK) {
    free(call);
    return -ENOTCONN;
  }
  if (r->waiting++ == 0) {
    r->progress_ms = clock_monotonic_ms();
    uv_timer_start(&r->watch, on_watch, WATCH_MS, WATCH_MS);
  }
  return 0;
}

int redis_send(struct redis *r, struct slice resp, redis_answer *answer, void *arg) {
  if (r->state != UP || !r->context) /* it is being broken off: an answer's handler may ask */
    return -ENOTCONN;
  struct call *call = call_new(r, answer, arg);
  return sent(r, call, redisAsyncFormattedCommand(r->context, on_answer, call, resp.at, resp.len));
}

int redis_send_argv(struct redis *r, int argc, const char **argv, const size_t *lengths, redis_answer *answer,
                    void *arg) {
  if (r->state != UP || !r->context) /* it is being broken off: an answer's handler may ask */
    return -ENOTCONN;
  struct call *call = call_new(r, answer, arg);
  return sent(r, call, redisAsyncCommandArgv(r->context, on_answer, call, argc, argv, lengths));
}

static void on_closed(uv_handle_t *handle) {
  struct redis *r = handle->data;
  if (--r->handles > 0)
    return;
  free(r->url);
  free(r->user);
  free(r->subscribe);
  free(r);
}

void redis_close(struct redis **redis) {
  if (!redis || !*redis)
    return;
  struct redis *r = *redis;
  *redis = NULL;
  r->closing = true;
  break_off(r, "closing");
  r->handles = 2;
  uv_close((uv_handle_t *)&r->retry, on_closed);
  uv_close((uv_handle_t *)&r->watch, on_closed);
}

/* ---- blocking */

int redis_connect(const char *url, const char *user, const char *password, int64_t timeout_ms, redisContext **ret,
                  char ret_why[256]) {
  struct timeval timeout = {timeout_ms / 1000, (timeout_ms % 1000) * 1000};
  redisContext *c = NULL;
  const char *colon = strrchr(url, ':');
  char host[256] = "";
  if (strncmp(url, "unix:", 5) == 0)
    c = redisConnectUnixWithTimeout(url + 5, timeout);
  else if (colon && (size_t)(colon - url) < sizeof(host)) {
    snprintf(host, sizeof(host), "%.*s", (int)(colon - url), url);
    c = redisConnectWithTimeout(host, atoi(colon + 1), timeout);
  }
  if (!c || c->err) {
    snprintf(ret_why, 256, "cannot reach Redis at %s: %s", url, c ? c->errstr : "bad address");
    if (c)
      redisFree(c);
    return -ECONNREFUSED;
  }
  redisSetTimeout(c, timeout);
  if (password && password[0]) {
    redisReply *r = user && user[0] ? redisCommand(c, "AUTH %s %s", user, password) : redisCommand(c, "AUTH %s", password);
    bool refused = !r || r->type == REDIS_REPLY_ERROR;
    if (r)
      freeReplyObject(r);
    if (refused) {
      snprintf(ret_why, 256, "Redis at %s refuses the user or password", url);
      redisFree(c);
      return -EACCES;
    }
  }
  *ret = c;
  return 0;
}
