/* SPDX-License-Identifier: Apache-2.0 */
/* What the loop thread gathers while the writer commits, and the writer then makes durable as one. */
#ifndef SPOOL_GROUP_H
#define SPOOL_GROUP_H

#include "spool/blob_store.h"
#include "spool/record_file.h"
#include <pthread.h>

#define GROUP_BYTES_MAX (16u * 1024 * 1024)
#define GROUP_OPS_MAX 65536

struct group {
  struct buf bytes;            /* headers and payloads of the records, each at a multiple of 8 */
  struct op *ops;
  size_t op_count, op_room, records;
  size_t room;                 /* estimate of what the records need in the file */
  struct blob_batch *blobs;    /* lent by the blob store from the hand-over to settling */
  uint64_t confirmed, old;
  bool sweep, sweep_more;
  int64_t blob_keep_ms;
  bool blobs_written;
  int outcome;
  struct record_standing after;
};

/* The writer thread and what it shares with the loop. */
struct spool_writer {
  pthread_t thread;
  bool started;
  pthread_mutex_t lock;
  pthread_cond_t work;
  struct group *given, *finished; /* under the lock */
  bool stop;                      /* under the lock */
  struct record_file *records;
  struct pack_writer *packs;
  uv_async_t *done;
};

/* Returns 0 or -errno. */
int must_check spool_writer_start(struct spool_writer *w);
void spool_writer_give(struct spool_writer *w, struct group *g);
/* NULL when none is finished. */
struct group *spool_writer_take(struct spool_writer *w);
/* Waits for the group being committed; lends what is finished and was not taken, or NULL. */
struct group *spool_writer_stop(struct spool_writer *w);
/* What the thread does with a group. */
void spool_writer_commit(struct spool_writer *w, struct group *g, int64_t now_ms);

#endif
