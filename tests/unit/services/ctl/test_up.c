/* SPDX-License-Identifier: Apache-2.0 */
/* `deskbell up` before its programs run: the folder, the secrets, the private Redis's file, and asking it for PONG. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/encode.h"
#include "base/file.h"
#include "up.h"

static int open_desk(void **state) {
  char *dir = must_strdup("/tmp/deskbell-up-XXXXXX");
  *state = dir;
  return mkdtemp(dir) ? 0 : -1;
}

static int close_desk(void **state) {
  char command[128];
  snprintf(command, sizeof(command), "rm -r %s", (char *)*state);
  free(*state);
  return system(command);
}

static struct config *config_of(const char *dir, const char *yaml) {
  struct config *config = NULL;
  struct complaint complaint = {0};
  int r = config_parse(slice_text(yaml), "unit.yaml", dir, &config, &complaint);
  if (r < 0)
    fail_msg("%u:%u: %s", complaint.line, complaint.column, complaint.text);
  return config;
}

static struct buf content(const char *dir, const char *name, unsigned mode) {
  char *path = path_join(dir, name);
  struct buf text = BUF_INIT(1 << 20);
  struct stat st;
  if (stat(path, &st) < 0 || file_read(path, &text))
    fail_msg("%s is not there", path);
  assert_int_equal(st.st_mode & 0777, mode);
  free(path);
  return text;
}

static bool exists(const char *dir, const char *name) {
  char *path = path_join(dir, name);
  bool there = access(path, F_OK) == 0;
  free(path);
  return there;
}

static void test_lock(void **state) {
  int first, second;
  int64_t holder = -1;
  assert_int_equal(up_lock(*state, &first, &holder), 0);
  assert_int_equal(up_lock(*state, &second, &holder), -EWOULDBLOCK);
  assert_int_equal(holder, getpid());
  close(first);
  assert_int_equal(up_lock(*state, &second, &holder), 0);
  close(second);
  assert_int_equal(up_lock("/nonexistent", &second, &holder), -ENOENT);
}

static void test_default_config_is_written_once(void **state) {
  const char *dir = *state;
  struct complaint complaint = {0};
  assert_int_equal(up_default_config(dir, &complaint), 0);
  auto_clean(buf_free) struct buf first = content(dir, "deskbell.yaml", 0600);
  assert_string_equal(first.at, config_default_yaml());
  char *path = path_join(dir, "deskbell.yaml");
  assert_int_equal(file_write_atomic(path, SLICE("# mine\n"), 0600), 0);
  free(path);
  assert_int_equal(up_default_config(dir, &complaint), 0);
  auto_clean(buf_free) struct buf second = content(dir, "deskbell.yaml", 0600);
  assert_string_equal(second.at, "# mine\n");
  assert_true(up_default_config("/nonexistent", &complaint) < 0);
  assert_non_null(strstr(complaint.text, "cannot be written"));
}

static const char secrets_yaml[] = "channels:\n"
                                   "  - name: hook\n"
                                   "    kind: webhook\n"
                                   "    provider: generic\n"
                                   "    secret_files: [secrets/hook.secret, secrets/deep/old.secret]\n"
                                   "  - name: text\n"
                                   "    kind: sms\n"
                                   "    provider: twilio\n"
                                   "    secret_files: [secrets/text.secret]\n"
                                   "  - name: outside\n"
                                   "    kind: webhook\n"
                                   "    provider: generic\n"
                                   "    secret_files: [/nonexistent/deskbell.secret, \"secrets/../../deskbell-up-x\"]\n";

static void assert_webhook_secret(const struct buf *text) {
  uint8_t bytes[64];
  size_t len;
  struct slice line = slice_trim(buf_slice(text));
  assert_int_equal(strncmp(line.at, "whsec_", 6), 0);
  assert_int_equal(base64_decode(slice_of(line.at + 6, line.len - 6), bytes, sizeof(bytes), &len), 0);
  assert_int_equal(len, 24);
}

static void test_secrets(void **state) {
  const char *dir = *state;
  struct config *config = config_of(dir, secrets_yaml);
  struct complaint complaint = {0};
  if (up_secrets(config, &complaint) < 0)
    fail_msg("%s: %s", complaint.file, complaint.text);
  auto_clean(buf_free) struct buf hook = content(dir, "secrets/hook.secret", 0600);
  auto_clean(buf_free) struct buf old = content(dir, "secrets/deep/old.secret", 0600);
  auto_clean(buf_free) struct buf text = content(dir, "secrets/text.secret", 0600);
  auto_clean(buf_free) struct buf desk = content(dir, config->secret_file, 0600);
  assert_webhook_secret(&hook);
  assert_webhook_secret(&old);
  assert_string_not_equal(hook.at, old.at);
  assert_int_equal(text.len, 33);
  assert_int_equal(strspn(text.at, "0123456789abcdef"), 32);
  assert_int_equal(desk.len, 65);
  assert_int_equal(strspn(desk.at, "0123456789abcdef"), 64);
  assert_false(exists("/tmp", "deskbell-up-x"));
  static const char *const keys[] = {"keys/router.key", "keys/email.key", "keys/sms.key", "keys/webform.key"};
  for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
    assert_true(exists(dir, keys[i]));
  /* A second start changes nothing. */
  assert_int_equal(up_secrets(config, &complaint), 0);
  auto_clean(buf_free) struct buf hook_again = content(dir, "secrets/hook.secret", 0600);
  auto_clean(buf_free) struct buf desk_again = content(dir, config->secret_file, 0600);
  assert_string_equal(hook.at, hook_again.at);
  assert_string_equal(desk.at, desk_again.at);
  config_free(&config);
}

