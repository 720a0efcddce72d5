/* SPDX-License-Identifier: Apache-2.0 */
/* The blobs of one group: filled by the loop thread, written by the writer thread, then readable for one more group. */
#ifndef SPOOL_BLOB_BATCH_H
#define SPOOL_BLOB_BATCH_H

#include "spool/pack.h"

#define BLOB_BATCH_MAX (32u * 1024 * 1024) /* bytes of small blobs and their headers */
#define BLOB_BATCH_LARGE_MAX 256           /* large ones: each holds a descriptor */

struct blob_large {
  int fd;                   /* open until the group is done, so that it can be read whatever its name is */
  char *tmp;                /* path; owned */
  uint8_t sha256[SHA256_BYTES];
  uint64_t size;
  bool renamed;
};

struct blob_batch {
  uint64_t number;          /* from 1, rising */
  struct buf bytes;         /* headers and blobs as they will stand in the pack */
  struct pack_entry *entries; /* offsets in `bytes` */
  size_t count, room;
  struct blob_large *large;
  size_t large_count, large_room;
  bool touch;               /* a blob was put again: the pack it is in must not look old */
  uint32_t pack;            /* after writing: where it went */
  uint64_t base;
};

struct blob_batch *blob_batch_new(void);
void blob_batch_free(struct blob_batch **b);
/* Empties it, closes and removes what was not renamed; keeps a little memory. */
void blob_batch_clear(struct blob_batch *b);
bool blob_batch_empty(const struct blob_batch *b);
/* Returns 0 or BLOB_FULL. */
int must_check blob_batch_add(struct blob_batch *b, struct slice bytes, const uint8_t sha256[SHA256_BYTES]);
/* Takes fd and tmp. Returns 0, or BLOB_FULL (taken nothing). */
int must_check blob_batch_add_large(struct blob_batch *b, const struct blob_large *large);
/* Lends the bytes of an entry. */
static inline struct slice blob_batch_bytes(const struct blob_batch *b, const struct pack_entry *e) {
  return slice_of(b->bytes.at + e->offset + PACK_HEADER, e->len);
}
/* NULL when absent. */
const struct pack_entry *blob_batch_find(const struct blob_batch *b, const uint8_t sha256[SHA256_BYTES]);
const struct blob_large *blob_batch_find_large(const struct blob_batch *b, const uint8_t sha256[SHA256_BYTES]);

#endif
