/* SPDX-License-Identifier: Apache-2.0 */
#include "listen/listen_socket.h"
#include "log/log.h"
#include <errno.h>
#include <unistd.h>

enum { TURN = 16, REST_MS = 250, TELL_EVERY_MS = 60 * 1000 };

static void on_ready(uv_poll_t *poll, int status, int events);

static void on_rested(uv_timer_t *timer) {
  struct listen_socket *l = timer->data;
  uv_poll_start(&l->poll, UV_READABLE, on_ready);
}

/* Tries go on for as long as the lack lasts; one line a minute tells enough. */
static void rest(struct listen_socket *l, int fault) {
  const uint64_t now = uv_now(l->rest.loop);
  if (!l->told_ms || now - l->told_ms >= TELL_EVERY_MS) {
    log_warn("connection_not_accepted", KV("fault", uv_strerror(fault)));
    l->told_ms = now;
  }
  uv_poll_stop(&l->poll);
  uv_timer_start(&l->rest, on_rested, REST_MS, 0);
}

/* Returns whether there may be another. */
static bool take_one(struct listen_socket *l) {
  struct sockaddr_storage from;
  socklen_t len = sizeof(from);
  int fd = accept4(l->fd, (struct sockaddr *)&from, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd >= 0)
    l->connected(l, fd, (struct sockaddr *)&from, len);
  else if (errno == EAGAIN)
    return false;
  else if (errno != EINTR && errno != ECONNABORTED && errno != EPROTO)
    rest(l, -errno);
  return l->open && uv_is_active((uv_handle_t *)&l->poll);
}

/* A crowd must not keep the loop from those who are in. */
static void on_ready(uv_poll_t *poll, int status, int events) {
  struct listen_socket *l = poll->data;
  (void)events;
  if (status < 0) {
    rest(l, status);
    return;
  }
  for (size_t n = 0; n < TURN && take_one(l); n++)
    ;
}

int listen_socket_bind(struct listen_socket *l, const struct sockaddr *address, socklen_t len) {
  const int on = 1;
  int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return -errno;
  if ((address->sa_family != AF_UNIX && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0) ||
      bind(fd, address, len) < 0) {
    int fault = -errno;
    close(fd);
    return fault;
  }
  l->fd = fd;
  l->open = true;
  return 0;
}

int listen_socket_start(struct listen_socket *l, uv_loop_t *loop, int backlog) {
  if (listen(l->fd, backlog) < 0)
    return -errno;
  int r = uv_poll_init(loop, &l->poll, l->fd);
  if (r < 0)
    return r;
  uv_timer_init(loop, &l->rest);
  l->poll.data = l->rest.data = l;
  l->handles = 2;
  return uv_poll_start(&l->poll, UV_READABLE, on_ready);
}

static void on_closed(uv_handle_t *handle) {
  struct listen_socket *l = handle->data;
  if (--l->handles == 0)
    l->closed(l);
}

void listen_socket_close(struct listen_socket *l) {
  if (!l->open)
    return;
  l->open = false;
  if (l->handles) {
    uv_close((uv_handle_t *)&l->poll, on_closed);
    uv_close((uv_handle_t *)&l->rest, on_closed);
  }
  close(l->fd);
}
