/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding the end of a pack hops from header to header and trusts only what is framed: the bytes themselves are checked
 * (CRC, digest) when a blob is read, so that damage shows as BLOB_DAMAGED at the blob it hit and hides no other.
 * Files are read with pread, never mapped: the owner may truncate one while another process reads it.
 */
#include "spool/pack.h"
#include "base/encode.h"
#include "base/file.h"
#include <dirent.h>
#include <endian.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PACK_MAGIC 0x314b5044u /* "DPK1" */
enum { ENTRIES_AT_ONCE = 1024 };

static void put32(uint8_t *at, uint32_t v) {
  v = htole32(v);
  memcpy(at, &v, sizeof(v));
}

static uint32_t get32(const uint8_t *at) {
  uint32_t v;
  memcpy(&v, at, sizeof(v));
  return le32toh(v);
}

static uint32_t checksum(const uint8_t header[PACK_HEADER], struct slice bytes) {
  uint32_t crc = crc32c(0, header + 4, 4);
  crc = crc32c(crc, header + 12, SHA256_BYTES);
  return crc32c(crc, bytes.at, bytes.len);
}

void pack_header_encode(struct slice bytes, const uint8_t digest[SHA256_BYTES], uint8_t ret[PACK_HEADER]) {
  put32(ret, PACK_MAGIC);
  put32(ret + 4, (uint32_t)bytes.len);
  memcpy(ret + 12, digest, SHA256_BYTES);
  put32(ret + 8, checksum(ret, bytes));
}

int pack_header_decode(const uint8_t at[PACK_HEADER], uint32_t offset, struct pack_entry *ret) {
  if (get32(at) != PACK_MAGIC || get32(at + 4) > BLOB_SMALL_MAX)
    return -EBADMSG;
  memcpy(ret->sha256, at + 12, SHA256_BYTES);
  ret->offset = offset;
  ret->len = get32(at + 4);
  return 0;
}

void pack_entry_encode(const struct pack_entry *entry, uint8_t ret[PACK_ENTRY]) {
  memcpy(ret, entry->sha256, SHA256_BYTES);
  put32(ret + 32, entry->offset);
  put32(ret + 36, entry->len);
}

void pack_entry_decode(const uint8_t at[PACK_ENTRY], struct pack_entry *ret) {
  memcpy(ret->sha256, at, SHA256_BYTES);
  ret->offset = get32(at + 32);
  ret->len = get32(at + 36);
}

int64_t pack_pread(int fd, void *bytes, size_t len, uint64_t offset) {
  size_t have = 0;
  while (have < len) {
    ssize_t got = pread(fd, (uint8_t *)bytes + have, len - have, (off_t)(offset + have));
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return -errno;
    if (got == 0)
      break;
    have += (size_t)got;
  }
  return (int64_t)have;
}

int pack_pwrite(int fd, const void *bytes, size_t len, uint64_t offset) {
  const uint8_t *at = bytes;
  while (len) {
    ssize_t put = pwrite(fd, at, len, (off_t)offset);
    if (put < 0 && errno == EINTR)
      continue;
    if (put < 0)
      return -errno;
    at += put;
    offset += (uint64_t)put;
    len -= (size_t)put;
  }
  return 0;
}

static int file_size(int fd, uint64_t *ret) {
  struct stat st;
  if (fstat(fd, &st) < 0)
    return -errno;
  *ret = (uint64_t)st.st_size;
  return 0;
}

static int header_at(int pack_fd, uint32_t offset, struct pack_entry *ret) {
  uint8_t header[PACK_HEADER];
  int64_t got = pack_pread(pack_fd, header, sizeof(header), offset);
  return got < 0 ? (int)got : got < PACK_HEADER ? -EBADMSG : pack_header_decode(header, offset, ret);
}

int pack_walk(int pack_fd, uint64_t offset, pack_each *each, void *arg, uint64_t *ret_end) {
  uint64_t size = 0;
  int r = file_size(pack_fd, &size);
  if (r < 0)
    return r;
  if (size > UINT32_MAX)
    size = UINT32_MAX; /* not written by us */
  while (offset + PACK_HEADER <= size) {
    struct pack_entry entry;
    r = header_at(pack_fd, (uint32_t)offset, &entry);
    if (r < 0 && r != -EBADMSG)
      return r;
    if (r < 0 || pack_entry_end(&entry) > size)
      break;
    offset = pack_entry_end(&entry);
    if (!each(arg, &entry))
      break;
  }
  *ret_end = offset;
  return 0;
}

