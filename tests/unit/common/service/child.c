/* SPDX-License-Identifier: Apache-2.0 */
/* Plain blocking calls: a test waits for what it needs and for nothing else; ctest has the deadline. */
#include "child.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct child child_start(const char *const *argv, const char *const *env) {
  int ready[2], output[2];
  if (pipe2(ready, O_CLOEXEC) < 0 || pipe2(output, O_CLOEXEC) < 0)
    abort();
  fflush(NULL);
  pid_t parent = getpid(), pid = fork();
  if (pid == 0) {
    char number[32];
    dup2(output[1], STDOUT_FILENO);
    dup2(output[1], STDERR_FILENO);
    int fd = dup(ready[1]); /* without close-on-exec */
    snprintf(number, sizeof(number), "%d", fd);
    setenv("DESKBELL_READY_FD", number, 1);
    snprintf(number, sizeof(number), "%d", (int)parent);
    setenv("DESKBELL_PARENT_PID", number, 1);
    for (; *env; env++)
      putenv((char *)*env);
    execv(argv[0], (char *const *)argv);
    _exit(127);
  }
  close(ready[1]);
  close(output[1]);
  return (struct child){.pid = pid, .ready_fd = ready[0], .output_fd = output[0], .report = BUF_INIT(1 << 16)};
}

static bool has_line(const struct buf *text, const char *line) {
  struct slice rest = buf_slice(text), found;
  while (slice_split(&rest, '\n', &found))
    if (slice_equal(found, slice_text(line)))
      return true;
  return false;
}

bool child_await(struct child *c, const char *line) {
  char part[512];
  while (!has_line(&c->report, line)) {
    ssize_t got = read(c->ready_fd, part, sizeof(part));
    if (got <= 0 || buf_add(&c->report, part, (size_t)got))
      return false;
  }
  return true;
}

const char *child_endpoint(struct child *c, const char *name) {
  static char value[512];
  char start[128];
  snprintf(start, sizeof(start), "endpoint %s ", name);
  struct slice rest = buf_slice(&c->report), line;
  while (slice_split(&rest, '\n', &line))
    if (line.len > strlen(start) && memcmp(line.at, start, strlen(start)) == 0) {
      snprintf(value, sizeof(value), "%.*s", (int)(line.len - strlen(start)), line.at + strlen(start));
      return value;
    }
  return NULL;
}

int child_end(struct child *c, struct buf *ret_output) {
  char part[512];
  *ret_output = BUF_INIT(1 << 20);
  buf_add_text(ret_output, "");
  for (ssize_t got = read(c->output_fd, part, sizeof(part)); got > 0; got = read(c->output_fd, part, sizeof(part)))
    buf_add(ret_output, part, (size_t)got);
  int status = 0;
  waitpid(c->pid, &status, 0);
  close(c->ready_fd);
  close(c->output_fd);
  buf_free(&c->report);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

struct buf http_get(const char *address, const char *path, const char *method) {
  char host[64], request[512];
  unsigned port;
  struct buf answer = BUF_INIT(1 << 22);
  buf_add_text(&answer, "");
  if (!address || sscanf(address, "%63[^:]:%u", host, &port) != 2)
    return answer;
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  inet_pton(AF_INET, host, &to.sin_addr);
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  snprintf(request, sizeof(request), "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", method, path);
  if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0 && send(fd, request, strlen(request), MSG_NOSIGNAL) > 0) {
    char part[4096];
    for (ssize_t got = read(fd, part, sizeof(part)); got > 0; got = read(fd, part, sizeof(part)))
      buf_add(&answer, part, (size_t)got);
  }
  close(fd);
  return answer;
}
