/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The supervisor with real processes: small shell scripts that report, die, and refuse to die. A script notes what
 * happens to it in a file, so that the order can be read afterwards.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/file.h"
#include "log/log.h"
#include "supervise.h"

/* A program that notes its start, reports, waits, notes SIGTERM and ends. */
#define REPORTING(name, endpoint) "echo start-" name " >>$NOTES; " endpoint "; exec " WAITER " " name
#define STUBBORN "exec " WAITER " stubborn stubborn"

struct stage {
  uv_loop_t loop;
  struct supervisor *supervisor;
  char dir[64], *notes;
  const char *argv[SUPERVISED_MAX][4];
  struct supervised rows[SUPERVISED_MAX];
  size_t count;
  int readies, stops, status, changes;
  void (*on_ready)(struct stage *s);   /* NULL: stop */
  void (*on_changed)(struct stage *s); /* may be NULL */
  int killed_pid;
  char first[64];
};

static void ready(void *arg) {
  struct stage *s = arg;
  s->readies++;
  if (s->on_ready)
    s->on_ready(s);
  else
    supervisor_stop(s->supervisor);
}

static void changed(void *arg) {
  struct stage *s = arg;
  s->changes++;
  if (s->on_changed)
    s->on_changed(s);
}

static void stopped(void *arg, int status) {
  struct stage *s = arg;
  s->stops++;
  s->status = status;
}

static int open_stage(void **state) {
  struct stage *s = must_calloc(1, sizeof(*s));
  strcpy(s->dir, "/tmp/deskbell-supervise-XXXXXX");
  if (!mkdtemp(s->dir))
    return -1;
  s->notes = path_join(s->dir, "notes");
  setenv("NOTES", s->notes, 1);
  uv_loop_init(&s->loop);
  *state = s;
  return 0;
}

static int close_stage(void **state) {
  struct stage *s = *state;
  remove(s->notes);
  remove(s->dir);
  free(s->notes);
  int r = uv_loop_close(&s->loop);
  free(s);
  return r;
}

static struct supervised *add(struct stage *s, const char *name, unsigned start_rank, unsigned stop_rank,
                              const char *script) {
  const char *argv[] = {"/bin/sh", "-c", script, NULL};
  memcpy(s->argv[s->count], argv, sizeof(argv));
  struct supervised *row = &s->rows[s->count];
  *row = (struct supervised){.name = name,
                             .argv = s->argv[s->count],
                             .start_rank = start_rank,
                             .stop_rank = stop_rank,
                             .stop_ms = 60000,
                             .reports = true};
  s->count++;
  return row;
}

static void play(struct stage *s) {
  static const struct supervisor_user shape = {.ready = ready, .changed = changed, .stopped = stopped};
  struct supervisor_user user = shape;
  user.arg = s;
  s->supervisor = supervisor_new(&s->loop, s->rows, s->count, &user);
  supervisor_start(s->supervisor);
  while (!s->stops)
    uv_run(&s->loop, UV_RUN_ONCE);
  supervisor_free(&s->supervisor);
  supervisor_free(&s->supervisor);
  uv_run(&s->loop, UV_RUN_DEFAULT);
  assert_int_equal(s->stops, 1);
}

static void assert_notes(const struct stage *s, const char *expected) {
  auto_clean(buf_free) struct buf text = BUF_INIT(1 << 16);
  buf_add_text(&text, "");
  assert_true(file_read(s->notes, &text) == 0);
  assert_string_equal(text.at, expected);
}

static int pid_of(const struct stage *s, const char *name) {
  auto_clean(buf_free) struct buf text = BUF_INIT(1 << 16);
  char key[64];
  supervisor_pids_json(s->supervisor, &text);
  snprintf(key, sizeof(key), "\"%s\": ", name);
  const char *at = strstr(text.at, key);
  return at ? atoi(at + strlen(key)) : 0;
}

static const char *endpoint_of(const struct stage *s, const char *name) {
  const struct endpoint_table *t = supervisor_endpoints(s->supervisor);
  for (size_t i = 0; i < t->count; i++)
    if (strcmp(t->rows[i].name, name) == 0)
      return t->rows[i].value;
  return "";
}

