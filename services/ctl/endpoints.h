/* SPDX-License-Identifier: Apache-2.0 */
/* Where the programs of a desk listen: one flat list of names. Pure. */
#ifndef CTL_ENDPOINTS_H
#define CTL_ENDPOINTS_H

#include "base/buf.h"

#define ENDPOINTS_MAX 2048 /* one or two per channel */

enum { ENDPOINT_SAME = 1 };

struct endpoint {
  char *program, *name, *value;
};

/* Zeroed is empty. */
struct endpoint_table {
  struct endpoint *rows;
  size_t count, room;
};

/* Adds or changes. Returns 0; ENDPOINT_SAME (nothing changed); -EEXIST (another program has that name); -ENOSPC. */
int endpoints_set(struct endpoint_table *t, const char *program, const char *name, const char *value);
/* Forgets all of a program. */
void endpoints_forget(struct endpoint_table *t, const char *program);
/* {"name": "value", …} in the order they came first. Returns 0 or -EINVAL (not UTF-8). */
int must_check endpoints_json(const struct endpoint_table *t, struct buf *ret);
/* Gives the memory back; the table is empty then. */
void endpoints_free(struct endpoint_table *t);

#endif
