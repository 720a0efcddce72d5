/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Appends batches of blobs to pack files and moves large blobs to their place. Opened by the loop thread, then used by
 * the writer thread alone.
 * A pack is ended at 64 MiB and with each new day (UTC), cut to its length, and its index synced.
 * After a failed write or sync the pack is cut back to its last good end and never appended to again: what a failed
 * sync left in the page cache cannot be trusted.
 */
#ifndef SPOOL_PACK_WRITER_H
#define SPOOL_PACK_WRITER_H

#include "spool/blob_batch.h"

struct pack_writer {
  char *folder;
  int fd, index_fd;          /* -1: the next batch starts a pack */
  uint32_t number, next;
  uint64_t end, extended;    /* bytes written; bytes preallocated */
  uint64_t index_end;
  int64_t day;
  bool index_broken;         /* an index write failed: readers walk the pack's rest */
};

/* Makes the folder and its parts, mends indexes, goes on with the newest pack where it ends. */
int must_check pack_writer_open(struct pack_writer *w, const char *folder, int64_t now_ms);
/* Cuts the preallocated rest. */
void pack_writer_close(struct pack_writer *w);
/* Writes and syncs a batch. Returns 0, BLOB_FULL or -errno; then nothing of it is promised. */
int must_check pack_writer_batch(struct pack_writer *w, struct blob_batch *b, int64_t now_ms);
/* Removes packs and large files not written to since `before_ms`, at most `most`. Returns true when there are more. */
bool pack_writer_sweep(struct pack_writer *w, int64_t before_ms, size_t most);

/* Syncs and renames the large blobs of a batch (blob_large.c). */
int must_check blob_large_commit(const char *folder, struct blob_batch *b);
/* "large/ab/abcdef…" under the folder; gives a heap string. */
char *blob_large_path(const char *folder, const uint8_t sha256[SHA256_BYTES]);
/* Returns how many were removed, at most `most`. */
size_t blob_large_sweep(const char *folder, int64_t before_ms, size_t most);
/* Empties tmp/. */
int must_check blob_large_clear_tmp(const char *folder);
/* Makes sure that `folder`'s entries are on disk. */
int must_check folder_sync(const char *folder);
int blob_fault(int system_error); /* positive errno in; BLOB_FULL for no room, else -errno */

#endif
