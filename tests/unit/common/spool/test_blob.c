/* SPDX-License-Identifier: Apache-2.0 */
/* Blobs through the spool: when they can be read, when they are durable, limits, damage, removal. */
#include "fixture.h"
#include "base/clock.h"
#include "base/encode.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define LARGE (BLOB_SMALL_MAX + 12345)

static int setup(void **state) {
  fixture_setup(state);
  fixture_open(*state);
  return 0;
}

static struct blob_ref put(struct fixture *f, size_t len, uint64_t seed) {
  struct blob_ref ref;
  char *bytes = must_calloc(1, len);
  fixture_bytes(bytes, len, seed);
  assert_int_equal(blob_put(spool_blobs(f->spool), slice_of(bytes, len), &ref), 0);
  assert_int_equal(ref.size, len);
  free(bytes);
  return ref;
}

static void check_bytes(const struct buf *found, size_t len, uint64_t seed) {
  char *bytes = must_calloc(1, len);
  fixture_bytes(bytes, len, seed);
  assert_int_equal(found->len, len);
  if (len)
    assert_memory_equal(found->at, bytes, len);
  free(bytes);
}

static void assert_reads(struct fixture *f, const struct blob_ref *ref, uint64_t seed) {
  struct buf found = BUF_INIT(8 << 20);
  assert_int_equal(blob_read(spool_blobs(f->spool), ref->sha256, &found), 0);
  check_bytes(&found, ref->size, seed);
  buf_free(&found);
}

static int finds(struct fixture *f, const struct blob_ref *ref, uint64_t seed) {
  struct buf found = BUF_INIT(8 << 20);
  int r = blob_find(f->blobs, ref->sha256, &found);
  if (r == 0)
    check_bytes(&found, ref->size, seed);
  else
    assert_int_equal(found.len, 0);
  buf_free(&found);
  return r;
}

static void readable_at_every_stage(void **state) {
  struct fixture *f = *state;
  static const size_t sizes[] = {0, 1, 5000, BLOB_SMALL_MAX, LARGE};
  for (size_t i = 0; i < 5; i++) {
    struct blob_ref ref = put(f, sizes[i], i);
    assert_reads(f, &ref, i); /* before any sync */
    assert_int_equal(finds(f, &ref, i), BLOB_ABSENT);
    size_t before = f->called;
    assert_int_equal(spool_sync_blobs(f->spool, fixture_done, f), 0);
    while (!f->spool->running && f->called == before)
      uv_run(&f->loop, UV_RUN_NOWAIT);
    assert_reads(f, &ref, i); /* with the writer, or just back */
    fixture_await(f, before + 1);
    assert_int_equal(f->outcome, 0);
    assert_reads(f, &ref, i);
    assert_int_equal(finds(f, &ref, i), 0);
    put(f, 10, 1000 + i);
    assert_int_equal(fixture_sync(f), 0);
    put(f, 10, 2000 + i);
    assert_int_equal(fixture_sync(f), 0); /* out of memory now */
    assert_reads(f, &ref, i);
  }
  fixture_reopen(f);
  for (size_t i = 0; i < 5; i++) {
    struct blob_ref ref = {.size = sizes[i]};
    char *bytes = must_calloc(1, sizes[i]);
    fixture_bytes(bytes, sizes[i], i);
    sha256(slice_of(bytes, sizes[i]), ref.sha256);
    free(bytes);
    assert_reads(f, &ref, i);
  }
}

static void assert_lends(struct blob_writer *w, const char *bytes, size_t len) {
  struct slice lent;
  assert_int_equal(blob_writer_lend(w, &lent), 0);
  assert_int_equal(lent.len, len);
  if (len)
    assert_memory_equal(lent.at, bytes, len);
}