static void test_secrets_that_cannot_be_made(void **state) {
  const char *dir = *state;
  char *path = path_join(dir, "secrets");
  assert_int_equal(file_write_atomic(path, SLICE("a file\n"), 0600), 0);
  free(path);
  struct config *config = config_of(dir, secrets_yaml);
  struct complaint complaint = {0};
  assert_true(up_secrets(config, &complaint) < 0);
  assert_non_null(strstr(complaint.text, "cannot be"));
  config_free(&config);
}

static void test_redis_conf(void **state) {
  struct config *config = config_of("/var/lib/my \"desk\"\\1", "redis:\n  maxmemory: 64MiB\n  fsync: everysec\n");
  (void)state;
  auto_clean(buf_free) struct buf text = BUF_INIT(1 << 16);
  up_redis_conf(config, &text);
  static const char *const rows[] = {
      "\ndir \"/var/lib/my \\\"desk\\\"\\\\1/redis\"\n",
      "\nunixsocket \"/var/lib/my \\\"desk\\\"\\\\1/redis/redis.sock\"\n",
      "\nunixsocketperm 700\n",
      "\nport 0\n",
      "\nappendonly yes\n",
      "\nappendfsync \"everysec\"\n",
      "\nsave \"\"\n",
      "\nmaxmemory 67108864\n",
      "\nmaxmemory-policy noeviction\n",
      "\nhash-max-listpack-value 512\n",
      "\ndaemonize no\n",
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
    if (!strstr(text.at, rows[i]))
      fail_msg("not found: %s in %s", rows[i], text.at);
  config_free(&config);
  config = config_of("/d", "desk: {}\n");
  buf_clear(&text);
  up_redis_conf(config, &text);
  assert_non_null(strstr(text.at, "\nappendfsync \"always\"\n"));
  config_free(&config);
}

static void test_redis_prepare(void **state) {
  const char *dir = *state;
  struct complaint complaint = {0};
  char long_dir[300];
  memset(long_dir, 'd', sizeof(long_dir));
  long_dir[0] = '/';
  long_dir[150] = '\0';
  struct config *config = config_of(dir, "desk: {}\n");
  free(config->dir);
  config->dir = must_strdup(long_dir); /* the configuration itself would refuse it */
  assert_int_equal(up_redis_prepare(config, &complaint), -EINVAL);
  assert_non_null(strstr(complaint.text, "use a shorter --dir"));
  config_free(&config);
  config = config_of(dir, "desk: {}\n");
  assert_int_equal(up_redis_prepare(config, &complaint), 0);
  char *socket = path_join(dir, "redis/redis.sock");
  assert_int_equal(file_write_atomic(socket, SLICE("left behind"), 0600), 0);
  assert_int_equal(up_redis_prepare(config, &complaint), 0);
  assert_int_equal(access(socket, F_OK), -1);
  free(socket);
  auto_clean(buf_free) struct buf conf = content(dir, "redis/redis.conf", 0600);
  assert_true(conf.len > 0);
  config_free(&config);
}

static void test_missing_programs_are_named(void **state) {
  const char *dir = *state;
  struct config *config = config_of(dir, "redis:\n  url: 127.0.0.1:1\n");
  const struct up_options options = {.dir = dir, .log_level = LOG_INFO};
  struct complaint complaint = {0};
  struct up_programs *programs = must_calloc(1, sizeof(*programs));
  /* Beside this test there are no programs. */
  assert_int_equal(up_programs(config, &options, programs, &complaint), -EINVAL);
  assert_non_null(strstr(complaint.text, "the program router is not installed"));
  config_free(&config);
  config = config_of(dir, "desk: {}\n");
  char *path = must_strdup(getenv("PATH"));
  setenv("PATH", "/nonexistent:", 1);
  assert_int_equal(up_programs(config, &options, programs, &complaint), -EINVAL);
  setenv("PATH", path, 1);
  assert_non_null(strstr(complaint.text, "redis-server is not in PATH"));
  free(path);
  free(programs);
  config_free(&config);
}

/* A server that answers each connection with the next of these. */
struct fake_redis {
  uv_loop_t loop;
  uv_pipe_t server;
  char *socket;
  size_t connections;
  struct redis_watch *watch;
  int answers;
};

static const char *const fake_answers[] = {
    "-LOADING Redis is loading the dataset in memory\r\n",
    "", /* closes without a word */
    "-NOAUTH Authentication required.\r\n",
    "+PO", /* in pieces is not tested by time: it closes after the piece */
    ("longer than any answer, longer than any answer, longer than any answer, longer than any answer, longer than "
     "any answer, longer than any answer"),
    "+PONG\r\n",
};
#define FAKE_ANSWERS (sizeof(fake_answers) / sizeof(fake_answers[0]))

struct fake_client {
  uv_pipe_t pipe;
  uv_write_t write;
  struct fake_redis *redis;
  char request[64];
};

static void on_client_closed(uv_handle_t *handle) {
  free(handle->data);
}

static void on_answered(uv_write_t *request, int status) {
  (void)status;
  struct fake_client *c = request->data;
  uv_close((uv_handle_t *)&c->pipe, on_client_closed);
}

static void on_client_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret) {
  (void)suggested;
  struct fake_client *c = handle->data;
  *ret = uv_buf_init(c->request, sizeof(c->request));
}

