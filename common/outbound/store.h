/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of the delivery store: LMDB, preallocated, with two tables. Writing happens in groups on a worker thread, one
 * sync each; reading on the loop thread. Inside common/outbound only.
 *
 *   message   id → packed OutboundMessage, until it is final
 *   row       id → row.h, until it is swept
 */
#ifndef OUTBOUND_STORE_H
#define OUTBOUND_STORE_H

#include "outbound/row.h"
#include <lmdb.h>

enum { STORE_FULL = 1, STORE_ABSENT = 2, STORE_DAMAGED = 3 };
enum store_table { STORE_MESSAGE, STORE_ROW, STORE_TABLES };

struct store {
  MDB_env *env;
  MDB_dbi tables[STORE_TABLES];
  size_t size, used;           /* bytes; `used` is the loop thread's: as of the last commit */
};

/* A change to be made, in `batch`. */
struct store_batch {
  struct buf ops;
};

#define STORE_BATCH_MAX (64u * 1024 * 1024)

/* Returns 0 (fills *ret); -EBUSY when it is another process's; -ENOSPC; -errno. */
int must_check store_open(const char *folder, size_t size, struct store *ret);
void store_close(struct store *s);

/* `key` at most 500 bytes; longer ones are not stored. An empty value deletes. Copies. Returns 0 or BUF_FULL. */
int store_batch_put(struct store_batch *b, enum store_table table, struct slice key, struct slice value);
/* On a worker thread; gives the bytes used after it, for `used`. Returns 0, STORE_FULL (nothing changed), -errno. */
int must_check store_commit(const struct store *s, const struct store_batch *b, size_t *ret_used);

/* Copies into `ret` (cleared first). Returns 0, STORE_ABSENT, -errno. */
int must_check store_read(struct store *s, enum store_table table, struct slice key, struct buf *ret);
/* Hands out every row, with the bytes lent during the call; false ends it. Returns 0 or -errno. */
typedef bool store_each(void *arg, struct slice key, struct slice value);
int must_check store_scan(struct store *s, enum store_table table, store_each *each, void *arg);
/* Would more be refused? Above four fifths; deleting still has room then. */
bool store_full(const struct store *s);

#endif
