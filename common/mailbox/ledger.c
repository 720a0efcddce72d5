/* SPDX-License-Identifier: Apache-2.0 */
/* Opening, and short read transactions. */
#include "mailbox/ledger.h"
#include "base/file.h"
#include "mailbox/ledger_internal.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { READERS = 32 };
#define SIZE_LEAST (4u * 1024 * 1024)

static const char *const table_names[LEDGER_TABLES] = {"folders", "statuses", "mails", "events"};

size_t ledger_name(const char *mailbox, const char *folder, char ret[LEDGER_NAME_MAX]) {
  size_t mailbox_len = strlen(mailbox), folder_len = strlen(folder);
  assert(mailbox_len + 1 + folder_len <= LEDGER_NAME_MAX); /* the configuration bounds both */
  memcpy(ret, mailbox, mailbox_len + 1);
  memcpy(ret + mailbox_len + 1, folder, folder_len);
  return mailbox_len + 1 + folder_len;
}

/* ---- opening */

static int open_tables(struct ledger *l, unsigned flags) {
  MDB_txn *txn;
  int r = mdb_txn_begin(l->env, NULL, flags ? 0 : MDB_RDONLY, &txn);
  if (r)
    return lmdb_fault(r);
  for (size_t i = 0; r == 0 && i < LEDGER_TABLES; i++)
    r = mdb_dbi_open(txn, table_names[i], flags, &l->tables[i]);
  if (r == 0)
    return lmdb_fault(mdb_txn_commit(txn));
  mdb_txn_abort(txn);
  return r == MDB_NOTFOUND ? -ENOENT : lmdb_fault(r);
}

/* The highest number in use; those of damaged rows are unknown, but their mails' rows are not. */
static int find_next_folder(struct ledger *l) {
  MDB_txn *txn;
  MDB_cursor *cursor;
  MDB_val key, value;
  int r = mdb_txn_begin(l->env, NULL, MDB_RDONLY, &txn);
  if (r)
    return lmdb_fault(r);
  r = mdb_cursor_open(txn, l->tables[LEDGER_FOLDERS], &cursor);
  for (MDB_cursor_op op = MDB_FIRST; r == 0 && (r = mdb_cursor_get(cursor, &key, &value, op)) == 0; op = MDB_NEXT) {
    struct ledger_folder f;
    if (ledger_folder_get(slice_of(key.mv_data, key.mv_size), slice_of(value.mv_data, value.mv_size), &f) == 0 &&
        f.id >= l->next_folder)
      l->next_folder = f.id + 1;
  }
  mdb_cursor_close(cursor);
  if (r == MDB_NOTFOUND)
    r = mdb_cursor_open(txn, l->tables[LEDGER_MAILS], &cursor);
  if (r == 0) {
    r = mdb_cursor_get(cursor, &key, &value, MDB_LAST);
    mdb_cursor_close(cursor);
    const uint8_t *k = key.mv_data;
    const uint32_t id = r == 0 && key.mv_size == LEDGER_MAIL_KEY
                            ? (uint32_t)k[0] << 24 | (uint32_t)k[1] << 16 | (uint32_t)k[2] << 8 | k[3]
                            : 0;
    if (id >= l->next_folder)
      l->next_folder = id + 1;
  }
  mdb_txn_abort(txn);
  return r == MDB_NOTFOUND ? 0 : lmdb_fault(r);
}

int ledger_open(uv_loop_t *loop, const char *folder, struct ledger **ret) {
  struct stat st;
  int r = folder_make(folder);
  if (r < 0)
    return r;
  char *path = path_join(folder, "data.mdb");
  size_t size = stat(path, &st) == 0 && st.st_size > SIZE_LEAST ? (size_t)st.st_size : SIZE_LEAST;
  free(path);
  struct ledger *l = must_calloc(1, sizeof(*l));
  const struct lmdb_options options = {.size = size, .databases = LEDGER_TABLES, .readers = READERS};
  l->loop = loop;
  l->next_folder = 1;
  r = lmdb_file_open(folder, &options, &l->env);
  if (r == 0)
    r = open_tables(l, MDB_CREATE);
  if (r == 0)
    r = find_next_folder(l);
  if (r) {
    lmdb_file_close(&l->env);
    free(l);
    return r == LMDB_FULL ? -ENOSPC : r;
  }
  ledger_write_open(l);
  *ret = l;
  return 0;
}

int ledger_view(const char *folder, struct ledger **ret) {
  struct ledger *l = must_calloc(1, sizeof(*l));
  int r = lmdb_file_view(folder, LEDGER_TABLES, &l->env);
  if (r == 0)
    r = open_tables(l, 0);
  if (r) {
    lmdb_file_close(&l->env);
    free(l);
    return r == -ENOENT ? LEDGER_ABSENT : r;
  }
  *ret = l;
  return 0;
}

void ledger_close(struct ledger **ledger) {
  if (!ledger || !*ledger)
    return;
  struct ledger *l = *ledger;
  *ledger = NULL;
  if (l->loop) {
    ledger_write_close(l); /* frees it when its handles are closed */
    return;
  }
  lmdb_file_close(&l->env);
  free(l);
}

size_t ledger_size(const struct ledger *l) {
  MDB_envinfo info = {0};
  return mdb_env_info(l->env, &info) == 0 ? info.me_mapsize : 0;
}

int ledger_trouble(const struct ledger *l) {
  return l->trouble;
}

uint32_t ledger_new_folder(struct ledger *l) {
  return l->next_folder++;
}

/* ---- reading */

