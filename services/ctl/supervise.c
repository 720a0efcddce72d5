/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The states of a program: idle → starting → ready; → backing off → starting when it dies; → stopping → gone at the
 * end.
 * Before everything was ready once, a program that cannot start ends the whole: the operator is looking at the terminal
 * and wants to know. Later it is tried for ever: customers are waiting, and the cause may pass.
 */
#include "supervise.h"
#include "base/clock.h"
#include "log/log.h"
#include "restart.h"
#include "supervise_spawn.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#define SLOW_START_MS 10000    /* said once per start; it may be replaying something long */
#define STATUS_CONFIGURATION 2 /* exit status of a program that was started wrongly: trying again cannot help */

enum program_state { IDLE, STARTING, READY, BACKING_OFF, STOPPING, GONE };

struct program {
  struct supervisor *owner;
  const struct supervised *plan;
  enum program_state state;
  struct life *life;      /* not NULL while the process lives */
  struct restart restart;
  char last_status[32];   /* "1", "signal-9"; of its former life */
  uv_timer_t timer;       /* starting: until it is called slow; backing off; stopping: until it is killed */
};

struct supervisor {
  uv_loop_t *loop;
  struct supervisor_user user;
  struct program programs[SUPERVISED_MAX];
  size_t count;
  struct endpoint_table endpoints;
  uv_timer_t change; /* gathers the changes of one turn */
  bool announced;    /* ready() was called */
  bool stopping, over;
  int status;
  size_t open_timers;
};

static void start_program(struct program *p);

static void on_change(uv_timer_t *timer) {
  struct supervisor *s = timer->data;
  if (s->user.changed)
    s->user.changed(s->user.arg);
}

static void note_change(struct supervisor *s) {
  if (!s->over)
    uv_timer_start(&s->change, on_change, 0, 0);
}

/* Stopping */

static void on_kill_deadline(uv_timer_t *timer) {
  struct program *p = timer->data;
  log_warn("killed", KV("program", p->plan->name), KI("after_ms", p->plan->stop_ms));
  if (p->life)
    life_signal(p->life, SIGKILL);
}

static void stop_program(struct program *p) {
  uv_timer_stop(&p->timer);
  p->state = p->life ? STOPPING : GONE;
  if (p->state == GONE)
    return;
  life_signal(p->life, SIGTERM);
  uv_timer_start(&p->timer, on_kill_deadline, (uint64_t)p->plan->stop_ms, 0);
}

/* Stops the highest rank that is still there; ends the supervisor when none is. */
static void stop_next(struct supervisor *s) {
  for (;;) {
    unsigned rank = 0, left = 0, waiting = 0;
    for (size_t i = 0; i < s->count; i++) {
      left += s->programs[i].state != GONE;
      if (s->programs[i].state != GONE && s->programs[i].plan->stop_rank > rank)
        rank = s->programs[i].plan->stop_rank;
    }
    if (left == 0)
      break;
    for (size_t i = 0; i < s->count; i++) {
      struct program *p = &s->programs[i];
      if (p->plan->stop_rank == rank && p->state != STOPPING && p->state != GONE)
        stop_program(p);
      waiting += p->plan->stop_rank == rank && p->state == STOPPING;
    }
    if (waiting)
      return;
  }
  if (s->over)
    return;
  s->over = true;
  uv_timer_stop(&s->change);
  s->user.stopped(s->user.arg, s->status);
}

void supervisor_stop(struct supervisor *s) {
  if (s->stopping)
    return;
  s->stopping = true;
  stop_next(s);
}

void supervisor_kill(struct supervisor *s) {
  s->stopping = true;
  for (size_t i = 0; i < s->count; i++)
    if (s->programs[i].life) {
      s->programs[i].state = STOPPING;
      life_signal(s->programs[i].life, SIGKILL);
    }
  stop_next(s);
}

