/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taking and committing, in the loop thread. While the writer commits one group the next one gathers; it is handed over
 * as soon as the writer is free, else at the next turn of the loop. An idle handle marks "something gathered": unlike
 * prepare or check it also works when the append came from another handle of its own kind, because it keeps the loop
 * from sleeping. When nothing is going on nothing is active but an hourly timer.
 */
#include "base/clock.h"
#include "base/file.h"
#include "spool/spool_internal.h"
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SOON_MS = 1000, FIRST_SWEEP_MS = 60 * 1000, SWEEP_MS = 3600 * 1000, KEEP_BYTES = 1024 * 1024, KEEP_OPS = 8192 };

/* ---- groups */

static struct group *group_new(struct spool *s) {
  struct group *g = s->spare;
  s->spare = NULL;
  if (!g) {
    g = must_calloc(1, sizeof(*g));
    g->bytes = BUF_INIT(GROUP_BYTES_MAX);
  }
  return g;
}

static void group_free(struct group *g) {
  if (!g)
    return;
  buf_free(&g->bytes);
  free(g->ops);
  free(g);
}

static void group_recycle(struct spool *s, struct group *g) {
  if (s->spare || g->bytes.cap > KEEP_BYTES || g->op_room > KEEP_OPS) {
    group_free(g);
    return;
  }
  struct buf bytes = g->bytes;
  buf_clear(&bytes);
  *g = (struct group){.bytes = bytes, .ops = g->ops, .op_room = g->op_room};
  s->spare = g;
}

static struct op *group_op(struct group *g, enum op_verb verb, spool_done *done, void *arg) {
  if (g->op_count == g->op_room) {
    g->op_room = g->op_room ? g->op_room * 2 : 64;
    g->ops = must_realloc(g->ops, g->op_room * sizeof(*g->ops));
  }
  struct op *op = &g->ops[g->op_count++];
  *op = (struct op){.done = done, .arg = arg, .verb = verb};
  return op;
}

/* ---- handing over */

static void hand_over(struct spool *s) {
  struct group *g = s->filling;
  uv_idle_stop(&s->handles->turn);
  if (s->running || (g->op_count == 0 && !s->wanted && blob_batch_empty(s->blobs.filling)))
    return;
  s->filling = group_new(s);
  s->running = g;
  g->confirmed = s->confirmed;
  g->old = confirm_marks_old(&s->marks);
  g->sweep = s->sweep && s->blobs.keep_ms > 0;
  g->blob_keep_ms = s->blobs.keep_ms;
  if (g->sweep)
    s->blobs.current_pack = 0; /* it may be removed: nothing may be taken for stored in it any more */
  s->wanted = s->sweep = false;
  g->blobs = blob_store_hand_over(&s->blobs);
  uv_ref((uv_handle_t *)&s->handles->done);
  spool_writer_give(&s->writer, g);
}

static void on_turn(uv_idle_t *handle) {
  hand_over(handle->data);
}

/* Something gathered: hand it over in the next turn, or when the writer comes back. */
static void wake(void *arg) {
  struct spool *s = arg;
  if (!s->running && !uv_is_active((uv_handle_t *)&s->handles->turn))
    uv_idle_start(&s->handles->turn, on_turn);
}

static void want(struct spool *s) {
  s->wanted = true;
  wake(s);
}

static void on_soon(uv_timer_t *timer) {
  want(timer->data);
}

static void want_soon(struct spool *s) {
  if (!uv_is_active((uv_handle_t *)&s->handles->soon))
    uv_timer_start(&s->handles->soon, on_soon, SOON_MS, 0);
}

static void on_hourly(uv_timer_t *timer) {
  struct spool *s = timer->data;
  s->sweep = true;
  want(s);
}

/* ---- coming back */

static void call_done(const struct group *g) {
  for (size_t i = 0; i < g->op_count; i++) {
    const struct op *op = &g->ops[i];
    int outcome = g->outcome ? g->outcome : op->outcome;
    uint64_t seq = op->verb == OP_ATTEMPTS || outcome == 0 ? op->seq : 0;
    if (op->done)
      op->done(op->arg, outcome, seq);
  }
}

static void settle(struct spool *s, struct group *g) {
  s->running = NULL;
  s->standing = g->after;
  blob_store_settle(&s->blobs, g->blobs_written);
  if (g->sweep_more)
    s->sweep = true;
  if (g->after.purge_more || g->sweep_more)
    s->wanted = true;
  if (g->after.purge_later)
    want_soon(s);
}