static int begin(struct ledger *l, MDB_txn **ret) {
  int r = mdb_txn_begin(l->env, NULL, MDB_RDONLY, ret);
  if (r == MDB_MAP_RESIZED && !l->loop) { /* the writer made it grow */
    r = mdb_env_set_mapsize(l->env, 0);
    if (r == 0)
      r = mdb_txn_begin(l->env, NULL, MDB_RDONLY, ret);
  }
  return r;
}

static int outcome(int r) {
  return r == MDB_NOTFOUND ? LEDGER_ABSENT : r == 0 ? 0 : lmdb_fault(r) == LMDB_FULL ? -EIO : lmdb_fault(r);
}

/* Lends the value until the transaction ends. */
static int look_up(struct ledger *l, MDB_txn *txn, unsigned table, struct slice key, struct slice *ret) {
  MDB_val k = {key.len, (void *)(uintptr_t)key.at}, v;
  int r = mdb_get(txn, l->tables[table], &k, &v);
  if (r == 0)
    *ret = slice_of(v.mv_data, v.mv_size);
  return outcome(r);
}

int ledger_folder(struct ledger *l, const char *mailbox, const char *folder, struct ledger_folder *ret) {
  char name[LEDGER_NAME_MAX];
  const struct slice key = slice_of(name, ledger_name(mailbox, folder, name));
  struct slice value;
  MDB_txn *txn;
  int r = begin(l, &txn);
  if (r)
    return outcome(r);
  r = look_up(l, txn, LEDGER_FOLDERS, key, &value);
  if (r == 0)
    r = ledger_folder_get(key, value, ret);
  mdb_txn_abort(txn);
  return r;
}

int ledger_status(struct ledger *l, const char *mailbox, const char *folder, struct ledger_status *ret) {
  char name[LEDGER_NAME_MAX];
  const struct slice key = slice_of(name, ledger_name(mailbox, folder, name));
  struct slice value;
  MDB_txn *txn;
  int r = begin(l, &txn);
  if (r)
    return outcome(r);
  r = look_up(l, txn, LEDGER_STATUSES, key, &value);
  if (r == 0)
    r = ledger_status_get(key, value, ret);
  mdb_txn_abort(txn);
  return r;
}

int ledger_mail(struct ledger *l, uint32_t folder, uint32_t uid_validity, uint32_t uid, struct ledger_mail *ret) {
  uint8_t bytes[LEDGER_MAIL_KEY];
  ledger_mail_key(folder, uid_validity, uid, bytes);
  const struct slice key = slice_of(bytes, sizeof(bytes));
  struct slice value;
  MDB_txn *txn;
  int r = begin(l, &txn);
  if (r)
    return outcome(r);
  r = look_up(l, txn, LEDGER_MAILS, key, &value);
  if (r == 0)
    r = ledger_mail_get(key, value, ret);
  mdb_txn_abort(txn);
  return r;
}

int ledger_event(struct ledger *l, const struct event_id *id, struct ledger_place *ret) {
  struct slice value;
  MDB_txn *txn;
  int r = begin(l, &txn);
  if (r)
    return outcome(r);
  r = look_up(l, txn, LEDGER_EVENTS, slice_of(id->bytes, sizeof(id->bytes)), &value);
  if (r == 0)
    r = ledger_event_get(id, value, ret);
  mdb_txn_abort(txn);
  return r;
}

struct walk {
  uint32_t folder, uid_validity;
  bool others;
  ledger_each *each;
  void *arg;
};

static bool belongs(const struct walk *w, const struct ledger_mail *m) {
  return m->folder == w->folder && (m->uid_validity == w->uid_validity) != w->others;
}

/* 0: go on; MDB_NOTFOUND: that was the last one. */
static int visit(const struct walk *w, const MDB_val *key, const MDB_val *value) {
  struct ledger_mail m;
  uint8_t bytes[LEDGER_MAIL_KEY];
  ledger_mail_key(w->folder, w->uid_validity, 0, bytes);
  if (key->mv_size != LEDGER_MAIL_KEY || memcmp(key->mv_data, bytes, w->others ? 4 : 8) != 0)
    return MDB_NOTFOUND;
  if (ledger_mail_get(slice_of(key->mv_data, key->mv_size), slice_of(value->mv_data, value->mv_size), &m) != 0 ||
      !belongs(w, &m))
    return 0;
  return w->each(w->arg, &m) ? 0 : MDB_NOTFOUND;
}

static int walk(struct ledger *l, const struct walk *w) {
  MDB_txn *txn;
  MDB_cursor *cursor;
  uint8_t bytes[LEDGER_MAIL_KEY];
  ledger_mail_key(w->folder, w->others ? 0 : w->uid_validity, 0, bytes);
  MDB_val key = {sizeof(bytes), bytes}, value;
  int r = begin(l, &txn);
  if (r)
    return outcome(r);
  r = mdb_cursor_open(txn, l->tables[LEDGER_MAILS], &cursor);
  if (r == 0) {
    r = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    while (r == 0 && (r = visit(w, &key, &value)) == 0)
      r = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
    mdb_cursor_close(cursor);
  }
  mdb_txn_abort(txn);
  return r == MDB_NOTFOUND ? 0 : outcome(r);
}

int ledger_walk(struct ledger *l, uint32_t folder, uint32_t uid_validity, ledger_each *each, void *arg) {
  return walk(l, &(struct walk){.folder = folder, .uid_validity = uid_validity, .each = each, .arg = arg});
}

int ledger_walk_others(struct ledger *l, uint32_t folder, uint32_t but_uid_validity, ledger_each *each, void *arg) {
  return walk(l, &(struct walk){.folder = folder, .uid_validity = but_uid_validity, .others = true, .each = each,
                                .arg = arg});
}
