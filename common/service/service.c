/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a program: options, configuration, start, run, drain, stop. Every program dies the same way, so that the
 * supervisor and the operator need to know only one. If the process dies anywhere in here nothing is lost: what was
 * accepted is in the spool, and the kernel gives back the lock and the ports.
 */
#include "service/service.h"
#include "base/clock.h"
#include "base/file.h"
#include "log/log.h"
#include "metrics/metrics.h"
#include "service/configuration.h"
#include "service/health.h"
#include "service/options.h"
#include "service/process.h"
#include "service/ready.h"
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define STOP_WATCH_MS 2000 /* handles that a program forgot to close must not keep it alive */

enum service_state { STARTING, RUNNING, DRAINING, STOPPING };

struct service_run {
  const struct service *service;
  struct options options;
  struct config *config;
  uv_loop_t loop;
  void *self;
  bool started; /* start() succeeded: stop() is due */
  enum service_state state;
  int status;
  int lock_fd, ready_fd;
  int64_t began_ms;
  struct health *health;
  uv_signal_t terminate, interrupt;
  uv_timer_t deadline; /* of the drain, then of the stop */
  uv_timer_t soon;     /* stop from the loop, never from inside the program's own call */
};

uv_loop_t *service_loop(struct service_run *run) {
  return &run->loop;
}

const struct config *service_config(struct service_run *run) {
  return run->config;
}

int service_fail(struct service_run *run, int fault, const char *format, ...) {
  char why[512];
  va_list args;
  va_start(args, format);
  vsnprintf(why, sizeof(why), format, args);
  va_end(args);
  log_error("cannot_start", KV("program", run->service->name), KV("why", why), KV("fault", strerror(abs(fault))));
  return fault;
}

void service_endpoint(struct service_run *run, const char *name, const char *value) {
  int r = ready_endpoint(run->ready_fd, name, value);
  if (r < 0)
    log_error("endpoint_not_announced", KV("name", name), KV("value", value), KV("fault", strerror(-r)));
  else
    log_info("endpoint", KV("name", name), KV("value", value));
}

const char *service_listen(struct service_run *run, const char *endpoint_name, const char *configured) {
  (void)run;
  char variable[READY_KEEP_LEN];
  if (ready_keep_name(endpoint_name, variable) < 0)
    return configured;
  return ready_listen(configured, getenv(variable));
}

void service_ready(struct service_run *run) {
  if (run->state != STARTING)
    return;
  run->state = RUNNING;
  log_info("ready", KI("after_ms", clock_monotonic_ms() - run->began_ms));
  if (ready_done(&run->ready_fd) < 0)
    log_warn("ready_not_announced", KV("program", run->service->name));
}

/* Health and metrics */

static void reasons(void *arg, struct buf *ret) {
  static const char *const of_state[] = {"starting", NULL, "draining", "stopping"};
  struct service_run *run = arg;
  if (of_state[run->state])
    buf_printf(ret, "%s\n", of_state[run->state]);
  if (run->started && run->state != STOPPING && run->service->unhealthy)
    run->service->unhealthy(run->self, ret);
}

static void measure(void *arg) {
  struct service_run *run = arg;
  if (run->started && run->state != STOPPING && run->service->measure)
    run->service->measure(run->self);
}

static int open_health(struct service_run *run) {
  const char *listen = run->service->health ? run->service->health(run->config) : "";
  if (!listen || !listen[0])
    return 0;
  char name[64];
  snprintf(name, sizeof(name), "%s-health", run->service->name);
  const struct health_source source = {.reasons = reasons, .measure = measure, .arg = run};
  const char *address = service_listen(run, name, listen);
  int r = health_open(&run->loop, address, &source, &run->health);
  if (r < 0)
    return service_fail(run, r, "cannot listen on %s for health and metrics", address);
  service_endpoint(run, name, health_address(run->health));
  if (run->service->metrics_endpoint) {
    char url[160];
    snprintf(url, sizeof(url), "http://%s/metrics", health_address(run->health));
    service_endpoint(run, run->service->metrics_endpoint, url);
  }
  return 0;
}

/* Stopping */

static void on_stop_watch(uv_timer_t *timer) {
  log_error("stopped_with_open_handles", KV("program", ((struct service_run *)timer->data)->service->name));
  uv_stop(timer->loop);
}

/* After this only handles that the program left open keep the loop alive. */
static void close_own(struct service_run *run) {
  uv_close((uv_handle_t *)&run->terminate, NULL);
  uv_close((uv_handle_t *)&run->interrupt, NULL);
  uv_close((uv_handle_t *)&run->soon, NULL);
  uv_timer_start(&run->deadline, on_stop_watch, STOP_WATCH_MS, 0);
  uv_unref((uv_handle_t *)&run->deadline);
}

static void on_soon(uv_timer_t *timer) {
  struct service_run *run = timer->data;
  run->state = STOPPING;
  run->service->stop(run->self);
  run->started = false;
  health_close(&run->health);
  close_own(run);
}

static void stop_soon(struct service_run *run) {
  if (run->state == STOPPING)
    return;
  run->state = STOPPING;
  uv_timer_stop(&run->deadline);
  uv_timer_start(&run->soon, on_soon, 0, 0);
}

