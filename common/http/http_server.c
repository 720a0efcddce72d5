/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libmicrohttpd inside the libuv loop. Its epoll descriptor is watched; what is ready and what was resumed in one
 * turn of the loop is worked off by one MHD_run(), after the poll phase (answers that became durable in it) or
 * before it (answers given by timers).
 */
#include "http/http_internal.h"
#include <stdlib.h>

#define CONNECTION_MEMORY (32 * 1024)
#define SPARE_CONNECTIONS 16    /* ours closes at the limit; libmicrohttpd would leave them waiting */

static void turn(struct http_server *s);

static void on_readable(uv_poll_t *handle, int status, int events) {
  struct http_server *s = handle->data;
  (void)status, (void)events;
  s->wants_run = true;
}

static void on_timer(uv_timer_t *handle) {
  struct http_server *s = handle->data;
  s->wants_run = true;
}

static void on_prepare(uv_prepare_t *handle) {
  turn(handle->data);
}

static void on_check(uv_check_t *handle) {
  turn(handle->data);
}

static void on_reaper(uv_timer_t *handle) {
  http_reap(handle->data);
}

static void turn(struct http_server *s) {
  MHD_UNSIGNED_LONG_LONG wait_ms;
  if (!s->wants_run)
    return;
  s->wants_run = false; /* before the run: a handler may resume others */
  MHD_run(s->daemon);
  if (MHD_get_timeout(s->daemon, &wait_ms) == MHD_YES)
    uv_timer_start(&s->timer, on_timer, wait_ms, 0);
  else
    uv_timer_stop(&s->timer);
}

static int copy_proxies(struct http_server *s) {
  s->proxies = must_calloc(s->options.trusted_proxy_count + 1, sizeof(*s->proxies));
  for (size_t i = 0; i < s->options.trusted_proxy_count; i++)
    if (!http_parse_ip(slice_text(s->options.trusted_proxies[i]), &s->proxies[s->proxy_count++]))
      return -EINVAL;
  return 0;
}

/* Percent-encoding is the handler's business, and signatures need the target as it was sent. */
static size_t keep_escapes(void *arg, struct MHD_Connection *mhd, char *text) {
  (void)arg, (void)mhd;
  return strlen(text);
}

static int start_daemon(struct http_server *s) {
  s->daemon = MHD_start_daemon(
      MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME, 0, http_on_accept, s, http_on_access, s,
      MHD_OPTION_URI_LOG_CALLBACK, http_on_target, s, MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL, MHD_OPTION_NOTIFY_COMPLETED, http_on_completed, s,
      MHD_OPTION_NOTIFY_CONNECTION, http_on_connection, s, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
      (size_t)CONNECTION_MEMORY, MHD_OPTION_CONNECTION_LIMIT,
      (unsigned int)(s->options.max_connections + SPARE_CONNECTIONS), MHD_OPTION_CONNECTION_TIMEOUT,
      (unsigned int)(HTTP_KEEP_ALIVE_MS / 1000), MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
  return s->daemon ? 0 : -ENOMEM;
}

static void start_watching(struct http_server *s, int epoll_fd) {
  uv_loop_t *loop = s->loop;
  int64_t every = s->options.deadline_ms / 8;
  every = every < 20 ? 20 : every > 1000 ? 1000 : every;
  if (uv_poll_init(loop, &s->poll, epoll_fd) != 0)
    assert(!"an epoll descriptor can be polled");
  uv_prepare_init(loop, &s->prepare);
  uv_check_init(loop, &s->check);
  uv_timer_init(loop, &s->timer);
  uv_timer_init(loop, &s->reaper);
  s->poll.data = s->prepare.data = s->check.data = s->timer.data = s->reaper.data = s;
  uv_poll_start(&s->poll, UV_READABLE, on_readable);
  uv_prepare_start(&s->prepare, on_prepare);
  uv_check_start(&s->check, on_check);
  uv_timer_start(&s->reaper, on_reaper, (uint64_t)every, (uint64_t)every);
  uv_unref((uv_handle_t *)&s->prepare);
  uv_unref((uv_handle_t *)&s->check);
  uv_unref((uv_handle_t *)&s->timer);
  uv_unref((uv_handle_t *)&s->reaper);
  s->handles += 5;
  s->wants_run = true;
}

static void free_server(struct http_server *s) {
  listen_socket_close(&s->listener);
  MHD_stop_daemon(s->daemon); /* NULL is nothing */
  http_free_requests(s);
  http_cache_free(s);
  free(s->proxies);
  free(s);
}

static int open_parts(struct http_server *s) {
  int r = http_listen_open(s);
  if (r < 0 || (r = copy_proxies(s)) < 0 || (r = start_daemon(s)) < 0 || (r = http_listen_start(s)) < 0)
    return r;
  const union MHD_DaemonInfo *info = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD);
  assert(info);
  start_watching(s, info->epoll_fd);
  return 0;
}

int http_open(uv_loop_t *loop, const struct http_options *options, http_handler *handler, http_limit *limit, void *arg,
              struct http_server **ret) {
  assert(options->max_connections > 0 && options->max_per_address > 0 && options->deadline_ms > 0);
  struct http_server *s = must_calloc(1, sizeof(*s));
  s->loop = loop;
  s->options = *options;
  s->handler = handler;
  s->limit = limit;
  s->arg = arg;
  for (size_t i = 0; i < HTTP_CACHE_SLOTS; i++)
    s->cache[i].key = BUF_INIT(1);
  int r = open_parts(s);
  if (r < 0) {
    free_server(s);
    return r;
  }
  *ret = s;
  return 0;
}

const char *http_address(const struct http_server *s) {
  return s->address;
}

size_t http_pending(const struct http_server *s) {
  return s->pending;
}

void http_quiesce(struct http_server *s) {
  if (s->quiesced)
    return;
  s->quiesced = true;
  listen_socket_close(&s->listener);
  http_cut_idle(s);
  s->wants_run = true;
}

static void release(struct http_server *s) {
  if (--s->handles == 0)
    free_server(s);
}

static void on_closed(uv_handle_t *handle) {
  release(handle->data);
}

void http_listen_closed(struct listen_socket *l) {
  release(l->arg);
}

/* libmicrohttpd ends the process when it is stopped with suspended connections; a stream suspends itself when all that
 * waited is fetched, unless it is aborted. */
static void abort_suspended(struct http_server *s) {
  for (struct http_connection *c = s->connections; c; c = c->next) {
    struct http_request *r = c->request;
    if (!r || (!r->suspended && !r->stream))
      continue;
    bool resume = r->suspended || r->stream->suspended;
    if (r->stream)
      r->stream->suspended = false;
    r->suspended = false;
    r->aborted = true;
    if (resume)
      MHD_resume_connection(r->mhd);
  }
  MHD_run(s->daemon);
}

void http_close(struct http_server **server) {
  if (!server || !*server)
    return;
  struct http_server *s = *server;
  *server = NULL;
  s->quiesced = true;
  listen_socket_close(&s->listener);
  abort_suspended(s);
  uv_poll_stop(&s->poll);
  uv_handle_t *const handles[] = {(uv_handle_t *)&s->poll, (uv_handle_t *)&s->prepare, (uv_handle_t *)&s->check,
                                  (uv_handle_t *)&s->timer, (uv_handle_t *)&s->reaper};
  for (size_t i = 0; i < sizeof(handles) / sizeof(handles[0]); i++)
    uv_close(handles[i], on_closed);
  MHD_stop_daemon(s->daemon);
  s->daemon = NULL;
}
