/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `deskbell exec-child [--lock FILE] -- PROGRAM …`: becomes PROGRAM, bound to the life of its parent. For programs
 * that do not know Deskbell (Redis). libuv cannot ask for the parent-death signal, so this does it between fork and exec.
 * The lock is inherited on purpose: it is held until the program and its own children are gone, so that a new Redis
 * never opens the append-only file while an old one still writes it.
 */
#include "ctl.h"
#include "base/slice.h"
#include "log/log.h"
#include "service/process.h"
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define FORMER_WAIT_MS (60 * 60 * 1000) /* a large AOF may take long to sync; the supervisor can end the wait */

static void say_waiting(const char *path) {
  log_warn("waiting_for_former_program", KV("lock", path));
}

static int64_t parent_expected(void) {
  const char *text = getenv("DESKBELL_PARENT_PID");
  uint64_t parent;
  return text && slice_to_u64(slice_text(text), INT32_MAX, &parent) == 0 ? (int64_t)parent : 0;
}

int cmd_exec_child(struct ctl *ctl, int argc, char **argv) {
  int at = 1, lock_fd = -1;
  const char *lock = NULL;
  if (at + 1 < argc && strcmp(argv[at], "--lock") == 0) {
    lock = argv[at + 1];
    at += 2;
  }
  if (at + 1 >= argc || strcmp(argv[at], "--") != 0)
    return ctl_wrong_usage(ctl, "which program?");
  if (process_die_with_parent(parent_expected()) < 0)
    return ctl_fail(ctl, "the parent is gone");
  int r = lock ? process_lock(lock, FORMER_WAIT_MS, say_waiting, &lock_fd) : 0;
  if (r == 0 && lock_fd >= 0 && fcntl(lock_fd, F_SETFD, 0) < 0)
    r = -errno;
  if (r < 0)
    return ctl_fail(ctl, "cannot lock %s: %s", lock, strerror(-r));
  execvp(argv[at + 1], argv + at + 1);
  return ctl_fail(ctl, "cannot run %s: %s", argv[at + 1], strerror(errno));
}
