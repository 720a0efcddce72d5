/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The skeleton every long-running program runs in: options, configuration, logs, signals, drain, health, metrics,
 * readiness. A program's main.c is a struct service and one call.
 *
 * Options: --dir DIR (or DESKBELL_DIR)  --config FILE  --check-config  --print-config  --log-level L  --version  --help
 * Signals: SIGTERM/SIGINT: drain, then stop (exit 0); a second one stops at once (exit 1). SIGPIPE is ignored.
 * Health endpoint (setting `health` of the program's section): GET /health (200 or 503 with reasons as JSON),
 * GET /metrics (Prometheus). The skeleton announces it as endpoint "<name>-health".
 * Readiness: lines on the descriptor named by DESKBELL_READY_FD: "endpoint NAME VALUE" per endpoint, then "ready".
 *
 * Before start() is called the skeleton has set umask 077, ignored SIGPIPE, raised RLIMIT_NOFILE to the hard limit,
 * bound the process's life to its parent's when DESKBELL_PARENT_PID names it, and taken DIR/lock/NAME: one program of
 * a name runs on a desk's folder; a second one waits for the first to end (a restart while the old one still drains)
 * for SERVICE_LOCK_WAIT_MS, then gives up with exit 1.
 * A drain that takes longer than SERVICE_DRAIN_MS is ended: what is not done then is found again in the spool.
 */
#ifndef SERVICE_SERVICE_H
#define SERVICE_SERVICE_H

#include "config/config.h"
#include <uv.h>

#define SERVICE_DRAIN_MS 10000
#define SERVICE_LOCK_WAIT_MS 20000

struct service_run; /* the running program */

struct service {
  const char *name;        /* "sms": program, folder, section of the configuration */
  const char *about;       /* one line for --help */
  const char *metrics_endpoint; /* also announced as the URL of its /metrics; NULL: only NAME-health is announced */
  /* Lends the health listen address from the configuration; may return "" for none. */
  const char *(*health)(const struct config *config);
  /* Opens everything. `*ret_self` is handed to the others. Returns 0, or < 0 after service_fail() said why. */
  int (*start)(struct service_run *run, void **ret_self);
  /* Optional. Stop taking; finish what was taken; then call service_drained(). */
  void (*drain)(void *self);
  /* Free everything; the loop ends after it. */
  void (*stop)(void *self);
  /* Optional: adds reasons for being unhealthy, one line each ("link: no router for 12s"); none is healthy. */
  void (*unhealthy)(void *self, struct buf *ret_reasons);
  /* Optional: refreshes gauges just before /metrics is written. */
  void (*measure)(void *self);
};

/* Parses options, loads the configuration, runs the loop. Returns the process's exit status:
 * 0 stopped in order, 1 a fault, 2 wrong options or configuration (said on standard error with file:line). */
int service_main(const struct service *service, int argc, char **argv);

uv_loop_t *service_loop(struct service_run *run);
const struct config *service_config(struct service_run *run);
/* Announces an endpoint ("lmtp", "127.0.0.1:2525"), before service_ready(). Names are unique in a desk: [a-z0-9.-],
 * 64 at most; values have no blanks and 1024 characters at most. */
void service_endpoint(struct service_run *run, const char *name, const char *value);
/* The address to listen on: when `configured` leaves the port open (":0", ":*") and a supervisor restarted this
 * program, the address that endpoint had before (DESKBELL_KEEP_<NAME>, in capitals, '-' and '.' as '_'), so that clients find
 * it again; else `configured`. Lent for the life of the process. */
const char *service_listen(struct service_run *run, const char *endpoint_name, const char *configured);
/* Everything is open; called once by start() or later from the loop. */
void service_ready(struct service_run *run);
void service_drained(struct service_run *run);
/* Logs one error line that says what could not be opened and why (an operator at 3 a.m.); returns `fault`. */
int service_fail(struct service_run *run, int fault, const char *format, ...) printf_like(3, 4);

#endif
