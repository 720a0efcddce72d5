/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The durable store-and-forward of one channel program: LMDB records in order of taking, and the blobs they name.
 *
 * Threads: all calls from the loop thread; one writer thread inside commits in groups: everything appended while the
 * last commit ran goes into the next one. Blobs of a group are synced before its records.
 * Failure: a record whose `done` was called with 0 survives any crash; any other may or may not be there.
 * Limits: the record file is preallocated (a full disk elsewhere cannot wedge it); above 80 % of it appends answer
 * SPOOL_FULL and the source must be deferred. Blobs need free disk: no room answers SPOOL_FULL too.
 * Each record carries a CRC-32C; a damaged one is handed out with kind SPOOL_DAMAGED, never skipped in silence.
 */
#ifndef SPOOL_SPOOL_H
#define SPOOL_SPOOL_H

#include "spool/blob.h"
#include <uv.h>

enum { SPOOL_FULL = 1, SPOOL_END = 2 };

#define SPOOL_DAMAGED UINT32_MAX
#define SPOOL_RECORD_MAX (1024 * 1024)

struct spool;

struct spool_options {
  const char *folder;       /* made when missing, 0700; locked against a second process */
  size_t size;              /* bytes preallocated for records; at least 1 MiB */
  int64_t keep_ms;          /* records stay at least so long after they were confirmed (less when it runs full) */
  struct blob_options blobs; /* their folder may be NULL: "blobs" in this one */
};

struct spool_record {
  uint64_t seq;             /* from 1, rising, never reused */
  uint32_t kind;            /* the program's own record kind */
  uint32_t attempts;        /* how often its processing killed a process */
  int64_t taken_ms;
  int64_t spooled_ms;       /* when its group was committed (the start of the commit) */
  struct slice payload;     /* lent until the reading call returns */
};

/* `outcome`: 0 durable, SPOOL_FULL (nothing kept), < 0 a disk fault (nothing kept; defer the source). */
typedef void spool_done(void *arg, int outcome, uint64_t seq);

/* Returns 0 (gives *ret); -EBUSY when another process has it; -ENOSPC; -EBADMSG when the file is not a spool's or its
 * numbers are lost; -errno. Does not keep the loop alive unless a group is under way. */
int must_check spool_open(uv_loop_t *loop, const struct spool_options *options, struct spool **ret);
/* Waits for the running commit. Appends not yet committed get done(-ECANCELED). */
void spool_close(struct spool **s);

struct blob_store *spool_blobs(struct spool *s);
/* Appends a record; copies the payload. The blobs put into spool_blobs() before it in this turn become durable with
 * it or before. `done` is called later from the loop, never from inside. Returns 0, or SPOOL_FULL (done not called);
 * what only a bug in the caller can cause: -EMSGSIZE above SPOOL_RECORD_MAX, -EINVAL for kind SPOOL_DAMAGED. */
int must_check spool_append(struct spool *s, uint32_t kind, int64_t taken_ms, struct slice payload, spool_done *done,
                            void *arg);
/* Calls `done` once all blobs put so far are durable, without a record. */
int must_check spool_sync_blobs(struct spool *s, spool_done *done, void *arg);
/* Writes down how often this record killed its parser; durable before `done`. Its outcome may also be -ENOENT (no such
 * record) or -EBADMSG (damaged). Returns 0 or SPOOL_FULL, like spool_sync_blobs(). */
int must_check spool_set_attempts(struct spool *s, uint64_t seq, uint32_t attempts, spool_done *done, void *arg);

/* Hands committed records with seq > after to `each`, in order, until it returns false or `most` were given.
 * Returns 0, SPOOL_END when there was none, < 0. */
typedef bool spool_each(void *arg, const struct spool_record *record);
int must_check spool_read(struct spool *s, uint64_t after, size_t most, spool_each *each, void *arg);
/* One record by number. Returns 0 or SPOOL_END. */
int must_check spool_get(struct spool *s, uint64_t seq, spool_each *each, void *arg);
/* Called in the loop after each commit that added records: there is more to read. */
void spool_on_commit(struct spool *s, void (*notify)(void *arg), void *arg);

/* Everything up to `seq` is confirmed; written down with the next group (or within a second), deleted after keep_ms. */
void spool_confirm(struct spool *s, uint64_t seq);
/* What was confirmed when the spool was opened, then as confirmed. */
uint64_t spool_confirmed(const struct spool *s);
/* For a replay: all up to here was confirmed before `since_ms`; 0: all that is kept may have been confirmed later. */
uint64_t spool_before(const struct spool *s, int64_t since_ms);

struct spool_state {
  uint64_t first, last;     /* sequence numbers present; 0 none */
  uint64_t waiting;         /* not confirmed */
  int64_t oldest_ms;        /* taken_ms of the oldest waiting; 0 none */
  size_t used, size;        /* bytes */
  bool full;                /* would answer SPOOL_FULL now */
};
void spool_state(struct spool *s, struct spool_state *ret);

#endif
