/* SPDX-License-Identifier: Apache-2.0 */
/* One buffer in pack format, so that the writer thread writes a whole group with one call and no copying. */
#include "spool/blob_batch.h"
#include <stdlib.h>
#include <unistd.h>

enum { KEEP_BYTES = 1024 * 1024, KEEP_ENTRIES = 8192 };

struct blob_batch *blob_batch_new(void) {
  struct blob_batch *b = must_calloc(1, sizeof(*b));
  b->bytes = BUF_INIT(BLOB_BATCH_MAX);
  return b;
}

static void clear_large(struct blob_batch *b) {
  for (size_t i = 0; i < b->large_count; i++) {
    close(b->large[i].fd);
    if (!b->large[i].renamed)
      unlink(b->large[i].tmp);
    free(b->large[i].tmp);
  }
  b->large_count = 0;
}

void blob_batch_clear(struct blob_batch *b) {
  clear_large(b);
  if (b->bytes.cap > KEEP_BYTES)
    buf_free(&b->bytes);
  else
    buf_clear(&b->bytes);
  if (b->room > KEEP_ENTRIES) {
    free(b->entries);
    b->entries = NULL;
    b->room = 0;
  }
  b->count = 0;
  b->touch = false;
  b->pack = 0;
  b->base = 0;
}

void blob_batch_free(struct blob_batch **b) {
  if (!b || !*b)
    return;
  clear_large(*b);
  buf_free(&(*b)->bytes);
  free((*b)->entries);
  free((*b)->large);
  free(*b);
  *b = NULL;
}

bool blob_batch_empty(const struct blob_batch *b) {
  return b->count == 0 && b->large_count == 0 && !b->touch;
}

int blob_batch_add(struct blob_batch *b, struct slice bytes, const uint8_t digest[SHA256_BYTES]) {
  char *at;
  if (buf_reserve(&b->bytes, PACK_HEADER + bytes.len, &at)) {
    b->bytes.full = false; /* this one does not fit; a smaller one may */
    return BLOB_FULL;
  }
  if (b->count == b->room) {
    b->room = b->room ? b->room * 2 : 64;
    b->entries = must_realloc(b->entries, b->room * sizeof(*b->entries));
  }
  struct pack_entry *entry = &b->entries[b->count++];
  memcpy(entry->sha256, digest, SHA256_BYTES);
  entry->offset = (uint32_t)b->bytes.len;
  entry->len = (uint32_t)bytes.len;
  pack_header_encode(bytes, digest, (uint8_t *)at);
  if (bytes.len)
    memcpy(at + PACK_HEADER, bytes.at, bytes.len);
  buf_advance(&b->bytes, PACK_HEADER + bytes.len);
  return 0;
}

int blob_batch_add_large(struct blob_batch *b, const struct blob_large *large) {
  if (b->large_count == BLOB_BATCH_LARGE_MAX)
    return BLOB_FULL;
  if (b->large_count == b->large_room) {
    b->large_room = b->large_room ? b->large_room * 2 : 8;
    b->large = must_realloc(b->large, b->large_room * sizeof(*b->large));
  }
  b->large[b->large_count++] = *large;
  return 0;
}

const struct pack_entry *blob_batch_find(const struct blob_batch *b, const uint8_t digest[SHA256_BYTES]) {
  for (size_t i = b->count; i-- > 0;)
    if (memcmp(b->entries[i].sha256, digest, SHA256_BYTES) == 0)
      return &b->entries[i];
  return NULL;
}

const struct blob_large *blob_batch_find_large(const struct blob_batch *b, const uint8_t digest[SHA256_BYTES]) {
  for (size_t i = b->large_count; i-- > 0;)
    if (memcmp(b->large[i].sha256, digest, SHA256_BYTES) == 0)
      return &b->large[i];
  return NULL;
}