static void streams_of_every_shape(void **state) {
  struct fixture *f = *state;
  static const struct {
    size_t total, step;
  } cases[] = {{0, 1},      {100, 7},        {BLOB_SMALL_MAX, 65536}, {BLOB_SMALL_MAX + 1, 65536},
               {LARGE, 999}, {LARGE, 200000}, {3 << 20, 3 << 20},      {(3 << 20) + 5, 300000}};
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    char *bytes = must_calloc(1, cases[i].total);
    fixture_bytes(bytes, cases[i].total, i);
    struct blob_writer *w;
    struct blob_ref ref;
    uint8_t digest[SHA256_BYTES];
    assert_int_equal(blob_writer_open(spool_blobs(f->spool), &w), 0);
    for (size_t at = 0; at < cases[i].total;) {
      size_t n = cases[i].total - at < cases[i].step ? cases[i].total - at : cases[i].step;
      assert_int_equal(blob_writer_add(w, slice_of(bytes + at, n)), 0);
      at += n;
      assert_int_equal(blob_writer_size(w), at);
      if (at % 2)
        assert_lends(w, bytes, at);
    }
    assert_lends(w, bytes, cases[i].total);
    assert_lends(w, bytes, cases[i].total);
    assert_int_equal(blob_writer_end(&w, &ref), 0);
    assert_null(w);
    sha256(slice_of(bytes, cases[i].total), digest);
    assert_memory_equal(ref.sha256, digest, SHA256_BYTES);
    free(bytes);
    assert_reads(f, &ref, i);
    assert_int_equal(fixture_sync(f), 0);
    assert_int_equal(finds(f, &ref, i), 0);
  }
  char tmp[256];
  fixture_path(f->blobs, "tmp", tmp);
  assert_int_equal(fixture_count_files(tmp), 0);
}

static void thrown_away_leaves_nothing(void **state) {
  struct fixture *f = *state;
  char tmp[256];
  fixture_path(f->blobs, "tmp", tmp);
  char *bytes = must_calloc(1, LARGE);
  struct blob_writer *w;
  assert_int_equal(blob_writer_open(spool_blobs(f->spool), &w), 0);
  assert_int_equal(blob_writer_add(w, slice_of(bytes, LARGE)), 0);
  assert_int_equal(fixture_count_files(tmp), 1);
  blob_writer_free(&w);
  assert_null(w);
  assert_int_equal(fixture_count_files(tmp), 0);
  blob_writer_free(&w);
  /* put, but the process ends before its group: emptied at the next start */
  struct blob_ref ref;
  assert_int_equal(blob_put(spool_blobs(f->spool), slice_of(bytes, LARGE), &ref), 0);
  free(bytes);
  fixture_close(f);
  char left[300];
  snprintf(left, sizeof(left), "%s/77", tmp);
  close(open(left, O_CREAT | O_WRONLY, 0600));
  fixture_open(f);
  assert_int_equal(fixture_count_files(tmp), 0);
  struct buf found = BUF_INIT(8 << 20);
  assert_int_equal(blob_read(spool_blobs(f->spool), ref.sha256, &found), BLOB_ABSENT);
  buf_free(&found);
}

static void limits_are_answered(void **state) {
  struct fixture *f = *state;
  struct blob_store *s = spool_blobs(f->spool);
  char *bytes = must_calloc(1, (4 << 20) + 1);
  struct blob_ref ref;
  struct blob_writer *w;
  assert_int_equal(blob_put(s, slice_of(bytes, (4 << 20) + 1), &ref), BLOB_TOO_LARGE);
  assert_int_equal(blob_writer_open(s, &w), 0);
  assert_int_equal(blob_writer_add(w, slice_of(bytes, 4 << 20)), 0);
  assert_int_equal(blob_writer_add(w, slice_of(bytes, 1)), BLOB_TOO_LARGE);
  assert_int_equal(blob_writer_end(&w, &ref), 0); /* what was taken stays good */
  assert_int_equal(ref.size, 4 << 20);
  struct buf small = BUF_INIT(1000);
  assert_int_equal(fixture_sync(f), 0);
  assert_int_equal(blob_find(f->blobs, ref.sha256, &small), BLOB_TOO_LARGE);
  struct blob_ref other = put(f, 1001, 1);
  assert_int_equal(blob_read(s, other.sha256, &small), BLOB_TOO_LARGE);
  buf_free(&small);
  free(bytes);
}

static void reserve_on_the_disk_is_kept(void **state) {
  struct fixture *f = *state;
  fixture_close(f);
  f->options.blobs.reserve = SIZE_MAX / 2;
  fixture_open(f);
  struct blob_ref ref;
  struct blob_writer *w;
  assert_int_equal(blob_put(spool_blobs(f->spool), SLICE("x"), &ref), BLOB_FULL);
  assert_int_equal(blob_writer_open(spool_blobs(f->spool), &w), BLOB_FULL);
  assert_int_equal(fixture_append(f, 1, "records are preallocated"), 0);
}

