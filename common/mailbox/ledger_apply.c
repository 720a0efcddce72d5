/* SPDX-License-Identifier: Apache-2.0 */
/* One list of writes, one transaction. Rows to be marked or forgotten are found by walking the ranges, so that a range
 * of a million UIDs costs what is there, not a million look-ups. */
#include "mailbox/ledger_internal.h"

static int put(struct ledger *l, MDB_txn *txn, unsigned table, struct slice key, struct slice value, unsigned flags) {
  MDB_val k = {key.len, (void *)(uintptr_t)key.at}, v = {value.len, (void *)(uintptr_t)value.at};
  return mdb_put(txn, l->tables[table], &k, &v, flags);
}

static bool has_event(const struct ledger_mail *m) {
  static const struct event_id none;
  return (m->outcome == MAIL_STORED || m->outcome == MAIL_OVERSIZE) && memcmp(&m->id, &none, sizeof(none)) != 0;
}

/* The first place stays, unless its row is damaged. */
static int put_event(struct ledger *l, MDB_txn *txn, const struct ledger_mail *m) {
  MDB_val k = {sizeof(m->id.bytes), (void *)(uintptr_t)m->id.bytes}, v;
  struct ledger_place place = {m->folder, m->uid_validity, m->uid}, there;
  int r = mdb_get(txn, l->tables[LEDGER_EVENTS], &k, &v);
  if (r != 0 && r != MDB_NOTFOUND)
    return r;
  if (r == 0 && ledger_event_get(&m->id, slice_of(v.mv_data, v.mv_size), &there) == 0)
    return 0;
  uint8_t bytes[LEDGER_EVENT_BYTES];
  ledger_event_put(&m->id, &place, bytes);
  return put(l, txn, LEDGER_EVENTS, slice_of(m->id.bytes, sizeof(m->id.bytes)), slice_of(bytes, sizeof(bytes)), 0);
}

static int put_mail(struct ledger *l, MDB_txn *txn, const struct ledger_mail *m) {
  uint8_t key[LEDGER_MAIL_KEY], value[LEDGER_MAIL_BYTES];
  ledger_mail_key(m->folder, m->uid_validity, m->uid, key);
  ledger_mail_put(m, value);
  int r = put(l, txn, LEDGER_MAILS, slice_of(key, sizeof(key)), slice_of(value, sizeof(value)), 0);
  return r == 0 && has_event(m) ? put_event(l, txn, m) : r;
}

/* ---- ranges */

static int mark_row(MDB_cursor *cursor, MDB_val *key, const MDB_val *value) {
  struct ledger_mail m;
  uint8_t bytes[LEDGER_MAIL_BYTES], own[LEDGER_MAIL_KEY];
  if (ledger_mail_get(slice_of(key->mv_data, key->mv_size), slice_of(value->mv_data, value->mv_size), &m) != 0 ||
      m.marked)
    return 0;
  m.marked = true;
  ledger_mail_put(&m, bytes);
  ledger_mail_key(m.folder, m.uid_validity, m.uid, own);
  MDB_val k = {sizeof(own), own}, v = {sizeof(bytes), bytes};
  return mdb_cursor_put(cursor, &k, &v, MDB_CURRENT);
}

static int over_range(MDB_cursor *cursor, const struct ledger_op *op, const struct uid_range *range) {
  uint8_t first[LEDGER_MAIL_KEY], last[LEDGER_MAIL_KEY];
  ledger_mail_key(op->mail.folder, op->mail.uid_validity, range->first, first);
  ledger_mail_key(op->mail.folder, op->mail.uid_validity, range->last, last);
  MDB_val key = {sizeof(first), first}, value;
  int r = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
  while (r == 0 && key.mv_size == sizeof(last) && memcmp(key.mv_data, last, sizeof(last)) <= 0) {
    r = op->verb == LEDGER_MARK ? mark_row(cursor, &key, &value) : mdb_cursor_del(cursor, 0);
    if (r == 0) /* after a deletion the cursor stands before the next row */
      r = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
  }
  return r == MDB_NOTFOUND ? 0 : r;
}

static int over_ranges(struct ledger *l, MDB_txn *txn, const struct ledger_op *op) {
  MDB_cursor *cursor;
  int r = mdb_cursor_open(txn, l->tables[LEDGER_MAILS], &cursor);
  if (r)
    return r;
  for (size_t i = 0; r == 0 && i < op->count; i++)
    r = over_range(cursor, op, &op->ranges[i]);
  mdb_cursor_close(cursor);
  return r;
}

/* Rows of the folder before and behind the numbering that stays. */
static int forget_others(struct ledger *l, MDB_txn *txn, const struct ledger_op *op) {
  MDB_cursor *cursor;
  uint8_t from[LEDGER_MAIL_KEY], keep[LEDGER_MAIL_KEY];
  ledger_mail_key(op->mail.folder, 0, 0, from);
  ledger_mail_key(op->mail.folder, op->mail.uid_validity, 0, keep);
  MDB_val key = {sizeof(from), from}, value;
  int r = mdb_cursor_open(txn, l->tables[LEDGER_MAILS], &cursor);
  if (r)
    return r;
  r = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
  while (r == 0 && key.mv_size == sizeof(keep) && memcmp(key.mv_data, keep, 4) == 0) {
    if (memcmp(key.mv_data, keep, 8) != 0) {
      r = mdb_cursor_del(cursor, 0);
      if (r == 0)
        r = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
    } else if (op->mail.uid_validity == UINT32_MAX) {
      break;
    } else {
      ledger_mail_key(op->mail.folder, op->mail.uid_validity + 1, 0, from);
      key = (MDB_val){sizeof(from), from};
      r = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    }
  }
  mdb_cursor_close(cursor);
  return r == MDB_NOTFOUND ? 0 : r;
}

static int apply(struct ledger *l, MDB_txn *txn, const struct ledger_op *op) {
  switch (op->verb) {
  case LEDGER_PUT:
    return put(l, txn, op->table, op->key, op->value, 0);
  case LEDGER_PUT_MAIL:
    return put_mail(l, txn, &op->mail);
  case LEDGER_MARK:
  case LEDGER_FORGET:
    return over_ranges(l, txn, op);
  case LEDGER_FORGET_OTHERS:
    return forget_others(l, txn, op);
  }
  return EINVAL;
}

int ledger_apply(struct ledger *l, const struct ledger_op *ops) {
  MDB_txn *txn;
  int r = mdb_txn_begin(l->env, NULL, 0, &txn);
  if (r)
    return lmdb_fault(r);
  for (const struct ledger_op *op = ops; r == 0 && op; op = op->next)
    r = apply(l, txn, op);
  if (r == 0)
    r = mdb_txn_commit(txn);
  else
    mdb_txn_abort(txn);
  return lmdb_fault(r);
}
