/* SPDX-License-Identifier: Apache-2.0 */
/* Borrowed text or bytes: pointer and length, not NUL-terminated. A value type; copying it copies no bytes. */
#ifndef BASE_SLICE_H
#define BASE_SLICE_H

#include "base/fault.h"
#include <string.h>

struct slice {
  const char *at;
  size_t len;
};

#define SLICE(literal) ((struct slice){"" literal, sizeof(literal) - 1})

static inline struct slice slice_of(const void *at, size_t len) {
  return (struct slice){(const char *)at, len};
}
/* Borrows a NUL-terminated string; NULL gives the empty slice. */
static inline struct slice slice_text(const char *s) {
  return (struct slice){s ? s : "", s ? strlen(s) : 0};
}
static inline bool slice_equal(struct slice a, struct slice b) {
  return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}
/* ASCII case-insensitive. */
bool slice_equal_nocase(struct slice a, struct slice b);
bool slice_starts_nocase(struct slice s, struct slice prefix);
/* Without leading and trailing ASCII white space. */
struct slice slice_trim(struct slice s);
/* Splits at the first `sep`: `ret_head` before it, the rest is left in *s. Returns false when *s is exhausted. */
bool slice_split(struct slice *s, char sep, struct slice *ret_head);
/* Is `one` an entry of a list by `sep`? An empty list has none. */
bool slice_lists(struct slice list, char sep, struct slice one);
/* Strict decimal, no sign, no blanks. Returns 0, -EINVAL, -ERANGE (above max). */
int must_check slice_to_u64(struct slice s, uint64_t max, uint64_t *ret);

#endif
