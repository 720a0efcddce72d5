/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The writer thread: one group at a time. The order is what makes a record's promise hold: first the blobs are on
 * disk, then the record that names them is committed. If this process dies in between, blobs are left that nobody
 * names, which the next removal of old packs takes.
 */
#include "base/clock.h"
#include "spool/group.h"
#include <signal.h>

enum { SWEEP_MOST = 256, DAY_MS = 24 * 3600 * 1000 };

/* Nothing is removed that a waiting record may still name: a blob stands in a pack at most a day older than the
 * record (packs end daily, and only the newest is named again). */
static void sweep(struct spool_writer *w, struct group *g, int64_t now_ms) {
  int64_t before = now_ms - g->blob_keep_ms;
  int64_t waiting = record_file_waiting_since(w->records, g->confirmed);
  if (waiting < INT64_MIN + DAY_MS)
    return;
  if (waiting - DAY_MS < before)
    before = waiting - DAY_MS;
  g->sweep_more = pack_writer_sweep(w->packs, before, SWEEP_MOST);
}

void spool_writer_commit(struct spool_writer *w, struct group *g, int64_t now_ms) {
  int r = blob_batch_empty(g->blobs) ? 0 : pack_writer_batch(w->packs, g->blobs, now_ms);
  g->blobs_written = r == 0;
  struct record_commit c = {.confirmed = g->confirmed, .old = g->old, .now_ms = now_ms};
  if (r == 0) {
    c.ops = g->ops;
    c.op_count = g->op_count;
    c.records = g->records;
    c.bytes = (uint8_t *)g->bytes.at;
    r = record_file_commit(w->records, &c);
  } else {
    r = r == BLOB_FULL ? SPOOL_FULL : r;
    int ignored = record_file_commit(w->records, &c); /* deleting goes on, whatever the disk of the blobs does */
    (void)ignored;
  }
  g->outcome = r;
  if (g->sweep)
    sweep(w, g, now_ms);
  g->after = w->records->standing;
}

static void *run(void *arg) {
  struct spool_writer *w = arg;
  pthread_mutex_lock(&w->lock);
  for (;;) {
    while (!w->given && !w->stop)
      pthread_cond_wait(&w->work, &w->lock);
    struct group *g = w->given;
    if (!g)
      break;
    pthread_mutex_unlock(&w->lock);
    spool_writer_commit(w, g, clock_now_ms());
    pthread_mutex_lock(&w->lock);
    w->given = NULL;
    w->finished = g;
    uv_async_send(w->done);
  }
  pthread_mutex_unlock(&w->lock);
  return NULL;
}

int spool_writer_start(struct spool_writer *w) {
  sigset_t all, before;
  pthread_mutex_init(&w->lock, NULL);
  pthread_cond_init(&w->work, NULL);
  sigfillset(&all); /* signals are the loop's */
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int r = pthread_create(&w->thread, NULL, run, w);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  w->started = r == 0;
  return -r;
}

void spool_writer_give(struct spool_writer *w, struct group *g) {
  pthread_mutex_lock(&w->lock);
  assert(!w->given && !w->finished);
  w->given = g;
  pthread_cond_signal(&w->work);
  pthread_mutex_unlock(&w->lock);
}

struct group *spool_writer_take(struct spool_writer *w) {
  pthread_mutex_lock(&w->lock);
  struct group *g = w->finished;
  w->finished = NULL;
  pthread_mutex_unlock(&w->lock);
  return g;
}

struct group *spool_writer_stop(struct spool_writer *w) {
  if (w->started) {
    pthread_mutex_lock(&w->lock);
    w->stop = true;
    pthread_cond_signal(&w->work);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    w->started = false;
  }
  pthread_cond_destroy(&w->work);
  pthread_mutex_destroy(&w->lock);
  return w->finished;
}
