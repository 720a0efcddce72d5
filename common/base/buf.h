/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Growable bytes with a mandatory ceiling. `at` is always NUL-terminated when non-NULL.
 * Once an addition would pass the ceiling it is not made, BUF_FULL is returned and `full` stays set, so a long
 * run of additions may be checked once at the end.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/slice.h"

enum { BUF_FULL = 1 };

struct buf {
  char *at;
  size_t len, cap, max;
  bool full;
};

#define BUF_INIT(ceiling) ((struct buf){.max = (ceiling)})

int buf_add(struct buf *b, const void *bytes, size_t len);
int buf_add_slice(struct buf *b, struct slice s);
int buf_add_text(struct buf *b, const char *s);
int buf_add_char(struct buf *b, char c);
int buf_printf(struct buf *b, const char *format, ...) printf_like(2, 3);
/* Makes room for `len` more bytes and lends the place to write them; buf_advance() then counts them in. */
int must_check buf_reserve(struct buf *b, size_t len, char **ret_at);
void buf_advance(struct buf *b, size_t len);
/* Drops the first `len` bytes. */
void buf_consume(struct buf *b, size_t len);
/* Empties it and keeps the memory. */
void buf_clear(struct buf *b);
/* Gives the memory back; the ceiling stays. Also the auto_clean() handler. */
void buf_free(struct buf *b);
static inline struct slice buf_slice(const struct buf *b) {
  return slice_of(b->at ? b->at : "", b->len);
}

#endif
