/* SPDX-License-Identifier: Apache-2.0 */
/* Large blobs: written beside, then fsync, rename, fsync of the folder, all in the writer thread with their group. */
#include "base/encode.h"
#include "base/file.h"
#include "spool/pack_writer.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

char *blob_large_path(const char *folder, const uint8_t digest[SHA256_BYTES]) {
  char hex[HEX_LEN(SHA256_BYTES) + 1], name[sizeof(hex) + 16];
  hex_encode(digest, SHA256_BYTES, hex);
  snprintf(name, sizeof(name), "large/%.2s/%s", hex, hex);
  return path_join(folder, name);
}

static int rename_synced(const char *folder, struct blob_large *large, char *path) {
  char *slash = strrchr(path, '/');
  *slash = '\0';
  int r = mkdir(path, 0700) < 0 ? -errno : 0;
  if (r == 0) {
    char *parent = path_join(folder, "large");
    r = folder_sync(parent);
    free(parent);
    if (r < 0)
      rmdir(path); /* the next one makes it, and syncs it, again */
  } else if (r == -EEXIST) {
    r = 0;
  }
  if (r < 0)
    return r;
  *slash = '/';
  if (rename(large->tmp, path) < 0)
    return -errno;
  large->renamed = true;
  *slash = '\0';
  return folder_sync(path);
}

int blob_large_commit(const char *folder, struct blob_batch *b) {
  for (size_t i = 0; i < b->large_count; i++) {
    struct blob_large *large = &b->large[i];
    if (fsync(large->fd) < 0)
      return blob_fault(errno);
    char *path = blob_large_path(folder, large->sha256);
    int r = rename_synced(folder, large, path);
    free(path);
    if (r < 0)
      return blob_fault(-r);
  }
  return 0;
}

static bool older(int folder_fd, const char *name, int64_t before_ms) {
  struct stat st;
  return fstatat(folder_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
         (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000 < before_ms;
}

static size_t sweep_folder(const char *path, int64_t before_ms, size_t most) {
  DIR *all = opendir(path);
  if (!all)
    return 0;
  size_t removed = 0;
  for (struct dirent *e; removed < most && (e = readdir(all));)
    if (older(dirfd(all), e->d_name, before_ms) && unlinkat(dirfd(all), e->d_name, 0) == 0)
      removed++;
  closedir(all);
  return removed;
}

size_t blob_large_sweep(const char *folder, int64_t before_ms, size_t most) {
  size_t removed = 0;
  for (unsigned i = 0; i < 256 && removed < most; i++) {
    char name[16];
    snprintf(name, sizeof(name), "large/%02x", i);
    char *path = path_join(folder, name);
    removed += sweep_folder(path, before_ms, most - removed);
    free(path);
  }
  return removed;
}

int blob_large_clear_tmp(const char *folder) {
  char *path = path_join(folder, "tmp");
  DIR *all = opendir(path);
  int r = all ? 0 : -errno;
  for (struct dirent *e; all && (e = readdir(all));)
    if (e->d_name[0] != '.' && unlinkat(dirfd(all), e->d_name, 0) < 0)
      r = -errno;
  if (all)
    closedir(all);
  free(path);
  return r;
}
