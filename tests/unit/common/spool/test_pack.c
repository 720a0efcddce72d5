/* SPDX-License-Identifier: Apache-2.0 */
/* Pack files without a spool: format, walking, indexes that are short or wrong, resuming, ending, removing. */
#include "fixture.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define DAY ((int64_t)24 * 3600 * 1000)

struct packs {
  struct pack_writer writer;
  char folder[64];
  int64_t now;
};

static int setup(void **state) {
  struct packs *p = must_calloc(1, sizeof(*p));
  snprintf(p->folder, sizeof(p->folder), "/tmp/test_pack.XXXXXX");
  assert_non_null(mkdtemp(p->folder));
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now); /* compared with the files' times */
  p->now = now.tv_sec * 1000;
  assert_int_equal(pack_writer_open(&p->writer, p->folder, p->now), 0);
  *state = p;
  return 0;
}

static int teardown(void **state) {
  struct packs *p = *state;
  pack_writer_close(&p->writer);
  fixture_remove(p->folder);
  free(p);
  return 0;
}

static void reopen(struct packs *p) {
  pack_writer_close(&p->writer);
  assert_int_equal(pack_writer_open(&p->writer, p->folder, p->now), 0);
}

static void digest_of(uint64_t seed, size_t len, uint8_t ret[SHA256_BYTES]) {
  char *bytes = must_calloc(1, len);
  fixture_bytes(bytes, len, seed);
  sha256(slice_of(bytes, len), ret);
  free(bytes);
}

static void add(struct blob_batch *b, uint64_t seed, size_t len) {
  char *bytes = must_calloc(1, len);
  uint8_t digest[SHA256_BYTES];
  fixture_bytes(bytes, len, seed);
  sha256(slice_of(bytes, len), digest);
  assert_int_equal(blob_batch_add(b, slice_of(bytes, len), digest), 0);
  free(bytes);
}

/* Writes blobs seeded first … first + count - 1, `len` bytes each, as one batch. */
static void write_batch(struct packs *p, uint64_t first, size_t count, size_t len) {
  struct blob_batch *b = blob_batch_new();
  for (size_t i = 0; i < count; i++)
    add(b, first + i, len);
  assert_int_equal(pack_writer_batch(&p->writer, b, p->now), 0);
  blob_batch_free(&b);
}

static int find(const struct packs *p, uint64_t seed, size_t len) {
  uint8_t digest[SHA256_BYTES];
  struct buf found = BUF_INIT(BLOB_SMALL_MAX);
  digest_of(seed, len, digest);
  int r = blob_find(p->folder, digest, &found);
  if (r == 0) {
    char *bytes = must_calloc(1, len);
    fixture_bytes(bytes, len, seed);
    assert_int_equal(found.len, len);
    assert_memory_equal(found.at, bytes, len);
    free(bytes);
  } else {
    assert_int_equal(found.len, 0);
  }
  buf_free(&found);
  return r;
}

static off_t size_of(const struct packs *p, uint32_t number, const char *suffix) {
  struct stat st;
  int fd = pack_open(p->folder, number, suffix, O_RDONLY);
  if (fd < 0)
    return -1;
  assert_int_equal(fstat(fd, &st), 0);
  close(fd);
  return st.st_size;
}

static void set_age(const struct packs *p, uint32_t number, int64_t unix_ms) {
  struct timespec times[2] = {{.tv_sec = unix_ms / 1000}, {.tv_sec = unix_ms / 1000}};
  int fd = pack_open(p->folder, number, "dat", O_RDONLY);
  assert_true(fd >= 0);
  assert_int_equal(futimens(fd, times), 0);
  close(fd);
}

static void scribble(const struct packs *p, uint32_t number, const char *suffix, off_t at, size_t len, int with) {
  int fd = pack_open(p->folder, number, suffix, O_RDWR);
  char *bytes = must_calloc(1, len);
  memset(bytes, with, len);
  assert_int_equal(pack_pwrite(fd, bytes, len, (uint64_t)at), 0);
  free(bytes);
  close(fd);
}

