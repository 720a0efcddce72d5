/* SPDX-License-Identifier: Apache-2.0 */
/* Hearing the journal's end, against a Redis that says what the test wants, on the same loop; and the order of
 * cursors. */
#include "journal/tail.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

enum { PATIENCE_MS = 10000, ENTRIES = 16 };

struct world {
  uv_loop_t loop;
  uv_pipe_t server;
  uv_pipe_t *peer;                 /* NULL: nobody is connected */
  uv_timer_t patience;
  char folder[32], url[64], path[48];
  const char *journal[ENTRIES];
  size_t count;
  bool waits;                      /* an XREAD is under way */
  char from[64];                   /* of the last XREAD */
  bool stuck, refuses;
  struct tail *tail;
  char heard[256];                 /* cursors by blanks */
  int begun, lost, troubles;
};

struct sent {
  uv_write_t request;
  char bytes[2048];
};

static void on_sent(uv_write_t *request, int status) {
  (void)status;
  free(request->data);
}

static void say(struct world *w, const char *text) {
  struct sent *s = must_calloc(1, sizeof(*s));
  snprintf(s->bytes, sizeof(s->bytes), "%s", text);
  s->request.data = s;
  uv_buf_t buf = uv_buf_init(s->bytes, (unsigned)strlen(s->bytes));
  uv_write(&s->request, (uv_stream_t *)w->peer, &buf, 1, on_sent);
}

static void add_entry(char *text, size_t room, const char *cursor) {
  size_t len = strlen(text);
  snprintf(text + len, room - len, "*2\r\n$%zu\r\n%s\r\n*4\r\n$4\r\ntype\r\n$5\r\noffer\r\n$4\r\nmeta\r\n$1\r\nx\r\n",
           strlen(cursor), cursor);
}

static void answer_read(struct world *w) {
  char text[1024] = "", all[2048];
  size_t count = 0;
  for (size_t i = 0; i < w->count; i++)
    if (cursor_compare(w->journal[i], w->from) > 0) {
      add_entry(text, sizeof(text), w->journal[i]);
      count++;
    }
  w->waits = count == 0;
  if (count == 0)
    return;
  snprintf(all, sizeof(all), "*1\r\n*2\r\n$1\r\nj\r\n*%zu\r\n%s", count, text);
  say(w, all);
}

static void answer_end(struct world *w) {
  char text[512] = "*1\r\n";
  if (w->count)
    add_entry(text, sizeof(text), w->journal[w->count - 1]);
  say(w, w->count ? text : "*0\r\n");
}

static void on_bytes(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf) {
  struct world *w = stream->data;
  if (n < 0)
    uv_read_stop(stream);
  if (n <= 0)
    return;
  buf->base[n] = '\0';
  if (strstr(buf->base, "PING"))
    say(w, "+PONG\r\n");
  else if (w->refuses)
    say(w, "-OOM no memory\r\n");
  else if (strstr(buf->base, "XREVRANGE"))
    answer_end(w);
  else if (strstr(buf->base, "XREAD")) {
    buf->base[n - 2] = '\0';
    snprintf(w->from, sizeof(w->from), "%s", strrchr(buf->base, '\n') + 1);
    answer_read(w);
  }
}

static void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *ret) {
  static char room[65536];
  (void)handle, (void)size;
  *ret = uv_buf_init(room, sizeof(room) - 1);
}

static void free_peer(uv_handle_t *handle) {
  free(handle);
}

static void on_connection(uv_stream_t *server, int status) {
  struct world *w = server->data;
  assert_int_equal(status, 0);
  w->peer = must_calloc(1, sizeof(*w->peer));
  uv_pipe_init(&w->loop, w->peer, 0);
  w->peer->data = w;
  assert_int_equal(uv_accept(server, (uv_stream_t *)w->peer), 0);
  uv_read_start((uv_stream_t *)w->peer, on_alloc, on_bytes);
}

static void drop(struct world *w) {
  if (w->peer)
    uv_close((uv_handle_t *)w->peer, free_peer);
  w->peer = NULL;
  w->waits = false;
}

/* A new entry comes. */
static void append(struct world *w, const char *cursor) {
  w->journal[w->count++] = cursor;
  if (w->waits)
    answer_read(w);
}

static void on_entry(void *arg, const struct entry *e) {
  struct world *w = arg;
  size_t len = strlen(w->heard);
  snprintf(w->heard + len, sizeof(w->heard) - len, "%s ", e->cursor);
}

static void on_begun(void *arg, bool lost) {
  struct world *w = arg;
  w->begun++;
  w->lost += lost;
}

static void on_trouble(void *arg, const char *why) {
  struct world *w = arg;
  w->troubles += why != NULL;
}

static void on_patience(uv_timer_t *timer) {
  ((struct world *)timer->data)->stuck = true;
}

