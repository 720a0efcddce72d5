/* SPDX-License-Identifier: Apache-2.0 */
/* Full: the record file, the disk, a file that may not grow. Whatever it is: refused cleanly, nothing lost, drains. */
#include "fixture.h"
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

static bool count_one(void *arg, const struct spool_record *record) {
  assert_int_not_equal(record->kind, SPOOL_DAMAGED);
  ++*(size_t *)arg;
  return true;
}

static size_t readable(struct fixture *f) {
  size_t count = 0;
  int r = spool_read(f->spool, 0, SIZE_MAX, count_one, &count);
  assert_true(r == 0 || r == SPOOL_END);
  return count;
}

/* Appends until refused; every one that was taken must be durable. Returns how many. */
static size_t fill(struct fixture *f, size_t len) {
  size_t taken = 0, before = f->called, good = f->good, group = 1 + 400000 / (len + 100);
  char *bytes = must_calloc(1, len);
  while (spool_append(f->spool, 1, 0, slice_of(bytes, len), fixture_done, f) == 0)
    fixture_await(f, before + ++taken / group * group);
  fixture_await(f, before + taken);
  assert_int_equal(f->good - good, taken);
  free(bytes);
  return taken;
}

static void stops_at_80_percent_and_drains(void **state) {
  struct fixture *f = *state;
  static const size_t lengths[] = {1, 500, 1024, 2100, 9000, 100000};
  fixture_open(f);
  for (size_t round = 0; round < 12; round++) { /* what is freed is used again: no creeping */
    size_t len = lengths[round % 6];
    size_t taken = fill(f, len);
    struct spool_state now;
    spool_state(f->spool, &now);
    assert_true(now.used <= now.size / 100 * 82); /* the list of free pages has its own ups and downs */
    assert_true(now.used + record_file_room(len) > now.size / 10 * 7);
    assert_int_equal(now.waiting, taken);
    assert_int_equal(readable(f), taken);
    spool_confirm(f->spool, now.last);
    fixture_settle(f);
    spool_state(f->spool, &now);
    assert_false(now.full);
    assert_int_equal(now.waiting, 0);
    assert_int_equal(readable(f), 0);
  }
}

static void a_full_spool_drains_by_confirming_alone(void **state) {
  struct fixture *f = *state;
  f->options.keep_ms = 3600 * 1000; /* running full, age does not count */
  fixture_open(f);
  fill(f, 1024);
  struct spool_state now;
  spool_state(f->spool, &now);
  spool_confirm(f->spool, now.last / 2);
  assert_true(f->spool->wanted || f->spool->running);
  uv_run(&f->loop, UV_RUN_DEFAULT); /* no append, no timer: the confirm makes the room */
  spool_state(f->spool, &now);
  assert_false(now.full);
  assert_true(now.used <= now.size / 2 + 65536);
  assert_int_equal(fixture_append(f, 1, "again"), 0);
}

static void mixed_sizes_for_long(void **state) {
  struct fixture *f = *state;
  fixture_open(f);
  char *bytes = must_calloc(1, 200000);
  uint64_t random = 1;
  size_t taken = 0, full = 0;
  for (size_t i = 0; i < 6000; i++) {
    random = random * 6364136223846793005u + 1442695040888963407u;
    size_t len = (random >> 60) == 0 ? (random >> 20) % 200000 : (random >> 20) % 1500;
    if (spool_append(f->spool, 1, 0, slice_of(bytes, len), fixture_done, f) == 0)
      taken++;
    else
      full++;
    if (i % 32 == 0)
      fixture_await(f, taken);
    struct spool_state now;
    spool_state(f->spool, &now);
    if (full % 50 == 49 && now.last > 20)
      spool_confirm(f->spool, now.last - 20);
  }
  fixture_await(f, taken);
  assert_true(full > 0);
  spool_confirm(f->spool, UINT64_MAX);
  fixture_settle(f);
  assert_int_equal(readable(f), 0);
  free(bytes);
}

static void the_smallest_is_usable(void **state) {
  struct fixture *f = *state;
  f->options.size = 1;
  fixture_open(f);
  struct spool_state now;
  spool_state(f->spool, &now);
  assert_int_equal(now.size, RECORD_FILE_LEAST);
  for (int round = 0; round < 5; round++) {
    assert_true(fill(f, 300) > 1000);
    spool_confirm(f->spool, UINT64_MAX);
    fixture_settle(f);
  }
}

/* More in one group than the estimate knows of: LMDB itself says full. Nothing of the group stays, all else does. */
static void map_full_fails_the_whole_group(void **state) {
  struct fixture *f = *state;
  f->options.size = 1 << 20;
  fixture_open(f);
  size_t before = fill(f, 1024);
  for (size_t i = 0; i < 100; i++) {
    f->spool->standing.used = 0; /* deceive the estimate */
    f->spool->filling->room = 0;
    static const char bytes[20000];
    assert_int_equal(spool_append(f->spool, 1, 0, slice_of(bytes, sizeof(bytes)), fixture_done, f), 0);
  }
  size_t good = f->good;
  fixture_await(f, before + 100);
  assert_int_equal(f->outcome, SPOOL_FULL);
  assert_int_equal(f->seq, 0);
  assert_int_equal(f->good, good);
  assert_int_equal(readable(f), before);
  fixture_reopen(f);
  assert_int_equal(readable(f), before);
  struct spool_state now;
  spool_state(f->spool, &now);
  assert_true(now.used > now.size / 10 * 7);
  spool_confirm(f->spool, now.last);
  fixture_settle(f);
  assert_int_equal(fixture_append(f, 1, "usable again"), 0);
  assert_int_equal(f->seq, before + 1); /* failed ones used no number */
}

