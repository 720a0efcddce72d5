/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The record file of a spool: one LMDB environment, preallocated, so that a disk filled by others cannot wedge it.
 * record_file_commit() belongs to the writer thread, everything else to the loop thread; LMDB lets them run together.
 */
#ifndef SPOOL_RECORD_FILE_H
#define SPOOL_RECORD_FILE_H

#include "spool/record.h"
#include <lmdb.h>

/* Smaller sizes are raised to this: below it LMDB's own pages eat the reserve that deleting needs. */
#define RECORD_FILE_LEAST (1024 * 1024)

enum op_verb { OP_RECORD, OP_ATTEMPTS, OP_SYNC };

/* One thing asked of a group, answered by its `done`. */
struct op {
  spool_done *done;
  void *arg;
  uint64_t seq;        /* OP_ATTEMPTS: given; OP_RECORD: filled by the commit */
  size_t at, len;      /* OP_RECORD: header and payload in the group's bytes */
  uint32_t attempts;
  enum op_verb verb;
  int outcome;         /* of this op alone, when the group went well */
};

struct record_commit {
  struct op *ops;
  size_t op_count, records;
  uint8_t *bytes;
  uint64_t confirmed, old;   /* old: up to here they may be deleted while there is room */
  int64_t now_ms;
};

/* What is in the file after a commit. */
struct record_standing {
  uint64_t first, next;      /* records first … next - 1; none when equal */
  uint64_t confirmed;        /* as written down */
  size_t used, size;         /* bytes */
  bool purge_more;           /* there is more to delete now */
  bool purge_later;          /* no room to delete just now: try again in a while */
};

struct record_file {
  MDB_env *env;
  MDB_dbi dbi;
  MDB_txn *reader;           /* reset between reads */
  bool reading;
  struct record_standing standing; /* the writer thread's, once it runs */
};

/* Opens or makes the file in an existing folder. Returns 0; -ENOSPC with nothing half made; -errno. */
int must_check record_file_open(const char *folder, size_t size, struct record_file *ret);
void record_file_close(struct record_file *f);

/* One transaction: puts, attempts, deletes what is confirmed and old, writes down `confirmed`. All or nothing.
 * Numbers are given from standing.next. Returns 0, SPOOL_FULL or -errno; updates f->standing on success (and as far
 * as deleting went when it answers SPOOL_FULL). */
int must_check record_file_commit(struct record_file *f, struct record_commit *c);
/* When the first record after `confirmed` was spooled; INT64_MAX when none waits. For the writer thread. */
int64_t record_file_waiting_since(struct record_file *f, uint64_t confirmed);

/* A short read transaction; nests. */
int must_check record_file_read_begin(struct record_file *f, MDB_txn **ret);
void record_file_read_end(struct record_file *f, MDB_txn **txn);

/* The bytes of all pages that are not free. Constant time: from the trees' own counts, which is what
 * mdb_env_info()'s last page less the free list gives. Returns an LMDB error. */
int must_check record_file_used(struct record_file *f, MDB_txn *txn, size_t *ret);
/* The room a record of `len` bytes (header included) will need, for answering SPOOL_FULL before the commit. */
size_t record_file_room(size_t len);
/* LMDB's and the system's errors as ours: SPOOL_FULL for no room, else -errno. */
int record_file_fault(int lmdb_error);

#endif