static void give_up(struct supervisor *s, const struct program *p) {
  log_error("gave_up", KV("program", p->plan->name), KV("status", p->last_status), KI("tries", p->restart.failed));
  s->status = 1;
  supervisor_stop(s);
}

/* Starting */

static bool rank_ready(const struct supervisor *s, unsigned rank) {
  for (size_t i = 0; i < s->count; i++)
    if (s->programs[i].plan->start_rank == rank && s->programs[i].state != READY)
      return false;
  return true;
}

static void start_rank(struct supervisor *s, unsigned rank) {
  for (size_t i = 0; i < s->count && !s->stopping; i++)
    if (s->programs[i].plan->start_rank == rank && s->programs[i].state == IDLE)
      start_program(&s->programs[i]);
}

/* Starts the next rank, or says that all are ready. */
static void advance(struct supervisor *s) {
  unsigned last = 0;
  for (size_t i = 0; i < s->count; i++)
    if (s->programs[i].plan->start_rank > last)
      last = s->programs[i].plan->start_rank;
  for (unsigned rank = 0; rank <= last; rank++)
    if (!rank_ready(s, rank)) {
      start_rank(s, rank);
      return;
    }
  if (s->announced || s->stopping)
    return;
  s->announced = true;
  s->user.ready(s->user.arg);
}

static void program_ready(struct program *p) {
  if (p->state != STARTING)
    return;
  p->state = READY;
  p->restart.failed = 0;
  uv_timer_stop(&p->timer);
  note_change(p->owner);
  advance(p->owner);
}

static void on_endpoint(void *arg, const char *name, const char *value) {
  struct program *p = arg;
  supervisor_endpoint(p->owner, p->plan->name, name, value);
}

static void on_ready(void *arg) {
  program_ready(arg);
}

static void on_slow_start(uv_timer_t *timer) {
  struct program *p = timer->data;
  log_warn("not_ready_yet", KV("program", p->plan->name), KI("after_ms", SLOW_START_MS));
}

static void on_back_off(uv_timer_t *timer) {
  start_program(timer->data);
}

/* The one place that decides what follows a death. */
static void after_death(struct program *p, int64_t lived_ms, bool was_ready, bool hopeless) {
  struct supervisor *s = p->owner;
  if (s->stopping) {
    uv_timer_stop(&p->timer);
    p->state = GONE;
    stop_next(s);
    return;
  }
  int64_t delay_ms = restart_after(&p->restart, lived_ms, was_ready);
  p->state = BACKING_OFF;
  log_warn("died", KV("program", p->plan->name), KV("status", p->last_status), KI("lived_ms", lived_ms),
           KI("restart_in_ms", delay_ms));
  note_change(s);
  if (!s->announced && (hopeless || p->restart.failed >= SUPERVISED_TRIES))
    give_up(s, p);
  else
    uv_timer_start(&p->timer, on_back_off, (uint64_t)delay_ms, 0);
}

static void on_ended(void *arg, int64_t exit_status, int signal) {
  struct program *p = arg;
  int64_t lived_ms = clock_monotonic_ms() - life_began_ms(p->life);
  bool was_ready = p->state == READY;
  p->life = NULL;
  snprintf(p->last_status, sizeof(p->last_status), signal ? "signal-%lld" : "%lld",
           signal ? (long long)signal : (long long)exit_status);
  if (p->plan->watch)
    p->plan->watch(p->plan->watch_arg, false);
  after_death(p, lived_ms, was_ready, !signal && exit_status == STATUS_CONFIGURATION);
}

