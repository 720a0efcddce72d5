/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A desk's programs must not outlive each other unseen: a program whose supervisor was killed would hold its spool and
 * its port against the next one. The kernel ends it (PR_SET_PDEATHSIG), and a lock on a file makes the next one wait
 * until it is really gone. flock() and not a pid file: the kernel lets go of it whatever happens.
 */
#include "service/process.h"
#include "base/clock.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LOCK_TRY_MS 10

int process_prepare(void) {
  umask(077);
  signal(SIGPIPE, SIG_IGN);
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
    return -errno;
  limit.rlim_cur = limit.rlim_max;
  return setrlimit(RLIMIT_NOFILE, &limit) < 0 ? -errno : 0;
}

int process_die_with_parent(int64_t parent) {
  if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0)
    return -errno;
  /* The parent may have died before the call: then no signal will come. */
  return parent && getppid() != (pid_t)parent ? -ESRCH : 0;
}

int process_lock(const char *path, int64_t wait_ms, void (*on_wait)(const char *path), int *ret_fd) {
  int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0)
    return -errno;
  int64_t until = clock_monotonic_ms() + wait_ms;
  bool said = false;
  while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
    int fault = -errno;
    if (fault != -EINTR && (fault != -EWOULDBLOCK || clock_monotonic_ms() >= until)) {
      close(fd);
      return fault;
    }
    if (!said && on_wait)
      on_wait(path);
    said = true;
    nanosleep(&(struct timespec){.tv_nsec = LOCK_TRY_MS * 1000000L}, NULL);
  }
  *ret_fd = fd;
  return 0;
}