static void on_done(uv_async_t *async) {
  struct spool *s = async->data;
  struct group *g = spool_writer_take(&s->writer);
  if (!g)
    return;
  uv_unref((uv_handle_t *)async);
  bool records = g->records && g->outcome == 0;
  settle(s, g);
  hand_over(s); /* before the callbacks: the disk works while they run */
  s->calling = true;
  call_done(g);
  if (records && s->notify)
    s->notify(s->notify_arg);
  s->calling = false;
  group_recycle(s, g);
}

/* ---- taking */

bool spool_full_for(const struct spool *s, size_t len) {
  size_t room = s->filling->room + (s->running ? s->running->room : 0) + record_file_room(len);
  return s->standing.used + room > s->standing.size / 10 * 8;
}

static bool no_more_ops(const struct spool *s) {
  return s->closing || s->filling->op_count == GROUP_OPS_MAX;
}

int spool_append(struct spool *s, uint32_t kind, int64_t taken_ms, struct slice payload, spool_done *done, void *arg) {
  struct group *g = s->filling;
  size_t len = RECORD_HEADER + payload.len, padded = (len + 7) / 8 * 8;
  char *at;
  if (payload.len > SPOOL_RECORD_MAX)
    return -EMSGSIZE;
  if (kind == SPOOL_DAMAGED)
    return -EINVAL;
  if (no_more_ops(s))
    return SPOOL_FULL;
  if (spool_full_for(s, len) || buf_reserve(&g->bytes, padded, &at)) {
    s->refused = true;
    want_soon(s);
    return SPOOL_FULL;
  }
  struct op *op = group_op(g, OP_RECORD, done, arg);
  op->at = g->bytes.len;
  op->len = len;
  record_begin((uint8_t *)at, kind, taken_ms);
  if (payload.len)
    memcpy(at + RECORD_HEADER, payload.at, payload.len);
  buf_advance(&g->bytes, padded);
  g->records++;
  g->room += record_file_room(len);
  wake(s);
  return 0;
}

int spool_sync_blobs(struct spool *s, spool_done *done, void *arg) {
  if (no_more_ops(s))
    return SPOOL_FULL;
  group_op(s->filling, OP_SYNC, done, arg);
  wake(s);
  return 0;
}

int spool_set_attempts(struct spool *s, uint64_t seq, uint32_t attempts, spool_done *done, void *arg) {
  if (no_more_ops(s))
    return SPOOL_FULL;
  struct op *op = group_op(s->filling, OP_ATTEMPTS, done, arg);
  op->seq = seq;
  op->attempts = attempts;
  wake(s);
  return 0;
}

void spool_confirm(struct spool *s, uint64_t seq) {
  if (seq >= s->standing.next)
    seq = s->standing.next - 1;
  if (seq <= s->confirmed)
    return;
  s->confirmed = seq;
  confirm_marks_add(&s->marks, clock_now_ms(), seq);
  if (s->refused || spool_full_for(s, RECORD_HEADER))
    want(s); /* sources are being deferred: make room now */
  else
    want_soon(s);
  s->refused = false;
}

uint64_t spool_confirmed(const struct spool *s) {
  return s->confirmed;
}

void spool_on_commit(struct spool *s, void (*notify)(void *arg), void *arg) {
  s->notify = notify;
  s->notify_arg = arg;
}

struct blob_store *spool_blobs(struct spool *s) {
  return &s->blobs;
}

/* ---- life */

/* The lock is on the open file, so it goes with the process, and also keeps the same process out. The file may have
 * been removed by a failed open of another process between our opening and locking it. */
static int lock_folder(const char *folder, int *ret) {
  char *path = path_join(folder, "lock");
  int r = -EAGAIN;
  for (int tries = 0; r == -EAGAIN && tries < 3; tries++) {
    struct stat here, there;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
      r = -errno;
    } else if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
      r = errno == EWOULDBLOCK ? -EBUSY : -errno;
    } else if (fstat(fd, &here) == 0 && stat(path, &there) == 0 && here.st_ino == there.st_ino) {
      *ret = fd;
      fd = -1;
      r = 0;
    }
    if (fd >= 0)
      close(fd);
  }
  free(path);
  return r;
}

static int sync_names(const char *folder) {
  char *parent = path_join(folder, "..");
  int r = folder_sync(folder);
  if (r == 0)
    r = folder_sync(parent);
  free(parent);
  return r == -EACCES ? 0 : r; /* a parent we may not read was not made by us */
}

