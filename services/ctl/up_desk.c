/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a prepared desk: the loop, the signals, and the two files by which others find the programs. The files are there
 * only while the desk runs; what they say is always whole, because they are replaced, never changed.
 */
#include "ctl.h"
#include "base/clock.h"
#include "base/file.h"
#include "up.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { AGAIN_MS = 1000 };

struct desk_run {
  uv_loop_t loop;
  struct supervisor *supervisor;
  struct redis_watch *redis;
  uv_signal_t terminate, interrupt;
  uv_timer_t again;
  char *endpoints_file, *pids_file, *socket;
  int64_t began_ms;
  bool ready, stopping, over;
  bool unwritten;             /* one of the files, and that was told: a full disk */
  int status;
};

static int write_file(const struct desk_run *run, const char *path, const struct buf *text) {
  int r = file_write_atomic(path, buf_slice(text), 0600);
  if (r < 0 && !run->unwritten)
    log_error("file_not_written", KV("path", path), KV("fault", strerror(-r)), KV("then", "trying again"));
  return r;
}

static int write_endpoints(const struct desk_run *run) {
  auto_clean(buf_free) struct buf text = BUF_INIT(1 << 20);
  if (endpoints_json(supervisor_endpoints(run->supervisor), &text) == 0)
    return write_file(run, run->endpoints_file, &text);
  log_error("endpoints_not_written", KV("path", run->endpoints_file)); /* too many: no try would help */
  return 0;
}

static int write_pids(const struct desk_run *run) {
  auto_clean(buf_free) struct buf text = BUF_INIT(1 << 16);
  supervisor_pids_json(run->supervisor, &text);
  return write_file(run, run->pids_file, &text);
}

static void on_changed(void *arg);

static void on_again(uv_timer_t *timer) {
  on_changed(timer->data);
}

static void on_changed(void *arg) {
  struct desk_run *run = arg;
  int pids = write_pids(run), endpoints = run->ready ? write_endpoints(run) : 0;
  run->unwritten = pids < 0 || endpoints < 0;
  if (run->unwritten)
    uv_timer_start(&run->again, on_again, AGAIN_MS, 0);
}

static void on_ready(void *arg) {
  struct desk_run *run = arg;
  run->ready = true;
  on_changed(run);
  log_info("ready", KI("after_ms", clock_monotonic_ms() - run->began_ms));
  puts("ready");
  fflush(stdout);
}

static void on_stopped(void *arg, int status) {
  struct desk_run *run = arg;
  run->over = true;
  run->status = status;
  unlink(run->endpoints_file);
  unlink(run->pids_file);
  uv_close((uv_handle_t *)&run->terminate, NULL);
  uv_close((uv_handle_t *)&run->interrupt, NULL);
  uv_close((uv_handle_t *)&run->again, NULL);
  redis_watch_free(&run->redis);
  supervisor_free(&run->supervisor);
}

static void on_signal(uv_signal_t *handle, int number) {
  struct desk_run *run = handle->data;
  if (run->over)
    return;
  bool again = run->stopping;
  run->stopping = true;
  if (again) {
    log_warn("killing", KI("signal", number));
    run->status = CTL_FAILED;
    supervisor_kill(run->supervisor);
  } else {
    log_info("stopping", KI("signal", number));
    supervisor_stop(run->supervisor);
  }
}

static void on_redis_answers(void *arg) {
  struct desk_run *run = arg;
  supervisor_answers(run->supervisor, "redis");
}

static void watch_redis(void *arg, bool alive) {
  struct desk_run *run = arg;
  redis_watch_set(run->redis, alive);
}

static void open_signal(struct desk_run *run, uv_signal_t *handle, int number) {
  uv_signal_init(&run->loop, handle);
  handle->data = run;
  uv_signal_start(handle, on_signal, number);
}

/* Where Redis is: ours, or the operator's as configured. */
static void announce_redis(struct desk_run *run, const struct config *config, bool own) {
  auto_clean(buf_free) struct buf value = BUF_INIT(4096);
  int r = own ? buf_printf(&value, "unix:%s", run->socket) : buf_add_text(&value, config->redis.url);
  if (r == 0)
    supervisor_endpoint(run->supervisor, "redis", "redis", value.at);
}

static void start(struct desk_run *run, const struct config *config, struct up_programs *programs) {
  static const struct supervisor_user none = {.ready = on_ready, .changed = on_changed, .stopped = on_stopped};
  struct supervisor_user user = none;
  user.arg = run;
  for (size_t i = 0; i < programs->count; i++)
    if (!programs->rows[i].reports) { /* only Redis */
      programs->rows[i].watch = watch_redis;
      programs->rows[i].watch_arg = run;
    }
  run->redis = redis_watch_new(&run->loop, run->socket, on_redis_answers, run);
  run->supervisor = supervisor_new(&run->loop, programs->rows, programs->count, &user);
  open_signal(run, &run->terminate, SIGTERM);
  open_signal(run, &run->interrupt, SIGINT);
  uv_timer_init(&run->loop, &run->again);
  run->again.data = run;
  announce_redis(run, config, programs->redis_server != NULL);
  supervisor_start(run->supervisor);
}

int up_desk(const struct config *config, const struct up_options *options, struct up_programs *programs) {
  struct desk_run run = {.began_ms = clock_monotonic_ms(),
                         .endpoints_file = path_join(options->dir, "endpoints.json"),
                         .pids_file = path_join(options->dir, "pids.json"),
                         .socket = path_join(options->dir, "redis/redis.sock")};
  /* Of a desk that was killed: nobody shall believe them. */
  unlink(run.endpoints_file);
  unlink(run.pids_file);
  uv_loop_init(&run.loop);
  start(&run, config, programs);
  uv_run(&run.loop, UV_RUN_DEFAULT);
  uv_loop_close(&run.loop);
  log_info("stopped", KI("status", run.status));
  free(run.endpoints_file);
  free(run.pids_file);
  free(run.socket);
  return run.status;
}
