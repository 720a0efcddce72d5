/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One contiguous write and one fdatasync per batch. Space is preallocated in steps, so that most syncs need not write
 * the file's size. The index is written without a sync: it can be rebuilt from the pack.
 */
#include "spool/pack_writer.h"
#include "base/file.h"
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { EXTEND = 8 * 1024 * 1024, DAY_MS = 24 * 3600 * 1000, INDEX_AT_ONCE = 1024 };

int blob_fault(int error) {
  return error == ENOSPC || error == EDQUOT || error == EFBIG ? BLOB_FULL : -error;
}

int folder_sync(const char *folder) {
  int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return -errno;
  int r = fsync(fd) < 0 ? -errno : 0;
  close(fd);
  return r;
}

static void forget_files(struct pack_writer *w) {
  if (w->fd >= 0)
    close(w->fd);
  if (w->index_fd >= 0)
    close(w->index_fd);
  w->fd = w->index_fd = -1;
}

static bool unlink_pack(const struct pack_writer *w, uint32_t number) {
  static const char *const suffixes[] = {"idx", "dat"};
  bool gone = false;
  for (size_t i = 0; i < 2; i++) {
    char name[PACK_NAME];
    pack_name(number, suffixes[i], name);
    char *path = path_join(w->folder, name);
    gone = unlink(path) == 0;
    free(path);
  }
  return gone;
}

/* Ends the pack: what is preallocated is given back; an empty one goes. */
static void end_pack(struct pack_writer *w) {
  if (w->fd < 0)
    return;
  /* Should either fail: zeros behind the last blob are understood, and the index can be rebuilt. */
  bool cut = w->extended == w->end || ftruncate(w->fd, (off_t)w->end) == 0;
  if (cut)
    fdatasync(w->index_fd);
  forget_files(w);
  if (w->end == 0)
    unlink_pack(w, w->number);
}

static int start_pack(struct pack_writer *w, int64_t now_ms) {
  uint32_t number = w->next;
  w->fd = pack_open(w->folder, number, "dat", O_WRONLY | O_CREAT | O_EXCL);
  if (w->fd < 0)
    return blob_fault(-w->fd);
  w->index_fd = pack_open(w->folder, number, "idx", O_WRONLY | O_CREAT | O_TRUNC);
  int r = w->index_fd < 0 ? w->index_fd : folder_sync(w->folder);
  if (r < 0) {
    forget_files(w);
    unlink_pack(w, number);
    return blob_fault(-r);
  }
  w->number = number;
  w->next = number + 1;
  w->end = w->extended = w->index_end = 0;
  w->day = now_ms / DAY_MS;
  w->index_broken = false;
  return 0;
}

/* With no room for a whole step the bytes themselves may still fit; the write will say. */
static void extend(struct pack_writer *w, size_t len) {
  while (w->end + len > w->extended) {
    if (posix_fallocate(w->fd, (off_t)w->extended, EXTEND) != 0)
      return;
    w->extended += EXTEND;
  }
}

static void write_index(struct pack_writer *w, const struct blob_batch *b) {
  uint8_t part[INDEX_AT_ONCE * PACK_ENTRY];
  for (size_t done = 0; done < b->count && !w->index_broken;) {
    size_t n = 0;
    for (; n < INDEX_AT_ONCE && done + n < b->count; n++) {
      struct pack_entry entry = b->entries[done + n];
      entry.offset += (uint32_t)b->base;
      pack_entry_encode(&entry, part + n * PACK_ENTRY);
    }
    if (pack_pwrite(w->index_fd, part, n * PACK_ENTRY, w->index_end) < 0)
      w->index_broken = true;
    else
      w->index_end += n * PACK_ENTRY;
    done += n;
  }
}

static int write_small(struct pack_writer *w, struct blob_batch *b, int64_t now_ms) {
  size_t len = b->bytes.len;
  if (w->fd >= 0 && w->end > 0 && (w->end + len > PACK_MAX || now_ms / DAY_MS != w->day))
    end_pack(w);
  int r = w->fd < 0 ? start_pack(w, now_ms) : 0;
  if (r)
    return r;
  extend(w, len);
  r = pack_pwrite(w->fd, b->bytes.at, len, w->end);
  if (r == 0 && fdatasync(w->fd) < 0)
    r = -errno;
  if (r < 0) {
    w->extended = UINT64_MAX; /* cut back whatever was written */
    end_pack(w);
    return blob_fault(-r);
  }
  b->pack = w->number;
  b->base = w->end;
  w->end += len;
  if (w->extended < w->end)
    w->extended = w->end;
  write_index(w, b);
  return 0;
}

