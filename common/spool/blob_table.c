/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of eight places, chosen by the digest's first bytes; the oldest of a set goes first. A stranger who aims at one
 * set only makes his own blobs be looked up in the index files instead. */
#include "spool/blob_table.h"
#include <stdlib.h>

enum { SETS = 8192, WAYS = 8 };

struct blob_table {
  struct blob_place places[SETS][WAYS];
  uint8_t next[SETS];
};

struct blob_table *blob_table_new(void) {
  return must_calloc(1, sizeof(struct blob_table)); /* pages not used yet cost nothing */
}

void blob_table_free(struct blob_table **t) {
  if (!t)
    return;
  free(*t);
  *t = NULL;
}

static size_t set_of(const uint8_t digest[SHA256_BYTES]) {
  return ((size_t)digest[0] << 8 | digest[1]) % SETS;
}

const struct blob_place *blob_table_find(const struct blob_table *t, const uint8_t digest[SHA256_BYTES]) {
  const struct blob_place *set = t->places[set_of(digest)];
  for (size_t i = 0; i < WAYS; i++)
    if (set[i].used && memcmp(set[i].sha256, digest, SHA256_BYTES) == 0)
      return &set[i];
  return NULL;
}

void blob_table_put(struct blob_table *t, const struct blob_place *place) {
  struct blob_place *at = (struct blob_place *)(uintptr_t)blob_table_find(t, place->sha256);
  if (!at) {
    size_t set = set_of(place->sha256);
    at = &t->places[set][t->next[set]];
    t->next[set] = (uint8_t)((t->next[set] + 1) % WAYS);
  }
  *at = *place;
  at->used = true;
}

void blob_table_drop(struct blob_table *t, const uint8_t digest[SHA256_BYTES], uint64_t batch) {
  struct blob_place *at = (struct blob_place *)(uintptr_t)blob_table_find(t, digest);
  if (at && at->batch == batch)
    at->used = false;
}
