/* SPDX-License-Identifier: Apache-2.0 */
/* Records: order, numbers, reading, confirming, deleting, reopening, damage, attempts, groups. */
#include "fixture.h"
#include "base/clock.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int setup(void **state) {
  fixture_setup(state);
  fixture_open(*state);
  return 0;
}

struct seen {
  size_t count, stop_at;
  uint64_t seqs[64];
  struct spool_record last;
  char text[64];
};

static bool see(void *arg, const struct spool_record *record) {
  struct seen *s = arg;
  if (s->count < 64)
    s->seqs[s->count] = record->seq;
  s->count++;
  s->last = *record;
  size_t len = record->payload.len < 63 ? record->payload.len : 63;
  memcpy(s->text, record->payload.at, len);
  s->text[len] = '\0';
  return s->count != s->stop_at;
}

static void append_many(struct fixture *f, size_t count) {
  size_t before = f->called, good = f->good;
  for (size_t i = 0; i < count; i++) {
    char text[32];
    snprintf(text, sizeof(text), "record %zu", i);
    assert_int_equal(spool_append(f->spool, 1, (int64_t)i, slice_text(text), fixture_done, f), 0);
  }
  fixture_await(f, before + count);
  assert_int_equal(f->good, good + count);
}

static void an_empty_spool(void **state) {
  struct fixture *f = *state;
  struct seen seen = {0};
  struct spool_state now;
  assert_int_equal(spool_read(f->spool, 0, 10, see, &seen), SPOOL_END);
  assert_int_equal(spool_get(f->spool, 0, see, &seen), SPOOL_END);
  assert_int_equal(spool_get(f->spool, 1, see, &seen), SPOOL_END);
  assert_int_equal(spool_before(f->spool, INT64_MAX), 0);
  assert_int_equal(spool_confirmed(f->spool), 0);
  spool_confirm(f->spool, 5); /* nothing to confirm */
  assert_int_equal(spool_confirmed(f->spool), 0);
  spool_state(f->spool, &now);
  assert_int_equal(now.first + now.last + now.waiting, 0);
  assert_int_equal(now.oldest_ms, 0);
  assert_int_equal(now.size, 4 << 20);
  assert_false(now.full);
}

static void appended_is_read(void **state) {
  struct fixture *f = *state;
  int64_t before = clock_now_ms();
  assert_int_equal(fixture_append(f, 7, "first"), 0);
  assert_int_equal(f->seq, 1);
  assert_int_equal(fixture_append(f, 8, ""), 0);
  assert_int_equal(fixture_append(f, 9, "third"), 0);
  assert_int_equal(f->seq, 3);
  struct seen seen = {0};
  assert_int_equal(spool_read(f->spool, 0, 1, see, &seen), 0);
  assert_int_equal(seen.count, 1);
  assert_int_equal(seen.last.kind, 7);
  assert_int_equal(seen.last.taken_ms, 1007);
  assert_true(seen.last.spooled_ms >= before && seen.last.spooled_ms <= clock_now_ms());
  assert_string_equal(seen.text, "first");
  seen = (struct seen){0};
  assert_int_equal(spool_read(f->spool, 1, 10, see, &seen), 0);
  assert_int_equal(seen.count, 2);
  assert_int_equal(seen.seqs[0], 2);
  assert_string_equal(seen.text, "third");
  seen = (struct seen){.stop_at = 2};
  assert_int_equal(spool_read(f->spool, 0, 10, see, &seen), 0);
  assert_int_equal(seen.count, 2);
  assert_int_equal(spool_read(f->spool, 3, 10, see, &seen), SPOOL_END);
  assert_int_equal(spool_read(f->spool, UINT64_MAX, 10, see, &seen), SPOOL_END);
  seen = (struct seen){0};
  assert_int_equal(spool_get(f->spool, 2, see, &seen), 0);
  assert_int_equal(seen.last.kind, 8);
  assert_int_equal(seen.last.payload.len, 0);
}

struct nest {
  struct fixture *f;
  struct seen inner;
};

static bool read_inside(void *arg, const struct spool_record *record) {
  struct nest *n = arg;
  assert_int_equal(spool_get(n->f->spool, record->seq + 1, see, &n->inner), 0);
  assert_memory_equal(record->payload.at, "record", 6); /* still lent */
  return false;
}

