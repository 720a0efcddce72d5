/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The format of pack files and their indexes, and walking through them. Integers are little-endian.
 *   pack-NNNNNNNN.dat   per blob: magic, length, CRC-32C (of length, digest and bytes): u32 each; SHA-256; bytes.
 *                       What is preallocated behind the last blob is zeros, which is no magic.
 *   pack-NNNNNNNN.idx   per blob: SHA-256; offset of its header, length: u32 each; in the order of the pack, without
 *                       gaps. It is not synced with each group: it may be short or damaged, and is checked and rebuilt.
 */
#ifndef SPOOL_PACK_H
#define SPOOL_PACK_H

#include "spool/blob.h"

#define PACK_HEADER 44
#define PACK_ENTRY 40
#define PACK_MAX (64u * 1024 * 1024)
#define PACK_NAME 32

struct pack_entry {
  uint8_t sha256[SHA256_BYTES];
  uint32_t offset, len;
};

void pack_header_encode(struct slice bytes, const uint8_t sha256[SHA256_BYTES], uint8_t ret[PACK_HEADER]);
/* Reads the length and digest of a header at `offset` of a pack. Returns 0, or -EBADMSG for no header or an impossible
 * length. Says nothing about the bytes that follow. */
int must_check pack_header_decode(const uint8_t at[PACK_HEADER], uint32_t offset, struct pack_entry *ret);
static inline uint64_t pack_entry_end(const struct pack_entry *e) {
  return (uint64_t)e->offset + PACK_HEADER + e->len;
}
void pack_entry_encode(const struct pack_entry *entry, uint8_t ret[PACK_ENTRY]);
void pack_entry_decode(const uint8_t at[PACK_ENTRY], struct pack_entry *ret);

/* Returns false to stop. */
typedef bool pack_each(void *arg, const struct pack_entry *entry);
/* Calls `each` for every blob framed in the pack from `offset` on, up to the first thing that is none.
 * *ret_end: behind the last one. */
int must_check pack_walk(int pack_fd, uint64_t offset, pack_each *each, void *arg, uint64_t *ret_end);
/* Calls `each` for every entry of the index that follows its predecessor without a gap and lies in the pack.
 * *ret_end: where in the pack the last one ends; *ret_count: how many. */
int must_check pack_walk_index(int index_fd, int pack_fd, pack_each *each, void *arg, uint64_t *ret_end,
                               uint64_t *ret_count);
/* Reads one blob and checks all of it. `ret` is added to on success only. Returns 0, BLOB_DAMAGED, BLOB_TOO_LARGE
 * (above ret's ceiling), -errno. */
int must_check pack_read(int pack_fd, const struct pack_entry *entry, struct buf *ret);

/* Makes the index of a pack agree with it; when not `thoroughly`, an index whose last entry fits is believed.
 * *ret_end: behind the last blob of the pack. */
int must_check pack_mend_index(const char *folder, uint32_t number, bool thoroughly, uint64_t *ret_end);

/* "pack-00000001.dat" */
void pack_name(uint32_t number, const char *suffix, char ret[PACK_NAME]);
/* Returns a descriptor (close-on-exec) or -errno. */
int pack_open(const char *folder, uint32_t number, const char *suffix, int flags);
/* The numbers of all packs, greatest first; gives *ret (heap). */
int must_check pack_list(const char *folder, uint32_t **ret, size_t *ret_count);

/* pread and pwrite that go on after a part. pack_pread returns how much was there, or -errno. */
int must_check pack_pwrite(int fd, const void *bytes, size_t len, uint64_t offset);
int64_t pack_pread(int fd, void *bytes, size_t len, uint64_t offset);

#endif
