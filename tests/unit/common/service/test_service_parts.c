/* SPDX-License-Identifier: Apache-2.0 */
/* common/service inside: the report lines, kept addresses, the lock, the body of /health. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "service/configuration.h"
#include "service/health.h"
#include "service/process.h"
#include "service/ready.h"

static void test_listen(void **state) {
  (void)state;
  static const struct {
    const char *configured, *kept, *expected;
  } cases[] = {
      {"127.0.0.1:0", "127.0.0.1:34567", "127.0.0.1:34567"},
      {"[::1]:0", "[::1]:34567", "[::1]:34567"},
      {"tcp://127.0.0.1:*", "tcp://127.0.0.1:34567", "tcp://127.0.0.1:34567"},
      {"127.0.0.1:0", NULL, "127.0.0.1:0"},
      {"127.0.0.1:0", "", "127.0.0.1:0"},
      {"127.0.0.1:8080", "127.0.0.1:34567", "127.0.0.1:8080"},
      {"127.0.0.1:10", "127.0.0.1:34567", "127.0.0.1:10"},
      {"ipc:///run/router.ipc", "ipc:///other", "ipc:///run/router.ipc"},
      {"", "127.0.0.1:34567", ""},
      {"0", "127.0.0.1:34567", "0"},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
    assert_string_equal(ready_listen(cases[i].configured, cases[i].kept), cases[i].expected);
}

static void test_keep_name(void **state) {
  (void)state;
  char name[READY_KEEP_LEN];
  assert_int_equal(ready_keep_name("sms", name), 0);
  assert_string_equal(name, "DESKBELL_KEEP_SMS");
  assert_int_equal(ready_keep_name("sms-health", name), 0);
  assert_string_equal(name, "DESKBELL_KEEP_SMS_HEALTH");
  assert_int_equal(ready_keep_name("channel.my-shop", name), 0);
  assert_string_equal(name, "DESKBELL_KEEP_CHANNEL_MY_SHOP");
  char longest[READY_NAME_MAX + 2];
  memset(longest, 'a', sizeof(longest));
  longest[READY_NAME_MAX] = '\0';
  assert_int_equal(ready_keep_name(longest, name), 0);
  assert_int_equal(strlen(name), strlen("DESKBELL_KEEP_") + READY_NAME_MAX);
  longest[READY_NAME_MAX] = 'a';
  longest[READY_NAME_MAX + 1] = '\0';
  static const char *const bad[] = {"", "SMS", "a b", "a=b", "a\nb", "ü"};
  assert_int_equal(ready_keep_name(longest, name), -EINVAL);
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
    assert_int_equal(ready_keep_name(bad[i], name), -EINVAL);
}

static void test_report_lines(void **state) {
  (void)state;
  int ends[2];
  assert_int_equal(pipe(ends), 0);
  char huge[READY_VALUE_MAX + 2];
  memset(huge, 'x', sizeof(huge));
  huge[READY_VALUE_MAX + 1] = '\0';
  assert_int_equal(ready_endpoint(ends[1], "sms", "127.0.0.1:80"), 0);
  assert_int_equal(ready_endpoint(ends[1], "sms", "a b"), -EINVAL);
  assert_int_equal(ready_endpoint(ends[1], "sms", "a\nready"), -EINVAL);
  assert_int_equal(ready_endpoint(ends[1], "sms", ""), -EINVAL);
  assert_int_equal(ready_endpoint(ends[1], "sms", huge), -EINVAL);
  assert_int_equal(ready_endpoint(ends[1], "a b", "x"), -EINVAL);
  assert_int_equal(ready_endpoint(-1, "sms", "nobody:1"), 0); /* nobody asked */
  assert_int_equal(ready_done(&ends[1]), 0);
  assert_int_equal(ends[1], -1);
  assert_int_equal(ready_done(&ends[1]), 0); /* again */
  char text[512] = "";
  assert_true(read(ends[0], text, sizeof(text) - 1) > 0);
  assert_string_equal(text, "endpoint sms 127.0.0.1:80\nready\n");
  assert_int_equal(read(ends[0], text, 1), 0);
  close(ends[0]);
}