/* Every entry is borne out by the next one's offset; the last one only by the pack itself. */
static bool last_fits(int pack_fd, const struct pack_entry *last) {
  struct pack_entry found;
  return header_at(pack_fd, last->offset, &found) == 0 && found.len == last->len &&
         memcmp(found.sha256, last->sha256, SHA256_BYTES) == 0;
}

int pack_walk_index(int index_fd, int pack_fd, pack_each *each, void *arg, uint64_t *ret_end, uint64_t *ret_count) {
  uint64_t size = 0, end = 0, count = 0;
  int r = file_size(pack_fd, &size);
  if (r < 0)
    return r;
  uint8_t part[ENTRIES_AT_ONCE * PACK_ENTRY];
  struct pack_entry last = {.offset = 0};
  bool going = true;
  while (going) {
    int64_t got = pack_pread(index_fd, part, sizeof(part), count * PACK_ENTRY);
    if (got < 0)
      return (int)got;
    going = got == (int64_t)sizeof(part);
    for (int64_t i = 0; i + PACK_ENTRY <= got; i += PACK_ENTRY) {
      struct pack_entry entry;
      pack_entry_decode(part + i, &entry);
      if (entry.offset != end || entry.len > BLOB_SMALL_MAX || pack_entry_end(&entry) > size) {
        going = false;
        break;
      }
      end = pack_entry_end(&entry);
      count++;
      last = entry;
      if (!each(arg, &entry)) {
        going = false;
        break;
      }
    }
  }
  while (count && !last_fits(pack_fd, &last)) {
    uint8_t before[PACK_ENTRY];
    end = last.offset;
    if (--count == 0)
      break;
    int64_t got = pack_pread(index_fd, before, sizeof(before), (count - 1) * PACK_ENTRY);
    if (got < 0)
      return (int)got;
    pack_entry_decode(before, &last);
  }
  *ret_end = end;
  *ret_count = count;
  return 0;
}

int pack_read(int pack_fd, const struct pack_entry *entry, struct buf *ret) {
  uint8_t header[PACK_HEADER], digest[SHA256_BYTES];
  char *at;
  if (entry->len > BLOB_SMALL_MAX)
    return BLOB_DAMAGED;
  if (buf_reserve(ret, entry->len, &at))
    return BLOB_TOO_LARGE;
  int64_t got = pack_pread(pack_fd, header, sizeof(header), entry->offset);
  if (got == PACK_HEADER)
    got = pack_pread(pack_fd, at, entry->len, (uint64_t)entry->offset + PACK_HEADER);
  else if (got >= 0)
    return BLOB_DAMAGED;
  if (got < 0)
    return (int)got;
  struct pack_entry found;
  struct slice bytes = slice_of(at, (size_t)got);
  sha256(bytes, digest);
  if (pack_header_decode(header, entry->offset, &found) < 0 || (size_t)got != entry->len || found.len != entry->len ||
      get32(header + 8) != checksum(header, bytes) || memcmp(digest, entry->sha256, SHA256_BYTES) != 0)
    return BLOB_DAMAGED;
  buf_advance(ret, bytes.len);
  return 0;
}

struct mend {
  int fd, pack_fd, fault;
  uint64_t count;
};

/* An entry whose place is right and whose digest is not: half of it was lost with a page that was never written. When
 * the pack's header is what is damaged, the entry is the better witness. */
static bool compare_one(void *arg, const struct pack_entry *entry) {
  struct mend *m = arg;
  struct pack_entry found;
  uint8_t bytes[PACK_ENTRY];
  if (header_at(m->pack_fd, entry->offset, &found) == 0 && found.len == entry->len &&
      memcmp(found.sha256, entry->sha256, SHA256_BYTES) != 0) {
    pack_entry_encode(&found, bytes);
    m->fault = pack_pwrite(m->fd, bytes, sizeof(bytes), m->count * PACK_ENTRY);
  }
  m->count++;
  return m->fault == 0;
}