static void reading_nests(void **state) {
  struct fixture *f = *state;
  struct nest nest = {.f = f};
  append_many(f, 3);
  assert_int_equal(spool_read(f->spool, 0, 1, read_inside, &nest), 0);
  assert_string_equal(nest.inner.text, "record 1");
}

struct order {
  size_t count, commits;
  uint64_t last;
  int outcomes[8];
};

static void in_order(void *arg, int outcome, uint64_t seq) {
  struct order *o = arg;
  assert_int_equal(outcome, 0);
  assert_int_equal(seq, o->last + 1);
  assert_int_equal(o->commits, 0); /* done first, then the commit's notice */
  o->last = seq;
  o->count++;
}

static void committed(void *arg) {
  ((struct order *)arg)->commits++;
}

static void one_turn_is_one_group(void **state) {
  struct fixture *f = *state;
  struct order order = {0};
  spool_on_commit(f->spool, committed, &order);
  for (size_t i = 0; i < 1000; i++)
    assert_int_equal(spool_append(f->spool, 1, 0, SLICE("together"), in_order, &order), 0);
  while (order.commits == 0)
    uv_run(&f->loop, UV_RUN_ONCE);
  assert_int_equal(order.count, 1000);
  assert_int_equal(order.commits, 1);
  assert_int_equal(fixture_sync(f), 0);
  assert_int_equal(order.commits, 1); /* no records, no notice */
}

struct chain {
  struct fixture *f;
  size_t left;
};

static void append_next(void *arg, int outcome, uint64_t seq) {
  struct chain *c = arg;
  (void)seq;
  assert_int_equal(outcome, 0);
  if (c->left-- > 0)
    assert_int_equal(spool_append(c->f->spool, 1, 0, SLICE("next"), append_next, c), 0);
}

static void appending_from_done(void **state) {
  struct fixture *f = *state;
  struct chain chains[3];
  for (size_t i = 0; i < 3; i++) {
    chains[i] = (struct chain){f, 20};
    append_next(&chains[i], 0, 0);
  }
  uv_run(&f->loop, UV_RUN_DEFAULT); /* the spool keeps the loop alive while something is under way, and only then */
  struct spool_state now;
  spool_state(f->spool, &now);
  assert_int_equal(now.last, 60);
}

static struct fixture *from_handle;

static void append_from_handle(uv_handle_t *handle) {
  assert_int_equal(spool_append(from_handle->spool, 1, 0, SLICE("x"), fixture_done, from_handle), 0);
  uv_close(handle, NULL);
}

static void from_idle(uv_idle_t *h) { append_from_handle((uv_handle_t *)h); }
static void from_prepare(uv_prepare_t *h) { append_from_handle((uv_handle_t *)h); }
static void from_check(uv_check_t *h) { append_from_handle((uv_handle_t *)h); }
static void from_timer(uv_timer_t *h) { append_from_handle((uv_handle_t *)h); }

static void appending_from_every_kind_of_handle(void **state) {
  struct fixture *f = *state;
  from_handle = f;
  uv_idle_t idle;
  uv_prepare_t prepare;
  uv_check_t check;
  uv_timer_t timer;
  uv_idle_init(&f->loop, &idle);
  uv_idle_start(&idle, from_idle);
  fixture_await(f, 1);
  uv_prepare_init(&f->loop, &prepare);
  uv_prepare_start(&prepare, from_prepare);
  uv_timer_init(&f->loop, &timer);
  uv_timer_start(&timer, from_timer, 0, 0);
  fixture_await(f, 3);
  uv_check_init(&f->loop, &check);
  uv_check_start(&check, from_check);
  uv_idle_init(&f->loop, &idle);
  uv_idle_start(&idle, from_idle);
  fixture_await(f, 5);
  assert_int_equal(f->good, 5);
}

static void survives_reopening(void **state) {
  struct fixture *f = *state;
  append_many(f, 100);
  spool_confirm(f->spool, 40);
  fixture_reopen(f); /* close writes the cursor down */
  assert_int_equal(spool_confirmed(f->spool), 40);
  struct seen seen = {0};
  assert_int_equal(spool_read(f->spool, 40, 1000, see, &seen), 0);
  assert_int_equal(seen.count, 60);
  assert_string_equal(seen.text, "record 99");
  assert_int_equal(fixture_append(f, 1, "after"), 0);
  assert_int_equal(f->seq, 101);
}