static void cut(const struct packs *p, uint32_t number, const char *suffix, off_t to) {
  int fd = pack_open(p->folder, number, suffix, O_RDWR);
  assert_int_equal(ftruncate(fd, to), 0);
  close(fd);
}

static void written_is_found(void **state) {
  struct packs *p = *state;
  static const size_t sizes[] = {0, 1, 500, 4096, BLOB_SMALL_MAX};
  for (size_t i = 0; i < 5; i++)
    write_batch(p, 10 * i, 3, sizes[i]);
  for (size_t i = 0; i < 5; i++)
    assert_int_equal(find(p, 10 * i + 2, sizes[i]), 0);
  assert_int_equal(find(p, 999, 500), BLOB_ABSENT);
  /* while it is being written space is preallocated; when it is not, it is given back */
  assert_int_equal(size_of(p, 1, "dat") % (8 << 20), 0);
  uint64_t end = p->writer.end;
  reopen(p);
  assert_int_equal(size_of(p, 1, "dat"), end);
  assert_int_equal(p->writer.number, 1);
  write_batch(p, 700, 1, 100);
  assert_int_equal(find(p, 700, 100), 0);
  assert_int_equal(find(p, 12, 1), 0);
}

static void index_is_rebuilt(void **state) {
  struct packs *p = *state;
  write_batch(p, 0, 3000, 64); /* more entries than are read at once */
  static const struct {
    off_t cut_to, zero_at;
  } cases[] = {{0, -1}, {PACK_ENTRY * 10 + 7, -1}, {-1, PACK_ENTRY * 1500}, {-1, 0}, {PACK_ENTRY * 2999, -1}};
  for (size_t i = 0; i < 5; i++) {
    if (cases[i].cut_to >= 0)
      cut(p, 1, "idx", cases[i].cut_to);
    if (cases[i].zero_at >= 0)
      scribble(p, 1, "idx", cases[i].zero_at, PACK_ENTRY, 0);
    assert_int_equal(find(p, 2999, 64), 0); /* also before anyone mends it */
    assert_int_equal(find(p, 0, 64), 0);
    reopen(p);
    assert_int_equal(size_of(p, 1, "idx"), 3000 * PACK_ENTRY);
    assert_int_equal(find(p, 2999, 64), 0);
    assert_int_equal(find(p, 1500, 64), 0);
  }
  char path[256];
  fixture_path(p->folder, "pack-00000001.idx", path);
  unlink(path);
  assert_int_equal(find(p, 1500, 64), 0);
  reopen(p);
  assert_int_equal(size_of(p, 1, "idx"), 3000 * PACK_ENTRY);
}

/* Entries lie across the index's pages: a page that never reached the disk takes half of one. */
static void half_an_entry_is_noticed(void **state) {
  struct packs *p = *state;
  write_batch(p, 0, 300, 64);
  scribble(p, 1, "idx", PACK_ENTRY * 102, 16, 0); /* of the digest alone */
  reopen(p);
  assert_int_equal(find(p, 102, 64), 0);
  scribble(p, 1, "idx", PACK_ENTRY * 299, 16, 0);
  assert_int_equal(find(p, 299, 64), 0);
}

/* Found by the fuzzer: entries that bear each other out, of a pack that is not theirs. */
static void an_index_of_another_pack(void **state) {
  struct packs *p = *state;
  write_batch(p, 0, 3, 64);
  uint64_t end, again;
  pack_writer_close(&p->writer);
  scribble(p, 1, "dat", 0, 150, 0x33);
  assert_int_equal(pack_mend_index(p->folder, 1, true, &end), 0);
  assert_int_equal(end, 3 * (64 + PACK_HEADER)); /* the last one is still right: only these are damaged */
  assert_int_equal(find(p, 2, 64), 0);
  assert_int_equal(find(p, 0, 64), BLOB_DAMAGED);
  scribble(p, 1, "dat", 0, 3 * (64 + PACK_HEADER), 0x33);
  assert_int_equal(pack_mend_index(p->folder, 1, true, &end), 0);
  assert_int_equal(end, 0);
  assert_int_equal(pack_mend_index(p->folder, 1, true, &again), 0);
  assert_int_equal(again, 0);
  assert_int_equal(size_of(p, 1, "idx"), 0);
  assert_int_equal(pack_writer_open(&p->writer, p->folder, p->now), 0);
}

