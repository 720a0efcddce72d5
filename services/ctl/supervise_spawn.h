/* SPDX-License-Identifier: Apache-2.0 */
/* One life of one program: spawned, reporting, ended. It frees itself behind ended(). Internal to supervise.c. */
#ifndef CTL_SUPERVISE_SPAWN_H
#define CTL_SUPERVISE_SPAWN_H

#include "endpoints.h"
#include <uv.h>

struct life;

struct life_plan {
  const char *name;
  const char *const *argv;
  bool reports;                      /* gives it DESKBELL_READY_FD */
  const struct endpoint_table *keep; /* addresses it shall listen on again; may be NULL */
};

struct life_user {
  void (*endpoint)(void *arg, const char *name, const char *value);
  void (*ready)(void *arg);
  void (*ended)(void *arg, int64_t exit_status, int signal); /* the last call; the life is gone then */
  void *arg;
};

/* Returns 0 (gives *ret, valid until ended() is called) or -errno: then ended() is not called. */
int must_check life_spawn(uv_loop_t *loop, const struct life_plan *plan, const struct life_user *user,
                          struct life **ret);
int life_pid(const struct life *l);
int64_t life_began_ms(const struct life *l); /* monotonic */
void life_signal(struct life *l, int signal);

#endif
