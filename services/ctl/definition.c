/* SPDX-License-Identifier: Apache-2.0 */
#include "definition.h"
#include "base/file.h"
#include <stdio.h>

int definition_read(const struct ctl *ctl, const char *path, struct buf *ret_text, struct desk **ret) {
  int r = file_read(strcmp(path, "-") == 0 ? "/dev/stdin" : path, ret_text);
  if (r == FILE_TOO_LARGE)
    return ctl_fail(ctl, "%s is larger than %d bytes", path, DESK_MAX_BYTES);
  if (r < 0)
    return ctl_fail(ctl, "cannot read %s: %s", path, strerror(-r));
  struct complaint c = {.text = ""};
  r = desk_parse(buf_slice(ret_text), path, ret, &c);
  if (r == 0)
    return CTL_OK;
  fprintf(stderr, "%s:%u:%u: %s\n", c.file[0] ? c.file : path, c.line, c.column, c.text);
  return CTL_USAGE;
}
