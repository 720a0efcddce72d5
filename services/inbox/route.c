/* SPDX-License-Identifier: Apache-2.0 */
#include "route.h"
#include <stdio.h>

/* Fills what stands in the path's {…}. Returns 0, ROUTE_NO_PATH, -ENOMEM. */
static int match(const char *pattern, const char *path, struct arena *arena, struct ask *ask) {
  struct slice want = slice_text(pattern), have = slice_text(path), w, h;
  for (;;) {
    bool more = slice_split(&want, '/', &w);
    if (slice_split(&have, '/', &h) != more)
      return ROUTE_NO_PATH;
    if (!more)
      return 0;
    if (w.len < 2 || w.at[0] != '{') {
      if (!slice_equal(w, h))
        return ROUTE_NO_PATH;
      continue;
    }
    struct ask_fault fault;
    int r = ask_text(ask, field_find(slice_of(w.at + 1, w.len - 2)), h, arena, &fault);
    if (r)
      return r < 0 ? r : ROUTE_NO_PATH;
  }
}

static void allow(char ret[ROUTE_ALLOW_MAX], const char *method) {
  size_t len = strlen(ret);
  snprintf(ret + len, ROUTE_ALLOW_MAX - len, "%s%s", len ? ", " : "", method);
}

/* A fixed word wins over a name of the same place ("/v1/items/claim"), because it is a row before. */
int route_find(const char *method, const char *path, struct arena *arena, struct ask *ret,
               char ret_allow[ROUTE_ALLOW_MAX]) {
  ret_allow[0] = '\0';
  const char *fixed = NULL;
  for (size_t i = 0; i < VERB_COUNT; i++) {
    const struct verb_row *row = verb_row((enum verb)i);
    struct ask ask = ask_new((enum verb)i);
    if (fixed && strcmp(row->path, fixed) != 0)
      continue;
    int r = match(row->path, path, arena, &ask);
    if (r < 0)
      return r;
    if (r)
      continue;
    if (!strchr(row->path, '{'))
      fixed = row->path;
    if (strcmp(row->method, method) == 0) {
      *ret = ask;
      return 0;
    }
    allow(ret_allow, row->method);
  }
  return ret_allow[0] ? ROUTE_NO_METHOD : ROUTE_NO_PATH;
}
