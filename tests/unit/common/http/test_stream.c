/* SPDX-License-Identifier: Apache-2.0 */
/* Answers that go on: what gets through, who is too slow, who is gone, and requests that wait for news. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "client.h"
#include "http/http.h"
#include "http/stream.h"

enum { ROOM = 8192, STREAMS_MAX = 64, DEADLINE_MS = 300 };

static uv_loop_t loop;
static struct http_server *server;

static struct {
  struct http_stream *streams[STREAMS_MAX];
  size_t count, gone;
  struct http_request *held;
  size_t told;
  bool hold, later;
} seen;

static void on_gone(void *arg) {
  seen.streams[(size_t)(uintptr_t)arg] = NULL;
  seen.gone++;
}

static void on_told(void *arg) {
  (void)arg;
  seen.told++;
}

static void begin(struct http_request *r) {
  const struct http_reply_header headers[] = {{"X-One", "1"}};
  size_t i = seen.count++;
  seen.streams[i] = http_stream_begin(r, "text/event-stream", headers, 1, ROOM, on_gone, (void *)(uintptr_t)i);
}

static void on_request(void *arg, struct http_request *r) {
  (void)arg;
  if (seen.hold || seen.later) {
    seen.held = r;
    if (seen.hold)
      http_watch(r, on_told, NULL);
  } else {
    begin(r);
  }
}

static int set_up(void **state) {
  (void)state;
  memset(&seen, 0, sizeof(seen));
  uv_loop_init(&loop);
  const struct http_options options = {.listen = "127.0.0.1:0", .max_body = 1000, .max_connections = STREAMS_MAX,
                                       .max_per_address = STREAMS_MAX, .deadline_ms = DEADLINE_MS};
  return http_open(&loop, &options, on_request, NULL, NULL, &server);
}

static int tear_down(void **state) {
  (void)state;
  http_close(&server);
  while (uv_run(&loop, UV_RUN_DEFAULT) != 0)
    ;
  assert_int_equal(uv_loop_close(&loop), 0);
  return 0;
}

static int ask(void) {
  int fd = client_connect(http_address(server));
  client_say(fd, "GET /events HTTP/1.1\r\nHost: x\r\n\r\n");
  size_t before = seen.count;
  while (seen.count == before && !seen.held)
    client_turn(&loop, fd);
  return fd;
}

/* Turns until the text has come. */
static void expect(int fd, const char *text, struct buf *got) {
  while (!got->at || !strstr(got->at, text)) {
    char some[4096];
    ssize_t n = recv(fd, some, sizeof(some), MSG_DONTWAIT);
    assert_true(n != 0);
    if (n > 0)
      buf_add(got, some, (size_t)n);
    else
      client_turn(&loop, fd);
  }
}

static void say(size_t i, const char *text) {
  assert_int_equal(http_stream_write(seen.streams[i], slice_text(text)), 0);
}

static void test_goes_on_and_ends(void **state) {
  (void)state;
  auto_clean(buf_free) struct buf got = BUF_INIT(100000);
  int fd = ask();
  expect(fd, "\r\n\r\n", &got);
  assert_non_null(strstr(got.at, "HTTP/1.1 200"));
  assert_non_null(strstr(got.at, "Content-Type: text/event-stream\r\n"));
  assert_non_null(strstr(got.at, "X-One: 1\r\n"));
  assert_non_null(strstr(got.at, "Transfer-Encoding: chunked\r\n"));
  say(0, "data: one\n\n");
  expect(fd, "data: one", &got);
  say(0, "data: two\n\n");
  say(0, "data: three\n\n");
  expect(fd, "data: three", &got);
  assert_int_equal(http_pending(server), 1);
  say(0, "data: last\n\n");
  http_stream_end(&seen.streams[0]);
  assert_null(seen.streams[0]);
  expect(fd, "0\r\n\r\n", &got);
  assert_non_null(strstr(got.at, "data: last"));
  while (http_pending(server))
    client_turn(&loop, fd);
  assert_int_equal(seen.gone, 0);
  /* and the connection serves the next request */
  client_say(fd, "GET /events HTTP/1.1\r\nHost: x\r\n\r\n");
  buf_clear(&got);
  expect(fd, "HTTP/1.1 200", &got);
  close(fd);
  while (seen.gone == 0)
    client_turn(&loop, -1);
}

