/* SPDX-License-Identifier: Apache-2.0 */
/* Opening, reading, and how full it is. */
#include "spool/record_file.h"
#include "spool/lmdb_file.h"

enum { PAGE = 4096, READERS = 16 };

int record_file_fault(int error) {
  _Static_assert((int)SPOOL_FULL == (int)LMDB_FULL, "one word for no room");
  return lmdb_fault(error);
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
  const struct lmdb_options options = {.size = size < RECORD_FILE_LEAST ? RECORD_FILE_LEAST : size, .readers = READERS};
  int r = lmdb_file_open(folder, &options, &f->env);
  if (r)
    return r;
  MDB_envinfo info;
  r = mdb_env_info(f->env, &info);
  f->standing.size = info.me_mapsize; /* not below what the file already uses */
  return record_file_fault(r);
}

int record_file_open(const char *folder, size_t size, struct record_file *ret) {
  struct record_file f = {0};
  int r = open_env(&f, folder, size);
  if (r == 0)
    r = load(&f);
  if (r)
    record_file_close(&f);
  else
    *ret = f;
  return r == SPOOL_FULL ? -ENOSPC : r;
}

void record_file_close(struct record_file *f) {
  if (f->reader)
    mdb_txn_abort(f->reader);
  f->reader = NULL;
  lmdb_file_close(&f->env);
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