static void older_packs_are_mended_too(void **state) {
  struct packs *p = *state;
  write_batch(p, 0, 10, 64);
  p->now += DAY;
  write_batch(p, 10, 10, 64);
  assert_int_equal(p->writer.number, 2);
  cut(p, 1, "idx", PACK_ENTRY * 4);
  assert_int_equal(find(p, 9, 64), 0);
  reopen(p);
  assert_int_equal(size_of(p, 1, "idx"), 10 * PACK_ENTRY);
}

static void a_killed_writers_preallocation_is_cut(void **state) {
  struct packs *p = *state;
  write_batch(p, 0, 5, 64);
  uint64_t end = p->writer.end;
  close(p->writer.fd);
  close(p->writer.index_fd);
  p->writer.fd = p->writer.index_fd = -1; /* as if it had died */
  assert_true(size_of(p, 1, "dat") > (off_t)end);
  reopen(p);
  assert_int_equal(size_of(p, 1, "dat"), end);
  assert_int_equal(p->writer.end, end);
  write_batch(p, 5, 5, 64);
  for (uint64_t i = 0; i < 10; i++)
    assert_int_equal(find(p, i, 64), 0);
}

static void torn_tail_is_left_alone(void **state) {
  struct packs *p = *state;
  write_batch(p, 0, 5, 64);
  uint64_t end = p->writer.end;
  pack_writer_close(&p->writer);
  scribble(p, 1, "dat", (off_t)end, 20, 0x5a); /* a piece of a header */
  assert_int_equal(pack_writer_open(&p->writer, p->folder, p->now), 0);
  assert_int_equal(p->writer.fd, -1);
  write_batch(p, 5, 5, 64);
  assert_int_equal(p->writer.number, 2);
  assert_int_equal(size_of(p, 1, "dat"), end + 20);
  for (uint64_t i = 0; i < 10; i++)
    assert_int_equal(find(p, i, 64), 0);
}

static void damage_shows_and_hides_nothing_else(void **state) {
  struct packs *p = *state;
  write_batch(p, 0, 3, 100);
  const off_t second = PACK_HEADER + 100;
  static const off_t places[] = {0 /* magic */, 5 /* length */, 9 /* CRC */, 20 /* digest */, PACK_HEADER, PACK_HEADER + 99};
  for (size_t i = 0; i < 6; i++) {
    uint8_t before;
    int fd = pack_open(p->folder, 1, "dat", O_RDONLY);
    assert_int_equal(pack_pread(fd, &before, 1, (uint64_t)(second + places[i])), 1);
    close(fd);
    scribble(p, 1, "dat", second + places[i], 1, before ^ 0x10);
    assert_int_equal(find(p, 1, 100), BLOB_DAMAGED);
    assert_int_equal(find(p, 0, 100), 0);
    assert_int_equal(find(p, 2, 100), 0);
    scribble(p, 1, "dat", second + places[i], 1, before);
  }
  scribble(p, 1, "dat", second + PACK_HEADER, 1, 0);
  write_batch(p, 1, 1, 100); /* put again: the good copy is found */
  assert_int_equal(find(p, 1, 100), 0);
}

static void ends_with_size_and_day(void **state) {
  struct packs *p = *state;
  for (uint64_t i = 0; i < 5; i++)
    write_batch(p, 100 * i, 60, BLOB_SMALL_MAX); /* 15 MiB each */
  assert_int_equal(p->writer.number, 2);
  assert_true(size_of(p, 1, "dat") <= (off_t)PACK_MAX);
  p->now += DAY;
  write_batch(p, 1, 1, 10);
  assert_int_equal(p->writer.number, 3);
  assert_int_equal(size_of(p, 2, "dat"), 60 * (PACK_HEADER + BLOB_SMALL_MAX));
  p->now += DAY;
  reopen(p);
  write_batch(p, 2, 1, 10);
  assert_int_equal(p->writer.number, 4);
}

