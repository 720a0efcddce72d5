/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps a set of programs alive: starts them in order, learns when each is ready and where it listens, starts again
 * what dies, and stops them in order. On a libuv loop; one thread. Knows nothing of desks.
 */
#ifndef CTL_SUPERVISE_H
#define CTL_SUPERVISE_H

#include "endpoints.h"
#include <uv.h>

#define SUPERVISED_MAX 16
#define SUPERVISED_TRIES 5        /* failed first starts in a row before it gives up */
#define SUPERVISED_KEEP_TRIES 3   /* failed restarts in a row before a program may pick new addresses */

struct supervisor;

/* One program. Borrowed with all it names until the supervisor is freed. */
struct supervised {
  const char *name;
  const char *const *argv;         /* argv[0]: path of the executable; NULL at the end */
  unsigned start_rank;             /* from 0; a rank starts when the one before is ready */
  unsigned stop_rank;              /* the highest stops first; the next when that is gone */
  int64_t stop_ms;                 /* from SIGTERM to SIGKILL */
  bool reports;                    /* reports on DESKBELL_READY_FD; otherwise watch() */
  /* Told when it was started (true) and when it died (false); calls supervisor_answers() when it answers. */
  void (*watch)(void *arg, bool alive);
  void *watch_arg;
};

struct supervisor_user {
  void (*ready)(void *arg);               /* once: all are ready */
  void (*changed)(void *arg);             /* process ids or endpoints changed; at most once per turn of the loop */
  void (*stopped)(void *arg, int status); /* all are gone; 0 asked to, 1 gave up */
  void *arg;
};

struct supervisor *supervisor_new(uv_loop_t *loop, const struct supervised *programs, size_t count,
                                  const struct supervisor_user *user);
/* Only before start or after stopped(). */
void supervisor_free(struct supervisor **s);
void supervisor_start(struct supervisor *s);
void supervisor_answers(struct supervisor *s, const char *program);
/* Sets an endpoint of a program that does not report. */
void supervisor_endpoint(struct supervisor *s, const char *program, const char *name, const char *value);
/* Stops in order; nothing is started again. */
void supervisor_stop(struct supervisor *s);
/* Kills all at once. */
void supervisor_kill(struct supervisor *s);
const struct endpoint_table *supervisor_endpoints(const struct supervisor *s);
/* {"redis": 123, …}: those that live. */
void supervisor_pids_json(const struct supervisor *s, struct buf *ret);

#endif
