/* SPDX-License-Identifier: Apache-2.0 */
/* common/service from outside: a program in the skeleton is started, asked, stopped and mistreated. */
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
#include "child.h"

struct desk {
  char dir[64];
};

static int open_desk(void **state) {
  struct desk *desk = must_calloc(1, sizeof(*desk));
  strcpy(desk->dir, "/tmp/deskbell-service-XXXXXX");
  *state = desk;
  return mkdtemp(desk->dir) ? 0 : -1;
}

static int close_desk(void **state) {
  struct desk *desk = *state;
  static const char *const files[] = {"lock/fixture", "lock", "broken.yaml", ""};
  for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
    char *path = path_join(desk->dir, files[i]);
    remove(path);
    free(path);
  }
  free(desk);
  return 0;
}

static struct child start(const struct desk *desk, const char *fixture, const char *extra) {
  char word[64];
  snprintf(word, sizeof(word), "FIXTURE=%s", fixture);
  const char *argv[] = {FIXTURE, "--dir", desk->dir, NULL}, *env[] = {word, extra, NULL};
  return child_start(argv, env);
}

static int run(const char *const *argv, struct buf *ret_output) {
  const char *env[] = {NULL};
  struct child c = child_start(argv, env);
  return child_end(&c, ret_output);
}

static void assert_says(const struct buf *text, const char *part) {
  if (!strstr(text->at, part))
    fail_msg("not found: %s\nin: %s", part, text->at);
}

static void test_life(void **state) {
  static const char *const fixtures[] = {"plain", "late", "no-drain"};
  static const int signals[] = {SIGTERM, SIGINT, SIGTERM};
  for (size_t i = 0; i < sizeof(fixtures) / sizeof(fixtures[0]); i++) {
    struct child c = start(*state, fixtures[i], NULL);
    assert_true(child_await(&c, "ready"));
    assert_string_equal(child_endpoint(&c, "desk"), ((struct desk *)*state)->dir);
    kill(c.pid, signals[i]);
    auto_clean(buf_free) struct buf output;
    assert_int_equal(child_end(&c, &output), 0);
    assert_says(&output, " info fixture event=ready ");
    assert_says(&output, "event=draining ");
    assert_says(&output, "event=stopped ");
    assert_null(strstr(output.at, "open_handles"));
  }
}

static void test_process_is_prepared(void **state) {
  struct child c = start(*state, "state", "DESKBELL_KEEP_KEPT=127.0.0.1:4711");
  assert_true(child_await(&c, "ready"));
  static const struct {
    const char *name, *value;
  } expected[] = {{"files", "raised"}, {"pipe", "ignored"},      {"umask", "077"},
                  {"parent-death", "15"}, {"environment", "taken"}, {"kept", "127.0.0.1:4711"}};
  for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
    assert_non_null(child_endpoint(&c, expected[i].name));
    assert_string_equal(child_endpoint(&c, expected[i].name), expected[i].value);
  }
  assert_null(strstr(c.report.at, "bad"));
  kill(c.pid, SIGTERM);
  auto_clean(buf_free) struct buf output;
  assert_int_equal(child_end(&c, &output), 0);
  assert_says(&output, "event=endpoint_not_announced name=\"bad name\"");
}

static void test_health(void **state) {
  struct child c = start(*state, "plain", NULL);
  assert_true(child_await(&c, "ready"));
  const char *address = child_endpoint(&c, "fixture-health");
  assert_non_null(address);
  auto_clean(buf_free) struct buf health = http_get(address, "/health", "GET");
  assert_says(&health, "HTTP/1.1 200 ");
  assert_says(&health, "\r\n\r\n{\"status\":\"ok\"}\n");
  auto_clean(buf_free) struct buf metrics = http_get(address, "/metrics", "GET");
  assert_says(&metrics, "text/plain; version=0.0.4");
  assert_says(&metrics, "\ndeskbell_fixture_measured 1\n");
  assert_says(&metrics, "\nprocess_open_fds ");
  auto_clean(buf_free) struct buf other = http_get(address, "/etc/passwd", "GET");
  assert_says(&other, "HTTP/1.1 404 ");
  auto_clean(buf_free) struct buf wrong = http_get(address, "/health", "DELETE");
  assert_says(&wrong, "HTTP/1.1 405 ");
  assert_says(&wrong, "Allow: GET, HEAD");
  kill(c.pid, SIGTERM);
  auto_clean(buf_free) struct buf output;
  assert_int_equal(child_end(&c, &output), 0);
}

static void test_unhealthy_says_why(void **state) {
  struct child c = start(*state, "unhealthy", NULL);
  assert_true(child_await(&c, "ready"));
  auto_clean(buf_free) struct buf health = http_get(child_endpoint(&c, "fixture-health"), "/health", "GET");
  assert_says(&health, "HTTP/1.1 503 ");
  assert_says(&health, "{\"status\":\"unhealthy\",\"reasons\":[\"link: no \\\"router\\\" for 12s\",\"spool: full\"]}");
  kill(c.pid, SIGTERM);
  auto_clean(buf_free) struct buf output;
  assert_int_equal(child_end(&c, &output), 0);
}

