/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program gets: its own session (Ctrl-C goes to the supervisor alone, which knows the order to stop in), no standard
 * input, our standard error for both outputs (our standard output says only "ready"), a pipe to report on, and no other
 * descriptor. It ends itself when we die (DESKBELL_PARENT_PID).
 */
#include "supervise_spawn.h"
#include "base/clock.h"
#include "base/file.h"
#include "report.h"
#include "service/ready.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define READY_FD 3

extern char **environ;

struct life {
  struct life_user user;
  uv_process_t process;
  uv_pipe_t pipe;
  unsigned open_handles;
  int64_t began_ms;
  struct report report;
  char chunk[REPORT_LINE_MAX];
};

int life_pid(const struct life *l) {
  return uv_process_get_pid(&l->process);
}

int64_t life_began_ms(const struct life *l) {
  return l->began_ms;
}

void life_signal(struct life *l, int signal) {
  uv_process_kill(&l->process, signal);
}

/* Environment */

struct environment {
  char **rows;
  size_t count;
};

static void environment_free(struct environment *e) {
  for (size_t i = 0; i < e->count; i++)
    free(e->rows[i]);
  free(e->rows);
}

static bool ours(const char *row) {
  static const char *const prefixes[] = {"DESKBELL_KEEP_", "DESKBELL_READY_FD=", "DESKBELL_PARENT_PID="};
  for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
    if (strncmp(row, prefixes[i], strlen(prefixes[i])) == 0)
      return true;
  return false;
}

static void environment_add(struct environment *e, const char *name, const char *value) {
  struct buf row = BUF_INIT(1 << 20);
  if (buf_add_text(&row, name) == 0 && buf_add_text(&row, value) == 0)
    e->rows[e->count++] = row.at; /* takes it; environment_free() frees it */
  else
    buf_free(&row);
}

/* Ours, without what an outer supervisor said to us, and with what we say to this one. */
static struct environment environment_make(const struct life_plan *plan) {
  size_t inherited = 0;
  while (environ[inherited])
    inherited++;
  struct environment e = {.rows = must_calloc(inherited + (plan->keep ? plan->keep->count : 0) + 3, sizeof(*e.rows))};
  for (size_t i = 0; i < inherited; i++)
    if (!ours(environ[i]))
      environment_add(&e, environ[i], "");
  char number[32], name[READY_KEEP_LEN + 1];
  snprintf(number, sizeof(number), "%d", (int)getpid());
  environment_add(&e, "DESKBELL_PARENT_PID=", number);
  snprintf(number, sizeof(number), "%d", READY_FD);
  if (plan->reports)
    environment_add(&e, "DESKBELL_READY_FD=", number);
  for (size_t i = 0; plan->keep && i < plan->keep->count; i++) {
    const struct endpoint *row = &plan->keep->rows[i];
    if (strcmp(row->program, plan->name) != 0 || ready_keep_name(row->name, name) < 0)
      continue;
    strcat(name, "=");
    environment_add(&e, name, row->value);
  }
  return e;
}

/* Life and death */

static void on_closed(uv_handle_t *handle) {
  struct life *l = handle->data;
  if (--l->open_handles == 0)
    free(l);
}

static void on_process_exit(uv_process_t *process, int64_t status, int signal) {
  struct life *l = process->data;
  struct life_user user = l->user;
  uv_close((uv_handle_t *)&l->process, on_closed);
  if (!uv_is_closing((uv_handle_t *)&l->pipe))
    uv_close((uv_handle_t *)&l->pipe, on_closed);
  user.ended(user.arg, status, signal);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret) {
  (void)suggested;
  struct life *l = handle->data;
  *ret = uv_buf_init(l->chunk, sizeof(l->chunk));
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *bytes) {
  struct life *l = stream->data;
  bool ready = got > 0 && report_feed(&l->report, slice_of(bytes->base, (size_t)got), l->user.endpoint,
                                      l->user.arg) == REPORT_READY;
  if ((got < 0 || ready) && !uv_is_closing((uv_handle_t *)stream))
    uv_close((uv_handle_t *)stream, on_closed);
  if (ready)
    l->user.ready(l->user.arg);
}

int life_spawn(uv_loop_t *loop, const struct life_plan *plan, const struct life_user *user, struct life **ret) {
  struct life *l = must_calloc(1, sizeof(*l));
  *l = (struct life){.user = *user, .open_handles = 2, .began_ms = clock_monotonic_ms()};
  uv_pipe_init(loop, &l->pipe, 0);
  l->pipe.data = l->process.data = l;
  uv_stdio_container_t stdio[READY_FD + 1] = {
      {.flags = UV_IGNORE},
      {.flags = UV_INHERIT_FD, .data.fd = STDERR_FILENO},
      {.flags = UV_INHERIT_FD, .data.fd = STDERR_FILENO},
      {.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = (uv_stream_t *)&l->pipe},
  };
  struct environment environment = environment_make(plan);
  uv_process_options_t options = {.file = plan->argv[0],
                                  .args = (char **)plan->argv,
                                  .env = environment.rows,
                                  .exit_cb = on_process_exit,
                                  .flags = UV_PROCESS_DETACHED,
                                  .stdio = stdio,
                                  .stdio_count = plan->reports ? READY_FD + 1 : READY_FD};
  descriptors_close_on_exec();
  int r = uv_spawn(loop, &l->process, &options);
  environment_free(&environment);
  if (r == 0 && plan->reports)
    r = uv_read_start((uv_stream_t *)&l->pipe, on_alloc, on_read);
  if (r < 0) {
    uv_close((uv_handle_t *)&l->process, on_closed);
    uv_close((uv_handle_t *)&l->pipe, on_closed);
    return r;
  }
  *ret = l;
  return 0;
}