static void test_take(void **state) {
  (void)state;
  static const struct {
    const char *fd, *parent;
    int64_t expected_parent;
  } cases[] = {{"9999", "17", 17}, {"-1", "-1", -1}, {"x", "", -1}, {"99999999999999999999", "1e3", -1}, {NULL, NULL, -1}};
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    int fd;
    int64_t parent;
    if (cases[i].fd) {
      setenv("DESKBELL_READY_FD", cases[i].fd, 1);
      setenv("DESKBELL_PARENT_PID", cases[i].parent, 1);
    }
    ready_take(&fd, &parent);
    assert_int_equal(fd, -1); /* none of these is an open descriptor */
    assert_int_equal(parent, cases[i].expected_parent);
    assert_null(getenv("DESKBELL_READY_FD"));
    assert_null(getenv("DESKBELL_PARENT_PID"));
  }
}

static unsigned waits;

static void count_wait(const char *path) {
  assert_non_null(path);
  waits++;
}

static void test_lock(void **state) {
  (void)state;
  char path[] = "/tmp/deskbell-lock-XXXXXX";
  int file = mkstemp(path), first, second;
  assert_true(file >= 0);
  close(file);
  assert_int_equal(process_lock(path, 0, count_wait, &first), 0);
  assert_true(fcntl(first, F_GETFD) & FD_CLOEXEC);
  assert_int_equal(waits, 0);
  assert_int_equal(process_lock(path, 0, count_wait, &second), -EWOULDBLOCK);
  assert_int_equal(process_lock(path, 25, count_wait, &second), -EWOULDBLOCK);
  assert_int_equal(waits, 1);
  close(first);
  assert_int_equal(process_lock(path, 0, NULL, &second), 0);
  close(second);
  unlink(path);
  assert_int_equal(process_lock("/nonexistent/lock", 1000, count_wait, &second), -ENOENT);
}

static void test_health_body(void **state) {
  (void)state;
  static const struct {
    struct slice reasons;
    const char *expected;
  } cases[] = {
      {SLICE(""), "{\"status\":\"ok\"}\n"},
      {SLICE("\n\n"), "{\"status\":\"ok\"}\n"},
      {SLICE("spool: full\n"), "{\"status\":\"unhealthy\",\"reasons\":[\"spool: full\"]}\n"},
      {SLICE("a\nb"), "{\"status\":\"unhealthy\",\"reasons\":[\"a\",\"b\"]}\n"},
      {SLICE("\xff\n"), "{\"status\":\"unhealthy\",\"reasons\":[\"(not UTF-8)\"]}\n"},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    auto_clean(buf_free) struct buf body = BUF_INIT(4096);
    health_json(cases[i].reasons, &body);
    assert_string_equal(body.at, cases[i].expected);
  }
}

static void test_complaint_has_a_place(void **state) {
  (void)state;
  static const struct {
    struct complaint complaint;
    const char *path, *expected;
  } cases[] = {
      {{.file = "desk.yaml", .line = 3, .column = 7, .text = "unknown setting"}, "desk.yaml",
       "desk.yaml:3:7: unknown setting\n"},
      {{.file = "desk.yaml", .text = "no channel"}, "desk.yaml", "desk.yaml: no channel\n"},
      {{.text = ""}, "/a/b.yaml", "/a/b.yaml: cannot be read: Permission denied\n"},
      {{.text = ""}, NULL, "deskbell.yaml: cannot be read: Permission denied\n"},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    char *text = NULL;
    size_t len;
    FILE *file = open_memstream(&text, &len);
    configuration_complain(file, -EACCES, cases[i].path, &cases[i].complaint);
    fclose(file);
    assert_string_equal(text, cases[i].expected);
    free(text);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_listen),
      cmocka_unit_test(test_keep_name),
      cmocka_unit_test(test_report_lines),
      cmocka_unit_test(test_take),
      cmocka_unit_test(test_lock),
      cmocka_unit_test(test_health_body),
      cmocka_unit_test(test_complaint_has_a_place),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
