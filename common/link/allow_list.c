/* SPDX-License-Identifier: Apache-2.0 */
/* Read whole at once: a reload either replaces the list or leaves the old one in force. */
#include "link/allow_list.h"
#include "base/file.h"
#include "link/keys.h"
#include <dirent.h>
#include <stdlib.h>
#include <zmq.h>

bool program_name_ok(struct slice name) {
  if (name.len == 0 || name.len > PROGRAM_MAX || name.at[0] == '-')
    return false;
  for (size_t i = 0; i < name.len; i++)
    if (!((name.at[i] >= 'a' && name.at[i] <= 'z') || (name.at[i] >= '0' && name.at[i] <= '9') || name.at[i] == '-'))
      return false;
  return true;
}

/* "sms.pub" gives "sms"; everything else, and router.pub, is none of our business. */
static bool program_of_file(const char *file, struct slice *ret) {
  size_t len = strlen(file);
  if (len < 5 || strcmp(file + len - 4, ".pub") != 0)
    return false;
  *ret = slice_of(file, len - 4);
  return program_name_ok(*ret) && !slice_equal(*ret, SLICE("router"));
}

static int read_row(const char *folder, const char *file, struct slice program, struct allow_list *list,
                    struct complaint *complaint) {
  char text[KEY_TEXT];
  char *path = path_join(folder, file);
  int r = keys_read_public(path, text);
  if (r < 0)
    complain(complaint, path, 0, 0, r == -EBADMSG ? "is not a public key (40 characters Z85)" : "cannot be read: %s",
             strerror(-r));
  free(path);
  if (r < 0)
    return r;
  struct allowed row = {.program = ""};
  memcpy(row.program, program.at, program.len);
  zmq_z85_decode(row.key, text);
  const char *other = allow_list_program(list, slice_of(row.key, sizeof(row.key)));
  if (other)
    return complain(complaint, folder, 0, 0, "%s.pub and %s.pub hold the same key", other, row.program);
  if (list->count == ALLOWED_MAX)
    return complain(complaint, folder, 0, 0, "more than %d keys", ALLOWED_MAX);
  list->rows[list->count++] = row;
  return 0;
}

/* Returns 0; 1: files that are no keys were passed over, which only `lenient` allows; -errno. */
static int read_folder(const char *folder, bool lenient, struct allow_list *ret, struct complaint *complaint) {
  DIR *dir = opendir(folder);
  if (!dir) {
    int r = -errno;
    complain(complaint, folder, 0, 0, "cannot be read: %s", strerror(-r));
    return r;
  }
  struct allow_list list = {.rows = must_calloc(ALLOWED_MAX, sizeof(*list.rows))};
  struct complaint another;
  struct slice program;
  int r = 0;
  bool bad = false;
  for (struct dirent *entry; r == 0 && (entry = readdir(dir));) {
    if (!program_of_file(entry->d_name, &program))
      continue;
    r = read_row(folder, entry->d_name, program, &list, bad ? &another : complaint);
    if (r < 0 && lenient && !file_fails_for_now(r)) {
      bad = true;
      r = 0;
    }
  }
  closedir(dir);
  if (r < 0)
    allow_list_free(&list);
  else
    *ret = list;
  return r < 0 ? r : bad;
}

int allow_list_read(const char *folder, struct allow_list *ret, struct complaint *complaint) {
  return read_folder(folder, false, ret, complaint);
}

int allow_list_read_good(const char *folder, struct allow_list *ret, struct complaint *complaint) {
  return read_folder(folder, true, ret, complaint);
}

void allow_list_free(struct allow_list *list) {
  free(list->rows);
  *list = (struct allow_list){.rows = NULL};
}

const char *allow_list_program(const struct allow_list *list, struct slice key) {
  for (size_t i = 0; i < list->count; i++)
    if (slice_equal(slice_of(list->rows[i].key, sizeof(list->rows[i].key)), key))
      return list->rows[i].program;
  return NULL;
}

bool allow_list_has(const struct allow_list *list, struct slice program) {
  for (size_t i = 0; i < list->count; i++)
    if (slice_equal(slice_text(list->rows[i].program), program))
      return true;
  return false;
}
