/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lines are the contract with `deskbell up` and with anyone else who starts a program by hand and wants to know
 * where it listens. They are few and short, so a blocking write to a pipe is enough.
 */
#include "service/ready.h"
#include "base/slice.h"
#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int64_t take_number(const char *name, uint64_t max) {
  const char *text = getenv(name);
  uint64_t value;
  int64_t found = text && slice_to_u64(slice_text(text), max, &value) == 0 ? (int64_t)value : -1;
  unsetenv(name);
  return found;
}

void ready_take(int *ret_fd, int64_t *ret_parent) {
  int fd = (int)take_number("DESKBELL_READY_FD", 1 << 20);
  if (fd >= 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
    fd = -1;
  *ret_fd = fd;
  *ret_parent = take_number("DESKBELL_PARENT_PID", INT32_MAX);
}

static int write_line(int fd, const char *line) {
  size_t len = strlen(line);
  while (len) {
    ssize_t put = write(fd, line, len);
    if (put < 0 && errno == EINTR)
      continue;
    if (put < 0)
      return -errno;
    line += put;
    len -= (size_t)put;
  }
  return 0;
}

static bool good_name(const char *name) {
  size_t len = strlen(name);
  return len > 0 && len <= READY_NAME_MAX && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789.-") == len;
}

static bool good_value(const char *value) {
  size_t len = strlen(value);
  if (len == 0 || len > READY_VALUE_MAX)
    return false;
  for (size_t i = 0; i < len; i++)
    if ((unsigned char)value[i] <= ' ' || value[i] == 0x7f)
      return false;
  return true;
}

int ready_endpoint(int fd, const char *name, const char *value) {
  if (!good_name(name) || !good_value(value))
    return -EINVAL;
  if (fd < 0)
    return 0;
  char line[READY_NAME_MAX + READY_VALUE_MAX + 16];
  snprintf(line, sizeof(line), "endpoint %s %s\n", name, value);
  return write_line(fd, line);
}

int ready_done(int *fd) {
  if (*fd < 0)
    return 0;
  int r = write_line(*fd, "ready\n");
  close(*fd);
  *fd = -1;
  return r;
}

int ready_keep_name(const char *endpoint, char ret[READY_KEEP_LEN]) {
  if (!good_name(endpoint))
    return -EINVAL;
  snprintf(ret, READY_KEEP_LEN, "DESKBELL_KEEP_%s", endpoint);
  for (char *at = ret; *at; at++)
    *at = *at == '-' || *at == '.' ? '_' : (char)toupper((unsigned char)*at);
  return 0;
}

const char *ready_listen(const char *configured, const char *kept) {
  size_t len = strlen(configured);
  bool open_port = len >= 2 && (strcmp(configured + len - 2, ":0") == 0 || strcmp(configured + len - 2, ":*") == 0);
  return open_port && kept && kept[0] ? kept : configured;
}
