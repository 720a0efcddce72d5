/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loop thread's side of the blob store: takes blobs into the filling batch and finds them again, wherever they are
 * on their way to the disk.
 * A blob that stands already in the filling batch or in the pack being written is not stored again. Not one that is
 * only in the running batch: should that batch fail, a later record would name a blob that is nowhere. And not one in
 * an older pack, which may be removed sooner than the new record expects.
 */
#include "base/clock.h"
#include "spool/blob_store.h"
#include <fcntl.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { ROOM_LOOK_MS = 1000, WAKE_BYTES = 4 * 1024 * 1024, WAKE_LARGE = 64, RECENT_MAX = 2 * 1024 * 1024 };

int blob_store_open(const struct blob_options *options, int64_t now_ms, struct blob_store *ret) {
  struct blob_store s = {
      .folder = must_strdup(options->folder),
      .largest = options->largest ? options->largest : SIZE_MAX,
      .reserve = options->reserve,
      .keep_ms = options->keep_ms,
      .next_batch = 2,
      .next_tmp = 1,
      .room_seen_ms = INT64_MIN,
  };
  int r = pack_writer_open(&s.packs, options->folder, now_ms);
  if (r < 0) {
    free(s.folder);
    return r;
  }
  s.table = blob_table_new();
  s.filling = blob_batch_new();
  s.filling->number = 1;
  s.recent = blob_batch_new();
  *ret = s;
  return 0;
}

void blob_store_close(struct blob_store *s) {
  if (!s->folder)
    return;
  pack_writer_close(&s->packs);
  blob_batch_free(&s->filling);
  blob_batch_free(&s->running);
  blob_batch_free(&s->recent);
  blob_batch_free(&s->spare);
  blob_table_free(&s->table);
  free(s->folder);
  s->folder = NULL;
}

struct blob_batch *blob_store_hand_over(struct blob_store *s) {
  assert(!s->running);
  s->running = s->filling;
  s->filling = s->spare ? s->spare : blob_batch_new();
  s->spare = NULL;
  s->filling->number = s->next_batch++;
  return s->running;
}

static void recycle(struct blob_store *s, struct blob_batch *b) {
  blob_batch_clear(b);
  if (s->spare)
    blob_batch_free(&b);
  else
    s->spare = b;
}

void blob_store_settle(struct blob_store *s, bool written) {
  struct blob_batch *b = s->running;
  assert(b);
  s->running = NULL;
  for (size_t i = 0; i < b->count; i++) {
    const struct pack_entry *e = &b->entries[i];
    if (!written) {
      blob_table_drop(s->table, e->sha256, b->number);
      continue;
    }
    struct blob_place place = {.pack = b->pack, .offset = e->offset + (uint32_t)b->base, .len = e->len};
    memcpy(place.sha256, e->sha256, SHA256_BYTES);
    const struct blob_place *known = blob_table_find(s->table, e->sha256);
    if (!known || known->batch == 0 || known->batch == b->number)
      blob_table_put(s->table, &place);
  }
  if (!written || blob_batch_empty(b)) {
    recycle(s, b);
    return;
  }
  if (b->count)
    s->current_pack = b->pack;
  if (b->bytes.len > RECENT_MAX)
    blob_batch_clear(b);
  recycle(s, s->recent);
  s->recent = b;
}

int blob_store_room(struct blob_store *s, size_t len) {
  int64_t now = clock_monotonic_ms();
  if (s->room_seen_ms == INT64_MIN || now - s->room_seen_ms >= ROOM_LOOK_MS) {
    struct statvfs disk;
    if (statvfs(s->folder, &disk) < 0)
      return -errno;
    s->room = (uint64_t)disk.f_bavail * disk.f_frsize;
    s->room_seen_ms = now;
  }
  if (s->room < s->reserve || s->room - s->reserve < len)
    return BLOB_FULL;
  s->room -= len;
  return 0;
}

int blob_store_put_small(struct blob_store *s, struct slice bytes, const uint8_t digest[SHA256_BYTES]) {
  const struct blob_place *known = blob_table_find(s->table, digest);
  if (known && known->batch == s->filling->number)
    return 0;
  if (known && known->batch == 0 && known->pack == s->current_pack) {
    s->filling->touch = true;
    return 0;
  }
  int r = blob_store_room(s, bytes.len + PACK_HEADER);
  if (r == 0)
    r = blob_batch_add(s->filling, bytes, digest);
  if (r == 0) {
    const struct pack_entry *e = &s->filling->entries[s->filling->count - 1];
    struct blob_place place = {.batch = s->filling->number, .offset = e->offset, .len = e->len};
    memcpy(place.sha256, digest, SHA256_BYTES);
    blob_table_put(s->table, &place);
  }
  if (s->filling->bytes.len >= WAKE_BYTES || s->filling->large_count >= WAKE_LARGE)
    s->wake(s->wake_arg);
  return r;
}

int blob_put(struct blob_store *s, struct slice bytes, struct blob_ref *ret) {
  if (bytes.len > s->largest)
    return BLOB_TOO_LARGE;
  if (bytes.len <= BLOB_SMALL_MAX) {
    struct blob_ref ref = {.size = bytes.len};
    sha256(bytes, ref.sha256);
    int r = blob_store_put_small(s, bytes, ref.sha256);
    if (r == 0)
      *ret = ref;
    return r;
  }
  struct blob_writer *w;
  int r = blob_writer_open(s, &w);
  if (r == 0)
    r = blob_writer_add(w, bytes);
  if (r == 0)
    return blob_writer_end(&w, ret);
  blob_writer_free(&w);
  return r;
}

/* What is in memory was hashed when it was put and has not left this process since. */
static int lend(struct slice bytes, struct buf *ret) {
  return buf_add_slice(ret, bytes) ? BLOB_TOO_LARGE : 0;
}

static int read_pack(struct blob_store *s, const struct blob_place *place, struct buf *ret) {
  const struct blob_batch *b = s->recent;
  struct pack_entry entry = {.offset = place->offset, .len = place->len};
  if (b->count && place->pack == b->pack && place->offset >= b->base && place->offset - b->base < b->bytes.len) {
    entry.offset -= (uint32_t)b->base;
    return lend(blob_batch_bytes(b, &entry), ret);
  }
  memcpy(entry.sha256, place->sha256, SHA256_BYTES);
  int fd = pack_open(s->folder, place->pack, "dat", O_RDONLY);
  if (fd < 0)
    return BLOB_DAMAGED;
  int r = pack_read(fd, &entry, ret);
  close(fd);
  return r;
}

int blob_read(struct blob_store *s, const uint8_t digest[SHA256_BYTES], struct buf *ret) {
  const struct blob_batch *batches[] = {s->filling, s->running, s->recent};
  const struct blob_place *place = blob_table_find(s->table, digest);
  if (place && place->batch == 0) {
    int r = read_pack(s, place, ret);
    if (r != BLOB_DAMAGED)
      return r; /* damaged or removed: another copy may be somewhere */
  }
  for (size_t i = 0; i < 3; i++) {
    if (!batches[i])
      continue;
    if (place && place->batch == batches[i]->number) {
      struct pack_entry entry = {.offset = place->offset, .len = place->len};
      return lend(blob_batch_bytes(batches[i], &entry), ret);
    }
    const struct pack_entry *entry = blob_batch_find(batches[i], digest);
    if (entry)
      return lend(blob_batch_bytes(batches[i], entry), ret);
    const struct blob_large *large = blob_batch_find_large(batches[i], digest);
    if (large)
      return blob_read_file(large->fd, digest, ret);
  }
  return blob_follow(s->folder, digest, &s->trail, ret);
}
