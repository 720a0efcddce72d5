/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The private Redis of a desk: reached only over a socket in the desk's folder, keeping everything in its append-only
 * file. Its configuration is written anew at each start from the desk's, so that the one cannot drift from the other.
 * It is ready when it answers PING; while it loads its file it answers LOADING, which is not ready.
 */
#include "base/file.h"
#include "up.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/un.h>
#include <unistd.h>

#define ASK_AGAIN_MS 5   /* the socket is not there yet */
#define LOADING_MS 20    /* it is loading */
#define ANSWER_MS 2000   /* connected, but silent */

/* A value of redis.conf in its quoted form. */
static void add_row(struct buf *ret, const char *key, const char *value) {
  buf_printf(ret, "%s \"", key);
  for (; *value; value++) {
    unsigned char c = (unsigned char)*value;
    if (c < ' ' || c == 0x7f)
      buf_printf(ret, "\\x%02x", c);
    else if (c == '"' || c == '\\')
      buf_printf(ret, "\\%c", c);
    else
      buf_add_char(ret, (char)c);
  }
  buf_add_text(ret, "\"\n");
}

void up_redis_conf(const struct config *config, struct buf *ret) {
  static const struct {
    const char *key, *path;
  } places[] = {{"dir", "redis"}, {"unixsocket", "redis/redis.sock"}, {"logfile", "redis/redis.log"}};
  buf_add_text(ret, "# Written by deskbell up at each start from the desk's configuration; changes here are lost.\n");
  for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
    char *path = path_join(config->dir, places[i].path);
    add_row(ret, places[i].key, path);
    free(path);
  }
  buf_add_text(ret, "unixsocketperm 700\n"
                    "port 0\n"
                    "daemonize no\n"
                    "databases 1\n"
                    "save \"\"\n"
                    "appendonly yes\n"
                    "appenddirname aof\n"
                    "appendfilename desk.aof\n"
                    "aof-use-rdb-preamble yes\n"
                    "maxmemory-policy noeviction\n"
                    /* measured (docs/PERFORMANCE.md): rewrites every 64 MB and their compression took an eighth of the
                     * machine under load, latency tracking a clock read per inner command */
                    "auto-aof-rewrite-min-size 512mb\n"
                    "rdbcompression no\n"
                    "latency-tracking no\n"
                    /* a work item's hash in one piece: half the memory, a tenth off a decision among a million */
                    "hash-max-listpack-value 512\n"
                    "hash-max-listpack-entries 64\n"
                    "hz 10\n"
                    "dynamic-hz no\n");
  add_row(ret, "appendfsync", config->redis.fsync[0] ? config->redis.fsync : "always");
  buf_printf(ret, "maxmemory %zu\n", config->redis.maxmemory);
}

static int prepare(const char *folder, const char *socket, const char *conf, struct slice text,
                   struct complaint *complaint) {
  if (strlen(socket) >= sizeof(((struct sockaddr_un *)0)->sun_path))
    return complain(complaint, socket, 0, 0,
                    "is too long for a socket's path (%zu characters at most): use a shorter --dir",
                    sizeof(((struct sockaddr_un *)0)->sun_path) - 1);
  int r = folder_make(folder);
  if (r == 0)
    r = file_write_atomic(conf, text, 0600);
  if (r == 0 && unlink(socket) < 0 && errno != ENOENT)
    r = -errno;
  if (r < 0)
    complain(complaint, folder, 0, 0, "the private Redis cannot be prepared: %s", strerror(-r));
  return r;
}

int up_redis_prepare(const struct config *config, struct complaint *complaint) {
  auto_clean(buf_free) struct buf text = BUF_INIT(64 * 1024);
  up_redis_conf(config, &text);
  char *folder = path_join(config->dir, "redis");
  char *socket = path_join(folder, "redis.sock"), *conf = path_join(folder, "redis.conf");
  int r = prepare(folder, socket, conf, buf_slice(&text), complaint);
  free(folder);
  free(socket);
  free(conf);
  return r;
}

/* Asking. Each attempt is a connection of its own; an attempt that is over calls nobody. */