static void growing_and_shrinking(void **state) {
  struct fixture *f = *state;
  fixture_open(f);
  size_t taken = fill(f, 1024);
  fixture_close(f);
  f->options.size = 8 << 20;
  fixture_open(f);
  size_t more = fill(f, 1024);
  assert_true(more > taken / 2);
  fixture_close(f);
  f->options.size = 2 << 20; /* smaller than what is in it: full, but nothing is lost */
  fixture_open(f);
  struct spool_state now;
  spool_state(f->spool, &now);
  assert_true(now.full);
  assert_int_equal(readable(f), taken + more);
  spool_confirm(f->spool, now.last);
  uv_run(&f->loop, UV_RUN_DEFAULT);
  fixture_settle(f);
  assert_int_equal(fixture_append(f, 1, "again"), 0);
}

/* ---- the disk: in a child of its own, with a small disk mounted where this is allowed, else with a limit on the size
 * of files, which stops every file at the same length */

#define DISK (24u << 20)

static bool small_disk(const char *folder) {
  return unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
         mount("tmpfs", folder, "tmpfs", 0, "size=24m") == 0;
}

static void limit_files(size_t bytes) {
  struct rlimit limit = {bytes, RLIM_INFINITY};
  signal(SIGXFSZ, SIG_IGN);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void in_child(struct fixture *f, void (*test)(struct fixture *f, bool mounted), bool limited) {
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    alarm(60);
    bool mounted = !limited && small_disk(f->folder);
    test(f, mounted);
    _exit(0);
  }
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(status, 0);
}

#define CHILD_CHECK(what)                                                  \
  do {                                                                     \
    if (!(what)) {                                                         \
      fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #what); \
      _exit(1);                                                            \
    }                                                                      \
  } while (0)

static void child_no_room_to_open(struct fixture *f, bool mounted) {
  if (!mounted)
    limit_files(1 << 20);
  char path[256];
  fixture_path(f->folder, "spool", path);
  f->options.folder = path;
  f->options.size = 2 * DISK;
  CHILD_CHECK(spool_open(&f->loop, &f->options, &f->spool) == -ENOSPC);
  CHILD_CHECK(access(path, F_OK) < 0); /* nothing half made */
  struct statvfs disk;
  CHILD_CHECK(!mounted || (statvfs(f->folder, &disk) == 0 && disk.f_bfree + 16 > disk.f_blocks));
}

static void child_no_room_to_grow(struct fixture *f, bool mounted) {
  fixture_open(f);
  CHILD_CHECK(fixture_append(f, 1, "kept") == 0);
  fixture_close(f);
  if (!mounted)
    limit_files(4 << 20);
  f->options.size = 2 * DISK;
  CHILD_CHECK(spool_open(&f->loop, &f->options, &f->spool) == -ENOSPC);
  char path[256];
  struct stat st;
  fixture_path(f->folder, "data.mdb", path);
  CHILD_CHECK(stat(path, &st) == 0 && st.st_size == 4 << 20);
  f->options.size = 4 << 20;
  fixture_open(f);
  CHILD_CHECK(readable(f) == 1);
  fixture_close(f);
}

static int put_and_append(struct fixture *f, uint64_t seed, size_t len) {
  struct blob_ref ref;
  char *bytes = must_calloc(1, len);
  fixture_bytes(bytes, len, seed);
  int r = blob_put(spool_blobs(f->spool), slice_of(bytes, len), &ref);
  free(bytes);
  if (r)
    return r == BLOB_FULL ? SPOOL_FULL : r;
  return fixture_append(f, 2, "names a blob");
}

static int read_back(struct fixture *f, uint64_t seed, size_t len) {
  uint8_t digest[SHA256_BYTES];
  char *bytes = must_calloc(1, len);
  struct buf found = BUF_INIT(8 << 20);
  fixture_bytes(bytes, len, seed);
  sha256(slice_of(bytes, len), digest);
  int r = blob_find(f->blobs, digest, &found);
  if (r == 0 && (found.len != len || memcmp(found.at, bytes, len) != 0))
    r = -EBADMSG;
  buf_free(&found);
  free(bytes);
  return r;
}

