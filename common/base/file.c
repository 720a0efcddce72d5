/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <linux/close_range.h>

static void close_fd(int *fd) {
  if (*fd >= 0)
    close(*fd);
}

bool file_fails_for_now(int fault) {
  static const int passing[] = {EMFILE, ENFILE, ENOMEM, EIO, ESTALE, EAGAIN, EINTR};
  for (size_t i = 0; i < sizeof(passing) / sizeof(passing[0]); i++)
    if (fault == -passing[i])
      return true;
  return false;
}

int file_read(const char *path, struct buf *ret) {
  auto_clean(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return -errno;
  for (;;) {
    char part[16384];
    ssize_t got = read(fd, part, sizeof(part));
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return -errno;
    if (got == 0)
      return 0;
    if (buf_add(ret, part, (size_t)got))
      return FILE_TOO_LARGE;
  }
}

static int write_all(int fd, struct slice bytes) {
  while (bytes.len) {
    ssize_t put = write(fd, bytes.at, bytes.len);
    if (put < 0 && errno == EINTR)
      continue;
    if (put < 0)
      return -errno;
    bytes.at += put;
    bytes.len -= (size_t)put;
  }
  return fsync(fd) < 0 ? -errno : 0;
}

static int sync_folder_of(const char *path) {
  char folder[4096];
  const char *slash = strrchr(path, '/');
  if (slash)
    snprintf(folder, sizeof(folder), "%.*s", (int)(slash == path ? 1 : slash - path), path);
  else
    snprintf(folder, sizeof(folder), ".");
  auto_clean(close_fd) int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0 || fsync(fd) < 0)
    return -errno;
  return 0;
}

int file_write_atomic(const char *path, struct slice bytes, unsigned mode) {
  char beside[4096];
  if (snprintf(beside, sizeof(beside), "%s.%d.new", path, (int)getpid()) >= (int)sizeof(beside))
    return -ENAMETOOLONG;
  {
    auto_clean(close_fd) int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    if (fd < 0)
      return -errno;
    int r = fchmod(fd, mode) < 0 ? -errno : write_all(fd, bytes);
    if (r < 0) {
      unlink(beside);
      return r;
    }
  }
  if (rename(beside, path) < 0) {
    int r = -errno;
    unlink(beside);
    return r;
  }
  return sync_folder_of(path);
}

int folder_make(const char *path) {
  char part[4096];
  size_t len = strlen(path);
  if (len == 0 || len >= sizeof(part))
    return -ENAMETOOLONG;
  memcpy(part, path, len + 1);
  for (size_t i = 1; i <= len; i++) {
    if (part[i] != '/' && part[i] != '\0')
      continue;
    char keep = part[i];
    part[i] = '\0';
    if (mkdir(part, 0700) < 0 && errno != EEXIST)
      return -errno;
    part[i] = keep;
  }
  struct stat st;
  if (stat(path, &st) < 0)
    return -errno;
  return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

char *path_join(const char *folder, const char *name) {
  size_t a = strlen(folder), b = strlen(name);
  while (a > 1 && folder[a - 1] == '/')
    a--;
  char *path = must_calloc(1, a + b + 2);
  memcpy(path, folder, a);
  path[a] = '/';
  memcpy(path + a + 1, name, b + 1);
  return path;
}

void descriptors_close_on_exec(void) {
  close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
}