static void confirmed_is_written_by_itself(void **state) {
  struct fixture *f = *state;
  append_many(f, 3);
  spool_confirm(f->spool, 2);
  spool_confirm(f->spool, 1); /* never back */
  assert_int_equal(spool_confirmed(f->spool), 2);
  assert_true(uv_is_active((uv_handle_t *)&f->spool->handles->soon));
  f->spool->handles->soon.timer_cb(&f->spool->handles->soon); /* the second is over */
  uv_run(&f->loop, UV_RUN_DEFAULT);
  assert_int_equal(f->spool->standing.confirmed, 2);
}

static void idle_means_idle(void **state) {
  struct fixture *f = *state;
  append_many(f, 3);
  fixture_settle(f);
  assert_false(uv_is_active((uv_handle_t *)&f->spool->handles->turn));
  assert_false(uv_is_active((uv_handle_t *)&f->spool->handles->soon));
  assert_false(uv_loop_alive(&f->loop));
  assert_true(uv_timer_get_due_in(&f->spool->handles->hourly) > 30000);
}

static void confirmed_are_deleted_and_numbers_go_on(void **state) {
  struct fixture *f = *state;
  append_many(f, 1000);
  struct spool_state now;
  spool_confirm(f->spool, 1000);
  fixture_settle(f);
  spool_state(f->spool, &now);
  assert_int_equal(now.first, 0);
  assert_int_equal(now.last, 0);
  assert_int_equal(now.waiting, 0);
  for (int i = 0; i < 2; i++) { /* also over a restart with nothing in it */
    fixture_reopen(f);
    assert_int_equal(spool_confirmed(f->spool), 1000);
  }
  assert_int_equal(fixture_append(f, 1, "next"), 0);
  assert_int_equal(f->seq, 1001);
  spool_state(f->spool, &now);
  assert_int_equal(now.first, 1001);
  assert_int_equal(now.waiting, 1);
  assert_int_equal(now.oldest_ms, 1001);
}

static void kept_for_a_replay(void **state) {
  struct fixture *f = *state;
  fixture_close(f);
  f->options.keep_ms = 3600 * 1000;
  fixture_open(f);
  append_many(f, 100); /* taken in 1970: what counts is when they were confirmed */
  spool_confirm(f->spool, 90);
  fixture_settle(f);
  struct spool_state now;
  spool_state(f->spool, &now);
  assert_int_equal(now.first, 1);
  assert_int_equal(now.waiting, 10);
  assert_int_equal(now.oldest_ms, 90);
  assert_int_equal(spool_before(f->spool, clock_now_ms() - 10000), 0);
  fixture_close(f);
  f->options.keep_ms = 0;
  fixture_open(f);
  fixture_settle(f);
  spool_state(f->spool, &now);
  assert_int_equal(now.first, 91);
  assert_int_equal(spool_before(f->spool, INT64_MAX), 90);
}

static void unconfirmed_are_never_deleted(void **state) {
  struct fixture *f = *state;
  append_many(f, 10);
  fixture_settle(f);
  fixture_reopen(f);
  fixture_settle(f);
  struct spool_state now;
  spool_state(f->spool, &now);
  assert_int_equal(now.first, 1);
  assert_int_equal(now.waiting, 10);
}

static void attempts_are_written_down(void **state) {
  struct fixture *f = *state;
  append_many(f, 3);
  size_t before = f->called;
  assert_int_equal(spool_set_attempts(f->spool, 2, 1, fixture_done, f), 0);
  fixture_await(f, before + 1);
  assert_int_equal(f->outcome, 0);
  assert_int_equal(f->seq, 2);
  fixture_reopen(f);
  struct seen seen = {0};
  assert_int_equal(spool_get(f->spool, 2, see, &seen), 0);
  assert_int_equal(seen.last.attempts, 1);
  assert_string_equal(seen.text, "record 1");
  static const uint64_t absent[] = {0, 4, UINT64_MAX};
  for (size_t i = 0; i < 3; i++) {
    before = f->called;
    assert_int_equal(spool_set_attempts(f->spool, absent[i], 1, fixture_done, f), 0);
    fixture_await(f, before + 1);
    assert_int_equal(f->outcome, -ENOENT);
  }
  assert_int_equal(fixture_append(f, 1, "the group's others are well"), 0);
  assert_int_equal(f->seq, 4);
}