struct attempt {
  struct redis_watch *watch; /* NULL: over */
  uv_pipe_t pipe;
  uv_connect_t connect;
  uv_write_t write;
  char answer[128];
  size_t len;
};

struct redis_watch {
  uv_loop_t *loop;
  const char *socket;
  void (*answers)(void *arg);
  void *arg;
  uv_timer_t timer; /* next attempt, or the end of patience with this one */
  struct attempt *attempt;
  bool said_loading;
};

static void begin(struct redis_watch *w);

static void on_attempt_closed(uv_handle_t *handle) {
  free(handle->data);
}

static void end_attempt(struct redis_watch *w) {
  if (!w->attempt)
    return;
  w->attempt->watch = NULL;
  uv_close((uv_handle_t *)&w->attempt->pipe, on_attempt_closed);
  w->attempt = NULL;
}

static void on_again(uv_timer_t *timer) {
  struct redis_watch *w = timer->data;
  end_attempt(w);
  begin(w);
}

static void again(struct redis_watch *w, uint64_t after_ms) {
  end_attempt(w);
  uv_timer_start(&w->timer, on_again, after_ms, 0);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret) {
  (void)suggested;
  struct attempt *a = handle->data;
  *ret = uv_buf_init(a->answer + a->len, (unsigned)(sizeof(a->answer) - a->len));
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *bytes) {
  (void)bytes;
  struct attempt *a = stream->data;
  struct redis_watch *w = a->watch;
  if (!w || got == 0)
    return;
  if (got < 0) {
    again(w, ASK_AGAIN_MS);
    return;
  }
  a->len += (size_t)got;
  struct slice answer = slice_of(a->answer, a->len);
  if (!memchr(answer.at, '\n', answer.len) && a->len < sizeof(a->answer))
    return;
  if (slice_equal(slice_trim(answer), SLICE("+PONG"))) {
    redis_watch_set(w, false);
    w->answers(w->arg);
    return;
  }
  if (!w->said_loading)
    log_info("redis_not_ready", KS("answer", slice_trim(answer)));
  w->said_loading = true;
  again(w, LOADING_MS);
}

static void on_written(uv_write_t *request, int status) {
  struct attempt *a = request->data;
  if (a->watch && status < 0)
    again(a->watch, ASK_AGAIN_MS);
}

static void on_connected(uv_connect_t *request, int status) {
  struct attempt *a = request->data;
  if (!a->watch)
    return;
  uv_buf_t ping = uv_buf_init((char *)"PING\r\n", 6);
  if (status < 0 || uv_read_start((uv_stream_t *)&a->pipe, on_alloc, on_read) < 0 ||
      uv_write(&a->write, (uv_stream_t *)&a->pipe, &ping, 1, on_written) < 0)
    again(a->watch, ASK_AGAIN_MS);
}

static void begin(struct redis_watch *w) {
  struct attempt *a = must_calloc(1, sizeof(*a));
  a->watch = w;
  uv_pipe_init(w->loop, &a->pipe, 0);
  a->pipe.data = a->connect.data = a->write.data = a;
  w->attempt = a;
  uv_timer_start(&w->timer, on_again, ANSWER_MS, 0);
  uv_pipe_connect(&a->connect, &a->pipe, w->socket, on_connected);
}

struct redis_watch *redis_watch_new(uv_loop_t *loop, const char *socket, void (*answers)(void *arg), void *arg) {
  struct redis_watch *w = must_calloc(1, sizeof(*w));
  *w = (struct redis_watch){.loop = loop, .socket = socket, .answers = answers, .arg = arg};
  uv_timer_init(loop, &w->timer);
  w->timer.data = w;
  return w;
}

void redis_watch_set(struct redis_watch *w, bool alive) {
  end_attempt(w);
  uv_timer_stop(&w->timer);
  w->said_loading = false;
  if (alive)
    begin(w);
}

static void on_watch_closed(uv_handle_t *handle) {
  free(handle->data);
}

void redis_watch_free(struct redis_watch **w) {
  if (!w || !*w)
    return;
  redis_watch_set(*w, false);
  uv_close((uv_handle_t *)&(*w)->timer, on_watch_closed);
  *w = NULL;
}
