/* SPDX-License-Identifier: Apache-2.0 */
/* LMDB's traps are the spool's (common/spool/lmdb_file.c): preallocated, never WRITEMAP, descriptors marked. */
#include "outbound/store.h"
#include "base/file.h"
#include "spool/lmdb_file.h"
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEY_MAX = 500, HEAD = 16, PAGE = 4096, LEAST = 1024 * 1024 };

static const char *const names[] = {"message", "row"};

static int fault_of(int error) {
  if (error == MDB_NOTFOUND)
    return STORE_ABSENT;
  int r = lmdb_fault(error);
  return r == LMDB_FULL ? STORE_FULL : r;
}

static int preallocate(struct store *s) {
  int fd;
  int r = mdb_env_get_fd(s->env, &fd);
  if (r)
    return fault_of(r);
  if (flock(fd, LOCK_EX | LOCK_NB) < 0)
    return errno == EWOULDBLOCK ? -EBUSY : -errno;
  r = posix_fallocate(fd, 0, (off_t)s->size);
  if (r)
    return r == ENOSPC ? -ENOSPC : -r;
  return fsync(fd) < 0 ? -errno : 0;
}

static int measure(const struct store *s, MDB_txn *txn, size_t *ret) {
  size_t pages = 2;
  for (size_t i = 0; i <= STORE_TABLES; i++) {
    MDB_stat stat;
    int r = mdb_stat(txn, i < STORE_TABLES ? s->tables[i] : 0, &stat);
    if (r)
      return fault_of(r);
    pages += stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages;
  }
  *ret = pages * PAGE;
  return 0;
}

static int open_tables(struct store *s) {
  MDB_txn *txn;
  int dead, r = fault_of(mdb_reader_check(s->env, &dead));
  if (r == 0)
    r = fault_of(mdb_txn_begin(s->env, NULL, 0, &txn));
  if (r)
    return r;
  for (size_t i = 0; r == 0 && i < STORE_TABLES; i++)
    r = fault_of(mdb_dbi_open(txn, names[i], MDB_CREATE, &s->tables[i]));
  if (r == 0)
    r = measure(s, txn, &s->used);
  if (r) {
    mdb_txn_abort(txn);
    return r;
  }
  return fault_of(mdb_txn_commit(txn));
}

int store_open(const char *folder, size_t size, struct store *ret) {
  struct store s = {.size = size < LEAST ? LEAST : (size + PAGE - 1) / PAGE * PAGE};
  int r = folder_make(folder);
  if (r == 0)
    r = fault_of(mdb_env_create(&s.env));
  if (r == 0)
    r = fault_of(mdb_env_set_mapsize(s.env, s.size));
  if (r == 0)
    r = fault_of(mdb_env_set_maxdbs(s.env, STORE_TABLES));
  if (r == 0)
    r = fault_of(mdb_env_open(s.env, folder, MDB_NOTLS, 0600));
  MDB_envinfo info;
  if (r == 0)
    r = fault_of(mdb_env_info(s.env, &info));
  if (r == 0) {
    s.size = info.me_mapsize; /* not below what the file already uses */
    r = preallocate(&s);
  }
  if (r == 0)
    r = open_tables(&s);
  descriptors_close_on_exec();
  if (r) {
    store_close(&s);
    return r == STORE_FULL ? -ENOSPC : r > 0 ? -EIO : r;
  }
  *ret = s;
  return 0;
}

void store_close(struct store *s) {
  if (s->env)
    mdb_env_close(s->env);
  s->env = NULL;
}

/* An op: u8 table, u32 key length, u32 value length, padding to HEAD; then key and value. */
int store_batch_put(struct store_batch *b, enum store_table table, struct slice key, struct slice value) {
  char head[HEAD] = {(char)table};
  uint32_t lens[2] = {(uint32_t)key.len, (uint32_t)value.len};
  if (key.len == 0 || key.len > KEY_MAX)
    return 0;
  memcpy(head + 4, lens, sizeof(lens));
  buf_add(&b->ops, head, HEAD);
  buf_add_slice(&b->ops, key);
  return buf_add_slice(&b->ops, value);
}

static int apply(const struct store *s, MDB_txn *txn, struct slice ops) {
  int r = 0;
  while (r == 0 && ops.len >= HEAD) {
    uint32_t lens[2];
    memcpy(lens, ops.at + 4, sizeof(lens));
    MDB_val key = {lens[0], (void *)(uintptr_t)(ops.at + HEAD)}, value = {lens[1], (char *)key.mv_data + lens[0]};
    MDB_dbi dbi = s->tables[(uint8_t)ops.at[0]];
    r = lens[1] ? mdb_put(txn, dbi, &key, &value, 0) : mdb_del(txn, dbi, &key, NULL);
    if (!lens[1] && r == MDB_NOTFOUND)
      r = 0;
    size_t taken = HEAD + (size_t)lens[0] + lens[1];
    ops = slice_of(ops.at + taken, ops.len - taken);
  }
  return fault_of(r);
}

int store_commit(const struct store *s, const struct store_batch *b, size_t *ret_used) {
  MDB_txn *txn;
  if (b->ops.full)
    return STORE_FULL;
  int r = fault_of(mdb_txn_begin(s->env, NULL, 0, &txn));
  if (r)
    return r;
  size_t used = 0;
  r = apply(s, txn, buf_slice(&b->ops));
  if (r == 0)
    r = measure(s, txn, &used);
  if (r)
    mdb_txn_abort(txn);
  else
    r = fault_of(mdb_txn_commit(txn));
  if (r)
    return r == STORE_ABSENT ? -EIO : r;
  *ret_used = used;
  return 0;
}

static int begin(struct store *s, MDB_txn **ret) {
  return fault_of(mdb_txn_begin(s->env, NULL, MDB_RDONLY, ret));
}

int store_read(struct store *s, enum store_table table, struct slice key, struct buf *ret) {
  MDB_txn *txn;
  MDB_val k = {key.len, (void *)(uintptr_t)key.at}, value;
  if (key.len == 0 || key.len > KEY_MAX)
    return STORE_ABSENT;
  int r = begin(s, &txn);
  if (r)
    return r;
  r = fault_of(mdb_get(txn, s->tables[table], &k, &value));
  if (r == 0) {
    buf_clear(ret);
    r = buf_add(ret, value.mv_data, value.mv_size) ? -EMSGSIZE : 0;
  }
  mdb_txn_abort(txn);
  return r;
}

int store_scan(struct store *s, enum store_table table, store_each *each, void *arg) {
  MDB_txn *txn;
  MDB_cursor *cursor;
  MDB_val key, value;
  int r = begin(s, &txn);
  if (r)
    return r;
  r = fault_of(mdb_cursor_open(txn, s->tables[table], &cursor));
  if (r == 0) {
    while ((r = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0)
      if (!each(arg, slice_of(key.mv_data, key.mv_size), slice_of(value.mv_data, value.mv_size)))
        break;
    mdb_cursor_close(cursor);
    r = r == MDB_NOTFOUND ? 0 : fault_of(r);
  }
  mdb_txn_abort(txn);
  return r;
}

bool store_full(const struct store *s) {
  return s->used > s->size / 5 * 4;
}
