/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks double in size; after a reset only the first is kept, so one hostile event does not leave its peak behind. */
#include "base/arena.h"
#include <protobuf-c/protobuf-c.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct block {
  struct block *next;
  size_t size, used;
  _Alignas(16) char bytes[];
};

struct arena {
  struct block *first, *current;
  size_t total, ceiling, used;
  ProtobufCAllocator protobuf;
};

static struct block *block_new(size_t size) {
  struct block *b = must_realloc(NULL, sizeof(*b) + size);
  b->next = NULL;
  b->size = size;
  b->used = 0;
  return b;
}

static void *protobuf_alloc(void *arena, size_t size) {
  return arena_alloc(arena, size);
}

static void protobuf_free(void *arena, void *p) {
  (void)arena;
  (void)p;
}

struct arena *arena_new(size_t first_block, size_t ceiling) {
  assert(first_block > 0 && first_block <= ceiling);
  struct arena *a = must_calloc(1, sizeof(*a));
  a->first = a->current = block_new(first_block);
  a->total = first_block;
  a->ceiling = ceiling;
  a->protobuf = (ProtobufCAllocator){protobuf_alloc, protobuf_free, a};
  return a;
}

static void free_from(struct block *b) {
  while (b) {
    struct block *next = b->next;
    free(b);
    b = next;
  }
}

void arena_free(struct arena **a) {
  if (!a || !*a)
    return;
  free_from((*a)->first);
  free(*a);
  *a = NULL;
}

void arena_reset(struct arena *a) {
  free_from(a->first->next);
  a->first->next = NULL;
  a->first->used = 0;
  a->current = a->first;
  a->total = a->first->size;
  a->used = 0;
}

static size_t rounded(size_t size) {
  return (size + 15) & ~(size_t)15;
}

void *arena_alloc(struct arena *a, size_t size) {
  if (size > a->ceiling)
    return NULL;
  size = rounded(size);
  struct block *b = a->current;
  if (size > b->size - b->used) {
    size_t next = b->size * 2;
    if (next < size)
      next = size;
    if (next > a->ceiling - a->total)
      next = size;
    if (next > a->ceiling - a->total)
      return NULL;
    b->next = block_new(next);
    a->total += next;
    b = a->current = b->next;
  }
  void *at = b->bytes + b->used;
  b->used += size;
  a->used += size;
  return at;
}

void arena_shrink(struct arena *a, const void *at, size_t size, size_t kept) {
  struct block *b = a->current;
  assert(kept <= size);
  if (!at || (const char *)at + rounded(size) != b->bytes + b->used)
    return;
  b->used -= rounded(size) - rounded(kept);
  a->used -= rounded(size) - rounded(kept);
}

void *arena_zalloc(struct arena *a, size_t size) {
  void *at = arena_alloc(a, size);
  if (at)
    memset(at, 0, size);
  return at;
}

char *arena_copy(struct arena *a, struct slice s) {
  char *at = s.len < SIZE_MAX ? arena_alloc(a, s.len + 1) : NULL;
  if (!at)
    return NULL;
  if (s.len)
    memcpy(at, s.at, s.len);
  at[s.len] = '\0';
  return at;
}

char *arena_printf(struct arena *a, const char *format, ...) {
  va_list args, again;
  va_start(args, format);
  va_copy(again, args);
  int need = vsnprintf(NULL, 0, format, args);
  va_end(args);
  assert(need >= 0);
  char *at = arena_alloc(a, (size_t)need + 1);
  if (at)
    vsnprintf(at, (size_t)need + 1, format, again);
  va_end(again);
  return at;
}

size_t arena_used(const struct arena *a) {
  return a->used;
}

struct ProtobufCAllocator *arena_protobuf(struct arena *a) {
  return &a->protobuf;
}
