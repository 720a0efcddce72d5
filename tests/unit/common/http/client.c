/* SPDX-License-Identifier: Apache-2.0 */
#include "client.h"
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

int client_connect(const char *address) {
  struct sockaddr_in to = {.sin_family = AF_INET};
  char host[64];
  unsigned port;
  if (sscanf(address, "%63[0-9.]:%u", host, &port) != 2 || inet_pton(AF_INET, host, &to.sin_addr) != 1)
    return -1;
  to.sin_port = htons((uint16_t)port);
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
    return fd;
  close(fd);
  return -1;
}

void client_send(int fd, const char *bytes, size_t len) {
  while (len) {
    ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);
    if (n <= 0)
      return; /* the server has closed: the test looks at what it read */
    bytes += n;
    len -= (size_t)n;
  }
}

void client_say(int fd, const char *text) {
  client_send(fd, text, strlen(text));
}

void client_turn(uv_loop_t *loop, int fd) {
  uv_run(loop, UV_RUN_NOWAIT);
  struct pollfd wait[2] = {{uv_backend_fd(loop), POLLIN, 0}, {fd, POLLIN, 0}};
  int timeout = uv_backend_timeout(loop);
  poll(wait, fd >= 0 ? 2 : 1, timeout < 0 || timeout > 10 ? 10 : timeout);
}

static bool whole(const struct buf *b) {
  const char *end = b->at ? strstr(b->at, "\r\n\r\n") : NULL;
  if (!end)
    return false;
  const char *length = strcasestr(b->at, "\r\nContent-Length:");
  size_t body = length && length < end ? (size_t)strtoul(length + 17, NULL, 10) : 0;
  return b->len >= (size_t)(end + 4 - b->at) + body;
}

unsigned client_read(uv_loop_t *loop, int fd, struct buf *ret) {
  buf_clear(ret);
  while (!whole(ret)) {
    char some[4096];
    ssize_t n = recv(fd, some, sizeof(some), MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno != EAGAIN))
      return 0;
    if (n > 0)
      buf_add(ret, some, (size_t)n);
    else
      client_turn(loop, fd);
  }
  unsigned status = 0;
  return sscanf(ret->at, "HTTP/1.%*u %u", &status) == 1 ? status : 0;
}

unsigned client_ask(uv_loop_t *loop, const char *address, const char *request, struct buf *ret) {
  int fd = client_connect(address);
  client_say(fd, request);
  unsigned status = client_read(loop, fd, ret);
  close(fd);
  return status;
}

void client_await_end(uv_loop_t *loop, int fd) {
  char some[4096];
  for (;;) {
    ssize_t n = recv(fd, some, sizeof(some), MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno != EAGAIN))
      return;
    if (n < 0)
      client_turn(loop, fd);
  }
}
