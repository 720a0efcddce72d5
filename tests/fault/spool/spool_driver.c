/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process that appends until it is killed, and one that looks at what it left.
 *   spool_driver write FOLDER FIRST [confirm]  appends FIRST, FIRST+1, … with blobs; prints "ready", then
 *                                              "SEQ NUMBER\n" for each that is durable; confirms older ones if asked
 *   spool_driver check FOLDER                  prints "confirmed SEQ", then "SEQ NUMBER" for each record that is
 *                                              there; ends with 1 when a record or a blob it names is not as written
 * Everything about a record follows from its NUMBER: sizes, bytes, blobs.
 */
#include "base/clock.h"
#include "spool/spool.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { IN_FLIGHT = 200, PAYLOAD_MOST = 6000, KEEP_WAITING = 300 };
#define BLOB_MOST (600 * 1024)

struct driver {
  struct spool *spool;
  uint64_t next, last_seq;
  size_t in_flight;
  bool confirm;
  char bytes[BLOB_MOST], told[65536];
  size_t told_len;
};

struct slot {
  struct driver *driver;
  uint64_t number;
};

static size_t payload_size(uint64_t number) {
  return 8 + SHA256_BYTES + (number * 2654435761u >> 7) % (number % 50 == 0 ? PAYLOAD_MOST : 800);
}

static size_t blob_size(uint64_t number) {
  if (number % 97 == 0)
    return BLOB_SMALL_MAX + number % (BLOB_MOST - BLOB_SMALL_MAX); /* a file of its own */
  return number % 13 == 0 ? number % 50000 : number % 900;
}

static void fill(char *at, size_t len, uint64_t seed) {
  uint64_t x = seed * 0x9e3779b97f4a7c15u + 1;
  for (size_t i = 0; i < len; i++) {
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    at[i] = (char)(x >> 32);
  }
}

static void tell(struct driver *d) {
  for (size_t at = 0; at < d->told_len;) {
    ssize_t put = write(STDOUT_FILENO, d->told + at, d->told_len - at);
    if (put <= 0)
      _exit(3);
    at += (size_t)put;
  }
  d->told_len = 0;
}

static void append(struct driver *d);

static void on_done(void *arg, int outcome, uint64_t seq) {
  struct slot *slot = arg;
  struct driver *d = slot->driver;
  d->in_flight--;
  if (outcome == 0) {
    d->told_len += (size_t)snprintf(d->told + d->told_len, sizeof(d->told) - d->told_len, "%llu %llu\n",
                                    (unsigned long long)seq, (unsigned long long)slot->number);
    d->last_seq = seq;
  } else if (outcome != SPOOL_FULL) {
    fprintf(stderr, "append: %d\n", outcome);
    _exit(4);
  }
  free(slot);
  if (d->told_len > sizeof(d->told) - 64)
    tell(d);
}

static void on_commit(void *arg) {
  struct driver *d = arg;
  tell(d);
  if (d->confirm && d->last_seq > KEEP_WAITING)
    spool_confirm(d->spool, d->last_seq - KEEP_WAITING);
}

static void append(struct driver *d) {
  struct blob_ref ref;
  uint64_t number = d->next++;
  char payload[8 + SHA256_BYTES + PAYLOAD_MOST];
  fill(d->bytes, blob_size(number), number);
  if (blob_put(spool_blobs(d->spool), slice_of(d->bytes, blob_size(number)), &ref))
    return;
  fill(payload, sizeof(payload), number + 1);
  memcpy(payload, &number, sizeof(number));
  memcpy(payload + 8, ref.sha256, SHA256_BYTES);
  struct slot *slot = must_calloc(1, sizeof(*slot));
  *slot = (struct slot){d, number};
  if (spool_append(d->spool, 1, (int64_t)number, slice_of(payload, payload_size(number)), on_done, slot)) {
    free(slot);
    return;
  }
  d->in_flight++;
}

static int write_until_killed(struct driver *d, uv_loop_t *loop) {
  spool_on_commit(d->spool, on_commit, d);
  if (write(STDOUT_FILENO, "ready\n", 6) != 6)
    return 3;
  for (;;) {
    for (size_t i = d->in_flight; i < IN_FLIGHT; i++)
      append(d);
    uv_run(loop, d->in_flight ? UV_RUN_ONCE : UV_RUN_NOWAIT);
  }
}

struct checked {
  struct driver *driver;
  uint64_t last;
  int wrong;
};

static bool complain_about(struct checked *c, const struct spool_record *r, const char *what) {
  fprintf(stderr, "record %llu: %s\n", (unsigned long long)r->seq, what);
  c->wrong = 1;
  return true;
}

static bool check_record(void *arg, const struct spool_record *r) {
  struct checked *c = arg;
  char expected[8 + SHA256_BYTES + PAYLOAD_MOST];
  uint64_t number;
  if (c->last && r->seq != c->last + 1)
    return complain_about(c, r, "a gap before it");
  c->last = r->seq;
  if (r->kind != 1 || r->payload.len < 8 + SHA256_BYTES)
    return complain_about(c, r, "damaged");
  memcpy(&number, r->payload.at, sizeof(number));
  fill(expected, sizeof(expected), number + 1);
  memcpy(expected, r->payload.at, 8 + SHA256_BYTES);
  if (r->taken_ms != (int64_t)number || !slice_equal(r->payload, slice_of(expected, payload_size(number))))
    return complain_about(c, r, "not what was appended");
  struct buf found = BUF_INIT(BLOB_MOST);
  int bad = blob_read(spool_blobs(c->driver->spool), (const uint8_t *)expected + 8, &found);
  fill(c->driver->bytes, blob_size(number), number);
  if (bad)
    complain_about(c, r, "its blob cannot be read");
  else if (!slice_equal(buf_slice(&found), slice_of(c->driver->bytes, blob_size(number))))
    complain_about(c, r, "its blob is another");
  buf_free(&found);
  printf("%llu %llu\n", (unsigned long long)r->seq, (unsigned long long)number);
  return true;
}

static int check(struct driver *d) {
  struct checked c = {.driver = d};
  printf("confirmed %llu\n", (unsigned long long)spool_confirmed(d->spool));
  int r = spool_read(d->spool, 0, SIZE_MAX, check_record, &c);
  return r < 0 ? 1 : c.wrong;
}

int main(int count, char **args) {
  static struct driver d;
  uv_loop_t *loop = uv_default_loop();
  if (count < 3)
    return 2;
  struct spool_options options = {.folder = args[2], .size = 32 << 20, .blobs = {.largest = BLOB_MOST}};
  d.confirm = count > 4;
  if (!d.confirm)
    options.keep_ms = 3600 * 1000;
  int r = spool_open(loop, &options, &d.spool);
  if (r) {
    fprintf(stderr, "open: %d\n", r);
    return 2;
  }
  if (strcmp(args[1], "write") == 0 && count > 3) {
    d.next = strtoull(args[3], NULL, 10);
    return write_until_killed(&d, loop);
  }
  r = check(&d);
  spool_close(&d.spool);
  uv_run(loop, UV_RUN_DEFAULT);
  return r;
}
