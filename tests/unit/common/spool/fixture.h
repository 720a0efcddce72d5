/* SPDX-License-Identifier: Apache-2.0 */
/* A spool in a folder of its own, and calls that run the loop until the spool answered. */
#ifndef TESTS_SPOOL_FIXTURE_H
#define TESTS_SPOOL_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "spool/blob_store.h"
#include "spool/spool_internal.h"

struct fixture {
  uv_loop_t loop;
  char folder[128], blobs[160];
  struct spool_options options;
  struct spool *spool;
  /* answers */
  size_t called, good;
  int outcome;
  uint64_t seq;
};

int fixture_setup(void **state);
int fixture_teardown(void **state);
void fixture_open(struct fixture *f);
void fixture_close(struct fixture *f);
void fixture_reopen(struct fixture *f);
/* Counts into the fixture. */
void fixture_done(void *arg, int outcome, uint64_t seq);
/* Runs the loop until `called` reaches `count`. */
void fixture_await(struct fixture *f, size_t count);
/* Appends one and waits for its answer; returns the outcome, f->seq is its number. */
int fixture_append(struct fixture *f, uint32_t kind, const char *text);
int fixture_sync(struct fixture *f);
/* Commits what is pending (confirm, purge) now instead of within a second. */
void fixture_settle(struct fixture *f);
/* Runs a shell command in the fixture's folder. */
void fixture_remove(const char *folder);
/* Bytes that look random and are the same for the same seed. */
void fixture_bytes(void *ret, size_t len, uint64_t seed);
void fixture_path(const char *folder, const char *name, char ret[256]);
size_t fixture_count_files(const char *folder);

#endif