static void numbers_go_on_and_empty_packs_go(void **state) {
  struct packs *p = *state;
  write_batch(p, 0, 1, 10);
  p->now += DAY;
  write_batch(p, 1, 1, 10);
  set_age(p, 1, p->now - 10 * DAY);
  assert_false(pack_writer_sweep(&p->writer, p->now - 5 * DAY, 100));
  assert_int_equal(size_of(p, 1, "dat"), -1);
  assert_int_equal(size_of(p, 1, "idx"), -1);
  assert_int_equal(find(p, 0, 10), BLOB_ABSENT);
  assert_int_equal(find(p, 1, 10), 0);
  set_age(p, 2, p->now - 10 * DAY); /* the one being written goes, too, when nothing came for so long */
  assert_false(pack_writer_sweep(&p->writer, p->now - 5 * DAY, 100));
  assert_int_equal(size_of(p, 2, "dat"), -1);
  write_batch(p, 3, 1, 10);
  assert_int_equal(p->writer.number, 3);
}

static void sweep_is_bounded(void **state) {
  struct packs *p = *state;
  for (uint64_t i = 0; i < 5; i++) {
    write_batch(p, i, 1, 10);
    p->now += DAY;
  }
  for (uint32_t i = 1; i <= 5; i++)
    set_age(p, i, p->now - 100 * DAY);
  assert_true(pack_writer_sweep(&p->writer, p->now - 50 * DAY, 3));
  assert_int_equal(find(p, 2, 10), BLOB_ABSENT); /* the oldest first */
  assert_int_equal(find(p, 3, 10), 0);
  assert_false(pack_writer_sweep(&p->writer, p->now - 50 * DAY, 3));
  assert_int_equal(find(p, 4, 10), BLOB_ABSENT);
}

static void a_failed_write_loses_only_itself(void **state) {
  struct packs *p = *state;
  write_batch(p, 0, 3, 100);
  uint64_t end = p->writer.end;
  int good = p->writer.fd;
  p->writer.fd = pack_open(p->folder, 1, "dat", O_RDONLY); /* cannot be written */
  struct blob_batch *b = blob_batch_new();
  add(b, 50, 100);
  assert_int_equal(pack_writer_batch(&p->writer, b, p->now), -EBADF);
  assert_int_equal(p->writer.fd, -1);
  blob_batch_free(&b);
  assert_int_equal(ftruncate(good, (off_t)end), 0);
  close(good);
  write_batch(p, 3, 3, 100);
  assert_int_equal(p->writer.number, 2);
  for (uint64_t i = 0; i < 6; i++)
    assert_int_equal(find(p, i, 100), 0);
  assert_int_equal(find(p, 50, 100), BLOB_ABSENT);
}

static void foreign_files_are_not_packs(void **state) {
  struct packs *p = *state;
  static const char *const names[] = {"pack-1.dat", "pack-0000000x.dat", "pack-00000009.dat.bak", "pack-+0000001.dat"};
  for (size_t i = 0; i < 4; i++) {
    char path[256];
    fixture_path(p->folder, names[i], path);
    close(open(path, O_CREAT | O_WRONLY, 0600));
  }
  uint32_t *numbers;
  size_t count;
  assert_int_equal(pack_list(p->folder, &numbers, &count), 0);
  assert_int_equal(count, 0);
  free(numbers);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
  const struct CMUnitTest tests[] = {
      TEST(written_is_found),
      TEST(index_is_rebuilt),
      TEST(half_an_entry_is_noticed),
      TEST(an_index_of_another_pack),
      TEST(older_packs_are_mended_too),
      TEST(a_killed_writers_preallocation_is_cut),
      TEST(torn_tail_is_left_alone),
      TEST(damage_shows_and_hides_nothing_else),
      TEST(ends_with_size_and_day),
      TEST(numbers_go_on_and_empty_packs_go),
      TEST(sweep_is_bounded),
      TEST(a_failed_write_loses_only_itself),
      TEST(foreign_files_are_not_packs),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
