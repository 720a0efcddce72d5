/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Worker threads for the relay: libesmtp blocks, the loop must not. Mails go in and results come out on the loop thread.
 * A worker holds one connection while there is work, and for a short while after. Mails wait here while there are no
 * descriptors.
 */
#ifndef EMAIL_SMTP_POOL_H
#define EMAIL_SMTP_POOL_H

#include "smtp_session.h"
#include <uv.h>

struct smtp_pool;

struct smtp_pool_user {
  /* In a worker thread: as struct smtp_user. */
  bool (*prepare)(void *arg, struct smtp_mail *mail);
  /* The final dot follows: call smtp_pool_commit() when that is on disk. */
  void (*committing)(void *arg, struct smtp_mail *mail);
  void (*done)(void *arg, struct smtp_mail *mail);
  void *arg;
};

/* `relay` is borrowed. `run` : smtp_session_run() or another transport. */
typedef void smtp_run(const struct smtp_relay *relay, struct smtp_mail *first, const struct smtp_user *user);
int must_check smtp_pool_open(uv_loop_t *loop, const struct smtp_relay *relay, smtp_run *run, size_t workers,
                              int64_t linger_ms, const struct smtp_pool_user *user, struct smtp_pool **ret);
/* The mail is lent until done(). */
void smtp_pool_send(struct smtp_pool *p, struct smtp_mail *mail);
void smtp_pool_commit(struct smtp_pool *p, struct smtp_mail *mail);
/* Waits for the workers; mails under way are broken off before their final dot where that is still possible. Nothing is
 * called any more; the caller frees the mails afterwards. */
void smtp_pool_close(struct smtp_pool **p);

#endif