static int open_parts(struct spool *s, const struct spool_options *options) {
  char *beside = path_join(options->folder, "blobs");
  struct blob_options blobs = options->blobs;
  if (!blobs.folder)
    blobs.folder = beside;
  int r = record_file_open(options->folder, options->size, &s->records);
  if (r == 0)
    r = blob_store_open(&blobs, clock_now_ms(), &s->blobs);
  if (r == 0)
    r = sync_names(options->folder);
  free(beside);
  return r;
}

static void free_handles(uv_handle_t *handle) {
  struct spool_handles *h = handle->data;
  if (--h->open == 0)
    free(h);
}

static void close_handles(struct spool_handles *h) {
  uv_handle_t *all[] = {(uv_handle_t *)&h->done, (uv_handle_t *)&h->turn, (uv_handle_t *)&h->soon,
                        (uv_handle_t *)&h->hourly};
  h->open = 4;
  for (size_t i = 0; i < 4; i++) {
    all[i]->data = h;
    uv_close(all[i], free_handles);
  }
}

static int open_handles(struct spool *s) {
  struct spool_handles *h = must_calloc(1, sizeof(*h));
  int r = uv_async_init(s->loop, &h->done, on_done);
  if (r < 0) {
    free(h);
    return r;
  }
  uv_idle_init(s->loop, &h->turn);
  uv_timer_init(s->loop, &h->soon);
  uv_timer_init(s->loop, &h->hourly);
  h->done.data = h->turn.data = h->soon.data = h->hourly.data = s;
  uv_timer_start(&h->hourly, on_hourly, FIRST_SWEEP_MS, SWEEP_MS);
  /* Only a group under way keeps the loop alive. */
  uv_unref((uv_handle_t *)&h->done);
  uv_unref((uv_handle_t *)&h->soon);
  uv_unref((uv_handle_t *)&h->hourly);
  s->handles = h;
  return 0;
}

static void release(struct spool *s) {
  blob_store_close(&s->blobs);
  record_file_close(&s->records);
  if (s->handles)
    close_handles(s->handles);
  if (s->lock_fd >= 0)
    close(s->lock_fd);
  group_free(s->filling);
  group_free(s->spare);
  free(s->folder);
  free(s);
}

static void remove_made(const char *folder, bool folder_made) {
  if (!folder_made)
    return;
  char *lock = path_join(folder, "lock");
  unlink(lock);
  free(lock);
  rmdir(folder); /* fails when something is in it, which then stays */
}

int spool_open(uv_loop_t *loop, const struct spool_options *options, struct spool **ret) {
  struct stat st;
  bool folder_made = stat(options->folder, &st) < 0;
  int r = folder_make(options->folder);
  if (r < 0)
    return r;
  struct spool *s = must_calloc(1, sizeof(*s));
  *s = (struct spool){.loop = loop, .lock_fd = -1, .folder = must_strdup(options->folder)};
  r = lock_folder(s->folder, &s->lock_fd);
  bool locked = r == 0;
  if (r == 0)
    r = open_parts(s, options);
  if (r == 0)
    r = open_handles(s);
  if (r == 0) {
    s->writer.records = &s->records;
    s->writer.packs = &s->blobs.packs;
    s->writer.done = &s->handles->done;
    r = spool_writer_start(&s->writer);
  }
  if (r < 0) {
    if (locked)
      remove_made(s->folder, folder_made);
    release(s);
    return r;
  }
  s->blobs.wake = wake;
  s->blobs.wake_arg = s;
  s->standing = s->records.standing;
  s->confirmed = s->standing.confirmed;
  confirm_marks_init(&s->marks, options->keep_ms, clock_now_ms(), s->confirmed);
  s->filling = group_new(s);
  *ret = s;
  return 0;
}

void spool_close(struct spool **spool) {
  if (!spool || !*spool)
    return;
  struct spool *s = *spool;
  assert(!s->calling);
  s->closing = true;
  struct group *g = spool_writer_stop(&s->writer);
  if (g) {
    settle(s, g);
    call_done(g);
    group_free(g);
  }
  s->filling->outcome = -ECANCELED;
  call_done(s->filling);
  if (s->confirmed != s->records.standing.confirmed) {
    struct record_commit c = {.confirmed = s->confirmed, .old = confirm_marks_old(&s->marks),
                              .now_ms = clock_now_ms()};
    int ignored = record_file_commit(&s->records, &c); /* else it is confirmed once more after the next start */
    (void)ignored;
  }
  *spool = NULL;
  release(s);
}
