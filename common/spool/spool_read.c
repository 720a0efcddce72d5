/* SPDX-License-Identifier: Apache-2.0 */
/* Reading: short read transactions on the map, no copies. Only what the loop knows to be committed is handed out, so
 * that nobody sees a record before its `done`. */
#include "spool/spool_internal.h"

struct walk {
  struct spool *spool;
  MDB_txn *txn;
  MDB_cursor *cursor;
};

static int walk_begin(struct walk *w, struct spool *s) {
  *w = (struct walk){.spool = s};
  int r = record_file_read_begin(&s->records, &w->txn);
  if (r)
    return r;
  r = mdb_cursor_open(w->txn, s->records.dbi, &w->cursor);
  if (r) {
    record_file_read_end(&s->records, &w->txn);
    return r > 0 ? -r : -EIO;
  }
  return 0;
}

static void walk_end(struct walk *w) {
  mdb_cursor_close(w->cursor);
  record_file_read_end(&w->spool->records, &w->txn);
}

/* Moves to `seq` or the next after it (MDB_SET_RANGE), or on. Returns 0, SPOOL_END, < 0. */
static int walk_to(struct walk *w, uint64_t seq, MDB_cursor_op op, struct spool_record *ret) {
  uint8_t key_bytes[RECORD_KEY];
  record_key(seq, key_bytes);
  MDB_val key = {sizeof(key_bytes), key_bytes}, value;
  int r = mdb_cursor_get(w->cursor, &key, &value, op);
  if (r == MDB_NOTFOUND)
    return SPOOL_END;
  if (r)
    return r > 0 ? -r : -EIO;
  uint64_t found = record_seq(key.mv_data);
  if (found == 0 || found >= w->spool->standing.next)
    return SPOOL_END;
  record_decode(found, slice_of(value.mv_data, value.mv_size), ret);
  return 0;
}

int spool_read(struct spool *s, uint64_t after, size_t most, spool_each *each, void *arg) {
  struct walk w;
  struct spool_record record;
  if (after >= s->standing.next - 1 || most == 0)
    return SPOOL_END;
  int r = walk_begin(&w, s);
  if (r)
    return r;
  r = walk_to(&w, after + 1, MDB_SET_RANGE, &record);
  bool any = r == 0;
  while (r == 0 && each(arg, &record) && --most)
    r = walk_to(&w, 0, MDB_NEXT, &record);
  walk_end(&w);
  return r == SPOOL_END && any ? 0 : r;
}

int spool_get(struct spool *s, uint64_t seq, spool_each *each, void *arg) {
  struct walk w;
  struct spool_record record;
  if (seq == 0 || seq >= s->standing.next)
    return SPOOL_END;
  int r = walk_begin(&w, s);
  if (r)
    return r;
  r = walk_to(&w, seq, MDB_SET_KEY, &record);
  if (r == 0)
    each(arg, &record);
  walk_end(&w);
  return r;
}

uint64_t spool_before(const struct spool *s, int64_t since_ms) {
  return confirm_marks_before(&s->marks, since_ms);
}

static bool keep_taken(void *arg, const struct spool_record *record) {
  *(int64_t *)arg = record->taken_ms;
  return false;
}

void spool_state(struct spool *s, struct spool_state *ret) {
  const struct record_standing *now = &s->standing;
  uint64_t waits_from = s->confirmed + 1 > now->first ? s->confirmed + 1 : now->first;
  struct spool_state state = {.used = now->used, .size = now->size};
  if (now->first < now->next) {
    state.first = now->first;
    state.last = now->next - 1;
    state.waiting = waits_from < now->next ? now->next - waits_from : 0;
  }
  if (state.waiting && spool_read(s, waits_from - 1, 1, keep_taken, &state.oldest_ms))
    state.oldest_ms = 0;
  state.full = spool_full_for(s, RECORD_HEADER);
  *ret = state;
}
