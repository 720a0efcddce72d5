/* SPDX-License-Identifier: Apache-2.0 */
#include "mailbox/request.h"
#include "base/file.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char *const verbs[MAILBOX_VERBS] = {[MAILBOX_RECONCILE] = "reconcile", [MAILBOX_RESCAN] = "rescan"};

const char *mailbox_verb_text(enum mailbox_verb verb) {
  return verbs[verb];
}

static char *path_of(const char *folder, const struct mailbox_request *r) {
  char name[REQUEST_NAME_MAX + 16];
  snprintf(name, sizeof(name), "%s.%s", r->mailbox, verbs[r->verb]);
  return path_join(folder, name);
}

int mailbox_request_put(const char *folder, const struct mailbox_request *r) {
  char *path = path_of(folder, r);
  int fault = folder_make(folder);
  if (fault == 0)
    fault = file_write_atomic(path, SLICE("\n"), 0600);
  free(path);
  return fault;
}

int mailbox_request_read(const char *name, struct mailbox_request *ret) {
  const char *dot = strrchr(name, '.');
  const size_t len = dot ? (size_t)(dot - name) : 0;
  if (len == 0 || len >= REQUEST_NAME_MAX || name[0] == '.')
    return REQUEST_NONE;
  for (int verb = 0; verb < MAILBOX_VERBS; verb++) {
    if (strcmp(dot + 1, verbs[verb]) != 0)
      continue;
    ret->verb = (enum mailbox_verb)verb;
    memcpy(ret->mailbox, name, len);
    ret->mailbox[len] = '\0';
    return 0;
  }
  return REQUEST_NONE;
}

bool mailbox_request_waits(const char *folder, const struct mailbox_request *r) {
  char *path = path_of(folder, r);
  bool there = access(path, F_OK) == 0;
  free(path);
  return there;
}

void mailbox_request_end(const char *folder, const struct mailbox_request *r) {
  char *path = path_of(folder, r);
  unlink(path);
  free(path);
}

int mailbox_request_each(const char *folder, void (*each)(void *arg, const struct mailbox_request *r), void *arg) {
  DIR *dir = opendir(folder);
  struct mailbox_request r;
  if (!dir)
    return errno == ENOENT ? 0 : -errno;
  for (struct dirent *e; (e = readdir(dir));)
    if (mailbox_request_read(e->d_name, &r) == 0)
      each(arg, &r);
  closedir(dir);
  return 0;
}
