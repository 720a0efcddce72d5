/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of the blob store, and what the spool asks of it. Everything here belongs to the loop thread, but `packs`,
 * which belongs to the writer thread once that runs.
 *
 * A batch goes: `filling` (blobs are put) → `running` (handed to the writer) → `recent` (durable, still in memory) →
 * cleared and filled again.
 */
#ifndef SPOOL_BLOB_STORE_H
#define SPOOL_BLOB_STORE_H

#include "spool/blob_table.h"
#include "spool/pack_writer.h"

struct blob_store {
  struct pack_writer packs;
  char *folder;
  size_t largest, reserve;
  int64_t keep_ms;
  struct blob_table *table;
  struct blob_batch *filling, *running, *recent, *spare;
  uint64_t next_batch, next_tmp;
  struct blob_trail trail;    /* of reads that the table did not answer: a backlog */
  uint32_t current_pack;      /* the pack the last batch went to: only what is in it is not stored twice */
  uint64_t room;              /* free bytes on the disk, by the last look and what was put since */
  int64_t room_seen_ms;
  void (*wake)(void *arg);    /* much has gathered: write it without waiting for a record */
  void *wake_arg;
};

int must_check blob_store_open(const struct blob_options *options, int64_t now_ms, struct blob_store *ret);
void blob_store_close(struct blob_store *s);
/* Hands the filled batch to the writer; lends it until blob_store_settle(). */
struct blob_batch *blob_store_hand_over(struct blob_store *s);
/* The writer is done with the running batch: `written` says whether its blobs are durable. */
void blob_store_settle(struct blob_store *s, bool written);

/* Room for `len` more bytes on the disk? Returns 0, BLOB_FULL, -errno. */
int must_check blob_store_room(struct blob_store *s, size_t len);
/* Puts a small blob whose digest is known. */
int must_check blob_store_put_small(struct blob_store *s, struct slice bytes, const uint8_t sha256[SHA256_BYTES]);
/* Reads a whole file into `ret`, checking the digest. */
int must_check blob_read_file(int fd, const uint8_t sha256[SHA256_BYTES], struct buf *ret);

#endif
