/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory of one contact event or request: allocated piece by piece, freed at once, never above a byte ceiling.
 * At the ceiling arena_alloc() returns NULL, which the caller turns into its own outcome.
 * The first block is kept over arena_reset(), so a loop that reuses an arena does not allocate.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/slice.h"

struct ProtobufCAllocator;
struct arena;

struct arena *arena_new(size_t first_block, size_t ceiling);
void arena_free(struct arena **a);
void arena_reset(struct arena *a);
/* 16-byte aligned, not zeroed; NULL at the ceiling. */
void *arena_alloc(struct arena *a, size_t size);
void *arena_zalloc(struct arena *a, size_t size);
/* Gives back the end of the newest piece, of which only `kept` bytes of the `size` asked for were needed; any other
 * piece stays as it is. */
void arena_shrink(struct arena *a, const void *at, size_t size, size_t kept);
/* NUL-terminated copy; NULL at the ceiling. */
char *arena_copy(struct arena *a, struct slice s);
char *arena_printf(struct arena *a, const char *format, ...) printf_like(2, 3);
size_t arena_used(const struct arena *a);
/* Lends an allocator for protobuf-c's unpack; its free does nothing. Valid as long as the arena. */
struct ProtobufCAllocator *arena_protobuf(struct arena *a);

#endif
