/* SPDX-License-Identifier: Apache-2.0 */
/* The command line: every row of the table is fit to be shown, and every mistake gets a helpful answer. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/file.h"
#include "ctl.h"

#define ARGUMENTS 10

/* Runs the command line in a child, because commands end, fork and print. Gives both outputs together. */
static int run(const char *const *arguments, struct buf *ret_output) {
  const char *argv[ARGUMENTS + 2] = {"deskbell"};
  int argc = 1, output[2];
  for (; arguments[argc - 1]; argc++)
    argv[argc] = arguments[argc - 1];
  assert_int_equal(pipe2(output, O_CLOEXEC), 0);
  fflush(NULL);
  pid_t pid = fork();
  if (pid == 0) {
    dup2(output[1], STDOUT_FILENO);
    dup2(output[1], STDERR_FILENO);
    int status = ctl_main(argc, (char **)argv);
    fflush(NULL);
    _exit(status);
  }
  close(output[1]);
  *ret_output = BUF_INIT(1 << 20);
  buf_add_text(ret_output, "");
  char part[512];
  for (ssize_t got = read(output[0], part, sizeof(part)); got > 0; got = read(output[0], part, sizeof(part)))
    buf_add(ret_output, part, (size_t)got);
  close(output[0]);
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void test_table(void **state) {
  (void)state;
  size_t count;
  const struct ctl_command *commands = ctl_commands(&count);
  assert_true(count > 0);
  for (size_t i = 0; i < count; i++) {
    assert_true(commands[i].name && commands[i].synopsis && commands[i].about && commands[i].run);
    assert_int_equal(strspn(commands[i].name, "abcdefghijklmnopqrstuvwxyz-"), strlen(commands[i].name));
    assert_true(strlen(commands[i].name) <= 14); /* the column of the list */
    assert_true(strlen(commands[i].about) <= 70);
    assert_null(strchr(commands[i].about, '\n'));
    if (commands[i].detail)
      assert_int_equal(commands[i].detail[strlen(commands[i].detail) - 1], '\n');
    for (size_t k = 0; k < i; k++)
      assert_string_not_equal(commands[i].name, commands[k].name);
  }
}

static void test_every_command_has_help(void **state) {
  (void)state;
  size_t count;
  const struct ctl_command *commands = ctl_commands(&count);
  auto_clean(buf_free) struct buf list;
  const char *all[] = {"--help", NULL};
  assert_int_equal(run(all, &list), CTL_OK);
  for (size_t i = 0; i < count; i++) {
    const char *forms[][3] = {{commands[i].name, "--help", NULL}, {"help", commands[i].name, NULL}};
    char usage[256], row[64];
    snprintf(usage, sizeof(usage), "usage: deskbell %s ", commands[i].name);
    for (size_t k = 0; k < 2; k++) {
      auto_clean(buf_free) struct buf help;
      assert_int_equal(run(forms[k], &help), CTL_OK);
      assert_ptr_equal(strstr(help.at, usage), help.at);
      assert_non_null(strstr(help.at, commands[i].about));
    }
    snprintf(row, sizeof(row), "\n  %-14s ", commands[i].name);
    assert_int_equal(strstr(list.at, row) != NULL, !commands[i].hidden);
  }
}

static const struct {
  const char *arguments[ARGUMENTS];
  int status;
  const char *says;
} cases[] = {
    {{NULL}, CTL_USAGE, "deskbell: which command?\n"},
    {{"help", NULL}, CTL_OK, "commands:\n"},
    {{"-h", NULL}, CTL_OK, "commands:\n"},
    {{"--version", NULL}, CTL_OK, "deskbell " DESKBELL_VERSION "\n"},
    {{"uo", NULL}, CTL_USAGE, "there is no command \"uo\"; did you mean \"up\"?\n"},
    {{"completely-else", NULL}, CTL_USAGE, "there is no command \"completely-else\"\ntry deskbell --help\n"},
    {{"exec-chil", NULL}, CTL_USAGE, "there is no command \"exec-chil\"\n"}, /* internal ones are not proposed */
    {{"help", "uup", NULL}, CTL_USAGE, "did you mean \"up\"?\n"},
    {{"--dir", NULL}, CTL_USAGE, "deskbell: --dir needs a value\n"},
    {{"up", "--dir=", NULL}, CTL_USAGE, "--dir= needs a value\n"},
    {{"up", "--config", NULL}, CTL_USAGE, "--config needs a value\n"},
    {{"up", NULL}, CTL_USAGE, "deskbell up: which desk? give --dir DIR or set DESKBELL_DIR\nusage: deskbell up "},
    {{"up", "--dir", "/nonexistent/desk", "extra", NULL}, CTL_USAGE, "takes no arguments, but was given \"extra\""},
    {{"up", "--dir", "/nonexistent/desk", "--nonsense", NULL}, CTL_USAGE, "nonsense"},
    {{"up", "--dir", "/nonexistent/desk", "--log-level", "loud", NULL}, CTL_USAGE, "not \"loud\"\n"},
    {{"--dir", "/dev/null/desk", "up", NULL}, CTL_FAILED, "cannot make the folder /dev/null/desk: Not a directory\n"},
    {{"up", "--dir=/dev/null/desk", NULL}, CTL_FAILED, "cannot make the folder /dev/null/desk: Not a directory\n"},
    {{"up", "--dir", "/dev/null/desk", "--config", "/nonexistent.yaml", NULL}, CTL_USAGE, "/nonexistent.yaml"},
    {{"queue", "sit", NULL}, CTL_USAGE, "there is no \"queue sit\""},
    {{"queue", "claim", NULL}, CTL_USAGE, "for which agent? --agent NAME"},
    {{"queue", "accept", NULL}, CTL_USAGE, "accept wants a work item"},
    {{"queue", "accept", "w1", NULL}, CTL_USAGE, "for which agent?"},
    {{"queue", "snooze", "w1", NULL}, CTL_USAGE, "until when? --until 2h"},
    {{"queue", "snooze", "w1", "--until", "soon", NULL}, CTL_USAGE, "--until needs a time: 2h"},
    {{"queue", "show", "a", "b", NULL}, CTL_USAGE, "too many arguments"},
    {{"queue", "show", "a", "--limit", "0", NULL}, CTL_USAGE, "--limit needs a number"},
    {{"queue", "done", "w1", "--seen", "all", NULL}, CTL_USAGE, "--seen needs a number"},
    {{"queue", "done", "w1", "--nonsense", NULL}, CTL_USAGE, "wrong option"},
    {{"agent", "wake", NULL}, CTL_USAGE, "there is no \"agent wake\""},
    {{"agent", "set", "ana", NULL}, CTL_USAGE, "set wants an agent and a presence"},
    {{"agent", "set", "ana", "ready", "--keep", "long", NULL}, CTL_USAGE, "--keep needs a time"},
    {{"why", NULL}, CTL_USAGE, "why which work item?"},
    {{"why", "w1", "w2", NULL}, CTL_USAGE, "why which work item?"},
    {{"dispatch", NULL}, CTL_USAGE, "dispatch try: which message?"},
    {{"dispatch", "try", NULL}, CTL_USAGE, "over which channel? --channel C, or --event FILE"},
    {{"dispatch", "try", "--event", "-", "--channel", "mail", NULL}, CTL_USAGE, "--event is a whole message"},
    {{"exec-child", NULL}, CTL_USAGE, "which program?\n"},
    {{"exec-child", "--", NULL}, CTL_USAGE, "which program?\n"},
    {{"exec-child", "--lock", "--", NULL}, CTL_USAGE, "which program?\n"},
    {{"exec-child", "--", "/nonexistent/program", NULL}, CTL_FAILED, "cannot run /nonexistent/program: No such file"},
    {{"exec-child", "--lock", "/nonexistent/lock", "--", "true", NULL}, CTL_FAILED, "cannot lock /nonexistent/lock"},
    {{"exec-child", "--", "echo", "--help", "--json", NULL}, CTL_OK, "--help --json\n"}, /* not ours behind "--" */
};

static void test_cases(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    auto_clean(buf_free) struct buf output;
    int status = run(cases[i].arguments, &output);
    if (status != cases[i].status || !strstr(output.at, cases[i].says))
      fail_msg("case %zu: exit %d: %s", i, status, output.at);
  }
}

