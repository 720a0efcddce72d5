/* SPDX-License-Identifier: Apache-2.0 */
/* A write of LMDB's meta page that failed: the first commit says so, the next one ends the program, and opened anew all that was
 * accepted is there. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "spool/lmdb_file.h"

enum { UNEXPECTED = 7, DESCRIPTORS = 64 };

static const struct lmdb_options options = {.size = 1024 * 1024, .readers = 4};

static int put(MDB_env *env, const char *key) {
  MDB_txn *txn;
  MDB_dbi dbi;
  MDB_val k = {strlen(key), (void *)(uintptr_t)key}, v = k;
  int r = lmdb_fault(mdb_txn_begin(env, NULL, 0, &txn));
  if (r)
    return r;
  r = mdb_dbi_open(txn, NULL, 0, &dbi);
  if (r == 0)
    r = mdb_put(txn, dbi, &k, &v, 0);
  if (r == 0)
    return lmdb_fault(mdb_txn_commit(txn));
  mdb_txn_abort(txn);
  return lmdb_fault(r);
}

/* LMDB writes meta pages through a descriptor of their own, the one that syncs. */
static void break_meta_writes(void) {
  int reads = open("/dev/null", O_RDONLY | O_CLOEXEC);
  for (int fd = STDERR_FILENO + 1; fd < DESCRIPTORS; fd++)
    if (fd != reads && fcntl(fd, F_GETFL) >= 0 && (fcntl(fd, F_GETFL) & O_DSYNC))
      dup2(reads, fd);
}

static _Noreturn void child(const char *folder) {
  MDB_env *env;
  if (lmdb_file_open(folder, &options, &env) != 0 || put(env, "accepted") != 0)
    _exit(UNEXPECTED);
  break_meta_writes();
  if (put(env, "refused") >= 0)
    _exit(UNEXPECTED);
  (void)put(env, "never tried");
  _exit(UNEXPECTED);
}

static bool holds(MDB_env *env, const char *key) {
  MDB_txn *txn;
  MDB_dbi dbi;
  MDB_val k = {strlen(key), (void *)(uintptr_t)key}, v;
  assert_int_equal(mdb_txn_begin(env, NULL, MDB_RDONLY, &txn), 0);
  assert_int_equal(mdb_dbi_open(txn, NULL, 0, &dbi), 0);
  bool found = mdb_get(txn, dbi, &k, &v) == 0;
  mdb_txn_abort(txn);
  return found;
}

static void test_a_failed_meta_write_ends_the_program(void **state) {
  (void)state;
  char folder[] = "/tmp/test_lmdb_file-XXXXXX", command[80];
  int status;
  MDB_env *env;
  assert_non_null(mkdtemp(folder));
  pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid == 0)
    child(folder);
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), 1);
  assert_int_equal(lmdb_file_open(folder, &options, &env), 0);
  assert_true(holds(env, "accepted"));
  assert_int_equal(put(env, "taken again"), 0);
  lmdb_file_close(&env);
  snprintf(command, sizeof(command), "rm -rf %s", folder);
  assert_int_equal(system(command), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_a_failed_meta_write_ends_the_program),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