static void test_order(void **state) {
  struct stage *s = *state;
  add(s, "store", 0, 0, REPORTING("store", "echo endpoint store a >&3"));
  add(s, "router", 1, 1, REPORTING("router", ":"));
  add(s, "last", 2, 2, REPORTING("last", ":"));
  play(s);
  assert_int_equal(s->readies, 1);
  assert_int_equal(s->status, 0);
  assert_notes(s, "start-store\nstart-router\nstart-last\nstop-last\nstop-router\nstop-store\n");
}

static void look_around(struct stage *s) {
  assert_string_equal(endpoint_of(s, "one"), "127.0.0.1:1");
  assert_string_equal(endpoint_of(s, "two"), "unix:/b");
  assert_true(pid_of(s, "a") > 0 && pid_of(s, "b") > 0 && pid_of(s, "a") != pid_of(s, "b"));
  assert_int_equal(kill(pid_of(s, "a"), 0), 0);
  supervisor_stop(s->supervisor);
  supervisor_stop(s->supervisor);
}

static void test_endpoints_and_pids(void **state) {
  struct stage *s = *state;
  s->on_ready = look_around;
  add(s, "a", 0, 0, REPORTING("a", "echo endpoint one 127.0.0.1:1 >&3; echo nonsense >&3"));
  add(s, "b", 1, 1, REPORTING("b", "echo endpoint two unix:/b >&3; echo endpoint one stolen >&3"));
  play(s);
  assert_int_equal(s->readies, 1);
  assert_true(s->changes >= 1);
}

static void kill_it(struct stage *s) {
  s->killed_pid = pid_of(s, "sms");
  snprintf(s->first, sizeof(s->first), "%s", endpoint_of(s, "sms"));
  kill(s->killed_pid, SIGKILL);
}

/* Its new life is ready when "lives" reaches 2: the script reports the second time with another endpoint. */
static void stop_after_restart(struct stage *s) {
  if (s->killed_pid && endpoint_of(s, "sms-again")[0])
    supervisor_stop(s->supervisor);
}

static void test_restart_keeps_the_address(void **state) {
  struct stage *s = *state;
  s->on_ready = kill_it;
  s->on_changed = stop_after_restart;
  add(s, "sms", 0, 0,
      REPORTING("sms", "echo endpoint sms ${DESKBELL_KEEP_SMS:-first:$$} >&3; "
                       "[ -z \"$DESKBELL_KEEP_SMS\" ] || echo endpoint sms-again $DESKBELL_KEEP_SMS >&3"));
  add(s, "other", 0, 0, REPORTING("other", "[ -z \"$DESKBELL_KEEP_SMS\" ] || echo endpoint leaked x >&3"));
  setenv("DESKBELL_KEEP_SMS", "from-outside", 1); /* of a supervisor above us: not passed on */
  s->readies = 0;
  play(s);
  unsetenv("DESKBELL_KEEP_SMS");
  assert_int_equal(s->readies, 1); /* said once, not at each restart */
  assert_int_equal(strncmp(s->first, "first:", 6), 0);
  auto_clean(buf_free) struct buf text = BUF_INIT(1 << 16);
  assert_int_equal(file_read(s->notes, &text), 0);
  unsigned starts = 0;
  for (const char *at = strstr(text.at, "start-sms"); at; at = strstr(at + 1, "start-sms"))
    starts++;
  assert_int_equal(starts, 2);
}

static void compare_kept(struct stage *s) {
  if (!s->killed_pid || !endpoint_of(s, "kept")[0])
    return;
  assert_string_equal(endpoint_of(s, "kept"), s->first);
  supervisor_stop(s->supervisor);
}

static void test_kept_address_is_the_former_one(void **state) {
  struct stage *s = *state;
  s->on_ready = kill_it;
  s->on_changed = compare_kept;
  add(s, "sms", 0, 0,
      REPORTING("sms", "if [ \"$DESKBELL_KEEP_SMS\" ]; then echo endpoint kept $DESKBELL_KEEP_SMS >&3; "
                       "else echo endpoint sms 127.0.0.1:$$ >&3; fi"));
  play(s);
}

static void test_hopeless_start_gives_up(void **state) {
  struct stage *s = *state;
  add(s, "good", 0, 0, REPORTING("good", ":"));
  add(s, "wrong", 1, 1, "exit 2"); /* says it is configured wrongly */
  play(s);
  assert_int_equal(s->readies, 0);
  assert_int_equal(s->status, 1);
  assert_notes(s, "start-good\nstop-good\n");
}

