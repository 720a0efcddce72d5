/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program in the skeleton that does what FIXTURE says: a word of
 *   plain          ready at once; drains at once
 *   late           ready and drained from the loop
 *   fails          cannot start, with a handle open meanwhile
 *   never-drained  does not finish draining
 *   unhealthy      has a reason, with quotes
 *   no-drain       has no drain()
 *   forgets        leaves a handle open
 *   state          announces what the skeleton did to the process
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/buf.h"
#include "metrics/metrics.h"
#include "service/service.h"

struct fixture {
  struct service_run *run;
  uv_timer_t timer;
  uv_async_t forgotten;
  struct metric *measured;
};

static bool is(const char *word) {
  const char *wanted = getenv("FIXTURE");
  return strcmp(wanted ? wanted : "plain", word) == 0;
}

static void on_late_ready(uv_timer_t *timer) {
  struct fixture *f = timer->data;
  service_ready(f->run);
  service_ready(f->run); /* a second one is harmless */
}

static void on_late_drained(uv_timer_t *timer) {
  struct fixture *f = timer->data;
  service_drained(f->run);
  service_drained(f->run);
}

static void announce_state(struct service_run *run) {
  char text[64];
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  service_endpoint(run, "files", limit.rlim_cur == limit.rlim_max ? "raised" : "low");
  struct sigaction action;
  sigaction(SIGPIPE, NULL, &action);
  service_endpoint(run, "pipe", action.sa_handler == SIG_IGN ? "ignored" : "kills");
  mode_t mask = umask(077);
  snprintf(text, sizeof(text), "%03o", (unsigned)mask);
  service_endpoint(run, "umask", text);
  int death = 0;
  prctl(PR_GET_PDEATHSIG, &death);
  snprintf(text, sizeof(text), "%d", death);
  service_endpoint(run, "parent-death", text);
  service_endpoint(run, "environment", getenv("DESKBELL_READY_FD") || getenv("DESKBELL_PARENT_PID") ? "left" : "taken");
  service_endpoint(run, "kept", service_listen(run, "kept", "127.0.0.1:0"));
  service_endpoint(run, "bad name", "x");
  service_endpoint(run, "bad-value", "x y");
}

static int start(struct service_run *run, void **ret_self) {
  if (is("fails"))
    return service_fail(run, -EADDRINUSE, "cannot listen on %s", "127.0.0.1:1");
  struct fixture *f = must_calloc(1, sizeof(*f));
  f->run = run;
  uv_timer_init(service_loop(run), &f->timer);
  f->timer.data = f;
  f->measured = metric_gauge("deskbell_fixture_measured", "How often it was measured.", NULL, NULL);
  *ret_self = f;
  if (is("forgets"))
    uv_async_init(service_loop(run), &f->forgotten, NULL);
  if (is("state"))
    announce_state(run);
  service_endpoint(run, "desk", service_config(run)->dir);
  if (is("late"))
    uv_timer_start(&f->timer, on_late_ready, 0, 0);
  else
    service_ready(run);
  return 0;
}

static void drain(void *self) {
  struct fixture *f = self;
  if (is("late"))
    uv_timer_start(&f->timer, on_late_drained, 0, 0);
  else if (!is("never-drained"))
    service_drained(f->run);
}

static void on_closed(uv_handle_t *handle) {
  if (!is("forgets"))
    free(handle->data);
}

static void stop(void *self) {
  struct fixture *f = self;
  uv_close((uv_handle_t *)&f->timer, on_closed);
}

static void unhealthy(void *self, struct buf *ret_reasons) {
  (void)self;
  if (is("unhealthy"))
    buf_add_text(ret_reasons, "link: no \"router\" for 12s\nspool: full\n");
}

static void measure(void *self) {
  struct fixture *f = self;
  metric_set(f->measured, metric_value(f->measured) + 1);
}

static const char *health(const struct config *config) {
  (void)config;
  return "127.0.0.1:0";
}

int main(int argc, char **argv) {
  struct service service = {.name = "fixture",
                            .about = "A program for the unit tests.",
                            .health = health,
                            .start = start,
                            .drain = is("no-drain") ? NULL : drain,
                            .stop = stop,
                            .unhealthy = unhealthy,
                            .measure = measure};
  return service_main(&service, argc, argv);
}
