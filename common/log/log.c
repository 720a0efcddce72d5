/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The edge of the log: one write(2) per line, so that lines of several programs on one descriptor never mix. A log
 * that cannot be written is no reason to stop taking messages, so failures are ignored.
 * The state is global on purpose: every program has exactly one log. Worker threads may write too, hence the lock.
 */
#include "log/log.h"
#include "base/clock.h"
#include "log/line.h"
#include "log/throttle.h"
#include <pthread.h>
#include <unistd.h>

static struct {
  pthread_mutex_t lock;
  const char *program;
  enum log_level level;
  struct throttle throttle;
} state = {.lock = PTHREAD_MUTEX_INITIALIZER, .program = "deskbell", .level = LOG_INFO};

void log_open(const char *program, enum log_level level) {
  state.program = program;
  state.level = level;
}

bool log_enabled(enum log_level level) {
  return level <= state.level;
}

static void write_out(struct slice line) {
  while (line.len) {
    ssize_t put = write(STDERR_FILENO, line.at, line.len);
    if (put < 0 && errno == EINTR)
      continue;
    if (put <= 0)
      return;
    line.at += put;
    line.len -= (size_t)put;
  }
}

void log_write(enum log_level level, const char *event, const struct log_field *fields, size_t count) {
  if (!log_enabled(level))
    return;
  int keep = errno;
  uint64_t held_back = 0;
  pthread_mutex_lock(&state.lock);
  /* Debug is asked for by a person who wants all of it. */
  bool pass = level == LOG_DEBUG || throttle_pass(&state.throttle, event, clock_monotonic_ms(), &held_back);
  pthread_mutex_unlock(&state.lock);
  if (pass) {
    auto_clean(buf_free) struct buf line = BUF_INIT(2 * LOG_LINE_MAX);
    log_line(&line, clock_now_ms(), level, state.program, event, held_back, fields, count);
    write_out(buf_slice(&line));
  }
  errno = keep;
}
