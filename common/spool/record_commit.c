/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One LMDB transaction per group. Records are deleted in bounded numbers beside the puts, so that no commit is long;
 * when the file is more than half full, age does not protect confirmed records any more.
 * Copy-on-write needs pages to delete: when a transaction finds no room, the same is tried with less to do
 * (without deleting; then only deleting, a few at a time), so that a full file always finds its way back.
 */
#include "spool/record_file.h"
#include <stdlib.h>

enum { PURGE_LEAST = 256, PURGE_HALF_FULL = 1024 };

static int put_row(MDB_cursor *cursor, uint64_t seq, void *bytes, size_t len, unsigned flags) {
  uint8_t key_bytes[RECORD_KEY];
  record_key(seq, key_bytes);
  MDB_val key = {sizeof(key_bytes), key_bytes}, value = {len, bytes};
  return mdb_cursor_put(cursor, &key, &value, flags);
}

/* Returns an LMDB error; what concerns this op alone is its outcome. */
static int set_attempts(struct record_file *f, MDB_txn *txn, MDB_cursor *cursor, struct op *op) {
  uint8_t key_bytes[RECORD_KEY];
  record_key(op->seq, key_bytes);
  MDB_val key = {sizeof(key_bytes), key_bytes}, value;
  int r = op->seq ? mdb_get(txn, f->dbi, &key, &value) : MDB_NOTFOUND;
  op->outcome = r == MDB_NOTFOUND ? -ENOENT : 0;
  if (r)
    return r == MDB_NOTFOUND ? 0 : r;
  uint8_t *copy = must_calloc(1, value.mv_size); /* at most SPOOL_RECORD_MAX and a header */
  memcpy(copy, value.mv_data, value.mv_size);
  op->outcome = record_set_attempts(copy, value.mv_size, op->seq, op->attempts);
  if (op->outcome == 0)
    r = put_row(cursor, op->seq, copy, value.mv_size, 0);
  free(copy);
  return r;
}

static int put_ops(struct record_file *f, MDB_txn *txn, MDB_cursor *cursor, struct record_commit *c,
                   struct record_standing *after) {
  int r = 0;
  for (size_t i = 0; r == 0 && i < c->op_count; i++) {
    struct op *op = &c->ops[i];
    if (op->verb == OP_ATTEMPTS) {
      r = set_attempts(f, txn, cursor, op);
    } else if (op->verb == OP_RECORD) {
      op->seq = after->next++;
      record_seal(c->bytes + op->at, op->len, op->seq, c->now_ms);
      r = put_row(cursor, op->seq, c->bytes + op->at, op->len, MDB_APPEND);
    }
  }
  return r;
}

static int purge(MDB_cursor *cursor, const struct record_commit *c, size_t most, struct record_standing *after) {
  uint64_t upto = after->used > after->size / 2 || c->old > c->confirmed ? c->confirmed : c->old;
  after->purge_more = false;
  while (after->first < after->next && after->first <= upto) {
    uint8_t key_bytes[RECORD_KEY];
    record_key(after->first, key_bytes);
    MDB_val key = {sizeof(key_bytes), key_bytes}, value;
    int r = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    if (r)
      return r == MDB_NOTFOUND ? 0 : r;
    after->first = record_seq(key.mv_data);
    if (after->first > upto)
      return 0;
    if (most-- == 0) {
      after->purge_more = true;
      return 0;
    }
    r = mdb_cursor_del(cursor, 0);
    if (r)
      return r;
    after->first++;
  }
  return 0;
}

static int put_meta(MDB_cursor *cursor, const struct record_standing *before, const struct record_standing *after) {
  if (before->next == after->next && before->confirmed == after->confirmed)
    return 0;
  uint8_t bytes[RECORD_META];
  record_meta_encode(&(struct record_meta){.next = after->next, .confirmed = after->confirmed}, bytes);
  return put_row(cursor, 0, bytes, sizeof(bytes), 0);
}

static int attempt(struct record_file *f, struct record_commit *c, bool puts, size_t purge_most) {
  struct record_standing after = f->standing;
  after.purge_later = false;
  if (c->confirmed > after.confirmed && c->confirmed < after.next)
    after.confirmed = c->confirmed;
  MDB_txn *txn;
  MDB_cursor *cursor;
  int r = mdb_txn_begin(f->env, NULL, 0, &txn);
  if (r)
    return r;
  r = mdb_cursor_open(txn, f->dbi, &cursor);
  if (r) {
    mdb_txn_abort(txn);
    return r;
  }
  if (puts)
    r = put_ops(f, txn, cursor, c, &after);
  if (r == 0 && purge_most)
    r = purge(cursor, c, purge_most, &after);
  if (r == 0)
    r = put_meta(cursor, &f->standing, &after);
  mdb_cursor_close(cursor);
  if (r == 0)
    r = record_file_used(f, txn, &after.used);
  if (r) {
    mdb_txn_abort(txn);
    return r;
  }
  r = mdb_txn_commit(txn);
  if (r == 0)
    f->standing = after;
  return r;
}

/* Not at once again: that would be a busy loop for as long as the fault lasts. */
static int later(struct record_file *f, int error) {
  f->standing.purge_more = false;
  f->standing.purge_later = true;
  return record_file_fault(error);
}

int record_file_commit(struct record_file *f, struct record_commit *c) {
  bool pressed = f->standing.used > f->standing.size / 2;
  size_t most = 2 * c->records + (pressed ? PURGE_HALF_FULL : PURGE_LEAST);
  int r = attempt(f, c, true, most);
  if (r && record_file_fault(r) != SPOOL_FULL)
    return later(f, r);
  if (r == 0)
    return 0;
  if (c->op_count) {
    r = attempt(f, c, true, 0);
    if (r == 0)
      return later(f, 0);
  }
  for (most = 64; most && record_file_fault(r) == SPOOL_FULL; most /= 4) {
    r = attempt(f, c, false, most);
    if (r == 0)
      return c->op_count ? SPOOL_FULL : 0;
  }
  return later(f, r);
}

int64_t record_file_waiting_since(struct record_file *f, uint64_t confirmed) {
  MDB_txn *txn;
  MDB_cursor *cursor;
  int64_t since = INT64_MAX;
  int r = mdb_txn_begin(f->env, NULL, MDB_RDONLY, &txn);
  if (r)
    return INT64_MIN; /* unknown: the caller removes nothing */
  uint8_t key_bytes[RECORD_KEY];
  record_key(confirmed + 1, key_bytes);
  MDB_val key = {sizeof(key_bytes), key_bytes}, value;
  r = mdb_cursor_open(txn, f->dbi, &cursor);
  if (r == 0) {
    r = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    mdb_cursor_close(cursor);
  }
  if (r == 0)
    since = record_spooled_ms(slice_of(value.mv_data, value.mv_size));
  else if (r != MDB_NOTFOUND)
    since = INT64_MIN;
  mdb_txn_abort(txn);
  return since;
}
