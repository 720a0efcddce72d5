/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening is where LMDB's traps are defused: the file is preallocated to its map size (copy-on-write needs pages even
 * to delete, so a full disk would wedge it), stale readers are cleared, and its descriptors are marked close-on-exec.
 * MDB_WRITEMAP is never used: a full disk would end the process with SIGBUS.
 */
#include "spool/record_file.h"
#include "base/file.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { PAGE = 4096, READERS = 16 };

int record_file_fault(int error) {
  if (error == 0)
    return 0;
  if (error == MDB_MAP_FULL || error == ENOSPC || error == EDQUOT || error == EFBIG)
    return SPOOL_FULL;
  if (error == MDB_CORRUPTED || error == MDB_INVALID || error == MDB_VERSION_MISMATCH || error == MDB_PAGE_NOTFOUND)
    return -EBADMSG;
  return error > 0 ? -error : -EIO;
}

size_t record_file_room(size_t len) {
  /* A row is a header of 8 bytes, the key, the value and 2 bytes of index. A value above half a page has pages of its
   * own; the others share leaves, as many as fit in whole. The 64th part is for the pages above the leaves. */
  enum { LEAF = PAGE - 16, ROW = 8 + RECORD_KEY + 2, SHARED_MOST = LEAF / 2 - 2 };
  if (len + 8 + RECORD_KEY > SHARED_MOST)
    return (len + 16 + PAGE - 1) / PAGE * PAGE + 32;
  size_t each = PAGE / (LEAF / (len + ROW + 1));
  return each + each / 64 + 1;
}

static int no_room(int r) {
  return r == SPOOL_FULL ? -ENOSPC : r;
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

static int preallocate(struct record_file *f, off_t before) {
  int fd;
  int r = mdb_env_get_fd(f->env, &fd);
  if (r)
    return record_file_fault(r);
  close_on_exec(fd);
  r = posix_fallocate(fd, 0, (off_t)f->standing.size);
  if (r == 0)
    return fsync(fd) < 0 ? -errno : 0;
  if (before > 0 && ftruncate(fd, before) < 0)
    return -errno;
  return no_room(record_file_fault(r));
}

int record_file_used(struct record_file *f, MDB_txn *txn, size_t *ret) {
  MDB_stat records, unused;
  int r = mdb_stat(txn, f->dbi, &records);
  if (r == 0)
    r = mdb_stat(txn, 0, &unused); /* the list of free pages has pages, too */
  if (r)
    return r;
  *ret = records.ms_psize * (2 + records.ms_branch_pages + records.ms_leaf_pages + records.ms_overflow_pages +
                             unused.ms_branch_pages + unused.ms_leaf_pages + unused.ms_overflow_pages);
  return 0;
}

/* The meta row is the truth; without it (new, or damaged while records are there) the records are. */
static int load_standing(struct record_file *f, MDB_txn *txn) {
  uint8_t zero[RECORD_KEY];
  record_key(0, zero);
  MDB_cursor *cursor;
  int r = mdb_cursor_open(txn, f->dbi, &cursor);
  if (r)
    return record_file_fault(r);
  MDB_val key = {sizeof(zero), zero}, value;
  struct record_meta meta = {.next = 1};
  bool has_meta = false, damaged = false;
  r = mdb_cursor_get(cursor, &key, &value, MDB_SET);
  if (r == 0) {
    has_meta = record_meta_decode(slice_of(value.mv_data, value.mv_size), &meta) == 0;
    damaged = !has_meta;
    r = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
  } else if (r == MDB_NOTFOUND) {
    r = mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
  }
  uint64_t first = 0, last = 0;
  if (r == 0 && key.mv_size == RECORD_KEY) {
    first = record_seq(key.mv_data);
    r = mdb_cursor_get(cursor, &key, &value, MDB_LAST);
    if (r == 0)
      last = key.mv_size == RECORD_KEY ? record_seq(key.mv_data) : 0;
  }
  mdb_cursor_close(cursor);
  if (r && r != MDB_NOTFOUND)
    return record_file_fault(r);
  if (damaged && last == 0)
    return -EBADMSG; /* nothing says which numbers were used */
  if (!has_meta || meta.next <= last)
    meta.next = last + 1;
  f->standing.next = meta.next;
  f->standing.first = first ? first : meta.next;
  f->standing.confirmed = meta.confirmed;
  return 0;
}

static int load(struct record_file *f) {
  MDB_txn *txn;
  int dead;
  mdb_reader_check(f->env, &dead);
  int r = mdb_txn_begin(f->env, NULL, MDB_RDONLY, &txn);
  if (r)
    return record_file_fault(r);
  r = record_file_fault(mdb_dbi_open(txn, NULL, 0, &f->dbi));
  if (r == 0)
    r = record_file_fault(record_file_used(f, txn, &f->standing.used));
  if (r == 0)
    r = load_standing(f, txn);
  mdb_txn_reset(txn);
  f->reader = txn;
  return r;
}

static int open_env(struct record_file *f, const char *folder, size_t size) {
  int r = mdb_env_create(&f->env);
  if (r == 0)
    r = mdb_env_set_mapsize(f->env, size);
  if (r == 0)
    r = mdb_env_set_maxreaders(f->env, READERS);
  if (r == 0)
    r = mdb_env_open(f->env, folder, MDB_NOTLS, 0600);
  if (r)
    return record_file_fault(r);
  MDB_envinfo info;
  r = mdb_env_info(f->env, &info);
  f->standing.size = info.me_mapsize; /* not below what the file already uses */
  return record_file_fault(r);
}

int record_file_open(const char *folder, size_t size, struct record_file *ret) {
  struct record_file f = {0};
  char *path = path_join(folder, "data.mdb");
  struct stat st = {0};
  bool is_new = stat(path, &st) < 0 || st.st_size == 0;
  if (size < RECORD_FILE_LEAST)
    size = RECORD_FILE_LEAST;
  size = (size + PAGE - 1) / PAGE * PAGE;
  uint64_t have = is_new ? 0 : (uint64_t)st.st_blocks * 512;
  int r = have < size ? check_disk(folder, size - have) : 0;
  if (r == 0)
    r = open_env(&f, folder, size);
  if (r == 0)
    r = preallocate(&f, is_new ? 0 : st.st_size);
  if (r == 0)
    r = load(&f);
  if (r) {
    record_file_close(&f);
    if (is_new) {
      char *lock = path_join(folder, "lock.mdb");
      unlink(path);
      unlink(lock);
      free(lock);
    }
  } else {
    *ret = f;
  }
  free(path);
  return no_room(r);
}

void record_file_close(struct record_file *f) {
  if (f->reader)
    mdb_txn_abort(f->reader);
  f->reader = NULL;
  if (f->env)
    mdb_env_close(f->env);
  f->env = NULL;
}

int record_file_read_begin(struct record_file *f, MDB_txn **ret) {
  int r;
  if (f->reading) {
    r = mdb_txn_begin(f->env, NULL, MDB_RDONLY, ret);
  } else {
    r = mdb_txn_renew(f->reader);
    if (r == 0) {
      f->reading = true;
      *ret = f->reader;
    }
  }
  r = record_file_fault(r);
  return r == SPOOL_FULL ? -EIO : r;
}

void record_file_read_end(struct record_file *f, MDB_txn **txn) {
  if (*txn == f->reader) {
    mdb_txn_reset(f->reader);
    f->reading = false;
  } else {
    mdb_txn_abort(*txn);
  }
  *txn = NULL;
}