static void test_missing_program_gives_up(void **state) {
  struct stage *s = *state;
  add(s, "missing", 0, 0, "");
  s->argv[0][0] = "/nonexistent/program";
  play(s);
  assert_int_equal(s->status, 1);
  assert_int_equal(s->readies, 0);
}

/* A program that fails at first, then gets ready. */
static void test_failed_start_is_tried_again(void **state) {
  struct stage *s = *state;
  add(s, "late", 0, 0, "if [ -e $NOTES ]; then " REPORTING("late", ":") "; else echo failed >>$NOTES; exit 1; fi");
  play(s);
  assert_int_equal(s->readies, 1);
  assert_int_equal(s->status, 0);
  assert_notes(s, "failed\nstart-late\nstop-late\n");
}

static void test_stubborn_program_is_killed(void **state) {
  struct stage *s = *state;
  add(s, "stubborn", 0, 0, STUBBORN)->stop_ms = 1;
  play(s);
  assert_int_equal(s->status, 0);
}

static void stop_and_kill(struct stage *s) {
  supervisor_stop(s->supervisor);
  supervisor_kill(s->supervisor);
}

static void test_kill(void **state) {
  struct stage *s = *state;
  s->on_ready = stop_and_kill;
  add(s, "stubborn", 0, 1, STUBBORN);
  add(s, "lower", 0, 0, STUBBORN);
  play(s);
}

struct watched {
  struct stage *stage;
  int alive, dead;
};

static void watch(void *arg, bool alive) {
  struct watched *w = arg;
  w->alive += alive;
  w->dead += !alive;
  if (alive)
    supervisor_answers(w->stage->supervisor, "store");
}

static void test_watched_program(void **state) {
  struct stage *s = *state;
  struct watched w = {.stage = s};
  struct supervised *row = add(s, "store", 0, 0, "exec sleep 1000");
  row->reports = false;
  row->watch = watch;
  row->watch_arg = &w;
  add(s, "router", 1, 1, REPORTING("router", ":"));
  play(s);
  assert_int_equal(s->readies, 1);
  assert_int_equal(w.alive, 1);
  assert_int_equal(w.dead, 1);
}

static void stop_at_first_change(struct stage *s) {
  supervisor_stop(s->supervisor);
}

/* Stopped while starting: nothing is started any more and nothing hangs. */
static void test_stop_while_starting(void **state) {
  struct stage *s = *state;
  s->on_changed = stop_at_first_change;
  add(s, "slow", 0, 0, "exec sleep 1000");
  add(s, "never", 1, 1, REPORTING("never", ":"));
  play(s);
  assert_int_equal(s->readies, 0);
  assert_int_equal(s->status, 0);
  assert_int_equal(access(s->notes, F_OK), -1);
}

/* A child gets no descriptor but its four, and no other's session. Without a pipeline and
 * without a redirection: the shell has descriptors open for either. */
static void test_child_is_clean(void **state) {
  struct stage *s = *state;
  int leak = dup(STDERR_FILENO); /* without close-on-exec */
  add(s, "clean", 0, 0, "find /proc/$$/fd -mindepth 1 -fprintf $NOTES.fd '%f '; cat $NOTES.fd >>$NOTES; " REPORTING("clean", ":"));
  play(s);
  close(leak);
  assert_notes(s, "0 1 2 3 start-clean\nstop-clean\n");
}

#define ON_STAGE(test) cmocka_unit_test_setup_teardown(test, open_stage, close_stage)

int main(void) {
  log_open("supervise", LOG_ERROR);
  const struct CMUnitTest tests[] = {
      ON_STAGE(test_order),
      ON_STAGE(test_endpoints_and_pids),
      ON_STAGE(test_restart_keeps_the_address),
      ON_STAGE(test_kept_address_is_the_former_one),
      ON_STAGE(test_hopeless_start_gives_up),
      ON_STAGE(test_missing_program_gives_up),
      ON_STAGE(test_failed_start_is_tried_again),
      ON_STAGE(test_stubborn_program_is_killed),
      ON_STAGE(test_kill),
      ON_STAGE(test_watched_program),
      ON_STAGE(test_stop_while_starting),
      ON_STAGE(test_child_is_clean),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