static void on_client_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *bytes) {
  struct fake_client *c = stream->data;
  if (got < 0) {
    uv_close((uv_handle_t *)stream, on_client_closed);
    return;
  }
  assert_memory_equal(bytes->base, "PING\r\n", 6);
  const char *answer = fake_answers[c->redis->connections++];
  uv_read_stop(stream);
  c->write.data = c;
  uv_buf_t out = uv_buf_init((char *)answer, (unsigned)strlen(answer));
  assert_int_equal(uv_write(&c->write, stream, &out, 1, on_answered), 0);
}

static void on_client(uv_stream_t *server, int status) {
  assert_int_equal(status, 0);
  struct fake_redis *redis = server->data;
  struct fake_client *c = must_calloc(1, sizeof(*c));
  c->redis = redis;
  uv_pipe_init(&redis->loop, &c->pipe, 0);
  c->pipe.data = c;
  assert_int_equal(uv_accept(server, (uv_stream_t *)&c->pipe), 0);
  uv_read_start((uv_stream_t *)&c->pipe, on_client_alloc, on_client_read);
}

/* The socket appears only after the first attempts found nothing. */
static void on_appear(uv_timer_t *timer) {
  struct fake_redis *redis = timer->data;
  uv_close((uv_handle_t *)timer, NULL);
  uv_pipe_init(&redis->loop, &redis->server, 0);
  redis->server.data = redis;
  assert_int_equal(uv_pipe_bind(&redis->server, redis->socket), 0);
  assert_int_equal(uv_listen((uv_stream_t *)&redis->server, 8, on_client), 0);
}

static void on_answers(void *arg) {
  struct fake_redis *redis = arg;
  redis->answers++;
  uv_close((uv_handle_t *)&redis->server, NULL);
  redis_watch_free(&redis->watch);
}

static void test_watch_asks_until_pong(void **state) {
  struct fake_redis redis = {.socket = path_join(*state, "r.sock")};
  uv_timer_t appear;
  uv_loop_init(&redis.loop);
  uv_timer_init(&redis.loop, &appear);
  appear.data = &redis;
  uv_timer_start(&appear, on_appear, 12, 0);
  redis.watch = redis_watch_new(&redis.loop, redis.socket, on_answers, &redis);
  redis_watch_set(redis.watch, true);
  redis_watch_set(redis.watch, true); /* again: starts over */
  uv_run(&redis.loop, UV_RUN_DEFAULT);
  assert_int_equal(redis.answers, 1);
  assert_int_equal(redis.connections, FAKE_ANSWERS);
  assert_int_equal(uv_loop_close(&redis.loop), 0);
  free(redis.socket);
}

static void test_watch_can_be_given_up(void **state) {
  struct fake_redis redis = {.socket = path_join(*state, "nobody.sock")};
  uv_loop_init(&redis.loop);
  redis.watch = redis_watch_new(&redis.loop, redis.socket, on_answers, &redis);
  redis_watch_set(redis.watch, true);
  uv_run(&redis.loop, UV_RUN_ONCE);
  redis_watch_set(redis.watch, false);
  redis_watch_set(redis.watch, true);
  redis_watch_free(&redis.watch);
  redis_watch_free(&redis.watch);
  uv_run(&redis.loop, UV_RUN_DEFAULT);
  assert_int_equal(redis.answers, 0);
  assert_int_equal(uv_loop_close(&redis.loop), 0);
  free(redis.socket);
}

#define ON_DESK(test) cmocka_unit_test_setup_teardown(test, open_desk, close_desk)

int main(void) {
  log_open("up", LOG_ERROR);
  const struct CMUnitTest tests[] = {
      ON_DESK(test_lock),
      ON_DESK(test_default_config_is_written_once),
      ON_DESK(test_secrets),
      ON_DESK(test_secrets_that_cannot_be_made),
      ON_DESK(test_redis_conf),
      ON_DESK(test_redis_prepare),
      ON_DESK(test_missing_programs_are_named),
      ON_DESK(test_watch_asks_until_pong),
      ON_DESK(test_watch_can_be_given_up),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