static void test_begun_later(void **state) {
  (void)state;
  auto_clean(buf_free) struct buf got = BUF_INIT(100000);
  seen.later = true;
  int fd = ask();
  for (int i = 0; i < 5; i++)
    client_turn(&loop, fd);
  begin(seen.held);
  say(0, "late\n");
  expect(fd, "late", &got);
  close(fd);
  while (seen.gone == 0)
    client_turn(&loop, -1);
}

/* A peer that closes is noticed though nothing is written. */
static void test_a_peer_that_closes(void **state) {
  (void)state;
  int fd = ask();
  close(fd);
  while (seen.gone == 0)
    client_turn(&loop, -1);
  assert_null(seen.streams[0]);
  while (http_pending(server))
    client_turn(&loop, -1);
}

/* What it does not read waits up to the room; then nothing more is taken. One that never reads is cut. */
static void test_a_peer_that_does_not_read(void **state) {
  (void)state;
  char block[1024];
  memset(block, 'x', sizeof(block));
  int fd = client_connect(http_address(server)), small = 4096;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
  client_say(fd, "GET /events HTTP/1.1\r\nHost: x\r\n\r\n");
  while (seen.count == 0)
    client_turn(&loop, fd);
  size_t taken = 0;
  while (http_stream_write(seen.streams[0], slice_of(block, sizeof(block))) == 0) {
    taken += sizeof(block);
    assert_true(http_stream_waiting(seen.streams[0]) <= ROOM);
    uv_run(&loop, UV_RUN_NOWAIT);
    assert_true(taken < 8 * 1024 * 1024);
  }
  assert_int_equal(http_stream_write(seen.streams[0], slice_of(block, sizeof(block))), HTTP_STREAM_FULL);
  while (seen.gone == 0)
    client_turn(&loop, -1);
  close(fd);
}

/* Ended with a peer that does not read: its time is the answer's. */
static void test_ended_and_not_read(void **state) {
  (void)state;
  char block[1024];
  memset(block, 'x', sizeof(block));
  int fd = client_connect(http_address(server)), small = 4096;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
  client_say(fd, "GET /events HTTP/1.1\r\nHost: x\r\n\r\n");
  while (seen.count == 0)
    client_turn(&loop, fd);
  while (http_stream_write(seen.streams[0], slice_of(block, sizeof(block))) == 0)
    uv_run(&loop, UV_RUN_NOWAIT);
  http_stream_end(&seen.streams[0]);
  while (http_pending(server))
    client_turn(&loop, -1);
  assert_int_equal(seen.gone, 0);
  close(fd);
}

static void test_many_and_the_server_closes(void **state) {
  (void)state;
  int fds[STREAMS_MAX];
  for (size_t i = 0; i < STREAMS_MAX; i++)
    fds[i] = ask();
  for (size_t i = 0; i < STREAMS_MAX; i += 2)
    say(i, "data: x\n\n");
  for (int i = 0; i < 10; i++)
    client_turn(&loop, -1);
  say(0, "data: unsent\n\n");
  http_close(&server);
  assert_int_equal(seen.gone, STREAMS_MAX);
  for (size_t i = 0; i < STREAMS_MAX; i++)
    close(fds[i]);
}

/* A request that waits: told once that its peer has closed; it is answered all the same. */
static void test_a_waiting_request(void **state) {
  (void)state;
  auto_clean(buf_free) struct buf got = BUF_INIT(100000);
  seen.hold = true;
  int fd = ask();
  shutdown(fd, SHUT_WR);
  while (seen.told == 0)
    client_turn(&loop, -1);
  for (int i = 0; i < 20; i++)
    client_turn(&loop, -1);
  assert_int_equal(seen.told, 1);
  http_reply(seen.held, 200, "text/plain", SLICE("still here"), NULL, 0);
  expect(fd, "still here", &got);
  close(fd);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_goes_on_and_ends, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_begun_later, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_a_peer_that_closes, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_a_peer_that_does_not_read, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_ended_and_not_read, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_many_and_the_server_closes, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_a_waiting_request, set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
