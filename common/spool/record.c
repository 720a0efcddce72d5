/* SPDX-License-Identifier: Apache-2.0 */
/* LMDB pages carry no checksum: every value has its own, which also covers the key, so that a value found under a
 * wrong number is noticed. */
#include "spool/record.h"
#include "base/encode.h"
#include <endian.h>

enum { AT_CRC = 0, AT_VERSION = 4, AT_KIND = 8, AT_ATTEMPTS = 12, AT_TAKEN = 16, AT_SPOOLED = 24 };
enum { RECORD_VERSION = 1, META_VERSION = 1 };

static void put32(uint8_t *at, uint32_t v) {
  v = htole32(v);
  memcpy(at, &v, sizeof(v));
}

static void put64(uint8_t *at, uint64_t v) {
  v = htole64(v);
  memcpy(at, &v, sizeof(v));
}

static uint32_t get32(const void *at) {
  uint32_t v;
  memcpy(&v, at, sizeof(v));
  return le32toh(v);
}

static uint64_t get64(const void *at) {
  uint64_t v;
  memcpy(&v, at, sizeof(v));
  return le64toh(v);
}

void record_key(uint64_t seq, uint8_t ret[RECORD_KEY]) {
  uint64_t key = htobe64(seq);
  memcpy(ret, &key, sizeof(key));
}

uint64_t record_seq(const uint8_t key[RECORD_KEY]) {
  uint64_t seq;
  memcpy(&seq, key, sizeof(seq));
  return be64toh(seq);
}

static uint32_t checksum(uint64_t seq, const void *value, size_t len) {
  uint8_t key[RECORD_KEY];
  record_key(seq, key);
  return crc32c(crc32c(0, key, sizeof(key)), (const uint8_t *)value + AT_VERSION, len - AT_VERSION);
}

static bool intact(uint64_t seq, const void *value, size_t len) {
  return len >= RECORD_HEADER && get32((const uint8_t *)value + AT_VERSION) == RECORD_VERSION &&
         get32(value) == checksum(seq, value, len);
}

void record_begin(uint8_t at[RECORD_HEADER], uint32_t kind, int64_t taken_ms) {
  put32(at + AT_CRC, 0);
  put32(at + AT_VERSION, RECORD_VERSION);
  put32(at + AT_KIND, kind);
  put32(at + AT_ATTEMPTS, 0);
  put64(at + AT_TAKEN, (uint64_t)taken_ms);
  put64(at + AT_SPOOLED, 0);
}

void record_seal(uint8_t *at, size_t len, uint64_t seq, int64_t spooled_ms) {
  put64(at + AT_SPOOLED, (uint64_t)spooled_ms);
  put32(at + AT_CRC, checksum(seq, at, len));
}

int record_set_attempts(uint8_t *at, size_t len, uint64_t seq, uint32_t attempts) {
  if (!intact(seq, at, len))
    return -EBADMSG;
  put32(at + AT_ATTEMPTS, attempts);
  put32(at + AT_CRC, checksum(seq, at, len));
  return 0;
}

void record_decode(uint64_t seq, struct slice value, struct spool_record *ret) {
  if (!intact(seq, value.at, value.len)) {
    *ret = (struct spool_record){.seq = seq, .kind = SPOOL_DAMAGED, .payload = value};
    return;
  }
  *ret = (struct spool_record){
      .seq = seq,
      .kind = get32(value.at + AT_KIND),
      .attempts = get32(value.at + AT_ATTEMPTS),
      .taken_ms = (int64_t)get64(value.at + AT_TAKEN),
      .spooled_ms = (int64_t)get64(value.at + AT_SPOOLED),
      .payload = slice_of(value.at + RECORD_HEADER, value.len - RECORD_HEADER),
  };
}

int64_t record_spooled_ms(struct slice value) {
  return value.len < RECORD_HEADER ? 0 : (int64_t)get64(value.at + AT_SPOOLED);
}

void record_meta_encode(const struct record_meta *meta, uint8_t ret[RECORD_META]) {
  put32(ret + 4, META_VERSION);
  put64(ret + 8, meta->next);
  put64(ret + 16, meta->confirmed);
  put32(ret, crc32c(0, ret + 4, RECORD_META - 4));
}

int record_meta_decode(struct slice value, struct record_meta *ret) {
  if (value.len != RECORD_META || get32(value.at + 4) != META_VERSION ||
      get32(value.at) != crc32c(0, value.at + 4, RECORD_META - 4))
    return -EBADMSG;
  struct record_meta meta = {.next = get64(value.at + 8), .confirmed = get64(value.at + 16)};
  if (meta.next == 0 || meta.confirmed >= meta.next)
    return -EBADMSG;
  *ret = meta;
  return 0;
}