static void test_wrong_configuration_leaves_no_folder(void **state) {
  (void)state;
  char dir[] = "/tmp/deskbell-ctl-XXXXXX";
  assert_non_null(mkdtemp(dir));
  char *desk = path_join(dir, "desk"), *file = path_join(dir, "broken.yaml");
  assert_int_equal(file_write_atomic(file, SLICE("desk:\n  nonsense: 1\n"), 0600), 0);
  const char *arguments[] = {"up", "--dir", desk, "--config", file, NULL};
  auto_clean(buf_free) struct buf output;
  assert_int_equal(run(arguments, &output), CTL_USAGE);
  char at[256];
  snprintf(at, sizeof(at), "%s:2:", file);
  assert_ptr_equal(strstr(output.at, at), output.at);
  assert_int_equal(access(desk, F_OK), -1);
  remove(file);
  remove(dir);
  free(desk);
  free(file);
}

/* The program that exec-child became holds the lock, and does not outlive its parent. */
static void test_child_ends_with_its_parent_and_lets_go(void **state) {
  (void)state;
  char path[] = "/tmp/deskbell-ctl-lock-XXXXXX";
  int lock = mkstemp(path), output[2];
  assert_true(lock >= 0);
  assert_int_equal(pipe2(output, O_CLOEXEC), 0);
  fflush(NULL);
  pid_t parent = fork();
  if (parent == 0) {
    if (fork() == 0) {
      close(lock);
      dup2(output[1], STDOUT_FILENO);
      const char *argv[] = {"deskbell", "exec-child", "--lock", path,
                            "--",       "/bin/sh",    "-c",     "echo up; exec sleep 1000", NULL};
      _exit(ctl_main(8, (char **)argv));
    }
    close(output[1]);
    pause();
  }
  close(output[1]);
  char part[16];
  assert_int_equal(read(output[0], part, sizeof(part)), 3);
  assert_int_equal(flock(lock, LOCK_EX | LOCK_NB), -1);
  kill(parent, SIGKILL);
  waitpid(parent, NULL, 0);
  assert_int_equal(read(output[0], part, sizeof(part)), 0); /* the end of the program, not of our patience */
  assert_int_equal(flock(lock, LOCK_EX), 0);
  close(lock);
  close(output[0]);
  unlink(path);
}

int main(void) {
  unsetenv("DESKBELL_DIR");
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_table),
      cmocka_unit_test(test_every_command_has_help),
      cmocka_unit_test(test_cases),
      cmocka_unit_test(test_wrong_configuration_leaves_no_folder),
      cmocka_unit_test(test_child_ends_with_its_parent_and_lets_go),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