static void a_group_is_bounded(void **state) {
  struct fixture *f = *state;
  char *bytes = must_calloc(1, BLOB_SMALL_MAX);
  struct blob_ref ref;
  int r = 0;
  size_t taken = 0;
  for (; taken < 1000; taken++) {
    fixture_bytes(bytes, 16, taken);
    r = blob_put(spool_blobs(f->spool), slice_of(bytes, BLOB_SMALL_MAX), &ref);
    if (r)
      break;
  }
  assert_int_equal(r, BLOB_FULL);
  assert_int_equal(taken, BLOB_BATCH_MAX / (BLOB_SMALL_MAX + PACK_HEADER));
  assert_int_equal(fixture_sync(f), 0);
  assert_int_equal(blob_put(spool_blobs(f->spool), slice_of(bytes, BLOB_SMALL_MAX), &ref), 0);
  free(bytes);
}

static void gathered_blobs_do_not_wait_for_a_record(void **state) {
  struct fixture *f = *state;
  struct blob_ref first = put(f, BLOB_SMALL_MAX, 0);
  for (uint64_t i = 1; i < 20; i++)
    put(f, BLOB_SMALL_MAX, i);
  uv_run(&f->loop, UV_RUN_DEFAULT); /* ends when the group that woke by itself is done */
  assert_int_equal(finds(f, &first, 0), 0);
}

static void the_same_is_stored_once(void **state) {
  struct fixture *f = *state;
  struct blob_ref a = put(f, 3000, 5);
  put(f, 3000, 5);
  assert_int_equal(f->spool->blobs.filling->count, 1);
  assert_int_equal(fixture_sync(f), 0);
  put(f, 3000, 5);
  assert_int_equal(f->spool->blobs.filling->count, 0);
  assert_true(f->spool->blobs.filling->touch);
  assert_int_equal(fixture_sync(f), 0);
  assert_int_equal(finds(f, &a, 5), 0);
  /* after a restart nothing is known of it: stored again, which does no harm */
  fixture_reopen(f);
  put(f, 3000, 5);
  assert_int_equal(f->spool->blobs.filling->count, 1);
  assert_int_equal(fixture_sync(f), 0);
  assert_int_equal(finds(f, &a, 5), 0);
}

static void many_more_than_the_table_holds(void **state) {
  struct fixture *f = *state;
  struct blob_ref first = put(f, 8, 1), ref;
  for (uint64_t i = 2; i < 80000; i++)
    assert_int_equal(blob_put(spool_blobs(f->spool), slice_of(&i, sizeof(i)), &ref), 0);
  assert_reads(f, &first, 1); /* pushed out of the table, found in its batch */
  assert_int_equal(fixture_sync(f), 0);
  assert_reads(f, &first, 1);
  put(f, 9, 3);
  assert_int_equal(fixture_sync(f), 0);
  assert_reads(f, &first, 1); /* by the index */
  struct buf found = BUF_INIT(100);
  assert_int_equal(blob_read(spool_blobs(f->spool), ref.sha256, &found), 0);
  assert_int_equal(found.len, 8);
  buf_free(&found);
}

static void damage_in_the_pack_and_in_a_file(void **state) {
  struct fixture *f = *state;
  struct blob_ref small = put(f, 1000, 1), large = put(f, LARGE, 2);
  assert_int_equal(fixture_sync(f), 0);
  put(f, 10, 3);
  assert_int_equal(fixture_sync(f), 0);
  char hex[HEX_LEN(SHA256_BYTES) + 1], name[100], path[256];
  hex_encode(large.sha256, SHA256_BYTES, hex);
  snprintf(name, sizeof(name), "large/%.2s/%s", hex, hex);
  fixture_path(f->blobs, name, path);
  int fd = open(path, O_RDWR);
  assert_int_equal(pwrite(fd, "!!", 2, 500), 2);
  close(fd);
  assert_int_equal(finds(f, &large, 2), BLOB_DAMAGED);
  fixture_path(f->blobs, "pack-00000001.dat", path);
  fd = open(path, O_RDWR);
  assert_int_equal(pwrite(fd, "!!", 2, PACK_HEADER + 500), 2);
  close(fd);
  assert_int_equal(finds(f, &small, 1), BLOB_DAMAGED);
  struct buf found = BUF_INIT(8 << 20);
  assert_int_equal(blob_read(spool_blobs(f->spool), small.sha256, &found), BLOB_DAMAGED);
  assert_int_equal(blob_read(spool_blobs(f->spool), large.sha256, &found), BLOB_DAMAGED);
  buf_free(&found);
  put(f, LARGE, 2); /* its source sends it again */
  assert_int_equal(fixture_sync(f), 0);
  assert_int_equal(finds(f, &large, 2), 0);
}

