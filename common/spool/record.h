/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes of one stored record, little-endian:
 *   crc-32c (of the number and all that follows), version, kind, attempts: u32 each; taken_ms, spooled_ms: i64; payload
 * The number is the key, big-endian, so that keys sort as numbers.
 */
#ifndef SPOOL_RECORD_H
#define SPOOL_RECORD_H

#include "spool/spool.h"

#define RECORD_KEY 8
#define RECORD_HEADER 32

void record_key(uint64_t seq, uint8_t ret[RECORD_KEY]);
uint64_t record_seq(const uint8_t key[RECORD_KEY]);

/* Writes the header's parts that are known when the record is taken; the payload follows at `at` + RECORD_HEADER. */
void record_begin(uint8_t at[RECORD_HEADER], uint32_t kind, int64_t taken_ms);
/* Completes a record of `len` bytes (header and payload) in place. */
void record_seal(uint8_t *at, size_t len, uint64_t seq, int64_t spooled_ms);
/* Changes the attempts of a record of `len` bytes in place. Returns 0, or -EBADMSG when the record is damaged. */
int must_check record_set_attempts(uint8_t *at, size_t len, uint64_t seq, uint32_t attempts);

/* Lends from `value`. What does not check out becomes kind SPOOL_DAMAGED with the whole value as its payload. */
void record_decode(uint64_t seq, struct slice value, struct spool_record *ret);
/* Without checking; 0 when too short. */
int64_t record_spooled_ms(struct slice value);

/* The row beside the records (key 0): what must survive when all records are gone. */
struct record_meta {
  uint64_t next;       /* number of the next record */
  uint64_t confirmed;
};
#define RECORD_META 24
void record_meta_encode(const struct record_meta *meta, uint8_t ret[RECORD_META]);
/* Returns 0 or -EBADMSG. */
int must_check record_meta_decode(struct slice value, struct record_meta *ret);

#endif
