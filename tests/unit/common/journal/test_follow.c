/* SPDX-License-Identifier: Apache-2.0 */
/* The follower against a Redis that says what the test wants, on the same loop. */
#include "base/clock.h"
#include "journal/follow.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

enum { PATIENCE_MS = 10000 };

static const char desk_yaml[] = "queues: [{name: support}]\ndefault: {queue: support}\n";

struct world {
  uv_loop_t loop;
  uv_pipe_t server, peer;
  uv_timer_t patience;
  char folder[32], url[64], path[48];
  char position[32], last[32];
  const char *entry;               /* cursor of the one that XREAD brings; NULL it is silent */
  char asked[512];                 /* the last XREAD */
  int reads, batches, answered_null;
  int skips;
  bool connected, stuck, unneeded;
  struct follow *follow;
};

/* ---- Redis */

struct sent {
  uv_write_t request;
  char bytes[1024];
};

static void on_sent(uv_write_t *request, int status) {
  (void)status;
  free(request->data);
}

static void say(struct world *w, const char *format, ...) {
  struct sent *s = must_calloc(1, sizeof(*s));
  va_list values;
  va_start(values, format);
  vsnprintf(s->bytes, sizeof(s->bytes), format, values);
  va_end(values);
  s->request.data = s;
  uv_buf_t buf = uv_buf_init(s->bytes, (unsigned)strlen(s->bytes));
  uv_write(&s->request, (uv_stream_t *)&w->peer, &buf, 1, on_sent);
}

static void say_entry(struct world *w) {
  say(w, "*1\r\n*2\r\n$7\r\njournal\r\n*1\r\n*2\r\n$%zu\r\n%s\r\n*4\r\n$4\r\ntype\r\n$5\r\nevent\r\n$4\r\nmeta\r\n$1\r\nx\r\n",
      strlen(w->entry), w->entry);
}

static void answer(struct world *w, const char *asked) {
  if (strstr(asked, "PING"))
    say(w, "+PONG\r\n");
  else if (strstr(asked, "deskbell_follow"))
    say(w, "*2\r\n$%zu\r\n%s\r\n$%zu\r\n%s\r\n", strlen(w->position), w->position, strlen(w->last), w->last);
  else if (strstr(asked, "XREAD")) {
    snprintf(w->asked, sizeof(w->asked), "%s", asked);
    w->reads++;
    if (w->entry)
      say_entry(w);
  } else if (strstr(asked, "HGET"))
    say(w, "$%zu\r\n%s\r\n", strlen(desk_yaml), desk_yaml);
  else if (strstr(asked, "GET"))
    say(w, "$1\r\n7\r\n");
}

static void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *ret) {
  static char room[65536];
  (void)handle;
  (void)size;
  *ret = uv_buf_init(room, sizeof(room) - 1);
}

static void on_bytes(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf) {
  if (n < 0)
    uv_read_stop(stream);
  if (n <= 0)
    return;
  buf->base[n] = '\0';
  answer(stream->data, buf->base);
}

static void on_connection(uv_stream_t *server, int status) {
  struct world *w = server->data;
  assert_int_equal(status, 0);
  assert_int_equal(uv_accept(server, (uv_stream_t *)&w->peer), 0);
  w->connected = true;
  uv_read_start((uv_stream_t *)&w->peer, on_alloc, on_bytes);
}

/* ---- the user */

static void on_answer(void *arg, redisReply *reply) {
  struct world *w = arg;
  w->answered_null += reply == NULL;
  follow_again(w->follow, 0);
}

static void on_batch(void *arg, const struct follow_batch *batch) {
  struct world *w = arg;
  const char *step[] = {"STEP", batch->to};
  w->batches++;
  assert_int_equal(redis_send_argv(follow_redis(w->follow), 2, step, NULL, on_answer, w), 0);
}

static void on_ready(void *arg) {
  (void)arg;
}

static bool needs(void *arg, const struct desk *desk) {
  (void)desk;
  return !((struct world *)arg)->unneeded;
}

static void on_skip(void *arg, const char *from, const char *to) {
  (void)from;
  (void)to;
  ((struct world *)arg)->skips++;
  follow_next(((struct world *)arg)->follow);
}

static void on_trouble(void *arg, const char *why) {
  (void)arg;
  (void)why;
}

/* ---- life */

static void on_patience(uv_timer_t *timer) {
  ((struct world *)timer->data)->stuck = true;
}

