/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looking a blob up by its digest in a folder, by any process, while the owner writes.
 * Newest pack first; in each the index, then what of the pack is not in the index yet. A damaged copy does not end the
 * search: the same blob may have been put again. Before all that, a reader that goes through a backlog finds the next
 * blob a few entries behind the last one.
 */
#include "base/encode.h"
#include "spool/blob_store.h"
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOOK_AHEAD = 64 };

int blob_read_file(int fd, const uint8_t digest[SHA256_BYTES], struct buf *ret) {
  struct stat st;
  uint8_t found[SHA256_BYTES];
  char *at;
  if (fstat(fd, &st) < 0)
    return -errno;
  if (buf_reserve(ret, (size_t)st.st_size, &at))
    return BLOB_TOO_LARGE;
  int64_t got = pack_pread(fd, at, (size_t)st.st_size, 0);
  if (got < 0)
    return (int)got;
  sha256(slice_of(at, (size_t)got), found);
  if (memcmp(found, digest, SHA256_BYTES) != 0)
    return BLOB_DAMAGED;
  buf_advance(ret, (size_t)got);
  return 0;
}

static int find_large(const char *folder, const uint8_t digest[SHA256_BYTES], struct buf *ret) {
  char *path = blob_large_path(folder, digest);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  int r = fd >= 0 ? 0 : errno == ENOENT ? BLOB_ABSENT : -errno;
  free(path);
  if (r == 0) {
    r = blob_read_file(fd, digest, ret);
    close(fd);
  }
  return r;
}

struct hunt {
  const uint8_t *digest;
  int pack_fd, outcome;
  uint64_t entry; /* the number of the one looked at, in this pack's index */
  struct buf *ret;
};

static bool look(void *arg, const struct pack_entry *entry) {
  struct hunt *h = arg;
  h->entry++;
  if (memcmp(entry->sha256, h->digest, SHA256_BYTES) != 0)
    return true;
  int r = pack_read(h->pack_fd, entry, h->ret);
  if (r == BLOB_DAMAGED) {
    h->outcome = BLOB_DAMAGED;
    return true;
  }
  h->outcome = r;
  return false;
}

/* h->outcome: 0 found, BLOB_ABSENT, BLOB_DAMAGED (go on), anything else ends the search. */
static int hunt_pack(const char *folder, uint32_t number, struct hunt *h) {
  uint64_t end = 0, count;
  h->pack_fd = pack_open(folder, number, "dat", O_RDONLY);
  if (h->pack_fd < 0)
    return h->pack_fd == -ENOENT ? 0 : h->pack_fd; /* removed meanwhile */
  int r = 0, before = h->outcome;
  h->entry = 0;
  int index_fd = pack_open(folder, number, "idx", O_RDONLY);
  if (index_fd >= 0) {
    r = pack_walk_index(index_fd, h->pack_fd, look, h, &end, &count);
    close(index_fd);
  }
  if (r == 0 && (h->outcome == before || h->outcome == BLOB_DAMAGED))
    r = pack_walk(h->pack_fd, end, look, h, &end);
  close(h->pack_fd);
  return r;
}

/* The entries right behind the last blob that was found. Returns 0 or BLOB_ABSENT: whatever is wrong, the whole search
 * will see it too. */
static int find_behind(const char *folder, const uint8_t digest[SHA256_BYTES], struct blob_trail *trail,
                       struct buf *ret) {
  uint8_t part[LOOK_AHEAD * PACK_ENTRY];
  int found = BLOB_ABSENT, index_fd = trail->pack ? pack_open(folder, trail->pack, "idx", O_RDONLY) : -1;
  int64_t got = index_fd >= 0 ? pack_pread(index_fd, part, sizeof(part), trail->entry * PACK_ENTRY) : 0;
  if (index_fd >= 0)
    close(index_fd);
  for (int64_t i = 0; i + PACK_ENTRY <= got; i += PACK_ENTRY) {
    struct pack_entry entry;
    pack_entry_decode(part + i, &entry);
    if (memcmp(entry.sha256, digest, SHA256_BYTES) != 0)
      continue;
    int pack_fd = pack_open(folder, trail->pack, "dat", O_RDONLY);
    if (pack_fd >= 0 && pack_read(pack_fd, &entry, ret) == 0) {
      found = 0;
      trail->entry += (uint64_t)(i / PACK_ENTRY) + 1;
    }
    if (pack_fd >= 0)
      close(pack_fd);
    break;
  }
  return found;
}

int blob_find(const char *folder, const uint8_t digest[SHA256_BYTES], struct buf *ret) {
  struct blob_trail none = {0};
  return blob_follow(folder, digest, &none, ret);
}

int blob_follow(const char *folder, const uint8_t digest[SHA256_BYTES], struct blob_trail *trail, struct buf *ret) {
  if (find_behind(folder, digest, trail, ret) == 0)
    return 0;
  int large = find_large(folder, digest, ret);
  if (large != BLOB_ABSENT && large != BLOB_DAMAGED)
    return large;
  uint32_t *numbers;
  size_t count;
  int r = pack_list(folder, &numbers, &count);
  if (r < 0)
    return r;
  struct hunt h = {.digest = digest, .outcome = large, .ret = ret};
  for (size_t i = 0; r == 0 && i < count && (h.outcome == BLOB_ABSENT || h.outcome == BLOB_DAMAGED); i++) {
    r = hunt_pack(folder, numbers[i], &h);
    if (r == 0 && h.outcome == 0)
      *trail = (struct blob_trail){numbers[i], h.entry};
  }
  free(numbers);
  return r ? r : h.outcome;
}