/* Blobs fill the disk; the records' file is not touched by that, and goes on. Removing room makes it work again. */
static void fill_disk_with_blobs(struct fixture *f, size_t len) {
  uint64_t taken = 0;
  int r;
  while ((r = put_and_append(f, taken, len)) == 0)
    taken++;
  CHILD_CHECK(r == SPOOL_FULL);
  CHILD_CHECK(taken > 1);
  CHILD_CHECK(readable(f) == taken);
  for (int i = 0; i < 3; i++)
    CHILD_CHECK(put_and_append(f, 100000 + (uint64_t)i, len) == SPOOL_FULL); /* stays clean */
  CHILD_CHECK(readable(f) == taken);
  CHILD_CHECK(fixture_append(f, 1, "a record needs no disk") == 0);
  spool_confirm(f->spool, 1);
  fixture_settle(f);
  CHILD_CHECK(readable(f) == taken);
  for (uint64_t i = 0; i < taken; i++)
    CHILD_CHECK(read_back(f, i, len) == 0);
  fixture_reopen(f);
  CHILD_CHECK(readable(f) == taken);
  for (uint64_t i = 0; i < taken; i++)
    CHILD_CHECK(read_back(f, i, len) == 0);
}

static void child_blobs_fill_the_disk(struct fixture *f, bool mounted) {
  char path[256];
  fixture_path(f->folder, "ballast", path);
  int fd = open(path, O_CREAT | O_RDWR, 0600);
  CHILD_CHECK(fd >= 0 && posix_fallocate(fd, 0, 4 << 20) == 0);
  fixture_open(f);
  if (!mounted)
    limit_files(8 << 20);
  if (mounted) {
    fill_disk_with_blobs(f, 200000);
    unlink(path);
    close(fd);
    f->spool->blobs.room_seen_ms = INT64_MIN; /* the second is over */
    CHILD_CHECK(put_and_append(f, 777777, 200000) == 0);
    CHILD_CHECK(read_back(f, 777777, 200000) == 0);
  } else { /* a pack cannot grow: the group fails, a new pack takes the next */
    for (uint64_t i = 0; i < 60; i++) {
      int r = put_and_append(f, i, 200000);
      CHILD_CHECK(r == 0 || r == SPOOL_FULL);
      CHILD_CHECK(read_back(f, i, 200000) == (r == 0 ? 0 : BLOB_ABSENT));
    }
    close(fd);
  }
  fixture_close(f);
}

static void child_large_blobs_fill_the_disk(struct fixture *f, bool mounted) {
  fixture_open(f);
  if (!mounted)
    limit_files(1 << 20);
  const size_t len = 3 << 20;
  uint64_t taken = 0;
  int r;
  while ((r = put_and_append(f, taken, len)) == 0)
    taken++;
  CHILD_CHECK(r == SPOOL_FULL);
  CHILD_CHECK(taken == 0 || mounted);
  CHILD_CHECK(readable(f) == taken);
  char tmp[256];
  fixture_path(f->blobs, "tmp", tmp);
  CHILD_CHECK(fixture_count_files(tmp) == 0);
  CHILD_CHECK(fixture_append(f, 1, "a record needs no disk") == 0);
  for (uint64_t i = 0; i < taken; i++)
    CHILD_CHECK(read_back(f, i, len) == 0);
  fixture_close(f);
}

/* Someone else fills the disk to the last byte: records are preallocated and do not notice. */
static void child_others_fill_the_disk(struct fixture *f, bool mounted) {
  fixture_open(f);
  char path[256];
  fixture_path(f->folder, "ballast", path);
  int fd = open(path, O_CREAT | O_RDWR, 0600);
  if (mounted) {
    char part[65536] = {1};
    while (write(fd, part, sizeof(part)) > 0)
      continue;
  } else {
    limit_files(4 << 20);
  }
  for (int round = 0; round < 3; round++) {
    fill(f, 1024);
    spool_confirm(f->spool, UINT64_MAX);
    fixture_settle(f);
    CHILD_CHECK(readable(f) == 0);
  }
  CHILD_CHECK(!mounted || put_and_append(f, 1, 100) == SPOOL_FULL);
  fixture_close(f);
}

static void both_ways(void **state, void (*test)(struct fixture *f, bool mounted)) {
  struct fixture *f = *state;
  in_child(f, test, false);
  fixture_remove(f->folder);
  assert_int_equal(mkdir(f->folder, 0700), 0);
  in_child(f, test, true);
}

static void no_room_to_open(void **state) { both_ways(state, child_no_room_to_open); }
static void no_room_to_grow(void **state) { both_ways(state, child_no_room_to_grow); }
static void blobs_fill_the_disk(void **state) { both_ways(state, child_blobs_fill_the_disk); }
static void large_blobs_fill_the_disk(void **state) { both_ways(state, child_large_blobs_fill_the_disk); }
static void others_fill_the_disk(void **state) { both_ways(state, child_others_fill_the_disk); }

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
  const struct CMUnitTest tests[] = {
      TEST(stops_at_80_percent_and_drains),
      TEST(a_full_spool_drains_by_confirming_alone),
      TEST(mixed_sizes_for_long),
      TEST(the_smallest_is_usable),
      TEST(map_full_fails_the_whole_group),
      TEST(growing_and_shrinking),
      TEST(no_room_to_open),
      TEST(no_room_to_grow),
      TEST(blobs_fill_the_disk),
      TEST(large_blobs_fill_the_disk),
      TEST(others_fill_the_disk),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
