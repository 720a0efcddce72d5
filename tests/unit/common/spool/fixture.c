/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"
#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw) {
  (void)st;
  (void)type;
  (void)ftw;
  return remove(path);
}

void fixture_remove(const char *folder) {
  nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

int fixture_setup(void **state) {
  struct fixture *f = must_calloc(1, sizeof(*f));
  snprintf(f->folder, sizeof(f->folder), "/tmp/test_spool.XXXXXX");
  assert_non_null(mkdtemp(f->folder));
  snprintf(f->blobs, sizeof(f->blobs), "%s/blobs", f->folder);
  f->options = (struct spool_options){
      .folder = f->folder,
      .size = 4 << 20,
      .blobs = {.folder = f->blobs, .largest = 4 << 20},
  };
  assert_int_equal(uv_loop_init(&f->loop), 0);
  *state = f;
  return 0;
}

int fixture_teardown(void **state) {
  struct fixture *f = *state;
  fixture_close(f);
  assert_int_equal(uv_loop_close(&f->loop), 0);
  fixture_remove(f->folder);
  free(f);
  return 0;
}

void fixture_open(struct fixture *f) {
  assert_int_equal(spool_open(&f->loop, &f->options, &f->spool), 0);
}

void fixture_close(struct fixture *f) {
  spool_close(&f->spool);
  uv_run(&f->loop, UV_RUN_DEFAULT);
}

void fixture_reopen(struct fixture *f) {
  fixture_close(f);
  fixture_open(f);
}

void fixture_done(void *arg, int outcome, uint64_t seq) {
  struct fixture *f = arg;
  f->called++;
  f->good += outcome == 0;
  f->outcome = outcome;
  f->seq = seq;
}

void fixture_await(struct fixture *f, size_t count) {
  while (f->called < count)
    uv_run(&f->loop, UV_RUN_ONCE);
}

int fixture_append(struct fixture *f, uint32_t kind, const char *text) {
  size_t before = f->called;
  int r = spool_append(f->spool, kind, 1000 + kind, slice_text(text), fixture_done, f);
  if (r)
    return r;
  assert_int_equal(f->called, before); /* never from inside */
  fixture_await(f, before + 1);
  return f->outcome;
}

int fixture_sync(struct fixture *f) {
  size_t before = f->called;
  assert_int_equal(spool_sync_blobs(f->spool, fixture_done, f), 0);
  fixture_await(f, before + 1);
  return f->outcome;
}

void fixture_settle(struct fixture *f) {
  do {
    assert_int_equal(fixture_sync(f), 0);
  } while (f->spool->standing.purge_more);
}

void fixture_bytes(void *ret, size_t len, uint64_t seed) {
  uint8_t *at = ret;
  uint64_t x = seed * 0x9e3779b97f4a7c15u + 1;
  for (size_t i = 0; i < len; i++) {
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    at[i] = (uint8_t)(x >> 32);
  }
}

void fixture_path(const char *folder, const char *name, char ret[256]) {
  assert_true(snprintf(ret, 256, "%s/%s", folder, name) < 256);
}

size_t fixture_count_files(const char *folder) {
  size_t count = 0;
  DIR *all = opendir(folder);
  for (struct dirent *e; all && (e = readdir(all));)
    count += e->d_name[0] != '.';
  if (all)
    closedir(all);
  return count;
}
