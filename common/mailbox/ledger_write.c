/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is put here waits for the end of the loop's turn, then goes to a worker thread as one batch; what comes
 * meanwhile waits for it. A batch that failed goes back to the front of what waits.
 */
#include "mailbox/ledger_internal.h"
#include <stdlib.h>

enum { BATCH_MOST = 4096, AGAIN_MS = 1000 };

static void commit_soon(struct ledger *l);

/* ---- lists */

static struct ledger_op *op_new(enum ledger_verb verb, size_t bytes, ledger_done *done, void *arg) {
  struct ledger_op *op = must_calloc(1, sizeof(*op) + bytes);
  op->verb = verb;
  op->done = done;
  op->arg = arg;
  return op;
}

/* While the disk refuses, the timer decides when it is tried again. */
static void add(struct ledger *l, struct ledger_op *op) {
  bool refused = l->trouble && l->first;
  *l->end = op;
  l->end = &op->next;
  if (!refused)
    commit_soon(l);
}

/* Takes the first of what waits. */
static struct ledger_op *take_batch(struct ledger *l) {
  struct ledger_op *batch = l->first, *last = batch;
  for (size_t n = 1; last && last->next && n < BATCH_MOST; n++)
    last = last->next;
  if (!last)
    return NULL;
  l->first = last->next;
  if (!l->first)
    l->end = &l->first;
  last->next = NULL;
  return batch;
}

static void put_back(struct ledger *l, struct ledger_op *batch) {
  struct ledger_op **end = &batch;
  while (*end)
    end = &(*end)->next;
  *end = l->first;
  if (!l->first)
    l->end = end;
  l->first = batch;
}

/* May put more. */
static void answer(struct ledger_op *batch, int outcome) {
  for (struct ledger_op *next; batch; batch = next) {
    next = batch->next;
    if (batch->done)
      batch->done(batch->arg, outcome);
    free(batch);
  }
}

/* ---- room */

/* More than half of the file was ever used: twice as large from now on. No transaction is open when this is called. */
static int grow_if_needed(struct ledger *l, bool full) {
  MDB_envinfo info;
  MDB_stat stat;
  if (mdb_env_info(l->env, &info) || mdb_env_stat(l->env, &stat))
    return 0;
  bool half = (info.me_last_pgno + 1) * stat.ms_psize > info.me_mapsize / 2;
  return half || full ? lmdb_file_grow(l->env, 2 * info.me_mapsize) : 0;
}

/* ---- committing */

static void settle(struct ledger *l) {
  struct ledger_op *batch = l->batch;
  int r = l->outcome;
  l->batch = NULL;
  if (r == 0) {
    l->trouble = grow_if_needed(l, false); /* no room to grow: there is still half of it, and no more should come */
    answer(batch, 0);
    return;
  }
  put_back(l, batch);
  l->trouble = r == LMDB_FULL ? grow_if_needed(l, true) : r;
}

static void on_work(uv_work_t *work) {
  struct ledger *l = work->data;
  l->outcome = ledger_apply(l, l->batch);
  uv_sem_post(&l->worked);
}

static void free_when_done(struct ledger *l) {
  if (!l->closing || l->working || l->handles)
    return;
  uv_sem_destroy(&l->worked);
  free(l);
}

static void try_later(struct ledger *l);

static void on_again(uv_timer_t *timer) {
  struct ledger *l = timer->data;
  if (l->first)
    commit_soon(l);
  else if (!l->working && (l->trouble = grow_if_needed(l, false)) != 0)
    try_later(l);
}

static void try_later(struct ledger *l) {
  uv_timer_start(&l->again, on_again, AGAIN_MS, 0);
}

static void on_worked(uv_work_t *work, int status) {
  struct ledger *l = work->data;
  (void)status; /* it is never cancelled */
  l->working = false;
  if (l->closing) { /* settled there */
    free_when_done(l);
    return;
  }
  uv_sem_wait(&l->worked);
  bool failed = l->outcome != 0;
  settle(l);
  if (l->trouble)
    try_later(l);
  if (!failed || !l->trouble)
    commit_soon(l);
}

static void commit(uv_idle_t *soon) {
  struct ledger *l = soon->data;
  uv_idle_stop(soon);
  if (l->working || !(l->batch = take_batch(l)))
    return;
  l->working = true;
  l->work.data = l;
  int r = uv_queue_work(l->loop, &l->work, on_work, on_worked);
  assert(r == 0); /* it refuses without a function only */
}

static void commit_soon(struct ledger *l) {
  if (!l->closing && !l->working && l->first)
    uv_idle_start(&l->soon, commit); /* idle, not prepare: the loop does not sleep while one is active */
}

