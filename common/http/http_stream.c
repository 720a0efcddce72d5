/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libmicrohttpd asks for the next chunk when it has sent the one before; when there is none the connection is suspended
 * until something is written. A suspended connection is not watched by anybody, so the reaper looks whether its peer
 * has closed.
 */
#include "http/http_internal.h"
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

#define BLOCK 4096
#define KERNEL_ROOM (64 * 1024)   /* what a slow peer may keep of the kernel's memory */
#define UNANSWERED_MS 30000       /* sent and not acknowledged for so long: the network lost the peer */
#define LOOK_AT_ONCE 256

static void release(struct http_stream *s) {
  if (s->request || s->response_lives)
    return;
  buf_free(&s->queue);
  free(s);
}

static void tell_empty(struct http_stream *s) {
  void (*empty)(void *arg) = s->empty;
  if (!empty || s->queue.len || s->ended)
    return;
  s->empty = NULL;
  empty(s->arg);
}

static ssize_t on_read(void *arg, uint64_t position, char *to, size_t room) {
  struct http_stream *s = arg;
  (void)position;
  if (!s->request || s->request->aborted)
    return MHD_CONTENT_READER_END_WITH_ERROR;
  if (s->queue.len) {
    size_t len = s->queue.len < room ? s->queue.len : room;
    memcpy(to, s->queue.at, len);
    buf_consume(&s->queue, len);
    s->progress_ms = (int64_t)uv_now(s->request->server->loop);
    tell_empty(s);
    return (ssize_t)len;
  }
  if (s->ended)
    return MHD_CONTENT_READER_END_OF_STREAM;
  s->suspended = true;
  MHD_suspend_connection(s->request->mhd);
  return 0;
}

static void on_response_freed(void *arg) {
  struct http_stream *s = arg;
  s->response_lives = false;
  release(s);
}

static void wake(struct http_stream *s) {
  if (!s->suspended)
    return;
  s->suspended = false;
  MHD_resume_connection(s->request->mhd);
  s->request->server->wants_run = true;
}

static void bound_kernel(int fd) {
  int room = KERNEL_ROOM;
  unsigned unanswered = UNANSWERED_MS;
  if (fd < 0)
    return;
  /* Both only make a limit tighter; without them the deadline still cuts. */
  (void)!setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
  (void)!setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unanswered, sizeof(unanswered));
}

struct http_stream *http_stream_begin(struct http_request *r, const char *type, const struct http_reply_header *headers,
                                      size_t header_count, size_t room, http_gone *gone, void *arg) {
  assert(!r->replied && !r->stream && room > 0);
  struct http_stream *s = must_calloc(1, sizeof(*s));
  *s = (struct http_stream){.request = r, .gone = gone, .arg = arg, .queue = BUF_INIT(room)};
  r->stream = s;
  r->replied = true;
  r->status = 200;
  r->watch = NULL;
  if (r->connection)
    bound_kernel(r->connection->fd);
  r->response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, on_read, s, on_response_freed);
  s->response_lives = r->response != NULL;
  if (!r->response || !http_decorate(r->server, r->response, type, headers, header_count))
    http_drop_response(r); /* http_queue() then cuts the connection, and gone() is called */
  if (r->suspended) {
    r->suspended = false;
    MHD_resume_connection(r->mhd);
    r->server->wants_run = true;
  }
  return s;
}

int http_stream_write(struct http_stream *s, struct slice bytes) {
  assert(s->request && !s->ended);
  if (bytes.len > s->queue.max - s->queue.len)
    return HTTP_STREAM_FULL;
  if (s->queue.len == 0)
    s->progress_ms = (int64_t)uv_now(s->request->server->loop);
  buf_add_slice(&s->queue, bytes);
  wake(s);
  return 0;
}

size_t http_stream_waiting(const struct http_stream *s) {
  return s->queue.len;
}

void http_stream_when_empty(struct http_stream *s, void (*empty)(void *arg)) {
  s->empty = empty;
}

void http_stream_end(struct http_stream **stream) {
  if (!stream || !*stream)
    return;
  struct http_stream *s = *stream;
  *stream = NULL;
  s->ended = true;
  s->gone = NULL;
  struct http_connection *c = s->request->connection;
  if (c && c->phase == PHASE_STREAMING)
    http_enter(c, PHASE_ANSWERING);
  wake(s);
}

void http_stream_over(struct http_request *r) {
  struct http_stream *s = r->stream;
  if (!s)
    return;
  r->stream = NULL;
  s->request = NULL;
  s->suspended = false;
  http_gone *gone = s->gone;
  s->gone = NULL;
  if (gone)
    gone(s->arg);
  release(s);
}

void http_watch(struct http_request *r, http_gone *gone, void *arg) {
  assert(!r->replied);
  r->watch = gone;
  r->watch_arg = arg;
}

/* ---- the reaper's part */

static bool looked_at(const struct http_connection *c) {
  const struct http_request *r = c->request;
  return r && c->fd >= 0 && (r->watch || (r->stream && r->stream->suspended));
}

static void tell(struct http_connection *c) {
  struct http_request *r = c->request;
  if (!looked_at(c))
    return; /* what was told before changed it */
  if (r->stream) {
    r->aborted = true;
    wake(r->stream);
    return;
  }
  http_gone *gone = r->watch;
  r->watch = NULL;
  gone(r->watch_arg);
}

/* Nobody's request ends while it is told: connections are freed by MHD_run() alone. */
static void look(struct http_connection **list, struct pollfd *fds, size_t count) {
  if (poll(fds, (nfds_t)count, 0) <= 0)
    return;
  for (size_t i = 0; i < count; i++)
    if (fds[i].revents & (POLLRDHUP | POLLHUP | POLLERR))
      tell(list[i]);
}

void http_stream_reap(struct http_server *s) {
  struct http_connection *list[LOOK_AT_ONCE];
  struct pollfd fds[LOOK_AT_ONCE];
  size_t count = 0;
  for (struct http_connection *c = s->connections; c; c = c->next) {
    if (!looked_at(c))
      continue;
    list[count] = c;
    fds[count++] = (struct pollfd){.fd = c->fd, .events = POLLRDHUP};
    if (count == LOOK_AT_ONCE) {
      look(list, fds, count);
      count = 0;
    }
  }
  if (count)
    look(list, fds, count);
}

bool http_stream_stalled(const struct http_request *r, int64_t now_ms, int64_t deadline_ms) {
  const struct http_stream *s = r ? r->stream : NULL;
  return s && s->queue.len && now_ms - s->progress_ms > deadline_ms;
}
