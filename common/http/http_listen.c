/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The listening socket. libmicrohttpd gets connections that are accepted: by itself it would not listen again after
 * it was out of descriptors until one of its own connections ends, and an agent's stream never does.
 */
#include "http/http_internal.h"
#include "log/log.h"
#include <netdb.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 1024, ACCEPTS_A_TURN = 64 };

/* ---- its address */

/* "127.0.0.1:80", "[::1]:80". */
static int parse_listen(const char *listen, struct addrinfo **ret) {
  const char *colon = strrchr(listen, ':');
  char host[INET6_ADDRSTRLEN + 2];
  if (!colon || colon == listen || (size_t)(colon - listen) >= sizeof(host))
    return -EINVAL;
  size_t len = (size_t)(colon - listen);
  const char *start = listen;
  if (*start == '[') {
    if (len < 2 || start[len - 1] != ']')
      return -EINVAL;
    start++;
    len -= 2;
  }
  memcpy(host, start, len);
  host[len] = '\0';
  uint64_t port;
  if (slice_to_u64(slice_text(colon + 1), 65535, &port) != 0)
    return -EINVAL;
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE};
  return getaddrinfo(host, colon + 1, &hints, ret) == 0 ? 0 : -EINVAL;
}

static int listen_at(const struct addrinfo *at) {
  int on = 1;
  int fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0)
    return -errno;
  if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 || bind(fd, at->ai_addr, at->ai_addrlen) < 0 ||
      listen(fd, BACKLOG) < 0) {
    int fault = -errno;
    close(fd);
    return fault;
  }
  return fd;
}

static int name_address(struct http_server *s) {
  struct sockaddr_storage bound;
  socklen_t len = sizeof(bound);
  char host[INET6_ADDRSTRLEN];
  if (getsockname(s->listen_fd, (struct sockaddr *)&bound, &len) < 0)
    return -errno;
  if (bound.ss_family == AF_INET6) {
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&bound;
    inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof(host));
    snprintf(s->address, sizeof(s->address), "[%s]:%u", host, ntohs(v6->sin6_port));
  } else {
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)&bound;
    inet_ntop(AF_INET, &v4->sin_addr, host, sizeof(host));
    snprintf(s->address, sizeof(s->address), "%s:%u", host, ntohs(v4->sin_port));
  }
  return 0;
}

int http_listen_open(struct http_server *s) {
  struct addrinfo *at;
  int r = parse_listen(s->options.listen, &at);
  if (r < 0)
    return r;
  s->listen_fd = listen_at(at);
  freeaddrinfo(at);
  return s->listen_fd < 0 ? s->listen_fd : name_address(s);
}

/* ---- who comes */

static bool lacks(int error) {
  return error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOBUFS;
}

/* Whoever waits in the backlog goes on waiting; to ask at once again would burn the processor. */
static void go_deaf(struct http_server *s, int error) {
  if (!s->deaf)
    log_warn("connection_not_accepted", KV("at", s->address), KV("why", strerror(error)), KV("then", "trying again"));
  s->deaf = true;
  uv_poll_stop(&s->listener);
}

static bool accept_one(struct http_server *s) {
  struct sockaddr_storage from;
  socklen_t len = sizeof(from);
  int fd = accept4(s->listen_fd, (struct sockaddr *)&from, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd < 0) {
    int error = errno;
    if (lacks(error))
      go_deaf(s, error);
    return error == EINTR || error == ECONNABORTED;
  }
  s->deaf = false;
  if (MHD_add_connection(s->daemon, fd, (struct sockaddr *)&from, len) == MHD_YES)
    s->wants_run = true;
  return true; /* who is turned away has been closed */
}

static void on_knock(uv_poll_t *listener, int status, int events) {
  (void)status, (void)events;
  for (unsigned i = 0; i < ACCEPTS_A_TURN && accept_one(listener->data); i++)
    ;
}

static void listen_now(struct http_server *s) {
  uv_poll_start(&s->listener, UV_READABLE, on_knock);
}

void http_listen_start(struct http_server *s) {
  if (uv_poll_init(s->loop, &s->listener, s->listen_fd) != 0)
    assert(!"a listening socket can be polled");
  s->listener.data = s;
  s->handles++;
  listen_now(s);
}

void http_listen_again(struct http_server *s) {
  if (s->deaf && s->listen_fd >= 0)
    listen_now(s);
}

void http_listen_stop(struct http_server *s) {
  if (s->listen_fd < 0)
    return;
  if (s->handles)
    uv_poll_stop(&s->listener);
  close(s->listen_fd);
  s->listen_fd = -1;
}