static void make_old(struct fixture *f, const char *name, int64_t unix_ms) {
  char path[256];
  fixture_path(f->blobs, name, path);
  struct timespec times[2] = {{.tv_sec = unix_ms / 1000}, {.tv_sec = unix_ms / 1000}};
  assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void run_sweep(struct fixture *f) {
  f->spool->sweep = f->spool->wanted = true; /* what the hourly timer does */
  assert_int_equal(fixture_sync(f), 0);
  assert_false(f->spool->running);
}

static void old_ones_go_unless_waiting(void **state) {
  struct fixture *f = *state;
  const int64_t day = 24 * 3600 * 1000, now = clock_now_ms();
  fixture_close(f);
  f->options.blobs.keep_ms = 7 * day;
  fixture_open(f);
  struct blob_ref small = put(f, 100, 1), large = put(f, LARGE, 2);
  assert_int_equal(fixture_append(f, 1, "names them"), 0);
  char hex[HEX_LEN(SHA256_BYTES) + 1], name[100];
  hex_encode(large.sha256, SHA256_BYTES, hex);
  snprintf(name, sizeof(name), "large/%.2s/%s", hex, hex);
  make_old(f, "pack-00000001.dat", now - 8 * day);
  make_old(f, name, now - 8 * day);
  /* a record that waits since before they were written keeps them */
  struct spool_writer writer = {.records = &f->spool->records, .packs = &f->spool->blobs.packs};
  struct group g = {.blobs = blob_batch_new(), .sweep = true, .blob_keep_ms = 7 * day};
  make_old(f, "pack-00000001.dat", now - day / 2);
  make_old(f, name, now - day / 2);
  spool_writer_commit(&writer, &g, now + 30 * day);
  assert_int_equal(finds(f, &small, 1), 0);
  assert_int_equal(finds(f, &large, 2), 0);
  /* confirmed: age decides */
  spool_confirm(f->spool, 1);
  run_sweep(f);
  assert_int_equal(finds(f, &small, 1), 0);
  make_old(f, "pack-00000001.dat", now - 8 * day);
  make_old(f, name, now - 8 * day);
  run_sweep(f);
  assert_int_equal(finds(f, &small, 1), BLOB_ABSENT);
  assert_int_equal(finds(f, &large, 2), BLOB_ABSENT);
  /* and what is put again afterwards is stored, not taken for known */
  put(f, 100, 1);
  assert_int_equal(fixture_sync(f), 0);
  assert_int_equal(finds(f, &small, 1), 0);
  blob_batch_free(&g.blobs);
}

static void follows_a_backlog_in_any_order(void **state) {
  struct fixture *f = *state;
  enum { COUNT = 300 };
  struct blob_ref refs[COUNT];
  for (size_t i = 0; i < COUNT; i++)
    refs[i] = put(f, 100 + i, i);
  assert_int_equal(fixture_sync(f), 0);
  static const size_t steps[] = {1, 3, 77, COUNT - 1}; /* as put, with gaps, further than is looked ahead, backwards */
  for (size_t k = 0; k < 4; k++) {
    struct blob_trail trail = {0};
    for (size_t i = 0, at = 0; i < COUNT; i++, at = (at + steps[k]) % COUNT) {
      struct buf found = BUF_INIT(8 << 20);
      assert_int_equal(blob_follow(f->blobs, refs[at].sha256, &trail, &found), 0);
      check_bytes(&found, refs[at].size, at);
      assert_int_equal(trail.entry, at + 1);
      buf_free(&found);
    }
  }
  struct blob_trail wrong = {77, 5}, behind = {1, COUNT};
  struct buf found = BUF_INIT(8 << 20);
  assert_int_equal(blob_follow(f->blobs, refs[9].sha256, &wrong, &found), 0);
  assert_int_equal(blob_follow(f->blobs, refs[9].sha256, &behind, &found), 0);
  assert_int_equal(found.len, 2 * refs[9].size);
  buf_free(&found);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, fixture_teardown)
  const struct CMUnitTest tests[] = {
      TEST(readable_at_every_stage),
      TEST(streams_of_every_shape),
      TEST(thrown_away_leaves_nothing),
      TEST(limits_are_answered),
      TEST(reserve_on_the_disk_is_kept),
      TEST(a_group_is_bounded),
      TEST(gathered_blobs_do_not_wait_for_a_record),
      TEST(the_same_is_stored_once),
      TEST(many_more_than_the_table_holds),
      TEST(follows_a_backlog_in_any_order),
      TEST(damage_in_the_pack_and_in_a_file),
      TEST(old_ones_go_unless_waiting),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