static int open_world(void **state) {
  struct world *w = must_calloc(1, sizeof(*w));
  strcpy(w->folder, "/tmp/dbf-XXXXXX");
  if (!mkdtemp(w->folder))
    return -1;
  snprintf(w->path, sizeof(w->path), "%s/redis.sock", w->folder);
  snprintf(w->url, sizeof(w->url), "unix:%s", w->path);
  strcpy(w->position, "5-0");
  strcpy(w->last, "5-0");
  uv_loop_init(&w->loop);
  uv_pipe_init(&w->loop, &w->server, 0);
  uv_pipe_init(&w->loop, &w->peer, 0);
  uv_timer_init(&w->loop, &w->patience);
  w->server.data = w->peer.data = w->patience.data = w;
  uv_timer_start(&w->patience, on_patience, PATIENCE_MS, 0);
  *state = w;
  return uv_pipe_bind(&w->server, w->path) || uv_listen((uv_stream_t *)&w->server, 8, on_connection);
}

static int close_world(void **state) {
  struct world *w = *state;
  follow_close(&w->follow);
  uv_close((uv_handle_t *)&w->patience, NULL);
  uv_close((uv_handle_t *)&w->server, NULL);
  uv_close((uv_handle_t *)&w->peer, NULL);
  uv_run(&w->loop, UV_RUN_DEFAULT);
  assert_int_equal(uv_loop_close(&w->loop), 0);
  unlink(w->path);
  rmdir(w->folder);
  free(w);
  return 0;
}

static void follow(struct world *w, int64_t deadline_ms) {
  const struct follow_options options = {
      .redis = {.url = w->url, .user = "", .password = "", .deadline_ms = deadline_ms}, .tag = "{p00}", .name = "test",
      .batch_max = 4};
  const struct follow_user user = {.ready = on_ready, .batch = on_batch, .needs = needs, .skip = on_skip,
                                   .trouble = on_trouble, .arg = w};
  w->follow = follow_open(&w->loop, &options, &user);
}

#define UNTIL(w, condition)                                                                                         \
  while (!(condition) && !(w)->stuck)                                                                               \
    uv_run(&(w)->loop, UV_RUN_ONCE);                                                                                \
  assert_true(condition)

/* ---- */

/* The user's step is under way when the program stops: it is told that nobody knows, and asks the follower to go on. */
static void closed_while_a_step_is_under_way(void **state) {
  struct world *w = *state;
  w->entry = "6-0";
  follow(w, PATIENCE_MS);
  UNTIL(w, w->batches == 1);
  follow_close(&w->follow);
  assert_int_equal(w->answered_null, 1);
  assert_null(w->follow);
}

/* Redis waits for something new for less than silence of it may last, or every quiet second would be a lost connection. */
static void waits_less_than_the_deadline(void **state) {
  static const struct {
    int64_t deadline_ms;
    const char *block;
  } cases[] = {{100, "$5\r\nBLOCK\r\n$2\r\n50\r\n"}, {5000, "$5\r\nBLOCK\r\n$4\r\n1000\r\n"}};
  struct world *w = *state;
  for (size_t i = 0; i < 2; i++) {
    w->reads = 0;
    follow(w, cases[i].deadline_ms);
    UNTIL(w, w->reads > 0);
    assert_non_null(strstr(w->asked, cases[i].block));
    follow_close(&w->follow);
    uv_close((uv_handle_t *)&w->peer, NULL);
    uv_run(&w->loop, UV_RUN_NOWAIT);
    uv_pipe_init(&w->loop, &w->peer, 0);
    w->peer.data = w;
  }
}

/* After a quiet night, and in a new journal, the first entry has waited for as long as it is there, not since the one before. */
static void lag_is_the_age_of_what_waits(void **state) {
  struct world *w = *state;
  int64_t now_ms = clock_now_ms(), lag;
  char cursor[32];
  snprintf(cursor, sizeof(cursor), "%lld-0", (long long)now_ms - 3000);
  strcpy(w->position, "0-0");
  strcpy(w->last, cursor);
  w->entry = cursor;
  follow(w, PATIENCE_MS);
  do {
    uv_run(&w->loop, UV_RUN_ONCE);
    lag = follow_lag_ms(w->follow, now_ms);
    assert_true(lag == 0 || lag == 3000);
  } while (w->batches == 0 && !w->stuck);
  assert_int_equal(lag, 3000);
}

/* Nothing needs the journal, and it grows all the time: it is passed over now and then, not as fast as Redis answers. */
static void passing_over_takes_its_time(void **state) {
  struct world *w = *state;
  w->unneeded = true;
  strcpy(w->last, "6-0");
  follow(w, PATIENCE_MS);
  UNTIL(w, w->skips == 1);
  assert_true(follow_idle(w->follow));
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)
  const struct CMUnitTest tests[] = {TEST(closed_while_a_step_is_under_way), TEST(waits_less_than_the_deadline),
                                     TEST(lag_is_the_age_of_what_waits), TEST(passing_over_takes_its_time)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
