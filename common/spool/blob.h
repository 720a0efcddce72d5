/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blobs: originals, attachments, long bodies; immutable bytes named by their SHA-256.
 *
 * Small ones (up to 256 KiB) are appended to pack files, so that one sync covers a whole group; larger ones are a file each
 * (written beside, synced, renamed, folder synced). Layout under the folder:
 *   pack-NNNNNNNN.dat   records: magic, length, CRC-32C, SHA-256, bytes
 *   pack-NNNNNNNN.idx   SHA-256, offset, length per record; rebuilt from the pack when short
 *   large/ab/abcdef…    one blob each
 *   tmp/                being written; emptied at open
 * Writing: one process (the owner of the spool). Reading: any process, through blob_find().
 * The digest is checked on every read.
 */
#ifndef SPOOL_BLOB_H
#define SPOOL_BLOB_H

#include "base/buf.h"
#include "base/digest.h"

enum { BLOB_ABSENT = 1, BLOB_FULL = 2, BLOB_DAMAGED = 3, BLOB_TOO_LARGE = 4 };

#define BLOB_SMALL_MAX (256 * 1024)

struct blob_ref {
  uint8_t sha256[SHA256_BYTES];
  uint64_t size;
};

struct blob_options {
  const char *folder;
  size_t largest;           /* bytes of one blob; 0: any */
  size_t reserve;           /* free bytes on the disk under which BLOB_FULL is answered */
  int64_t keep_ms;          /* whole packs and large files older than this are removed; 0: never */
};

struct blob_store;
struct blob_writer;

/* Puts a small or large blob from memory. It is durable only after the spool's group that follows (spool_append,
 * spool_sync_blobs). Returns 0, BLOB_FULL, BLOB_TOO_LARGE, -errno. */
int must_check blob_put(struct blob_store *s, struct slice bytes, struct blob_ref *ret);

/* Streams a blob whose size is not known: in memory up to BLOB_SMALL_MAX, then into tmp/. */
int must_check blob_writer_open(struct blob_store *s, struct blob_writer **ret);
int must_check blob_writer_add(struct blob_writer *w, struct slice bytes); /* 0, BLOB_FULL, BLOB_TOO_LARGE, -errno */
uint64_t blob_writer_size(const struct blob_writer *w);
/* Lends all that was added so far, until the next call with this writer; a large one is mapped from its file, so that
 * it costs no memory. Returns 0, BLOB_FULL, -errno. */
int must_check blob_writer_lend(struct blob_writer *w, struct slice *ret);
/* Ends it as blob_put() does and frees the writer. The fsync and rename of a large one happen with the group, in the
 * writer thread. */
int must_check blob_writer_end(struct blob_writer **w, struct blob_ref *ret);
/* Throws away. */
void blob_writer_free(struct blob_writer **w);

/* Reads a blob of this store, also one not synced yet. Returns 0, BLOB_ABSENT, BLOB_DAMAGED, -errno. */
int must_check blob_read(struct blob_store *s, const uint8_t sha256[SHA256_BYTES], struct buf *ret);

/* For other processes (deskbell blob, inbox): looks the blob up in a store's folder, read only.
 * Returns 0, BLOB_ABSENT, BLOB_DAMAGED, BLOB_TOO_LARGE (above ret's ceiling), -errno. */
int must_check blob_find(const char *folder, const uint8_t sha256[SHA256_BYTES], struct buf *ret);

/* Where a reader was last; all zero at the beginning. A hint: a wrong one costs time, nothing else. */
struct blob_trail {
  uint32_t pack;
  uint64_t entry;
};
/* As blob_find(), for who reads many blobs in about the order they were put. */
int must_check blob_follow(const char *folder, const uint8_t sha256[SHA256_BYTES], struct blob_trail *trail,
                           struct buf *ret);

#endif
