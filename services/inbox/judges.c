/* SPDX-License-Identifier: Apache-2.0 */
/* What goes to a child and what it says are files without a name: nothing has to be pumped, and its end is the only news. */
#include "judges.h"
#include "base/file.h"
#include "desk/desk.h"
#include "judge_child.h"
#include "log/log.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { WALL_MS = 60000, HANDLES = 2 };

struct judge {
  struct judges *all;
  struct judge *next;
  uv_process_t process;
  uv_timer_t timer;
  struct buf document;
  bool born, late;          /* late: we ended it */
  int said;                 /* descriptor */
  size_t handles;           /* that the loop still has */
  judges_done *done;
  void *arg;
};

struct judges {
  uv_loop_t *loop;
  struct judge *first;      /* in the order they came; those that are born stand before the others */
  size_t running, count;
};

struct judges *judges_open(uv_loop_t *loop) {
  struct judges *all = must_calloc(1, sizeof(*all));
  all->loop = loop;
  return all;
}

/* ---- the end */

static void judge_free(struct judge *j) {
  if (j->said >= 0)
    close(j->said);
  buf_free(&j->document);
  free(j);
}

static void on_closed(uv_handle_t *handle) {
  struct judge *j = handle->data;
  if (--j->handles == 0)
    judge_free(j);
}

static void leave(struct judge *j) {
  struct judge **at = &j->all->first;
  while (*at != j)
    at = &(*at)->next;
  *at = j->next;
  j->all->count--;
  if (!j->born) {
    judge_free(j);
    return;
  }
  j->all->running--;
  uv_close((uv_handle_t *)&j->process, on_closed);
  uv_close((uv_handle_t *)&j->timer, on_closed);
}

static void start_next(struct judges *all);

static void finish(struct judge *j, enum judged how, const json_t *said) {
  struct judges *all = j->all;
  j->done(j->arg, how, buf_slice(&j->document), said);
  leave(j);
  start_next(all);
}

static json_t *what_it_said(const struct judge *j) {
  char *at = must_calloc(1, JUDGE_SAID_MAX);
  ssize_t len = pread(j->said, at, JUDGE_SAID_MAX, 0);
  json_t *said = len > 0 ? json_loadb(at, (size_t)len, 0, NULL) : NULL;
  free(at);
  if (json_is_array(json_object_get(said, "wrong")) && json_is_array(json_object_get(said, "alarms")))
    return said;
  json_decref(said);
  return NULL;
}

/* Out of time, or out of memory (it ends itself). A SIGKILL that is not ours is the kernel's, short of memory itself. */
static bool is_spent(const struct judge *j, int signal) {
  return signal == SIGXCPU || signal == SIGABRT || j->late;
}

static void on_exited(uv_process_t *process, int64_t status, int signal) {
  struct judge *j = process->data;
  json_t *said = status == 0 && signal == 0 ? what_it_said(j) : NULL;
  if (!said)
    log_warn("desk_not_judged", KI("status", status), KI("signal", signal), KI("bytes", (int64_t)j->document.len));
  finish(j, said ? JUDGED : is_spent(j, signal) ? JUDGED_NEVER : JUDGED_FAULT, said);
  json_decref(said);
}

static void on_late(uv_timer_t *timer) {
  struct judge *j = timer->data;
  j->late = true;
  uv_process_kill(&j->process, SIGKILL);
}

void judges_drain(struct judges *all) {
  struct judge *j = all->first;
  while (j) {
    struct judge *next = j->next;
    if (!j->born) {
      j->done(j->arg, JUDGED_STOPPED, buf_slice(&j->document), NULL);
      leave(j);
    }
    j = next;
  }
}

void judges_close(struct judges **all) {
  if (!all || !*all)
    return;
  while ((*all)->first) {
    struct judge *j = (*all)->first;
    if (j->born)
      uv_process_kill(&j->process, SIGKILL);
    j->done(j->arg, JUDGED_STOPPED, buf_slice(&j->document), NULL);
    leave(j);
  }
  free(*all);
  *all = NULL;
}

/* ---- the beginning */

static int file_of(struct slice text) {
  int fd = memfd_create("desk", MFD_CLOEXEC);
  if (fd < 0)
    return -errno;
  ssize_t written = write(fd, text.len ? text.at : "", text.len);
  if (written == (ssize_t)text.len)
    return fd;
  int r = written < 0 ? -errno : -ENOSPC;
  close(fd);
  return r;
}

static int spawn(struct judge *j, int document) {
  char name[] = "inbox-judge", option[] = JUDGE_OPTION, zones[1024] = "";
  char *args[] = {name, option, NULL}, *environment[] = {NULL, NULL}; /* nothing of ours that it must not know */
  const char *folder = getenv("TZDIR");
  if (folder && (size_t)snprintf(zones, sizeof(zones), "TZDIR=%s", folder) < sizeof(zones))
    environment[0] = zones;
  uv_stdio_container_t stdio[] = {{.flags = UV_INHERIT_FD, .data.fd = document},
                                  {.flags = UV_INHERIT_FD, .data.fd = j->said},
                                  {.flags = UV_INHERIT_FD, .data.fd = STDERR_FILENO}};
  const uv_process_options_t how = {
      .file = "/proc/self/exe", .args = args, .env = environment, .stdio = stdio, .stdio_count = 3, .exit_cb = on_exited};
  uv_timer_init(j->all->loop, &j->timer);
  j->timer.data = j->process.data = j;
  j->handles = HANDLES;
  j->born = true; /* also when it fails: its handles are the loop's */
  j->all->running++;
  descriptors_close_on_exec();
  int r = uv_spawn(j->all->loop, &j->process, &how);
  return r < 0 ? r : uv_timer_start(&j->timer, on_late, WALL_MS, 0);
}

static int begin(struct judge *j) {
  int document = file_of(buf_slice(&j->document));
  if (document >= 0)
    j->said = file_of(SLICE(""));
  int r = document < 0 ? document : j->said < 0 ? j->said : spawn(j, document);
  if (document >= 0)
    close(document);
  return r;
}

static void start_next(struct judges *all) {
  struct judge *j = all->first;
  while (j && j->born)
    j = j->next;
  if (!j || all->running >= JUDGES_MOST)
    return;
  int r = begin(j);
  if (r < 0) {
    log_warn("desk_not_judged", KV("why", strerror(-r)));
    finish(j, JUDGED_FAULT, NULL);
  }
}

int judges_start(struct judges *all, struct slice document, judges_done *done, void *arg) {
  struct buf copy = BUF_INIT(DESK_MAX_BYTES);
  if (all->count >= JUDGES_MOST + JUDGES_WAITING)
    return JUDGES_BUSY;
  if (buf_add_slice(&copy, document))
    return -EFBIG;
  struct judge *j = must_calloc(1, sizeof(*j)), **at = &all->first;
  *j = (struct judge){.all = all, .document = copy, .said = -1, .done = done, .arg = arg};
  while (*at)
    at = &(*at)->next;
  *at = j;
  all->count++;
  start_next(all);
  return 0;
}
