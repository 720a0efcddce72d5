/* SPDX-License-Identifier: Apache-2.0 */
/* What ledger.c (life, reading), ledger_write.c (what waits, committing) and ledger_apply.c (one write into a
 * transaction) share. Internal to mailbox/. */
#ifndef MAILBOX_LEDGER_INTERNAL_H
#define MAILBOX_LEDGER_INTERNAL_H

#include "mailbox/ledger.h"
#include "spool/lmdb_file.h"

enum { LEDGER_FOLDERS, LEDGER_STATUSES, LEDGER_MAILS, LEDGER_EVENTS, LEDGER_TABLES };

enum ledger_verb { LEDGER_PUT, LEDGER_PUT_MAIL, LEDGER_MARK, LEDGER_FORGET, LEDGER_FORGET_OTHERS };

struct ledger_op {
  struct ledger_op *next;
  enum ledger_verb verb;
  ledger_done *done;
  void *arg;
  struct ledger_mail mail;        /* PUT_MAIL; folder and uid_validity of the last three */
  unsigned table;                 /* PUT */
  struct slice key, value;        /* PUT: in `bytes` */
  const struct uid_range *ranges; /* MARK, FORGET: in `bytes` */
  size_t count;
  uint64_t bytes[];
};

struct ledger {
  uv_loop_t *loop;
  MDB_env *env;
  MDB_dbi tables[LEDGER_TABLES];
  uint32_t next_folder;
  struct ledger_op *first, **end; /* they wait */
  struct ledger_op *batch;        /* they are being committed */
  int outcome;                    /* of the batch */
  int trouble;
  uv_work_t work;
  uv_sem_t worked;                /* posted by the worker */
  bool working, closing;
  uv_idle_t soon;
  uv_timer_t again;
  unsigned handles;
};

/* Carries out a list of ops in one transaction. Any thread, one at a time. Returns 0, LMDB_FULL, -EBADMSG, -errno. */
int must_check ledger_apply(struct ledger *l, const struct ledger_op *ops);
/* Key of a folder's rows: mailbox, NUL, folder. Gives the length. */
#define LEDGER_NAME_MAX 300
size_t ledger_name(const char *mailbox, const char *folder, char ret[LEDGER_NAME_MAX]);

void ledger_write_open(struct ledger *l);
/* Ends the handles; commits what waits. */
void ledger_write_close(struct ledger *l);

#endif
