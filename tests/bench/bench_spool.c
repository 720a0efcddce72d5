/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast the spool takes records when nothing else runs: the floor of every other measurement.
 *   bench_spool [seconds [record-bytes [blob-bytes [window [folder]]]]]
 * `window` records are in flight: each `done` appends the next. Blob bytes 0: no blobs. Every record is confirmed as
 * soon as it is durable, as a fast router would. Prints one line of JSON.
 */
#include "base/clock.h"
#include "spool/spool.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct bench {
  struct spool *spool;
  char *record, *blob;
  size_t record_len, blob_len, in_flight;
  uint64_t started, done, refused, commits, last_seq, counter;
  int64_t end_ms;
};

static void on_commit(void *arg) {
  struct bench *b = arg;
  b->commits++;
  spool_confirm(b->spool, b->last_seq);
}

static void append(struct bench *b);

static void on_done(void *arg, int outcome, uint64_t seq) {
  struct bench *b = arg;
  b->in_flight--;
  if (outcome == 0) {
    b->done++;
    b->last_seq = seq;
  } else {
    b->refused++;
  }
  if (clock_monotonic_ms() < b->end_ms)
    append(b);
}

static void append(struct bench *b) {
  struct blob_ref ref;
  b->counter++;
  memcpy(b->record, &b->counter, sizeof(b->counter));
  if (b->blob_len) {
    memcpy(b->blob, &b->counter, sizeof(b->counter));
    if (blob_put(spool_blobs(b->spool), slice_of(b->blob, b->blob_len), &ref)) {
      b->refused++;
      return;
    }
  }
  if (spool_append(b->spool, 1, 0, slice_of(b->record, b->record_len), on_done, b))
    b->refused++;
  else
    b->in_flight++;
}

static size_t number(int count, char **args, int at, size_t usual) {
  return at < count ? strtoul(args[at], NULL, 10) : usual;
}

int main(int count, char **args) {
  char made[] = "/tmp/bench_spool.XXXXXX";
  struct bench b = {0};
  size_t seconds = number(count, args, 1, 5), window = number(count, args, 4, 256);
  b.record_len = number(count, args, 2, 1024);
  b.blob_len = number(count, args, 3, 512);
  b.record = must_calloc(1, b.record_len + sizeof(b.counter));
  b.blob = must_calloc(1, b.blob_len + sizeof(b.counter));
  uv_loop_t *loop = uv_default_loop();
  struct spool_options options = {.folder = count > 5 ? args[5] : mkdtemp(made), .size = 256u << 20};
  int r = spool_open(loop, &options, &b.spool);
  if (r) {
    fprintf(stderr, "bench_spool: %s\n", r < 0 ? strerror(-r) : "full");
    return 1;
  }
  spool_on_commit(b.spool, on_commit, &b);
  int64_t start = clock_monotonic_us();
  b.end_ms = clock_monotonic_ms() + (int64_t)seconds * 1000;
  for (size_t i = 0; i < window; i++)
    append(&b);
  while (b.in_flight)
    uv_run(loop, UV_RUN_ONCE);
  double took = (double)(clock_monotonic_us() - start) / 1e6;
  printf("{\"bench\":\"spool\",\"record_bytes\":%zu,\"blob_bytes\":%zu,\"window\":%zu,\"seconds\":%.2f,"
         "\"records_per_second\":%.0f,\"commits_per_second\":%.0f,\"batch\":%.1f,\"refused\":%llu}\n",
         b.record_len, b.blob_len, window, took, (double)b.done / took, (double)b.commits / took,
         b.commits ? (double)b.done / (double)b.commits : 0.0, (unsigned long long)b.refused);
  spool_close(&b.spool);
  uv_run(loop, UV_RUN_DEFAULT);
  free(b.record);
  free(b.blob);
  if (count <= 5) {
    char command[64];
    snprintf(command, sizeof(command), "rm -rf %s", made);
    if (system(command))
      return 1;
  }
  return 0;
}