static void bad_appends_are_refused(void **state) {
  struct fixture *f = *state;
  char *bytes = must_calloc(1, SPOOL_RECORD_MAX + 1);
  assert_int_equal(spool_append(f->spool, 1, 0, slice_of(bytes, SPOOL_RECORD_MAX + 1), fixture_done, f), -EMSGSIZE);
  assert_int_equal(spool_append(f->spool, SPOOL_DAMAGED, 0, SLICE("x"), fixture_done, f), -EINVAL);
  assert_int_equal(spool_append(f->spool, 1, 0, slice_of(bytes, SPOOL_RECORD_MAX), fixture_done, f), 0);
  fixture_await(f, 1);
  assert_int_equal(f->outcome, 0);
  struct seen seen = {0};
  assert_int_equal(spool_get(f->spool, 1, see, &seen), 0);
  assert_int_equal(seen.last.payload.len, SPOOL_RECORD_MAX);
  free(bytes);
}

static void damage_is_handed_out(void **state) {
  struct fixture *f = *state;
  append_many(f, 3);
  fixture_close(f);
  char path[256], page[4096];
  fixture_path(f->folder, "data.mdb", path);
  int fd = open(path, O_RDWR);
  size_t hits = 0;
  for (off_t at = 0; pread(fd, page, sizeof(page), at) == (ssize_t)sizeof(page); at += (off_t)sizeof(page)) {
    char *found = memmem(page, sizeof(page), "record 1", 8);
    if (found) {
      hits++;
      assert_int_equal(pwrite(fd, "R", 1, at + (found - page)), 1);
    }
  }
  close(fd);
  assert_true(hits > 0);
  fixture_open(f);
  struct seen seen = {0};
  assert_int_equal(spool_read(f->spool, 0, 10, see, &seen), 0);
  assert_int_equal(seen.count, 3);
  assert_int_equal(seen.seqs[1], 2);
  assert_int_equal(spool_get(f->spool, 2, see, &seen), 0);
  assert_int_equal(seen.last.kind, SPOOL_DAMAGED);
  assert_int_equal(seen.last.seq, 2);
  assert_int_equal(spool_get(f->spool, 3, see, &seen), 0);
  assert_int_equal(seen.last.kind, 1);
  size_t before = f->called;
  assert_int_equal(spool_set_attempts(f->spool, 2, 1, fixture_done, f), 0);
  fixture_await(f, before + 1);
  assert_int_equal(f->outcome, -EBADMSG);
  spool_confirm(f->spool, 3); /* and it is deleted like any other */
  fixture_settle(f);
  assert_int_equal(spool_get(f->spool, 2, see, &seen), SPOOL_END);
}

static void write_meta(struct fixture *f, const void *bytes, size_t len) {
  MDB_env *env;
  MDB_txn *txn;
  MDB_dbi dbi;
  uint8_t zero[RECORD_KEY] = {0};
  MDB_val key = {sizeof(zero), zero}, value = {len, (void *)(uintptr_t)bytes};
  assert_int_equal(mdb_env_create(&env), 0);
  assert_int_equal(mdb_env_set_mapsize(env, f->options.size), 0);
  assert_int_equal(mdb_env_open(env, f->folder, MDB_NOTLS, 0600), 0);
  assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
  assert_int_equal(mdb_dbi_open(txn, NULL, 0, &dbi), 0);
  assert_int_equal(mdb_put(txn, dbi, &key, &value, 0), 0);
  assert_int_equal(mdb_txn_commit(txn), 0);
  mdb_env_close(env);
}

static void a_damaged_cursor_resends(void **state) {
  struct fixture *f = *state;
  append_many(f, 5);
  spool_confirm(f->spool, 3);
  fixture_close(f);
  write_meta(f, "nonsense", 8);
  fixture_open(f);
  assert_int_equal(spool_confirmed(f->spool), 0);
  struct seen seen = {0};
  assert_int_equal(spool_read(f->spool, 0, 10, see, &seen), 0);
  assert_int_equal(seen.seqs[seen.count - 1], 5);
  assert_int_equal(fixture_append(f, 1, "next"), 0);
  assert_int_equal(f->seq, 6);
  /* with no record left nothing says which numbers were used: better not to start */
  spool_confirm(f->spool, 6);
  fixture_settle(f);
  fixture_close(f);
  write_meta(f, "nonsense", 8);
  assert_int_equal(spool_open(&f->loop, &f->options, &f->spool), -EBADMSG);
  assert_null(f->spool);
}