int pack_writer_batch(struct pack_writer *w, struct blob_batch *b, int64_t now_ms) {
  if (b->touch && w->fd >= 0)
    futimens(w->fd, NULL);
  int r = b->count ? write_small(w, b, now_ms) : 0;
  return r ? r : blob_large_commit(w->folder, b);
}

/* Preallocated zeros behind the end are cut; anything else there is not ours to destroy. */
static bool rest_is_zero(int fd, uint64_t from, uint64_t size) {
  uint8_t part[16384];
  while (from < size) {
    int64_t got = pack_pread(fd, part, sizeof(part), from);
    if (got <= 0)
      return false;
    for (int64_t i = 0; i < got; i++)
      if (part[i])
        return false;
    from += (uint64_t)got;
  }
  return true;
}

static int resume(struct pack_writer *w, uint32_t number, uint64_t end, int64_t now_ms) {
  struct stat st;
  int fd = pack_open(w->folder, number, "dat", O_RDWR);
  if (fd < 0)
    return fd;
  if (fstat(fd, &st) < 0 || !rest_is_zero(fd, end, (uint64_t)st.st_size)) {
    close(fd);
    return 0;
  }
  struct timespec times[2] = {st.st_atim, st.st_mtim}; /* cutting is not writing: it must not look younger */
  if ((uint64_t)st.st_size != end && (ftruncate(fd, (off_t)end) < 0 || futimens(fd, times) < 0)) {
    int r = -errno;
    close(fd);
    return r;
  }
  /* What a killed process wrote and did not sync must be on disk before anything is said to be in this pack. */
  int64_t day = (int64_t)st.st_mtim.tv_sec * 1000 / DAY_MS;
  int index_fd = pack_open(w->folder, number, "idx", O_WRONLY);
  if (fdatasync(fd) < 0 || index_fd < 0 || end >= PACK_MAX || day != now_ms / DAY_MS) {
    close(fd);
    if (index_fd >= 0)
      close(index_fd);
    return 0;
  }
  w->fd = fd;
  w->index_fd = index_fd;
  w->number = number;
  w->end = w->extended = end;
  w->index_end = (uint64_t)lseek(index_fd, 0, SEEK_END);
  w->day = day;
  return 0;
}

static int make_folders(const char *folder) {
  static const char *const parts[] = {"large", "tmp"};
  int r = folder_make(folder);
  for (size_t i = 0; r == 0 && i < 2; i++) {
    char *path = path_join(folder, parts[i]);
    r = folder_make(path);
    if (r == 0)
      r = folder_sync(path);
    free(path);
  }
  return r ? r : folder_sync(folder);
}

int pack_writer_open(struct pack_writer *w, const char *folder, int64_t now_ms) {
  *w = (struct pack_writer){.folder = must_strdup(folder), .fd = -1, .index_fd = -1, .next = 1};
  uint32_t *numbers = NULL;
  size_t count = 0;
  int r = make_folders(folder);
  if (r == 0)
    r = blob_large_clear_tmp(folder);
  if (r == 0)
    r = pack_list(folder, &numbers, &count);
  for (size_t i = 0; r == 0 && i < count; i++) {
    uint64_t end;
    r = pack_mend_index(folder, numbers[i], i == 0, &end);
    if (r == 0 && i == 0) {
      w->next = numbers[0] + 1;
      r = resume(w, numbers[0], end, now_ms);
    }
  }
  free(numbers);
  if (r)
    pack_writer_close(w);
  return r;
}

void pack_writer_close(struct pack_writer *w) {
  end_pack(w);
  free(w->folder);
  w->folder = NULL;
}

bool pack_writer_sweep(struct pack_writer *w, int64_t before_ms, size_t most) {
  uint32_t *numbers = NULL;
  size_t count = 0, removed = 0;
  if (pack_list(w->folder, &numbers, &count) < 0)
    return false;
  while (removed < most && count-- > 0) {
    struct stat st;
    int fd = pack_open(w->folder, numbers[count], "dat", O_RDONLY);
    bool old = fd >= 0 && fstat(fd, &st) == 0 &&
               (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000 < before_ms;
    if (fd >= 0)
      close(fd);
    if (!old)
      continue;
    if (w->fd >= 0 && numbers[count] == w->number)
      end_pack(w);
    removed += unlink_pack(w, numbers[count]);
  }
  free(numbers);
  removed += blob_large_sweep(w->folder, before_ms, most - removed);
  return removed == most;
}
