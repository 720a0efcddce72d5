/* SPDX-License-Identifier: Apache-2.0 */
/* Names to numbers, by hash; grows as needed, never shrinks. Copies the names. */
#ifndef DESK_NAMES_H
#define DESK_NAMES_H

#include "base/slice.h"

struct name_slot {
  char *text; /* NULL: free */
  uint32_t len, index;
  uint64_t hash;
};

struct names {
  struct name_slot *slots;
  size_t capacity, count;
};

#define NAMES_NONE UINT32_MAX

uint32_t names_find(const struct names *n, struct slice name);
/* False when the name is there already. */
bool names_add(struct names *n, struct slice name, uint32_t index);
void names_free(struct names *n);

#endif
