/* SPDX-License-Identifier: Apache-2.0 */
/* The server against raw bytes: what it hands over, what it refuses itself, whom it cuts off. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "client.h"
#include "http/http.h"

#define HELD_MAX 32

static uv_loop_t loop;
static struct http_server *server;
static struct buf answer = BUF_INIT(1024 * 1024);

/* What the handler saw last, and what it keeps back. */
static struct {
  unsigned calls;
  char method[16], path[256], query[256], header[256], peer[64];
  struct buf body;
  bool hold, out_of_memory;
  struct http_request *held[HELD_MAX];
  size_t held_count;
  unsigned status;
  const char *type, *reply;
  size_t limit;
} seen = {.body = BUF_INIT(1024 * 1024)};

static void on_request(void *arg, struct http_request *r) {
  (void)arg;
  seen.calls++;
  snprintf(seen.method, sizeof(seen.method), "%s", http_method(r));
  snprintf(seen.path, sizeof(seen.path), "%s", http_path(r));
  snprintf(seen.query, sizeof(seen.query), "%.*s", (int)http_query(r).len, http_query(r).at);
  snprintf(seen.header, sizeof(seen.header), "%s", http_header(r, "x-test") ? http_header(r, "x-test") : "(none)");
  snprintf(seen.peer, sizeof(seen.peer), "%s", http_peer(r));
  buf_clear(&seen.body);
  buf_add_slice(&seen.body, http_body(r));
  assert_non_null(http_request_alloc(r, 1000));
  seen.out_of_memory = http_request_alloc(r, 64 * 1024) == NULL;
  if (seen.hold && seen.held_count < HELD_MAX)
    seen.held[seen.held_count++] = r;
  else
    http_reply(r, seen.status, seen.type, slice_text(seen.reply), NULL, 0);
}

static size_t on_limit(void *arg, const struct http_request *r) {
  (void)arg;
  const char *most = http_header(r, "x-most");
  if (most)
    return (size_t)atoi(most);
  return strcmp(http_path(r), "/small") == 0 ? 10 : seen.limit;
}

static const char *const proxies[] = {"127.0.0.1", "10.0.0.1"};

static struct http_options usual(void) {
  return (struct http_options){.listen = "127.0.0.1:0", .max_body = 100000, .max_connections = 100,
                               .max_per_address = 50, .deadline_ms = 5000};
}

static void open_with(struct http_options options) {
  assert_int_equal(http_open(&loop, &options, on_request, on_limit, NULL, &server), 0);
}

static int set_up(void **state) {
  (void)state;
  struct buf body = seen.body;
  memset(&seen, 0, sizeof(seen));
  seen.body = body;
  seen.status = 202;
  seen.reply = "";
  uv_loop_init(&loop);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  http_close(&server);
  while (uv_run(&loop, UV_RUN_DEFAULT) != 0)
    ;
  assert_int_equal(uv_loop_close(&loop), 0);
  return 0;
}

static unsigned ask(const char *request) {
  return client_ask(&loop, http_address(server), request, &answer);
}

static bool answered(const char *text) {
  return strstr(answer.at, text) != NULL;
}

static void test_hands_over_a_whole_request(void **state) {
  (void)state;
  open_with(usual());
  seen.type = "application/json";
  seen.reply = "{\"id\":1}";
  assert_int_equal(ask("POST /hook/a%20b?x=%2F&y HTTP/1.1\r\nHost: x\r\nX-Test: one\r\nx-test: two\r\n"
                       "Content-Length: 5\r\n\r\nhello"),
                   202);
  assert_string_equal(seen.method, "POST");
  assert_string_equal(seen.path, "/hook/a%20b"); /* as sent: signatures need it */
  assert_string_equal(seen.query, "x=%2F&y");
  assert_string_equal(seen.header, "one");
  assert_string_equal(seen.peer, "127.0.0.1");
  assert_string_equal(seen.body.at, "hello");
  assert_true(seen.out_of_memory);
  assert_true(answered("Content-Type: application/json\r\n"));
  assert_true(answered("X-Content-Type-Options: nosniff\r\n"));
  assert_true(answered("Cache-Control: no-store\r\n"));
  assert_true(answered("\r\n\r\n{\"id\":1}"));
}

static void test_no_body_no_type(void **state) {
  (void)state;
  open_with(usual());
  assert_int_equal(ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), 202);
  assert_false(answered("\r\nContent-Type"));
  assert_int_equal(seen.body.len, 0);
  assert_string_equal(seen.query, "");
  assert_string_equal(seen.header, "(none)");
}