static void not_a_spool(void **state) {
  struct fixture *f = *state;
  fixture_close(f);
  char path[256];
  fixture_path(f->folder, "data.mdb", path);
  int fd = open(path, O_RDWR);
  char junk[16384];
  memset(junk, 'j', sizeof(junk));
  assert_int_equal(pwrite(fd, junk, sizeof(junk), 0), sizeof(junk));
  close(fd);
  assert_int_equal(spool_open(&f->loop, &f->options, &f->spool), -EBADMSG);
}

static void closing_answers_everybody(void **state) {
  struct fixture *f = *state;
  for (int i = 0; i < 5; i++)
    assert_int_equal(spool_append(f->spool, 1, 0, SLICE("given"), fixture_done, f), 0);
  while (!f->spool->running && f->called == 0)
    uv_run(&f->loop, UV_RUN_NOWAIT);
  size_t given = 5;
  for (int i = 0; i < 5; i++)
    assert_int_equal(spool_append(f->spool, 1, 0, SLICE("gathered"), fixture_done, f), 0);
  spool_close(&f->spool);
  assert_null(f->spool);
  assert_int_equal(f->called, 10);
  assert_int_equal(f->good, given);
  assert_int_equal(f->outcome, -ECANCELED);
  assert_int_equal(f->seq, 0);
  spool_close(&f->spool);
  fixture_open(f);
  struct spool_state now;
  spool_state(f->spool, &now);
  assert_int_equal(now.last, given);
}

static void one_owner(void **state) {
  struct fixture *f = *state;
  struct spool *second = NULL;
  assert_int_equal(spool_open(&f->loop, &f->options, &second), -EBUSY);
  assert_null(second);
  pid_t child = fork();
  if (child == 0) {
    uv_loop_t loop;
    if (uv_loop_init(&loop) != 0)
      _exit(1);
    _exit(spool_open(&loop, &f->options, &second) == -EBUSY ? 0 : 1);
  }
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(status, 0);
  assert_int_equal(fixture_append(f, 1, "undisturbed"), 0);
}

static void nothing_is_inherited_by_children(void **state) {
  struct fixture *f = *state;
  struct blob_ref ref;
  assert_int_equal(blob_put(spool_blobs(f->spool), SLICE("x"), &ref), 0);
  assert_int_equal(fixture_sync(f), 0);
  size_t ours = 0;
  for (int fd = 3; fd < 256; fd++) {
    char path[64], target[512];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    ssize_t len = readlink(path, target, sizeof(target) - 1);
    if (len < 0)
      continue;
    target[len] = '\0';
    if (strncmp(target, f->folder, strlen(f->folder)) != 0)
      continue;
    ours++;
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
  }
  assert_true(ours >= 5); /* lock, LMDB's lock and its data twice, pack, index */
}

static void folder_is_private(void **state) {
  struct fixture *f = *state;
  fixture_close(f);
  struct stat st;
  char inner[256], path[300];
  fixture_path(f->folder, "new/deeper", inner);
  f->options.folder = inner;
  f->options.blobs.folder = NULL; /* beside the records */
  fixture_open(f);
  assert_int_equal(stat(inner, &st), 0);
  assert_int_equal(st.st_mode & 0777, 0700);
  snprintf(path, sizeof(path), "%s/blobs/large", inner);
  assert_int_equal(stat(path, &st), 0);
  snprintf(path, sizeof(path), "%s/data.mdb", inner);
  assert_int_equal(stat(path, &st), 0);
  assert_int_equal(st.st_mode & 0777, 0600);
  assert_int_equal(st.st_size, 4 << 20);
  assert_true(st.st_blocks * 512 >= 4 << 20); /* really there */
  fixture_close(f);
  f->options.folder = f->folder;
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, fixture_teardown)
  const struct CMUnitTest tests[] = {
      TEST(an_empty_spool),
      TEST(appended_is_read),
      TEST(reading_nests),
      TEST(one_turn_is_one_group),
      TEST(appending_from_done),
      TEST(appending_from_every_kind_of_handle),
      TEST(survives_reopening),
      TEST(confirmed_is_written_by_itself),
      TEST(idle_means_idle),
      TEST(confirmed_are_deleted_and_numbers_go_on),
      TEST(kept_for_a_replay),
      TEST(unconfirmed_are_never_deleted),
      TEST(attempts_are_written_down),
      TEST(bad_appends_are_refused),
      TEST(damage_is_handed_out),
      TEST(a_damaged_cursor_resends),
      TEST(not_a_spool),
      TEST(closing_answers_everybody),
      TEST(one_owner),
      TEST(nothing_is_inherited_by_children),
      TEST(folder_is_private),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
