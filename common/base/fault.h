/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one error idiom of Deskbell.
 *
 *   0    success
 *   > 0  an outcome documented in the header of the function's module; the caller handles it
 *   < 0  a fault: a negative errno, passed up unchanged
 *
 * Outputs are named ret_… and are written on success only.
 * Destructors have the form `void x_free(struct x **)`, accept NULL and *NULL, and are idempotent, so the same
 * function serves auto_clean():  `auto_clean(arena_free) struct arena *a = …`.
 */
#ifndef BASE_FAULT_H
#define BASE_FAULT_H

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define must_check __attribute__((warn_unused_result))
#define printf_like(f, a) __attribute__((format(printf, f, a)))
#define auto_clean(fn) __attribute__((cleanup(fn)))

/* A complaint for a person about operator input: file, line (1-based, 0 unknown), column, one sentence. */
struct complaint {
  char file[256];
  unsigned line, column;
  char text[512];
};

/* Where in a document something stands, for complaints that come after reading. */
struct complaint_place {
  unsigned line, column; /* 1-based; 0: not said in the document */
};

/* Fills `c` (may be NULL). Returns -EINVAL, so that `return complain(...)` reads well. */
int complain(struct complaint *c, const char *file, unsigned line, unsigned column, const char *format, ...)
    printf_like(5, 6);

/* Allocation of small, bounded, internal objects: ends the process with a message when memory is exhausted.
 * Sizes that come from outside never reach these; they use an arena or a buf with a ceiling. */
void *must_calloc(size_t count, size_t size);
void *must_realloc(void *p, size_t size);
char *must_strdup(const char *s);

#endif
