/* SPDX-License-Identifier: Apache-2.0 */
/* Where the last 65,536 small blobs of this run are. Bounded: a new one may push out an older one. */
#ifndef SPOOL_BLOB_TABLE_H
#define SPOOL_BLOB_TABLE_H

#include "base/digest.h"

struct blob_place {
  uint8_t sha256[SHA256_BYTES];
  uint64_t batch;       /* not settled yet: the number of its batch, and `offset` is in the batch */
  uint32_t pack;        /* batch 0: the pack, and `offset` is in the pack */
  uint32_t offset, len;
  bool used;
};

struct blob_table;

struct blob_table *blob_table_new(void);
void blob_table_free(struct blob_table **t);
/* Lends; NULL when not known. Valid until the next put. */
const struct blob_place *blob_table_find(const struct blob_table *t, const uint8_t sha256[SHA256_BYTES]);
void blob_table_put(struct blob_table *t, const struct blob_place *place);
/* Forgets it if it still points into that batch. */
void blob_table_drop(struct blob_table *t, const uint8_t sha256[SHA256_BYTES], uint64_t batch);

#endif