static bool mend_one(void *arg, const struct pack_entry *entry) {
  struct mend *m = arg;
  uint8_t bytes[PACK_ENTRY];
  pack_entry_encode(entry, bytes);
  m->fault = pack_pwrite(m->fd, bytes, sizeof(bytes), m->count * PACK_ENTRY);
  m->count++;
  return m->fault == 0;
}

static int mend(int index_fd, int pack_fd, uint64_t *ret_end) {
  uint64_t end, count, index_size = 0;
  struct mend m = {.fd = index_fd, .pack_fd = pack_fd};
  int r = pack_walk_index(index_fd, pack_fd, compare_one, &m, &end, &count);
  if (r == 0)
    r = m.fault;
  if (r == 0)
    r = file_size(index_fd, &index_size);
  if (r == 0 && index_size != count * PACK_ENTRY && ftruncate(index_fd, (off_t)(count * PACK_ENTRY)) < 0)
    r = -errno;
  if (r < 0)
    return r;
  m.count = count;
  r = pack_walk(pack_fd, end, mend_one, &m, &end);
  if (r == 0)
    r = m.fault;
  if (r == 0 && fdatasync(index_fd) < 0)
    r = -errno;
  if (r == 0)
    *ret_end = end;
  return r;
}

/* The last entry ends where the pack does: nothing is missing, and nothing was preallocated. */
static bool agrees(int index_fd, int pack_fd) {
  uint64_t index_size = 0, pack_size = 0;
  uint8_t last[PACK_ENTRY];
  struct pack_entry entry;
  if (file_size(index_fd, &index_size) < 0 || file_size(pack_fd, &pack_size) < 0 || index_size % PACK_ENTRY)
    return false;
  if (index_size == 0)
    return pack_size == 0;
  if (pack_pread(index_fd, last, sizeof(last), index_size - PACK_ENTRY) != PACK_ENTRY)
    return false;
  pack_entry_decode(last, &entry);
  return pack_entry_end(&entry) == pack_size;
}

int pack_mend_index(const char *folder, uint32_t number, bool thoroughly, uint64_t *ret_end) {
  int pack_fd = pack_open(folder, number, "dat", O_RDONLY);
  if (pack_fd < 0)
    return pack_fd;
  int index_fd = pack_open(folder, number, "idx", O_RDWR | O_CREAT);
  int r;
  if (index_fd < 0)
    r = index_fd;
  else if (!thoroughly && agrees(index_fd, pack_fd))
    r = file_size(pack_fd, ret_end);
  else
    r = mend(index_fd, pack_fd, ret_end);
  if (index_fd >= 0)
    close(index_fd);
  close(pack_fd);
  return r;
}

void pack_name(uint32_t number, const char *suffix, char ret[PACK_NAME]) {
  snprintf(ret, PACK_NAME, "pack-%08u.%.3s", number, suffix);
}

int pack_open(const char *folder, uint32_t number, const char *suffix, int flags) {
  char name[PACK_NAME];
  pack_name(number, suffix, name);
  char *path = path_join(folder, name);
  int fd = open(path, flags | O_CLOEXEC, 0600);
  int r = fd < 0 ? -errno : fd;
  free(path);
  return r;
}

static int greatest_first(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return x < y ? 1 : x > y ? -1 : 0;
}

int pack_list(const char *folder, uint32_t **ret, size_t *ret_count) {
  DIR *all = opendir(folder);
  if (!all)
    return -errno;
  uint32_t *numbers = NULL;
  size_t count = 0, room = 0;
  for (struct dirent *e; (e = readdir(all));) {
    if (strncmp(e->d_name, "pack-", 5) != 0 || strspn(e->d_name + 5, "0123456789") != 8 ||
        strcmp(e->d_name + 13, ".dat") != 0)
      continue;
    if (count == room) {
      room = room ? room * 2 : 64;
      numbers = must_realloc(numbers, room * sizeof(*numbers));
    }
    numbers[count++] = (uint32_t)strtoul(e->d_name + 5, NULL, 10);
  }
  closedir(all);
  if (count)
    qsort(numbers, count, sizeof(*numbers), greatest_first);
  *ret = numbers;
  *ret_count = count;
  return 0;
}
