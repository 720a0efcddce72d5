/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of `deskbell up`: the desk's folder (up_folder.c), its private Redis (up_redis.c), which programs it needs
 * (up_programs.c), and running all of it (up_desk.c). Internal to ctl/.
 *
 * In the desk's folder, all made with 0700/0600:
 *   deskbell.yaml  secrets/  keys/  redis/{redis.conf,redis.sock,redis.log,redis.lock,aof/}  lock/  up.lock
 *   endpoints.json, pids.json: while it runs
 */
#ifndef CTL_UP_H
#define CTL_UP_H

#include "config/config.h"
#include "log/log.h"
#include "supervise.h"

/* Folder */

/* Locks DIR/up.lock. Returns 0 (gives the descriptor), -EWOULDBLOCK (*ret_holder: its pid, 0 unknown), -errno. */
int must_check up_lock(const char *dir, int *ret_fd, int64_t *ret_holder);
/* Writes DIR/deskbell.yaml from the embedded default unless it is there. */
int must_check up_default_config(const char *dir, struct complaint *complaint);
/* Makes missing secrets (below the desk's folder only) and keys. Returns 0 or < 0 with the complaint filled. */
int must_check up_secrets(const struct config *config, struct complaint *complaint);

/* Redis */

/* The configuration file of the private Redis. */
void up_redis_conf(const struct config *config, struct buf *ret);
/* Makes DIR/redis and its configuration; removes a socket left behind, so that nobody reaches a Redis that is about to
 * end. Returns 0 or < 0 with the complaint filled. */
int must_check up_redis_prepare(const struct config *config, struct complaint *complaint);

struct redis_watch; /* asks PING until it is answered */

/* `socket` is borrowed. */
struct redis_watch *redis_watch_new(uv_loop_t *loop, const char *socket, void (*answers)(void *arg), void *arg);
/* Begins to ask, or stops. */
void redis_watch_set(struct redis_watch *w, bool alive);
/* Frees it when its handles are closed by the loop. */
void redis_watch_free(struct redis_watch **w);

/* Programs */

#define UP_ARGUMENTS 12

struct up_program {
  char *path;                          /* executable */
  const char *argv[UP_ARGUMENTS];      /* borrows the rest */
};

struct up_programs {
  struct supervised rows[SUPERVISED_MAX];
  struct up_program own[SUPERVISED_MAX];
  size_t count;
  char *self, *redis_server, *redis_conf, *redis_lock; /* of the private Redis; NULL without */
};

struct up_options {
  const char *dir, *config_file; /* config_file may be NULL */
  enum log_level log_level;
};

/* A program's path, beside the deskbell executable (a build tree) or where it is installed; NULL when it is not there. The
 * caller frees it. */
char *up_find_program(const char *own_folder, const char *name);
/* The programs `config` has something to do for, the private Redis first. Returns 0 or < 0 with the complaint filled
 * (a program is not installed). `ret` must not move afterwards. */
int must_check up_programs(const struct config *config, const struct up_options *options, struct up_programs *ret,
                           struct complaint *complaint);
void up_programs_free(struct up_programs *p);

/* All of it */

/* Runs the desk until it is stopped. Returns an exit status. */
int up_desk(const struct config *config, const struct up_options *options, struct up_programs *programs);

#endif
