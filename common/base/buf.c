/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

int buf_reserve(struct buf *b, size_t len, char **ret_at) {
  assert(b->max > 0);
  if (len > b->max || b->len > b->max - len) {
    b->full = true;
    return BUF_FULL;
  }
  size_t need = b->len + len + 1;
  if (need > b->cap) {
    size_t cap = b->cap ? b->cap : 64;
    while (cap < need)
      cap = cap > SIZE_MAX / 2 ? need : cap * 2;
    if (cap > b->max + 1)
      cap = b->max + 1;
    b->at = must_realloc(b->at, cap);
    b->cap = cap;
  }
  *ret_at = b->at + b->len;
  return 0;
}

void buf_advance(struct buf *b, size_t len) {
  assert(b->len + len < b->cap);
  b->len += len;
  b->at[b->len] = '\0';
}

int buf_add(struct buf *b, const void *bytes, size_t len) {
  char *at;
  int r = buf_reserve(b, len, &at);
  if (r)
    return r;
  if (len)
    memcpy(at, bytes, len);
  buf_advance(b, len);
  return 0;
}

int buf_add_slice(struct buf *b, struct slice s) {
  return buf_add(b, s.at, s.len);
}

int buf_add_text(struct buf *b, const char *s) {
  return buf_add(b, s, strlen(s));
}

int buf_add_char(struct buf *b, char c) {
  return buf_add(b, &c, 1);
}

int buf_printf(struct buf *b, const char *format, ...) {
  va_list args, again;
  va_start(args, format);
  va_copy(again, args);
  int need = vsnprintf(NULL, 0, format, args);
  va_end(args);
  assert(need >= 0);
  char *at;
  int r = buf_reserve(b, (size_t)need, &at);
  if (r == 0) {
    vsnprintf(at, (size_t)need + 1, format, again);
    buf_advance(b, (size_t)need);
  }
  va_end(again);
  return r;
}

void buf_consume(struct buf *b, size_t len) {
  assert(len <= b->len);
  if (len == 0)
    return;
  memmove(b->at, b->at + len, b->len - len);
  b->len -= len;
  b->at[b->len] = '\0';
}

void buf_clear(struct buf *b) {
  b->len = 0;
  b->full = false;
  if (b->at)
    b->at[0] = '\0';
}

void buf_free(struct buf *b) {
  free(b->at);
  *b = BUF_INIT(b->max);
}
