/* SPDX-License-Identifier: Apache-2.0 */
/* Where LMDB's traps are defused. */
#include "spool/lmdb_file.h"
#include "base/file.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { PAGE = 4096 };

int lmdb_fault(int error) {
  if (error == 0)
    return 0;
  if (error == MDB_PANIC) {
    static const char why[] = "deskbell: LMDB must be opened anew after a write that failed: this program ends\n";
    (void)!write(STDERR_FILENO, why, sizeof(why) - 1);
    _exit(1);
  }
  if (error == MDB_MAP_FULL || error == ENOSPC || error == EDQUOT || error == EFBIG)
    return LMDB_FULL;
  if (error == MDB_CORRUPTED || error == MDB_INVALID || error == MDB_VERSION_MISMATCH || error == MDB_PAGE_NOTFOUND)
    return -EBADMSG;
  return error > 0 ? -error : -EIO;
}

/* LMDB opens its data file twice and only one descriptor can be asked for. */
static void close_on_exec(int data_fd) {
  struct stat data, other;
  DIR *all = opendir("/proc/self/fd");
  if (!all || fstat(data_fd, &data) < 0) {
    fcntl(data_fd, F_SETFD, FD_CLOEXEC);
    if (all)
      closedir(all);
    return;
  }
  for (struct dirent *e; (e = readdir(all));) {
    int fd = atoi(e->d_name);
    if (e->d_name[0] != '.' && fstat(fd, &other) == 0 && other.st_dev == data.st_dev && other.st_ino == data.st_ino)
      fcntl(fd, F_SETFD, FD_CLOEXEC);
  }
  closedir(all);
}

static int check_disk(const char *folder, uint64_t need) {
  struct statvfs disk;
  if (statvfs(folder, &disk) < 0)
    return -errno;
  return (uint64_t)disk.f_bavail * disk.f_frsize < need ? -ENOSPC : 0;
}

/* `before`: the file's length, to go back to; 0: it is new. */
static int preallocate(MDB_env *env, size_t size, off_t before) {
  int fd;
  int r = mdb_env_get_fd(env, &fd);
  if (r)
    return lmdb_fault(r);
  close_on_exec(fd);
  r = posix_fallocate(fd, 0, (off_t)size);
  if (r == 0)
    return fsync(fd) < 0 ? -errno : 0;
  if (before > 0 && ftruncate(fd, before) < 0)
    return -errno;
  return lmdb_fault(r);
}

static int open_env(const char *folder, const struct lmdb_options *o, unsigned flags, MDB_env **ret) {
  int r = mdb_env_create(ret);
  if (r == 0 && o->size)
    r = mdb_env_set_mapsize(*ret, o->size);
  if (r == 0 && o->readers)
    r = mdb_env_set_maxreaders(*ret, o->readers);
  if (r == 0 && o->databases)
    r = mdb_env_set_maxdbs(*ret, o->databases);
  if (r == 0)
    r = mdb_env_open(*ret, folder, MDB_NOTLS | flags, 0600);
  return lmdb_fault(r);
}

static void remove_new(const char *folder) {
  static const char *const names[] = {"data.mdb", "lock.mdb"};
  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
    char *path = path_join(folder, names[i]);
    unlink(path);
    free(path);
  }
}

static int map_size(MDB_env *env, size_t *ret) {
  MDB_envinfo info;
  int r = mdb_env_info(env, &info);
  *ret = info.me_mapsize;
  return lmdb_fault(r);
}

int lmdb_file_open(const char *folder, const struct lmdb_options *options, MDB_env **ret) {
  struct lmdb_options o = *options;
  struct stat st = {0};
  MDB_env *env = NULL;
  int dead;
  char *path = path_join(folder, "data.mdb");
  bool is_new = stat(path, &st) < 0 || st.st_size == 0;
  free(path);
  o.size = (o.size + PAGE - 1) / PAGE * PAGE;
  uint64_t have = is_new ? 0 : (uint64_t)st.st_blocks * 512;
  int r = have < o.size ? check_disk(folder, o.size - have) : 0;
  if (r == 0)
    r = open_env(folder, &o, 0, &env);
  if (r == 0)
    r = map_size(env, &o.size);
  if (r == 0)
    r = preallocate(env, o.size, is_new ? 0 : st.st_size);
  if (r == 0)
    mdb_reader_check(env, &dead); /* of processes that were killed */
  if (r) {
    lmdb_file_close(&env);
    if (is_new)
      remove_new(folder);
  } else {
    *ret = env;
  }
  return r == LMDB_FULL ? -ENOSPC : r;
}

int lmdb_file_view(const char *folder, unsigned databases, MDB_env **ret) {
  const struct lmdb_options o = {.databases = databases};
  MDB_env *env = NULL;
  int r = open_env(folder, &o, MDB_RDONLY, &env);
  if (r)
    lmdb_file_close(&env);
  else
    *ret = env;
  return r;
}

int lmdb_file_grow(MDB_env *env, size_t size) {
  size_t now;
  int r = map_size(env, &now);
  size = (size + PAGE - 1) / PAGE * PAGE;
  if (r || size <= now)
    return r;
  r = preallocate(env, size, (off_t)now);
  return r ? r : lmdb_fault(mdb_env_set_mapsize(env, size));
}

void lmdb_file_close(MDB_env **env) {
  if (env && *env)
    mdb_env_close(*env);
  if (env)
    *env = NULL;
}
