/* SPDX-License-Identifier: Apache-2.0 */
#include "base/point.h"

#ifdef DESKBELL_POINTS
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static int victim_of(const char *path) {
  char digits[16] = "";
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return -1;
  ssize_t got = read(fd, digits, sizeof(digits) - 1);
  close(fd);
  return got > 0 && unlink(path) == 0 ? atoi(digits) : -1; /* who unlinks it, fires */
}

static void end(pid_t pid) {
  int fd = (int)syscall(SYS_pidfd_open, pid, 0);
  if (fd < 0)
    return;
  struct pollfd dead = {.fd = fd, .events = POLLIN};
  kill(pid, SIGKILL);
  poll(&dead, 1, -1);
  close(fd);
}

void point_reached(const char *name) {
  const char *folder = getenv("DESKBELL_POINTS");
  char path[4096];
  int error = errno;
  if (!folder || snprintf(path, sizeof(path), "%s/%s", folder, name) >= (int)sizeof(path))
    return;
  int pid = victim_of(path); /* -1: nobody */
  if (pid == 0)
    kill(getpid(), SIGKILL);
  else if (pid > 0)
    end(pid);
  errno = error;
}
#else
typedef int point_is_nothing_here;
#endif