static int open_world(void **state) {
  struct world *w = must_calloc(1, sizeof(*w));
  strcpy(w->folder, "/tmp/dbt-XXXXXX");
  if (!mkdtemp(w->folder))
    return -1;
  snprintf(w->path, sizeof(w->path), "%s/redis.sock", w->folder);
  snprintf(w->url, sizeof(w->url), "unix:%s", w->path);
  uv_loop_init(&w->loop);
  uv_pipe_init(&w->loop, &w->server, 0);
  uv_timer_init(&w->loop, &w->patience);
  w->server.data = w->patience.data = w;
  uv_timer_start(&w->patience, on_patience, PATIENCE_MS, 0);
  *state = w;
  if (uv_pipe_bind(&w->server, w->path) || uv_listen((uv_stream_t *)&w->server, 8, on_connection))
    return -1;
  return 0;
}

static int close_world(void **state) {
  struct world *w = *state;
  tail_close(&w->tail);
  drop(w);
  uv_close((uv_handle_t *)&w->patience, NULL);
  uv_close((uv_handle_t *)&w->server, NULL);
  uv_run(&w->loop, UV_RUN_DEFAULT);
  assert_int_equal(uv_loop_close(&w->loop), 0);
  unlink(w->path);
  rmdir(w->folder);
  free(w);
  return 0;
}

static void hear(struct world *w) {
  const struct tail_options options = {
      .redis = {.url = w->url, .user = "", .password = "", .deadline_ms = PATIENCE_MS}, .tag = "{p00}", .batch_max = 4};
  const struct tail_user user = {.entry = on_entry, .begun = on_begun, .trouble = on_trouble, .arg = w};
  w->tail = tail_open(&w->loop, &options, &user);
}

#define UNTIL(w, condition)                                                                                         \
  while (!(condition) && !(w)->stuck)                                                                               \
    uv_run(&(w)->loop, UV_RUN_ONCE);                                                                                \
  assert_true(condition)

static void begins_at_the_end(void **state) {
  struct world *w = *state;
  append(w, "5-0");
  append(w, "6-0");
  hear(w);
  assert_string_equal(tail_position(w->tail), "");
  UNTIL(w, w->begun == 1 && w->waits);
  assert_string_equal(tail_position(w->tail), "6-0");
  append(w, "6-1");
  UNTIL(w, strcmp(w->heard, "6-1 ") == 0);
  assert_string_equal(tail_position(w->tail), "6-1");
}

static void an_empty_journal(void **state) {
  struct world *w = *state;
  hear(w);
  UNTIL(w, w->begun == 1 && w->waits);
  assert_string_equal(tail_position(w->tail), "0-0");
  append(w, "1-0");
  UNTIL(w, strcmp(w->heard, "1-0 ") == 0);
}

/* What came while Redis was away is heard, once, in order. */
static void no_gap_over_an_outage(void **state) {
  struct world *w = *state;
  append(w, "5-0");
  hear(w);
  UNTIL(w, w->waits);
  append(w, "6-0");
  UNTIL(w, strcmp(w->heard, "6-0 ") == 0 && w->waits);
  drop(w);
  append(w, "7-0");
  append(w, "8-0");
  UNTIL(w, strcmp(w->heard, "6-0 7-0 8-0 ") == 0);
  assert_int_equal(w->begun, 1);
  assert_int_equal(w->lost, 0);
  assert_int_equal(w->troubles, 1);
}

/* Redis comes back without its last entries: that is said, and it goes on from where the journal ends now. */
static void lost_entries_are_told(void **state) {
  struct world *w = *state;
  append(w, "5-0");
  append(w, "9-0");
  hear(w);
  UNTIL(w, w->waits);
  drop(w);
  w->count = 1;
  UNTIL(w, w->lost == 1 && w->waits);
  assert_string_equal(tail_position(w->tail), "5-0");
  append(w, "6-0");
  UNTIL(w, strcmp(w->heard, "6-0 ") == 0);
}

static void a_redis_that_refuses(void **state) {
  struct world *w = *state;
  w->refuses = true;
  hear(w);
  UNTIL(w, w->troubles >= 2);
  w->refuses = false;
  UNTIL(w, w->begun == 1 && w->waits);
}

static void order_of_cursors(void **state) {
  (void)state;
  assert_int_equal(cursor_compare("5-0", "5-0"), 0);
  assert_true(cursor_compare("5-9", "5-10") < 0);
  assert_true(cursor_compare("10-0", "9-99") > 0);
  assert_true(cursor_compare("", "0-1") < 0);
  assert_true(cursor_compare("18446744073709551615-0", "1-0") > 0);
  static const char *const good[] = {"0-0", "1795804200000-3", "18446744073709551615-18446744073709551615"};
  static const char *const bad[] = {"", "-", "1", "1-", "-1", "a-0", "1-0-0", "1 -0", "(1-0", "+", "$",
                                    "99999999999999999999999-0", "1-0\n"};
  for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
    assert_true(cursor_ok(slice_text(good[i])));
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
    assert_false(cursor_ok(slice_text(bad[i])));
  assert_false(cursor_ok(slice_of("1-0\0", 4)));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(begins_at_the_end, open_world, close_world),
      cmocka_unit_test_setup_teardown(an_empty_journal, open_world, close_world),
      cmocka_unit_test_setup_teardown(no_gap_over_an_outage, open_world, close_world),
      cmocka_unit_test_setup_teardown(lost_entries_are_told, open_world, close_world),
      cmocka_unit_test_setup_teardown(a_redis_that_refuses, open_world, close_world),
      cmocka_unit_test(order_of_cursors),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