static void start_program(struct program *p) {
  struct supervisor *s = p->owner;
  bool keep = p->restart.failed < SUPERVISED_KEEP_TRIES;
  const struct life_plan plan = {.name = p->plan->name,
                                 .argv = p->plan->argv,
                                 .reports = p->plan->reports,
                                 .keep = keep ? &s->endpoints : NULL};
  const struct life_user user = {.endpoint = on_endpoint, .ready = on_ready, .ended = on_ended, .arg = p};
  p->state = STARTING;
  int r = life_spawn(s->loop, &plan, &user, &p->life);
  if (r < 0) {
    unsigned failed = p->restart.failed;
    snprintf(p->last_status, sizeof(p->last_status), "%s", uv_err_name(r));
    after_death(p, 0, false, r == UV_ENOENT || r == UV_EACCES);
    if (s->announced)
      p->restart.failed = failed; /* it did not run, so its addresses are not to blame */
    return;
  }
  if (p->restart.delay_ms)
    log_warn("restarted", KV("program", p->plan->name), KV("status", p->last_status), KI("pid", life_pid(p->life)));
  else
    log_info("started", KV("program", p->plan->name), KI("pid", life_pid(p->life)));
  uv_timer_start(&p->timer, on_slow_start, SLOW_START_MS, 0);
  note_change(s);
  if (p->plan->watch)
    p->plan->watch(p->plan->watch_arg, true);
}

void supervisor_start(struct supervisor *s) {
  advance(s);
}

void supervisor_answers(struct supervisor *s, const char *program) {
  for (size_t i = 0; i < s->count; i++)
    if (strcmp(s->programs[i].plan->name, program) == 0)
      program_ready(&s->programs[i]);
}

void supervisor_endpoint(struct supervisor *s, const char *program, const char *name, const char *value) {
  int r = endpoints_set(&s->endpoints, program, name, value);
  if (r == 0)
    note_change(s);
  if (r < 0)
    log_error("endpoint_refused", KV("program", program), KV("name", name), KV("fault", strerror(-r)));
}

const struct endpoint_table *supervisor_endpoints(const struct supervisor *s) {
  return &s->endpoints;
}

void supervisor_pids_json(const struct supervisor *s, struct buf *ret) {
  const char *separator = "{";
  for (size_t i = 0; i < s->count; i++) {
    if (!s->programs[i].life)
      continue;
    buf_printf(ret, "%s\n  \"%s\": %d", separator, s->programs[i].plan->name, life_pid(s->programs[i].life));
    separator = ",";
  }
  buf_add_text(ret, separator[0] == '{' ? "{}\n" : "\n}\n");
}

static void open_timer(struct supervisor *s, uv_timer_t *timer, void *data) {
  uv_timer_init(s->loop, timer);
  timer->data = data;
  s->open_timers++;
}

struct supervisor *supervisor_new(uv_loop_t *loop, const struct supervised *programs, size_t count,
                                  const struct supervisor_user *user) {
  assert(count <= SUPERVISED_MAX);
  struct supervisor *s = must_calloc(1, sizeof(*s));
  s->loop = loop;
  s->user = *user;
  s->count = count;
  open_timer(s, &s->change, s);
  for (size_t i = 0; i < count; i++) {
    s->programs[i].owner = s;
    s->programs[i].plan = &programs[i];
    open_timer(s, &s->programs[i].timer, &s->programs[i]);
  }
  return s;
}

/* The timers live in the supervisor, so it goes with the last of them. */
static void timer_closed(struct supervisor *s) {
  if (--s->open_timers == 0)
    free(s);
}

static void on_change_closed(uv_handle_t *handle) {
  timer_closed(handle->data);
}

static void on_program_closed(uv_handle_t *handle) {
  timer_closed(((struct program *)handle->data)->owner);
}

void supervisor_free(struct supervisor **s) {
  if (!s || !*s)
    return;
  for (size_t i = 0; i < (*s)->count; i++) {
    assert(!(*s)->programs[i].life);
    uv_close((uv_handle_t *)&(*s)->programs[i].timer, on_program_closed);
  }
  endpoints_free(&(*s)->endpoints);
  uv_close((uv_handle_t *)&(*s)->change, on_change_closed);
  *s = NULL;
}