static void test_chunked_body(void **state) {
  (void)state;
  open_with(usual());
  assert_int_equal(ask("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                       "3\r\nabc\r\n4;e=1\r\ndefg\r\n0\r\n\r\n"),
                   202);
  assert_string_equal(seen.body.at, "abcdefg");
}

static void test_absolute_form(void **state) {
  (void)state;
  open_with(usual());
  assert_int_equal(ask("GET http://desk.example.com:80/hook?a=1 HTTP/1.1\r\nHost: x\r\n\r\n"), 202);
  assert_string_equal(seen.path, "/hook");
  assert_string_equal(seen.query, "a=1");
  assert_int_equal(ask("GET http://desk.example.com HTTP/1.1\r\nHost: x\r\n\r\n"), 202);
  assert_string_equal(seen.path, "/");
}

static void test_refusals_before_the_handler(void **state) {
  (void)state;
  static const struct {
    unsigned status;
    const char *request;
  } rows[] = {
      {400, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
      {400, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc"},
      {400, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc"},
      {400, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
      {501, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n"},
      {501, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"},
      {400, "POST / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\n\r\n"},
      {400, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n\r\nhello"},
      {400, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5, 5\r\n\r\nhello"},
      {413, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100001\r\n\r\n"},
      {413, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000000\r\n\r\n"},
      {413, "POST /small HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\nhello world"},
      {413, "POST / HTTP/1.1\r\nHost: x\r\nX-Most: 5\r\nContent-Length: 11\r\n\r\nhello world"},
      {413, "POST /small HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nhello \r\n5\r\nworld\r\n0\r\n\r\n"},
  };
  open_with(usual());
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    unsigned status = ask(rows[i].request);
    if (status != rows[i].status)
      fail_msg("row %zu: %u instead of %u", i, status, rows[i].status);
  }
  assert_int_equal(seen.calls, 0);
  assert_int_equal(http_pending(server), 0);
  assert_int_equal(ask("POST /small HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n0123456789"), 202);
}

static void test_headers_over_the_limit(void **state) {
  (void)state;
  open_with(usual());
  struct buf request = BUF_INIT(200000);
  buf_add_text(&request, "GET / HTTP/1.1\r\nHost: x\r\nX-Test: ");
  for (int i = 0; i < 33 * 1024; i++)
    buf_add_char(&request, 'a');
  buf_add_text(&request, "\r\n\r\n");
  unsigned status = ask(request.at);
  assert_true(status == 431);
  buf_clear(&request);
  buf_add_text(&request, "GET / HTTP/1.1\r\nHost: x\r\n");
  for (int i = 0; i < 5000; i++)
    buf_printf(&request, "A%d: b\r\n", i);
  buf_add_text(&request, "\r\n");
  assert_int_equal(ask(request.at), 431);
  buf_clear(&request);
  buf_add_text(&request, "GET /");
  for (int i = 0; i < 40000; i++)
    buf_add_char(&request, 'a');
  buf_add_text(&request, " HTTP/1.1\r\nHost: x\r\n\r\n");
  status = ask(request.at);
  assert_true(status == 414 || status == 431);
  assert_int_equal(seen.calls, 0);
  buf_free(&request);
}

static void test_a_large_body_in_pieces(void **state) {
  (void)state;
  open_with(usual());
  char *body = malloc(100001);
  for (int i = 0; i < 100000; i++)
    body[i] = (char)('a' + i % 26);
  body[100000] = '\0';
  int fd = client_connect(http_address(server));
  const char *head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n";
  client_say(fd, head);
  for (int i = 0; i < 100000; i += 1000) {
    client_send(fd, body + i, 1000);
    uv_run(&loop, UV_RUN_NOWAIT);
  }
  assert_int_equal(client_read(&loop, fd, &answer), 202);
  assert_int_equal(seen.body.len, 100000);
  assert_memory_equal(seen.body.at, body, 100000);
  close(fd);
  free(body);
}

static void test_keep_alive_and_pipelining(void **state) {
  (void)state;
  open_with(usual());
  int fd = client_connect(http_address(server));
  const char *one = "POST /1 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc";
  const char *two = "POST /2 HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nde";
  client_say(fd, one);
  client_say(fd, two);
  assert_int_equal(client_read(&loop, fd, &answer), 202);
  while (seen.calls < 2)
    client_turn(&loop, -1);
  assert_string_equal(seen.path, "/2");
  assert_string_equal(seen.body.at, "de"); /* nothing of the request before */
  close(fd);
}

static void test_answer_later(void **state) {
  (void)state;
  open_with(usual());
  seen.hold = true;
  int fds[8];
  for (size_t i = 0; i < 8; i++) {
    fds[i] = client_connect(http_address(server));
    client_say(fds[i], "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx");
  }
  while (seen.held_count < 8)
    client_turn(&loop, -1);
  assert_int_equal(http_pending(server), 8);
  for (size_t i = 0; i < 8; i++) { /* all in one turn, in another order */
    char text[2] = {(char)('0' + (7 - i)), '\0'};
    struct http_request *r = seen.held[7 - i];
    assert_string_equal(http_path(r), "/");
    assert_int_equal(http_body(r).len, 1);
    http_reply(r, 200, "application/json", slice_text(text), NULL, 0);
  }
  assert_int_equal(http_pending(server), 8); /* what was said is not sent yet */
  for (size_t i = 0; i < 8; i++) {
    assert_int_equal(client_read(&loop, fds[i], &answer), 200);
  }
  while (http_pending(server))
    client_turn(&loop, fds[0]);
  for (size_t i = 0; i < 8; i++)
    close(fds[i]);
}

static void test_the_peer_leaves_while_we_work(void **state) {
  (void)state;
  open_with(usual());
  seen.hold = true;
  int fd = client_connect(http_address(server));
  const char *request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
  client_say(fd, request);
  while (seen.held_count == 0)
    client_turn(&loop, -1);
  close(fd);
  uv_run(&loop, UV_RUN_NOWAIT);
  http_reply(seen.held[0], 200, NULL, SLICE(""), NULL, 0);
  for (int i = 0; i < 5; i++)
    uv_run(&loop, UV_RUN_NOWAIT);
  seen.hold = false;
  assert_int_equal(ask(request), 202);
}

static void test_equal_answers_are_not_mixed_up(void **state) {
  (void)state;
  static const struct {
    unsigned status;
    const char *type, *reply;
  } rows[] = {{200, "text/xml", "<Response/>"}, {200, "text/xml", "<Response/>"}, {403, "text/xml", "<Response/>"},
              {200, "application/xml", "<Response/>"}, {200, "text/xml", "<Response/>"}, {403, NULL, ""},
              {403, NULL, ""}, {403, NULL, ""}, {200, "text/xml", "<Response/>"}, {200, "text/xm", "l<Response/>"}};
  open_with(usual());
  for (int round = 0; round < 3; round++)
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
      seen.status = rows[i].status;
      seen.type = rows[i].type;
      seen.reply = rows[i].reply;
      assert_int_equal(ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), rows[i].status);
      assert_string_equal(strstr(answer.at, "\r\n\r\n") + 4, rows[i].reply);
      char header[64];
      snprintf(header, sizeof(header), "Content-Type: %s\r\n", rows[i].type ? rows[i].type : "");
      assert_true(answered(header) == (rows[i].type != NULL));
    }
}

static void test_own_headers(void **state) {
  (void)state;
  open_with(usual());
  seen.hold = true;
  int fd = client_connect(http_address(server));
  client_say(fd, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  while (seen.held_count == 0)
    client_turn(&loop, -1);
  const struct http_reply_header headers[] = {{"Retry-After", "30"}, {"Cache-Control", "max-age=60"}};
  http_reply(seen.held[0], 503, NULL, SLICE(""), headers, 2);
  assert_int_equal(client_read(&loop, fd, &answer), 503);
  assert_true(answered("Retry-After: 30\r\n"));
  assert_true(answered("Cache-Control: max-age=60\r\n"));
  assert_false(answered("no-store"));
  client_say(fd, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  while (seen.held_count == 1)
    client_turn(&loop, -1);
  const struct http_reply_header bad = {"X-Bad", "a\r\nSet-Cookie: b"}; /* only a bug of ours does this */
  http_reply(seen.held[1], 200, NULL, SLICE(""), &bad, 1);
  assert_int_equal(client_read(&loop, fd, &answer), 500);
  assert_false(answered("Set-Cookie"));
  close(fd);
}

static void test_forwarded_for(void **state) {
  (void)state;
  static const struct {
    const char *header, *peer;
  } rows[] = {
      {"", "127.0.0.1"},
      {"X-Forwarded-For: 192.0.2.7\r\n", "192.0.2.7"},
      {"X-Forwarded-For: 1.1.1.1, 192.0.2.7\r\n", "192.0.2.7"},            /* what stands left, the peer wrote */
      {"X-Forwarded-For: 1.1.1.1, 192.0.2.7, 10.0.0.1\r\n", "192.0.2.7"},  /* through two of our proxies */
      {"X-Forwarded-For: 10.0.0.1\r\n", "10.0.0.1"},
      {"X-Forwarded-For: 9.9.9.9\r\nX-Forwarded-For: 192.0.2.8\r\n", "192.0.2.8"},
      {"X-Forwarded-For: 192.0.2.7:4711\r\n", "192.0.2.7"},
      {"X-Forwarded-For: [2001:db8::1]:4711\r\n", "2001:db8::1"},
      {"X-Forwarded-For: 2001:DB8:0::1\r\n", "2001:db8::1"},
      {"X-Forwarded-For: ::ffff:192.0.2.9\r\n", "192.0.2.9"},
      {"X-Forwarded-For: unknown\r\n", "127.0.0.1"},
      {"X-Forwarded-For: 192.0.2.7, <script>\r\n", "127.0.0.1"},
      {"X-Forwarded-For: ,,,\r\n", "127.0.0.1"},
  };
  struct http_options options = usual();
  options.trusted_proxies = proxies;
  options.trusted_proxy_count = 2;
  open_with(options);
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    char request[512];
    snprintf(request, sizeof(request), "GET / HTTP/1.1\r\nHost: x\r\n%s\r\n", rows[i].header);
    assert_int_equal(ask(request), 202);
    assert_string_equal(seen.peer, rows[i].peer);
  }
}

static void test_forwarded_for_from_a_stranger(void **state) {
  (void)state;
  open_with(usual());
  assert_int_equal(ask("GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 192.0.2.7\r\n\r\n"), 202);
  assert_string_equal(seen.peer, "127.0.0.1");
}

/* Each of these peers is too slow in its own way; all are cut, and nobody else is. */
static void test_slow_peers_are_cut(void **state) {
  (void)state;
  static const char *const starts[] = {"", "GE", "GET / HTTP/1.1\r\nHost: x\r\nX-Test: ab",
                                       "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhe"};
  struct http_options options = usual();
  options.deadline_ms = 60;
  open_with(options);
  for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
    int fd = client_connect(http_address(server));
    client_say(fd, starts[i]);
    client_await_end(&loop, fd);
    close(fd);
  }
  assert_int_equal(seen.calls, 0);
}

static void test_a_dripping_peer_is_cut(void **state) {
  (void)state;
  struct http_options options = usual();
  options.deadline_ms = 60;
  open_with(options);
  int fd = client_connect(http_address(server));
  const char *head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n";
  client_say(fd, head);
  char one;
  do { /* a byte per turn of the loop: never silent */
    client_send(fd, "x", 1);
    client_turn(&loop, fd);
  } while (recv(fd, &one, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN);
  assert_int_equal(seen.calls, 0);
  close(fd);
}

static void test_a_handler_may_take_longer(void **state) {
  (void)state;
  struct http_options options = usual();
  options.deadline_ms = 40;
  open_with(options);
  seen.hold = true;
  int fd = client_connect(http_address(server));
  client_say(fd, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  while (seen.held_count == 0)
    client_turn(&loop, -1);
  uint64_t start = uv_now(&loop);
  while (uv_now(&loop) < start + 120)
    client_turn(&loop, -1);
  http_reply(seen.held[0], 200, NULL, SLICE(""), NULL, 0);
  assert_int_equal(client_read(&loop, fd, &answer), 200);
  close(fd);
}

static void test_connections_over_the_limit(void **state) {
  (void)state;
  struct http_options options = usual();
  options.max_per_address = 2;
  open_with(options);
  int fds[3];
  for (size_t i = 0; i < 3; i++) {
    fds[i] = client_connect(http_address(server));
    client_say(fds[i], "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  }
  assert_int_equal(client_read(&loop, fds[0], &answer), 202);
  assert_int_equal(client_read(&loop, fds[1], &answer), 202);
  assert_int_equal(client_read(&loop, fds[2], &answer), 0);
  close(fds[0]);
  close(fds[2]);
  for (int i = 0; i < 5; i++)
    uv_run(&loop, UV_RUN_NOWAIT);
  assert_int_equal(ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), 202); /* there is room again */
  close(fds[1]);
}

static void test_a_trusted_proxy_is_not_limited(void **state) {
  (void)state;
  struct http_options options = usual();
  options.max_per_address = 1;
  options.trusted_proxies = proxies;
  options.trusted_proxy_count = 1;
  open_with(options);
  int fds[3];
  for (size_t i = 0; i < 3; i++) {
    fds[i] = client_connect(http_address(server));
    client_say(fds[i], "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_int_equal(client_read(&loop, fds[i], &answer), 202);
  }
  for (size_t i = 0; i < 3; i++)
    close(fds[i]);
}

static void test_quiesce(void **state) {
  (void)state;
  open_with(usual());
  int kept = client_connect(http_address(server)), working = client_connect(http_address(server));
  client_say(kept, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  assert_int_equal(client_read(&loop, kept, &answer), 202);
  seen.hold = true;
  client_say(working, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  while (seen.held_count == 0)
    client_turn(&loop, -1);
  char address[64];
  snprintf(address, sizeof(address), "%s", http_address(server));
  http_quiesce(server);
  http_quiesce(server);
  assert_int_equal(client_connect(address), -1);
  client_await_end(&loop, kept);
  assert_int_equal(http_pending(server), 1);
  http_reply(seen.held[0], 200, NULL, SLICE(""), NULL, 0);
  assert_int_equal(client_read(&loop, working, &answer), 200);
  assert_true(strcasestr(answer.at, "Connection: close") != NULL);
  close(kept);
  close(working);
}

static void test_close_with_open_requests(void **state) {
  (void)state;
  open_with(usual());
  seen.hold = true;
  int fds[3];
  for (size_t i = 0; i < 3; i++) {
    fds[i] = client_connect(http_address(server));
    client_send(fds[i], "GET / HTTP/1.1\r\nHost: x\r\n\r\n", i == 2 ? 10 : 27);
  }
  while (seen.held_count < 2)
    client_turn(&loop, -1);
  http_close(&server); /* tear_down() then finds no handle left open */
  for (size_t i = 0; i < 3; i++) {
    assert_int_equal(client_read(&loop, fds[i], &answer), 0);
    close(fds[i]);
  }
}

static void test_addresses(void **state) {
  (void)state;
  static const char *const bad[] = {"", ":80", "127.0.0.1", "localhost:80", "127.0.0.1:99999", "127.0.0.1:-1",
                                    "[::1:80", "300.0.0.1:80", "127.0.0.1:"};
  struct http_options options = usual();
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    options.listen = bad[i];
    assert_int_equal(http_open(&loop, &options, on_request, NULL, NULL, &server), -EINVAL);
  }
  open_with(usual());
  options.listen = http_address(server);
  struct http_server *second;
  assert_int_equal(http_open(&loop, &options, on_request, NULL, NULL, &second), -EADDRINUSE);
}

static void test_random_bytes(void **state) {
  (void)state;
  open_with(usual());
  static const char *const pieces[] = {"GET / HTTP/1.1\r\n", "\r\n", "Host: x\r\n", "Content-Length: ", "7\r\n",
                                       "Transfer-Encoding: chunked\r\n", "\0", "\xff\xfe", "a: b\r\n", " ", ":",
                                       "POST ", "/%zz?%", "HTTP/1.0\r\n", "5\r\nhello\r\n", "0\r\n\r\n", "\n"};
  uint32_t random = 7;
  for (int i = 0; i < 300; i++) {
    int fd = client_connect(http_address(server));
    for (int n = 0; n < 12; n++) {
      random = random * 1664525 + 1013904223;
      const char *piece = pieces[(random >> 16) % (sizeof(pieces) / sizeof(pieces[0]))];
      client_send(fd, piece, *piece ? strlen(piece) : 1);
    }
    uv_run(&loop, UV_RUN_NOWAIT);
    uv_run(&loop, UV_RUN_NOWAIT);
    close(fd);
  }
  while (ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n") != 202)
    client_turn(&loop, -1); /* until the ended ones have been noticed */
  assert_int_equal(http_pending(server), 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(test_hands_over_a_whole_request),
      CASE(test_no_body_no_type),
      CASE(test_chunked_body),
      CASE(test_absolute_form),
      CASE(test_refusals_before_the_handler),
      CASE(test_headers_over_the_limit),
      CASE(test_a_large_body_in_pieces),
      CASE(test_keep_alive_and_pipelining),
      CASE(test_answer_later),
      CASE(test_the_peer_leaves_while_we_work),
      CASE(test_equal_answers_are_not_mixed_up),
      CASE(test_own_headers),
      CASE(test_forwarded_for),
      CASE(test_forwarded_for_from_a_stranger),
      CASE(test_slow_peers_are_cut),
      CASE(test_a_dripping_peer_is_cut),
      CASE(test_a_handler_may_take_longer),
      CASE(test_connections_over_the_limit),
      CASE(test_a_trusted_proxy_is_not_limited),
      CASE(test_quiesce),
      CASE(test_close_with_open_requests),
      CASE(test_addresses),
      CASE(test_random_bytes),
  };
  int failed = cmocka_run_group_tests_name("http", tests, NULL, NULL);
  buf_free(&answer);
  buf_free(&seen.body);
  return failed;
}
