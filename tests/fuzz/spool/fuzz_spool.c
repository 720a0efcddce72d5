/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a damaged disk can hand us. First byte modulo 3: a stored record; the meta row; a pack with its index (two bytes:
 * how much of the rest is the index). Beyond not crashing: what decodes as a record encodes to the same bytes, what is
 * walked lies inside the file, the mended index agrees with the pack, and mending twice changes nothing.
 */
#include "spool/pack.h"
#include "spool/record.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool what) {
  if (!what)
    abort();
}

static void fuzz_record(const uint8_t *data, size_t size) {
  struct spool_record r;
  record_decode(3, slice_of(data, size), &r);
  must(r.seq == 3);
  must(r.kind == SPOOL_DAMAGED ? r.payload.len == size : r.payload.len + RECORD_HEADER == size);
  if (size < RECORD_HEADER)
    return;
  /* the same bytes with a right checksum */
  uint8_t *copy = must_calloc(1, size);
  memcpy(copy, data, size);
  record_seal(copy, size, 3, record_spooled_ms(slice_of(data, size)));
  record_decode(3, slice_of(copy, size), &r);
  if (r.kind != SPOOL_DAMAGED) {
    must(record_set_attempts(copy, size, 3, 5) == 0);
    record_decode(3, slice_of(copy, size), &r);
    must(r.attempts == 5 && r.kind != SPOOL_DAMAGED);
  }
  free(copy);
}

static void fuzz_meta(const uint8_t *data, size_t size) {
  struct record_meta meta;
  uint8_t again[RECORD_META];
  if (record_meta_decode(slice_of(data, size), &meta) == 0) {
    record_meta_encode(&meta, again);
    must(memcmp(again, data, size) == 0 && meta.confirmed < meta.next);
  }
}

struct check {
  int pack_fd;
  uint64_t size, count;
};

static bool check_one(void *arg, const struct pack_entry *entry) {
  struct check *c = arg;
  c->count++;
  must(pack_entry_end(entry) <= c->size && entry->len <= BLOB_SMALL_MAX);
  struct buf found = BUF_INIT(BLOB_SMALL_MAX);
  int r = pack_read(c->pack_fd, entry, &found);
  must(r == 0 ? found.len == entry->len : r == BLOB_DAMAGED && found.len == 0);
  buf_free(&found);
  return true;
}

static void write_part(const char *folder, const char *suffix, const uint8_t *data, size_t size) {
  int fd = pack_open(folder, 1, suffix, O_RDWR | O_CREAT | O_TRUNC);
  must(fd >= 0 && pack_pwrite(fd, data, size, 0) == 0);
  close(fd);
}

static void check_walks(const char *folder, struct check *c, uint64_t *ret_index_end) {
  uint64_t end, count;
  c->pack_fd = pack_open(folder, 1, "dat", O_RDONLY);
  int index_fd = pack_open(folder, 1, "idx", O_RDONLY);
  must(c->pack_fd >= 0 && index_fd >= 0);
  must(pack_walk(c->pack_fd, 0, check_one, c, &end) == 0 && end <= c->size);
  must(pack_walk_index(index_fd, c->pack_fd, check_one, c, ret_index_end, &count) == 0);
  must(*ret_index_end <= c->size);
  close(index_fd);
  close(c->pack_fd);
}

static void fuzz_pack(const uint8_t *data, size_t size) {
  static char folder[64];
  if (size < 2)
    return;
  if (!folder[0]) {
    snprintf(folder, sizeof(folder), "/dev/shm/fuzz_spool.%d", (int)getpid());
    must(mkdir(folder, 0700) == 0 || errno == EEXIST);
  }
  size_t index = (size_t)(data[0] << 8 | data[1]);
  data += 2;
  size -= 2;
  if (index > size)
    index = size;
  write_part(folder, "idx", data, index);
  write_part(folder, "dat", data + index, size - index);
  struct check c = {.size = size - index};
  uint64_t end, mended, again;
  check_walks(folder, &c, &end);
  uint8_t digest[SHA256_BYTES] = {0};
  struct buf found = BUF_INIT(1024);
  int r = blob_find(folder, digest, &found);
  must(r > 0); /* nothing has this digest */
  buf_free(&found);
  must(pack_mend_index(folder, 1, true, &mended) == 0);
  check_walks(folder, &c, &end);
  must(end == mended);
  must(pack_mend_index(folder, 1, false, &again) == 0 && again == mended);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static void (*const parts[])(const uint8_t *data, size_t size) = {fuzz_record, fuzz_meta, fuzz_pack};
  if (size > 0)
    parts[data[0] % 3](data + 1, size - 1);
  return 0;
}