void service_drained(struct service_run *run) {
  if (run->state != DRAINING)
    return;
  log_info("drained", KV("program", run->service->name));
  stop_soon(run);
}

static void on_drain_deadline(uv_timer_t *timer) {
  log_warn("drain_cut_short", KI("after_ms", SERVICE_DRAIN_MS));
  stop_soon(timer->data);
}

static void on_signal(uv_signal_t *handle, int number) {
  struct service_run *run = handle->data;
  if (run->state >= DRAINING) {
    log_warn("stopped_at_once", KI("signal", number));
    _exit(1);
  }
  log_info("draining", KI("signal", number));
  run->state = DRAINING;
  uv_timer_start(&run->deadline, on_drain_deadline, SERVICE_DRAIN_MS, 0);
  if (run->service->drain)
    run->service->drain(run->self);
  else
    service_drained(run);
}

/* Running */

static void open_own(struct service_run *run) {
  uv_loop_init(&run->loop);
  uv_timer_init(&run->loop, &run->deadline);
  uv_timer_init(&run->loop, &run->soon);
  uv_signal_init(&run->loop, &run->terminate);
  uv_signal_init(&run->loop, &run->interrupt);
  run->deadline.data = run->soon.data = run->terminate.data = run->interrupt.data = run;
  uv_signal_start(&run->terminate, on_signal, SIGTERM);
  uv_signal_start(&run->interrupt, on_signal, SIGINT);
}

static int run_loop(struct service_run *run) {
  open_own(run);
  /* Health first: a monitor can then see that the program is starting, and why it does not get ready. */
  int r = open_health(run);
  if (r == 0)
    r = run->service->start(run, &run->self);
  run->started = r >= 0;
  if (r < 0) {
    run->state = STOPPING;
    health_close(&run->health);
    close_own(run);
  }
  uv_run(&run->loop, UV_RUN_DEFAULT);
  uv_close((uv_handle_t *)&run->deadline, NULL);
  uv_run(&run->loop, UV_RUN_NOWAIT);
  uv_loop_close(&run->loop);
  log_info("stopped", KV("program", run->service->name), KI("status", r < 0));
  return r < 0 ? 1 : 0;
}

static void say_waiting(const char *path) {
  log_warn("waiting_for_former_program", KV("lock", path));
}

/* One program of a name per desk: two would share a spool and a port. */
static int take_lock(struct service_run *run) {
  auto_clean(buf_free) struct buf folder = BUF_INIT(4096), path = BUF_INIT(4096);
  if (buf_printf(&folder, "%s/lock", run->options.dir) || buf_printf(&path, "%s/lock/%s", run->options.dir,
                                                                     run->service->name))
    return service_fail(run, -ENAMETOOLONG, "the path of the desk's folder is too long");
  int r = folder_make(folder.at);
  if (r < 0)
    return service_fail(run, r, "cannot make the folder %s", folder.at);
  r = process_lock(path.at, SERVICE_LOCK_WAIT_MS, say_waiting, &run->lock_fd);
  if (r == -EWOULDBLOCK)
    return service_fail(run, r, "another %s runs on the folder %s", run->service->name, run->options.dir);
  return r < 0 ? service_fail(run, r, "cannot lock %s", path.at) : 0;
}

static int run_program(struct service_run *run) {
  int64_t parent;
  ready_take(&run->ready_fd, &parent);
  if (parent > 0 && process_die_with_parent(parent) < 0) {
    log_warn("parent_gone", KI("parent", parent));
    return 1;
  }
  if (take_lock(run) < 0)
    return 1;
  int status = run_loop(run);
  if (run->ready_fd >= 0)
    close(run->ready_fd);
  close(run->lock_fd);
  return status;
}

static int print_config(const struct config *config) {
  auto_clean(buf_free) struct buf text = BUF_INIT(16 * 1024 * 1024);
  config_print(config, &text);
  fwrite(text.at, 1, text.len, stdout);
  return 0;
}

static int act(struct service_run *run) {
  struct complaint complaint = {0};
  int r = configuration_load(run->options.config, run->options.dir, &run->config, &complaint);
  if (r < 0) {
    configuration_complain(stderr, r, run->options.config, &complaint);
    return 2;
  }
  int status;
  switch (run->options.action) {
  case ACTION_CHECK_CONFIG:
    status = puts("ok") < 0;
    break;
  case ACTION_PRINT_CONFIG:
    status = print_config(run->config);
    break;
  default:
    status = run_program(run);
  }
  config_free(&run->config);
  return status;
}

int service_main(const struct service *service, int argc, char **argv) {
  struct service_run run = {
      .service = service, .lock_fd = -1, .ready_fd = -1, .began_ms = clock_monotonic_ms()};
  if (options_parse(service, argc, argv, &run.options, &run.status) == OPTIONS_EXIT)
    return run.status;
  log_open(service->name, run.options.log_level);
  int r = process_prepare();
  if (r < 0)
    log_warn("open_files_limit_not_raised", KV("fault", strerror(-r)));
  run.status = act(&run);
  options_free(&run.options);
  return run.status;
}
