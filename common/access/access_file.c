/* SPDX-License-Identifier: Apache-2.0 */
#include "access/access.h"
#include "base/encode.h"
#include "base/file.h"
#include <sys/stat.h>

#define FILE_MOST (4 * 1024 * 1024)

static int fail(int fault, const char *path, struct complaint *complaint) {
  complain(complaint, path, 0, 0, "cannot be read: %s", strerror(-fault));
  return fault;
}

static int read_text(const char *path, struct buf *ret, struct complaint *complaint) {
  struct stat s;
  if (stat(path, &s) < 0)
    return fail(-errno, path, complaint);
  if (s.st_mode & 077) {
    complain(complaint, path, 0, 0, "others may read or write it: chmod 600");
    return -EPERM;
  }
  int r = file_read(path, ret);
  if (r == FILE_TOO_LARGE) {
    complain(complaint, path, 0, 0, "is larger than 4 MiB");
    return -EFBIG;
  }
  return r < 0 ? fail(r, path, complaint) : 0;
}

int access_read(const char *path, struct access_list *ret, struct complaint *complaint) {
  auto_clean(buf_free) struct buf text = BUF_INIT(FILE_MOST);
  int r = read_text(path, &text, complaint);
  if (r == 0)
    access_parse(buf_slice(&text), ret);
  return r;
}

static int write_text(const char *path, const struct buf *text, struct complaint *complaint) {
  int r = text->full ? -EFBIG : file_write_atomic(path, buf_slice(text), 0600);
  if (r < 0)
    complain(complaint, path, 0, 0, "cannot be written: %s", strerror(-r));
  return r;
}

int access_add(const char *path, const struct access_row *row, struct complaint *complaint) {
  auto_clean(buf_free) struct buf text = BUF_INIT(FILE_MOST);
  char digest[HEX_LEN(SHA256_BYTES) + 1];
  struct access_list list;
  int r = read_text(path, &text, complaint);
  if (r < 0 && r != -ENOENT)
    return r;
  access_parse(buf_slice(&text), &list);
  bool full = list.count == ACCESS_MAX;
  access_list_free(&list);
  if (full)
    return complain(complaint, path, 0, 0, "holds %d tokens already", ACCESS_MAX);
  if (text.len == 0)
    buf_add_text(&text, "# Who may call the agents' API: agent, role, SHA-256 of the token. "
                        "`deskbell token` writes it.\n");
  else if (text.at[text.len - 1] != '\n')
    buf_add_char(&text, '\n');
  hex_encode(row->digest, sizeof(row->digest), digest);
  buf_printf(&text, "%s %s %s\n", row->agent, access_role_text(row->role), digest);
  return write_text(path, &text, complaint);
}

static bool meant(struct slice line, struct slice agent_or_id) {
  struct access_list list;
  char id[ACCESS_ID_LEN + 1];
  access_parse(line, &list);
  bool is = false;
  if (list.count == 1) {
    access_row_id(&list.rows[0], id);
    is = slice_equal(agent_or_id, slice_text(id)) || slice_equal(agent_or_id, slice_text(list.rows[0].agent));
  }
  access_list_free(&list);
  return is;
}

int access_remove(const char *path, struct slice agent_or_id, struct complaint *complaint) {
  auto_clean(buf_free) struct buf text = BUF_INIT(FILE_MOST), kept = BUF_INIT(FILE_MOST);
  int removed = 0, r = read_text(path, &text, complaint);
  if (r < 0)
    return r;
  struct slice rest = buf_slice(&text), line;
  while (slice_split(&rest, '\n', &line)) {
    if (meant(line, agent_or_id)) {
      removed++;
      continue;
    }
    buf_add_slice(&kept, line);
    if (rest.at)
      buf_add_char(&kept, '\n');
  }
  if (removed)
    r = write_text(path, &kept, complaint);
  return r < 0 ? r : removed;
}
