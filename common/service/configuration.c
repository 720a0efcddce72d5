/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The programs and the command line must never disagree about which file configures a desk, so the rule is here once.
 */
#include "service/configuration.h"
#include "base/file.h"
#include <stdlib.h>
#include <unistd.h>

int configuration_load(const char *path, const char *dir, struct config **ret, struct complaint *complaint) {
  if (path)
    return config_load(path, dir, ret, complaint);
  char *own = path_join(dir, "deskbell.yaml");
  int r = config_load(access(own, F_OK) == 0 ? own : NULL, dir, ret, complaint);
  free(own);
  return r;
}

void configuration_complain(FILE *to, int fault, const char *path, const struct complaint *complaint) {
  if (complaint->text[0] == '\0')
    fprintf(to, "%s: cannot be read: %s\n", path ? path : "deskbell.yaml", strerror(-fault));
  else if (complaint->line == 0)
    fprintf(to, "%s: %s\n", complaint->file, complaint->text);
  else
    fprintf(to, "%s:%u:%u: %s\n", complaint->file, complaint->line, complaint->column, complaint->text);
}

char *absolute_path(const char *path) {
  if (path[0] == '/')
    return must_strdup(path);
  char here[4096];
  if (!getcwd(here, sizeof(here)))
    return must_strdup(path);
  return path_join(here, strcmp(path, ".") == 0 ? "" : path);
}
