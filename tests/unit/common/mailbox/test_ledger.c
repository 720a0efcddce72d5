/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger on a real disk: what was put is there after a close, a kill, a full disk; readers beside the writer. */
#include "mailbox/ledger.h"
#include <ftw.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

struct world {
  char folder[64];
  uv_loop_t loop;
  struct ledger *ledger;
  size_t done;
  int outcome;
};

static void reopen(struct world *w) {
  assert_int_equal(ledger_open(&w->loop, w->folder, &w->ledger), 0);
}

static void shut(struct world *w) {
  ledger_close(&w->ledger);
  assert_null(w->ledger);
  uv_run(&w->loop, UV_RUN_DEFAULT);
}

static void begin(struct world *w) {
  memset(w, 0, sizeof(*w));
  snprintf(w->folder, sizeof(w->folder), "/tmp/deskbell-ledger-XXXXXX");
  assert_non_null(mkdtemp(w->folder));
  assert_int_equal(uv_loop_init(&w->loop), 0);
  reopen(w);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw) {
  (void)st, (void)type, (void)ftw;
  return remove(path);
}

static void end(struct world *w) {
  if (w->ledger)
    shut(w);
  assert_int_equal(uv_loop_close(&w->loop), 0);
  nftw(w->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void on_done(void *arg, int outcome) {
  struct world *w = arg;
  w->done++;
  w->outcome = outcome;
}

static void wait_done(struct world *w, size_t count) {
  while (w->done < count)
    uv_run(&w->loop, UV_RUN_ONCE);
}

static struct ledger_mail mail(uint32_t folder, uint32_t validity, uint32_t uid, enum mail_outcome outcome) {
  struct ledger_mail m = {.folder = folder, .uid_validity = validity, .uid = uid, .outcome = outcome};
  if (outcome == MAIL_STORED || outcome == MAIL_OVERSIZE) {
    memcpy(m.id.bytes, &uid, sizeof(uid));
    memcpy(m.id.bytes + 4, &folder, sizeof(folder));
    m.id.bytes[15] = 1;
  }
  return m;
}

static void put(struct world *w, const struct ledger_mail *m) {
  ledger_set_mail(w->ledger, m, on_done, w);
}

static void test_rows_come_back(void **state) {
  (void)state;
  struct world w;
  struct ledger_folder f = {.uid_validity = 7, .first_uid = 3, .epoch = 1}, f2;
  struct ledger_status s = {.state = FOLDER_DOWN, .why = "no route"}, s2;
  struct ledger_mail m = mail(1, 7, 5, MAIL_STORED), m2;
  struct ledger_place p;
  begin(&w);
  assert_int_equal(ledger_folder(w.ledger, "support", "INBOX", &f2), LEDGER_ABSENT);
  assert_int_equal(ledger_status(w.ledger, "support", "INBOX", &s2), LEDGER_ABSENT);
  assert_int_equal(ledger_mail(w.ledger, 1, 7, 5, &m2), LEDGER_ABSENT);
  assert_int_equal(ledger_event(w.ledger, &m.id, &p), LEDGER_ABSENT);
  f.id = ledger_new_folder(w.ledger);
  assert_int_equal(f.id, 1);
  ledger_set_folder(w.ledger, "support", "INBOX", &f, on_done, &w);
  ledger_set_status(w.ledger, "support", "INBOX", &s);
  put(&w, &m);
  assert_int_equal(ledger_mail(w.ledger, 1, 7, 5, &m2), LEDGER_ABSENT); /* not before it is durable */
  wait_done(&w, 2);
  for (int round = 0; round < 2; round++) {
    assert_int_equal(ledger_folder(w.ledger, "support", "INBOX", &f2), 0);
    assert_memory_equal(&f, &f2, sizeof(f));
    assert_int_equal(ledger_folder(w.ledger, "support", "Inbox", &f2), LEDGER_ABSENT);
    assert_int_equal(ledger_status(w.ledger, "support", "INBOX", &s2), 0);
    assert_string_equal(s2.why, "no route");
    assert_int_equal(ledger_mail(w.ledger, 1, 7, 5, &m2), 0);
    assert_int_equal(m2.outcome, MAIL_STORED);
    assert_int_equal(ledger_event(w.ledger, &m.id, &p), 0);
    assert_true(p.folder == 1 && p.uid_validity == 7 && p.uid == 5);
    shut(&w);
    reopen(&w);
  }
  assert_int_equal(ledger_new_folder(w.ledger), 2);
  end(&w);
}

/* What waits when it is closed is committed. */
static void test_close_commits(void **state) {
  (void)state;
  struct world w;
  struct ledger_mail m2;
  begin(&w);
  for (uint32_t uid = 1; uid <= 10000; uid++) {
    struct ledger_mail m = mail(1, 7, uid, MAIL_STORED);
    put(&w, &m);
    if (uid == 5000)
      uv_run(&w.loop, UV_RUN_NOWAIT); /* one batch is under way */
  }
  shut(&w);
  assert_int_equal(w.done, 10000);
  reopen(&w);
  for (uint32_t uid = 1; uid <= 10000; uid += 37)
    assert_int_equal(ledger_mail(w.ledger, 1, 7, uid, &m2), 0);
  end(&w);
}

static void test_the_first_place_of_an_event_stays(void **state) {
  (void)state;
  struct world w;
  struct ledger_mail a = mail(1, 7, 5, MAIL_STORED), b = a;
  struct ledger_place p;
  begin(&w);
  b.uid = 6;
  put(&w, &a);
  put(&w, &b);
  struct ledger_mail skipped = mail(1, 7, 8, MAIL_SKIPPED);
  put(&w, &skipped);
  wait_done(&w, 3);
  assert_int_equal(ledger_event(w.ledger, &a.id, &p), 0);
  assert_int_equal(p.uid, 5);
  const struct event_id none = {{0}};
  assert_int_equal(ledger_event(w.ledger, &none, &p), LEDGER_ABSENT);
  end(&w);
}

struct walked {
  uint32_t uids[64], validities[64];
  bool marked[64];
  size_t count, most;
};

static bool each(void *arg, const struct ledger_mail *m) {
  struct walked *walked = arg;
  walked->uids[walked->count] = m->uid;
  walked->validities[walked->count] = m->uid_validity;
  walked->marked[walked->count++] = m->marked;
  return walked->count < walked->most;
}

static struct walked walk(struct world *w, uint32_t folder, uint32_t validity, size_t most) {
  struct walked walked = {.most = most};
  assert_int_equal(ledger_walk(w->ledger, folder, validity, each, &walked), 0);
  return walked;
}

static void test_walk_mark_forget(void **state) {
  (void)state;
  struct world w;
  begin(&w);
  const uint32_t validities[] = {1, 7, 300, UINT32_MAX};
  for (size_t v = 0; v < 4; v++)
    for (uint32_t uid = 1; uid <= 10; uid++) {
      struct ledger_mail m = mail(2, validities[v], uid * 1000, MAIL_STORED);
      put(&w, &m);
    }
  struct ledger_mail other = mail(3, 7, 1, MAIL_STORED), before = mail(1, 7, 1, MAIL_STORED);
  put(&w, &other);
  put(&w, &before);
  wait_done(&w, 42);
  struct walked walked = walk(&w, 2, 7, 64);
  assert_int_equal(walked.count, 10);
  assert_int_equal(walked.uids[0], 1000);
  assert_int_equal(walked.uids[9], 10000);
  assert_int_equal(walk(&w, 2, 7, 3).count, 3);
  assert_int_equal(walk(&w, 2, 8, 64).count, 0);

  const struct uid_range marks[] = {{1, 2000}, {9000, 9000}}, gone[] = {{1000, 1000}, {5000, UINT32_MAX}};
  ledger_mark(w.ledger, 2, 7, marks, 2, on_done, &w);
  wait_done(&w, 43);
  walked = walk(&w, 2, 7, 64);
  for (size_t i = 0; i < 10; i++)
    assert_int_equal(walked.marked[i], i == 0 || i == 1 || i == 8);
  ledger_forget(w.ledger, 2, 7, gone, 2);
  ledger_mark(w.ledger, 2, 7, NULL, 0, on_done, &w);
  wait_done(&w, 44);
  walked = walk(&w, 2, 7, 64);
  assert_int_equal(walked.count, 3);
  assert_int_equal(walked.uids[0], 2000);
  assert_int_equal(walked.uids[2], 4000);
  struct ledger_place p;
  struct ledger_mail first = mail(2, 7, 1000, MAIL_STORED);
  assert_int_equal(ledger_event(w.ledger, &first.id, &p), 0); /* its event stays known */

  struct walked others = {.most = 64};
  assert_int_equal(ledger_walk_others(w.ledger, 2, 7, each, &others), 0);
  assert_int_equal(others.count, 30);
  ledger_forget_others(w.ledger, 2, 7);
  ledger_mark(w.ledger, 2, 7, NULL, 0, on_done, &w);
  wait_done(&w, 45);
  others.count = 0;
  assert_int_equal(ledger_walk_others(w.ledger, 2, 7, each, &others), 0);
  assert_int_equal(others.count, 0);
  assert_int_equal(walk(&w, 2, 7, 64).count, 3);
  assert_int_equal(walk(&w, 3, 7, 64).count, 1);
  assert_int_equal(walk(&w, 1, 7, 64).count, 1);
  ledger_forget_others(w.ledger, 2, UINT32_MAX);
  ledger_mark(w.ledger, 2, 7, NULL, 0, on_done, &w);
  wait_done(&w, 46);
  assert_int_equal(walk(&w, 2, 7, 64).count, 0);
  assert_int_equal(walk(&w, 3, 7, 64).count, 1);
  end(&w);
}

/* From another process: it sees what is committed, also after the file grew, and does not need the writer. */
static void test_view_beside_a_writer_that_grows(void **state) {
  (void)state;
  struct world w;
  struct ledger *view = NULL;
  struct ledger_mail m2;
  begin(&w);
  struct ledger_mail m = mail(1, 7, 1, MAIL_STORED);
  put(&w, &m);
  wait_done(&w, 1);
  const size_t small = ledger_size(w.ledger);
  int go[2], answer[2];
  assert_int_equal(pipe(go), 0);
  assert_int_equal(pipe(answer), 0);
  pid_t child = fork();
  if (child == 0) { /* only ledger_view() here: an open environment must not cross fork(), and this one is not used */
    char c = ledger_view(w.folder, &view) == 0 && ledger_mail(view, 1, 7, 1, &m2) == 0 ? '1' : '0';
    (void)!write(answer[1], &c, 1);
    (void)!read(go[0], &c, 1);
    c = ledger_mail(view, 1, 7, 40000, &m2) == 0 && ledger_mail(view, 1, 7, 1, &m2) == 0 ? '2' : '0';
    (void)!write(answer[1], &c, 1);
    _exit(0);
  }
  char c = 0;
  assert_int_equal(read(answer[0], &c, 1), 1);
  assert_int_equal(c, '1');
  for (uint32_t uid = 2; uid <= 40000; uid++) {
    m = mail(1, 7, uid, MAIL_STORED);
    put(&w, &m);
  }
  wait_done(&w, 40000);
  assert_true(ledger_size(w.ledger) > small);
  assert_int_equal(write(go[1], "x", 1), 1);
  assert_int_equal(read(answer[0], &c, 1), 1);
  assert_int_equal(c, '2');
  waitpid(child, NULL, 0);
  for (int i = 0; i < 2; i++)
    close(go[i]), close(answer[i]);
  shut(&w);
  assert_int_equal(ledger_view(w.folder, &view), 0);
  assert_int_equal(ledger_mail(view, 1, 7, 40000, &m2), 0);
  ledger_close(&view);
  end(&w);
}

static void test_no_ledger_to_view(void **state) {
  (void)state;
  struct ledger *view = NULL;
  assert_int_equal(ledger_view("/tmp/deskbell-there-is-no-such-folder", &view), LEDGER_ABSENT);
  assert_null(view);
}

/* The file may not grow: what is put stays and is committed when it may; nothing is lost and the caller is told. */
static void test_a_full_disk(void **state) {
  (void)state;
  struct world w;
  struct ledger_mail m2;
  struct rlimit before, small;
  begin(&w);
  signal(SIGXFSZ, SIG_IGN);
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
  small = before;
  small.rlim_cur = ledger_size(w.ledger);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
  uint32_t uid = 0;
  while (!ledger_trouble(w.ledger)) {
    struct ledger_mail m = mail(1, 7, ++uid, MAIL_STORED);
    put(&w, &m);
    if (uid % 100 == 0)
      uv_run(&w.loop, UV_RUN_ONCE);
  }
  const size_t told_at = uid;
  wait_done(&w, told_at); /* there was room for what was under way */
  for (size_t i = 0; i < 60000; i++) {
    struct ledger_mail m = mail(1, 7, ++uid, MAIL_STORED);
    put(&w, &m);
  }
  for (int i = 0; i < 200; i++)
    uv_run(&w.loop, UV_RUN_NOWAIT);
  assert_true(w.done < uid);
  assert_int_not_equal(ledger_trouble(w.ledger), 0);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
  wait_done(&w, uid);
  assert_int_equal(ledger_trouble(w.ledger), 0);
  assert_int_equal(w.outcome, 0);
  for (uint32_t i = 1; i <= uid; i += 97)
    assert_int_equal(ledger_mail(w.ledger, 1, 7, i, &m2), 0);
  end(&w);
}

/* A process that is killed while it writes: every row it heard of is there. */
static void test_kill(void **state) {
  (void)state;
  for (int round = 0; round < 5; round++) {
    struct world w;
    struct ledger_mail m2;
    int told[2];
    begin(&w);
    shut(&w);
    assert_int_equal(pipe(told), 0);
    pid_t child = fork();
    if (child == 0) {
      reopen(&w);
      for (uint32_t uid = 1;; uid++) {
        struct ledger_mail m = mail(1, 7, uid, MAIL_STORED);
        put(&w, &m);
        if (uid % 50)
          continue;
        wait_done(&w, uid);
        (void)!write(told[1], &uid, sizeof(uid));
      }
    }
    close(told[1]);
    uint32_t uid = 0, last = 0;
    for (int i = 0; i < 20 + round * 13; i++)
      assert_int_equal(read(told[0], &last, sizeof(last)), sizeof(last));
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    while (read(told[0], &uid, sizeof(uid)) == sizeof(uid))
      last = uid;
    close(told[0]);
    reopen(&w);
    for (uid = 1; uid <= last; uid++)
      assert_int_equal(ledger_mail(w.ledger, 1, 7, uid, &m2), 0);
    end(&w);
  }
}

static void test_flush(void **state) {
  (void)state;
  struct world w;
  struct ledger_mail m2, m = mail(1, 7, 5, MAIL_STORED);
  begin(&w);
  put(&w, &m);
  assert_int_equal(ledger_flush(w.ledger), 0);
  assert_int_equal(w.done, 1);
  assert_int_equal(ledger_mail(w.ledger, 1, 7, 5, &m2), 0);
  end(&w);
}

/* Somebody else's file is not touched. */
static void test_not_a_ledger(void **state) {
  (void)state;
  struct world w;
  char path[96];
  begin(&w);
  shut(&w);
  snprintf(path, sizeof(path), "%s/data.mdb", w.folder);
  FILE *f = fopen(path, "r+");
  assert_non_null(f);
  for (int i = 0; i < 8192; i++)
    fputc('x', f);
  fclose(f);
  assert_int_equal(ledger_open(&w.loop, w.folder, &w.ledger), -EBADMSG);
  assert_null(w.ledger);
  end(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_rows_come_back),
      cmocka_unit_test(test_close_commits),
      cmocka_unit_test(test_the_first_place_of_an_event_stays),
      cmocka_unit_test(test_walk_mark_forget),
      cmocka_unit_test(test_view_beside_a_writer_that_grows),
      cmocka_unit_test(test_no_ledger_to_view),
      cmocka_unit_test(test_a_full_disk),
      cmocka_unit_test(test_kill),
      cmocka_unit_test(test_flush),
      cmocka_unit_test(test_not_a_ledger),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