int ledger_flush(struct ledger *l) {
  assert(!l->working);
  while ((l->batch = take_batch(l))) {
    l->outcome = ledger_apply(l, l->batch);
    int r = l->outcome;
    settle(l);
    if (r && l->trouble)
      return r;
  }
  return 0;
}

/* ---- life */

void ledger_write_open(struct ledger *l) {
  l->end = &l->first;
  uv_idle_init(l->loop, &l->soon);
  uv_timer_init(l->loop, &l->again);
  l->soon.data = l->again.data = l;
  l->handles = 2;
  int r = uv_sem_init(&l->worked, 0);
  assert(r == 0);
}

static void on_closed(uv_handle_t *handle) {
  struct ledger *l = handle->data;
  l->handles--;
  free_when_done(l);
}

void ledger_write_close(struct ledger *l) {
  if (l->working) { /* on_worked() comes later from the loop and only frees */
    uv_sem_wait(&l->worked);
    settle(l);
  }
  l->closing = true;
  while ((l->batch = take_batch(l))) {
    struct ledger_op *batch = l->batch;
    int r = ledger_apply(l, batch);
    if (r == LMDB_FULL && grow_if_needed(l, true) == 0)
      r = ledger_apply(l, batch);
    answer(batch, r ? -ECANCELED : 0);
  }
  lmdb_file_close(&l->env);
  uv_close((uv_handle_t *)&l->soon, on_closed);
  uv_close((uv_handle_t *)&l->again, on_closed);
}

/* ---- what may be put */

static void put_named(struct ledger *l, unsigned table, struct slice key, struct slice value, ledger_done *done,
                      void *arg) {
  struct ledger_op *op = op_new(LEDGER_PUT, key.len + value.len, done, arg);
  char *at = (char *)op->bytes;
  memcpy(at, key.at, key.len);
  memcpy(at + key.len, value.at, value.len);
  op->table = table;
  op->key = slice_of(at, key.len);
  op->value = slice_of(at + key.len, value.len);
  add(l, op);
}

void ledger_set_folder(struct ledger *l, const char *mailbox, const char *folder, const struct ledger_folder *f,
                       ledger_done *done, void *arg) {
  char name[LEDGER_NAME_MAX];
  uint8_t value[LEDGER_FOLDER_BYTES];
  const struct slice key = slice_of(name, ledger_name(mailbox, folder, name));
  ledger_folder_put(key, f, value);
  put_named(l, LEDGER_FOLDERS, key, slice_of(value, sizeof(value)), done, arg);
}

void ledger_set_status(struct ledger *l, const char *mailbox, const char *folder, const struct ledger_status *s) {
  char name[LEDGER_NAME_MAX];
  uint8_t value[LEDGER_STATUS_BYTES];
  const struct slice key = slice_of(name, ledger_name(mailbox, folder, name));
  put_named(l, LEDGER_STATUSES, key, slice_of(value, ledger_status_put(key, s, value)), NULL, NULL);
}

void ledger_set_mail(struct ledger *l, const struct ledger_mail *m, ledger_done *done, void *arg) {
  struct ledger_op *op = op_new(LEDGER_PUT_MAIL, 0, done, arg);
  op->mail = *m;
  add(l, op);
}

static void put_ranges(struct ledger *l, enum ledger_verb verb, uint32_t folder, uint32_t uid_validity,
                       const struct uid_range *ranges, size_t count, ledger_done *done, void *arg) {
  struct ledger_op *op = op_new(verb, count * sizeof(*ranges), done, arg);
  op->mail.folder = folder;
  op->mail.uid_validity = uid_validity;
  if (count)
    memcpy(op->bytes, ranges, count * sizeof(*ranges));
  op->ranges = (const struct uid_range *)(const void *)op->bytes;
  op->count = count;
  add(l, op);
}

void ledger_mark(struct ledger *l, uint32_t folder, uint32_t uid_validity, const struct uid_range *ranges,
                 size_t count, ledger_done *done, void *arg) {
  put_ranges(l, LEDGER_MARK, folder, uid_validity, ranges, count, done, arg);
}

void ledger_forget(struct ledger *l, uint32_t folder, uint32_t uid_validity, const struct uid_range *ranges,
                   size_t count) {
  put_ranges(l, LEDGER_FORGET, folder, uid_validity, ranges, count, NULL, NULL);
}

void ledger_forget_others(struct ledger *l, uint32_t folder, uint32_t but_uid_validity) {
  put_ranges(l, LEDGER_FORGET_OTHERS, folder, but_uid_validity, NULL, 0, NULL, NULL);
}
