/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fault.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int complain(struct complaint *c, const char *file, unsigned line, unsigned column, const char *format, ...) {
  if (c) {
    snprintf(c->file, sizeof(c->file), "%s", file ? file : "");
    c->line = line;
    c->column = column;
    va_list args;
    va_start(args, format);
    vsnprintf(c->text, sizeof(c->text), format, args);
    va_end(args);
  }
  return -EINVAL;
}

/* The spool keeps what was promised, so ending the process is the safe answer to exhausted memory. */
static void *or_die(void *p) {
  if (!p) {
    static const char words[] = "out of memory\n";
    fputs(words, stderr);
    abort();
  }
  return p;
}

void *must_calloc(size_t count, size_t size) {
  return or_die(calloc(count ? count : 1, size ? size : 1));
}

void *must_realloc(void *p, size_t size) {
  return or_die(realloc(p, size ? size : 1));
}

char *must_strdup(const char *s) {
  return or_die(strdup(s));
}
