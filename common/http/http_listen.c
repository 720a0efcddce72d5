/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The listening socket. libmicrohttpd gets connections that are accepted: by itself it would not listen again after
 * it was out of descriptors until one of its own connections ends, and an agent's stream never does.
 */
#include "http/http_internal.h"
#include <netdb.h>
#include <sys/socket.h>

enum { BACKLOG = 1024 };

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

static int name_address(struct http_server *s) {
  struct sockaddr_storage bound;
  socklen_t len = sizeof(bound);
  if (getsockname(s->listener.fd, (struct sockaddr *)&bound, &len) < 0)
    return -errno;
  listen_address_write(&bound, s->address);
  return 0;
}

/* ---- who comes */

static void on_connected(struct listen_socket *l, int fd, const struct sockaddr *from, socklen_t len) {
  struct http_server *s = l->arg;
  if (MHD_add_connection(s->daemon, fd, from, len) == MHD_YES) /* else it has closed it */
    s->wants_run = true;
}

int http_listen_open(struct http_server *s) {
  struct addrinfo *at;
  s->listener = (struct listen_socket){.connected = on_connected, .closed = http_listen_closed, .arg = s};
  int r = parse_listen(s->options.listen, &at);
  if (r < 0)
    return r;
  r = listen_socket_bind(&s->listener, at->ai_addr, at->ai_addrlen);
  freeaddrinfo(at);
  return r < 0 ? r : name_address(s);
}

int http_listen_start(struct http_server *s) {
  s->handles++;
  return listen_socket_start(&s->listener, s->loop, BACKLOG);
}