static void test_second_signal_stops_at_once(void **state) {
  struct child c = start(*state, "never-drained", NULL);
  assert_true(child_await(&c, "ready"));
  const char *address = child_endpoint(&c, "fixture-health");
  kill(c.pid, SIGTERM);
  /* Its health says when the first one was taken. */
  for (bool draining = false; !draining;) {
    auto_clean(buf_free) struct buf health = http_get(address, "/health", "GET");
    draining = strstr(health.at, "\"draining\"");
  }
  kill(c.pid, SIGTERM);
  auto_clean(buf_free) struct buf output;
  assert_int_equal(child_end(&c, &output), 1);
  assert_says(&output, "event=stopped_at_once");
}

static void test_failed_start(void **state) {
  struct child c = start(*state, "fails", NULL);
  assert_false(child_await(&c, "ready"));
  auto_clean(buf_free) struct buf output;
  assert_int_equal(child_end(&c, &output), 1);
  assert_says(&output, " error fixture event=cannot_start program=fixture why=\"cannot listen on 127.0.0.1:1\" "
                       "fault=\"Address already in use\"");
}

static void test_forgotten_handle_does_not_keep_it_alive(void **state) {
  struct child c = start(*state, "forgets", "ASAN_OPTIONS=detect_leaks=0");
  assert_true(child_await(&c, "ready"));
  kill(c.pid, SIGTERM);
  auto_clean(buf_free) struct buf output;
  assert_int_equal(child_end(&c, &output), 0);
  assert_says(&output, "event=stopped_with_open_handles");
}

/* A second one waits until the first is gone. */
static void test_one_per_desk(void **state) {
  struct child first = start(*state, "plain", NULL), second;
  assert_true(child_await(&first, "ready"));
  second = start(*state, "plain", NULL);
  char part[1024] = "";
  assert_true(read(second.output_fd, part, sizeof(part) - 1) > 0);
  assert_non_null(strstr(part, "event=waiting_for_former_program"));
  kill(first.pid, SIGKILL);
  assert_true(child_await(&second, "ready"));
  kill(second.pid, SIGTERM);
  auto_clean(buf_free) struct buf output, killed;
  assert_int_equal(child_end(&second, &output), 0);
  assert_int_equal(child_end(&first, &killed), -SIGKILL);
}

static void test_wrong_parent(void **state) {
  struct child c = start(*state, "plain", "DESKBELL_PARENT_PID=1");
  assert_false(child_await(&c, "ready"));
  auto_clean(buf_free) struct buf output;
  assert_int_equal(child_end(&c, &output), 1);
  assert_says(&output, "event=parent_gone");
}

static void test_options(void **state) {
  const char *dir = ((struct desk *)*state)->dir;
  char *broken = path_join(dir, "broken.yaml"), *missing = path_join(dir, "missing.yaml");
  assert_int_equal(file_write_atomic(broken, SLICE("desk:\n  nonsense: 1\n"), 0600), 0);
  char at[128];
  snprintf(at, sizeof(at), "%s:", broken);
  const struct {
    const char *argv[8];
    int status;
    const char *says;
  } cases[] = {
      {{FIXTURE, "--help", NULL}, 0, "usage: fixture --dir DIR [options]\nA program for the unit tests.\n"},
      {{FIXTURE, "--version", NULL}, 0, "fixture (Deskbell) "},
      {{FIXTURE, NULL}, 2, "fixture: which desk? give --dir DIR or set DESKBELL_DIR"},
      {{FIXTURE, "--nonsense", NULL}, 2, "--nonsense"},
      {{FIXTURE, "--dir", NULL}, 2, "--dir"},
      {{FIXTURE, "--dir", dir, "extra", NULL}, 2, "takes no arguments, but was given extra"},
      {{FIXTURE, "--dir", dir, "--log-level", "loud", NULL}, 2, "--log-level is error, warn, info or debug, not loud"},
      {{FIXTURE, "--check-config", NULL}, 0, "ok\n"},
      {{FIXTURE, "--dir", dir, "--check-config", NULL}, 0, "ok\n"},
      {{FIXTURE, "--dir", dir, "--check-config", "--config", broken, NULL}, 2, at},
      {{FIXTURE, "--dir", dir, "--config", broken, NULL}, 2, ":2:"},
      {{FIXTURE, "--dir", dir, "--config", missing, NULL}, 2, "missing.yaml"},
      {{FIXTURE, "--dir", dir, "--print-config", NULL}, 0, "spool"},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    auto_clean(buf_free) struct buf output;
    int status = run(cases[i].argv, &output);
    if (status != cases[i].status)
      fail_msg("case %zu: exit %d: %s", i, status, output.at);
    assert_says(&output, cases[i].says);
  }
  free(broken);
  free(missing);
}

#define ON_DESK(test) cmocka_unit_test_setup_teardown(test, open_desk, close_desk)

int main(void) {
  unsetenv("DESKBELL_DIR");
  const struct CMUnitTest tests[] = {
      ON_DESK(test_life),
      ON_DESK(test_process_is_prepared),
      ON_DESK(test_health),
      ON_DESK(test_unhealthy_says_why),
      ON_DESK(test_second_signal_stops_at_once),
      ON_DESK(test_failed_start),
      ON_DESK(test_forgotten_handle_does_not_keep_it_alive),
      ON_DESK(test_one_per_desk),
      ON_DESK(test_wrong_parent),
      ON_DESK(test_options),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
