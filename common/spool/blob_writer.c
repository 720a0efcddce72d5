/* SPDX-License-Identifier: Apache-2.0 */
/* A blob whose size is not known: small ones stay in memory, one that grows goes on in a file of its own in tmp/. */
#include "base/file.h"
#include "spool/blob_store.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct blob_writer {
  struct blob_store *store;
  struct digest *digest;
  struct buf bytes;         /* not in the file yet */
  char *tmp;                /* NULL: small so far */
  int fd;
  uint64_t size, written;
  void *map;                /* lent; NULL: not */
  size_t map_len;
};

static void unlend(struct blob_writer *w) {
  if (w->map)
    munmap(w->map, w->map_len);
  w->map = NULL;
}

int blob_writer_open(struct blob_store *s, struct blob_writer **ret) {
  int r = blob_store_room(s, 0);
  if (r)
    return r;
  struct blob_writer *w = must_calloc(1, sizeof(*w));
  w->store = s;
  w->digest = digest_new();
  w->bytes = BUF_INIT(BLOB_SMALL_MAX);
  w->fd = -1;
  *ret = w;
  return 0;
}

static int open_tmp(struct blob_writer *w) {
  char name[48];
  snprintf(name, sizeof(name), "tmp/%llu", (unsigned long long)w->store->next_tmp++);
  char *path = path_join(w->store->folder, name);
  w->fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (w->fd < 0) {
    int r = blob_fault(errno);
    free(path);
    return r;
  }
  w->tmp = path;
  return 0;
}

static int to_file(struct blob_writer *w, struct slice bytes) {
  int r = pack_pwrite(w->fd, bytes.at, bytes.len, w->written);
  if (r < 0)
    return blob_fault(-r);
  w->written += bytes.len;
  return 0;
}

static int flush(struct blob_writer *w) {
  int r = w->tmp ? 0 : open_tmp(w);
  if (r == 0)
    r = to_file(w, buf_slice(&w->bytes));
  if (r == 0)
    buf_clear(&w->bytes);
  return r;
}

int blob_writer_lend(struct blob_writer *w, struct slice *ret) {
  unlend(w);
  if (!w->tmp) {
    *ret = buf_slice(&w->bytes);
    return 0;
  }
  int r = flush(w);
  if (r)
    return r;
  void *map = mmap(NULL, (size_t)w->size, PROT_READ, MAP_SHARED, w->fd, 0);
  if (map == MAP_FAILED)
    return -errno;
  w->map = map;
  w->map_len = (size_t)w->size;
  *ret = slice_of(map, w->map_len);
  return 0;
}

int blob_writer_add(struct blob_writer *w, struct slice bytes) {
  unlend(w);
  if (bytes.len > w->store->largest || w->size > w->store->largest - bytes.len)
    return BLOB_TOO_LARGE;
  int r = blob_store_room(w->store, bytes.len);
  if (r == 0 && w->bytes.len + bytes.len > BLOB_SMALL_MAX) {
    r = flush(w);
    if (r == 0 && bytes.len > BLOB_SMALL_MAX / 2) {
      r = to_file(w, bytes);
      if (r == 0) {
        digest_add(w->digest, bytes);
        w->size += bytes.len;
      }
      return r;
    }
  }
  if (r)
    return r;
  r = buf_add_slice(&w->bytes, bytes);
  assert(r == 0);
  digest_add(w->digest, bytes);
  w->size += bytes.len;
  return 0;
}

uint64_t blob_writer_size(const struct blob_writer *w) {
  return w->size;
}

static int end_large(struct blob_writer *w, const struct blob_ref *ref) {
  int r = flush(w);
  if (r)
    return r;
  struct blob_large large = {.fd = w->fd, .tmp = w->tmp, .size = w->size};
  memcpy(large.sha256, ref->sha256, SHA256_BYTES);
  r = blob_batch_add_large(w->store->filling, &large);
  if (r)
    return r;
  w->fd = -1;
  w->tmp = NULL;
  if (w->store->filling->large_count >= BLOB_BATCH_LARGE_MAX / 4)
    w->store->wake(w->store->wake_arg);
  return 0;
}

int blob_writer_end(struct blob_writer **w, struct blob_ref *ret) {
  struct blob_ref ref = {.size = (*w)->size};
  digest_end((*w)->digest, ref.sha256);
  int r = (*w)->tmp ? end_large(*w, &ref) : blob_store_put_small((*w)->store, buf_slice(&(*w)->bytes), ref.sha256);
  if (r == 0)
    *ret = ref;
  blob_writer_free(w);
  return r;
}

void blob_writer_free(struct blob_writer **w) {
  if (!w || !*w)
    return;
  unlend(*w);
  if ((*w)->fd >= 0)
    close((*w)->fd);
  if ((*w)->tmp)
    unlink((*w)->tmp);
  free((*w)->tmp);
  buf_free(&(*w)->bytes);
  digest_free(&(*w)->digest);
  free(*w);
  *w = NULL;
}
