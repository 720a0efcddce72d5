/* SPDX-License-Identifier: Apache-2.0 */
/* Content is found line by line with memchr, not byte by byte: this is where every byte of every mail passes. A run
 * goes on over line ends and stops only before a dot at the start of a line, so a plain mail is one run per read. */
#include "lmtp_content.h"

static struct slice take(struct slice *bytes, size_t len) {
  struct slice head = slice_of(bytes->at, len);
  bytes->at += len;
  bytes->len -= len;
  return head;
}

/* A CR in here is bare, but for the one that ends a line (`last` when `before_lf`) or may still do so (at the end of
 * what was read). */
static bool has_bare_cr(const char *from, const char *to) {
  return to - from > 1 && memchr(from, '\r', (size_t)(to - from - 1));
}

/* The run from here (not a dot at the start of a line) to the next line that starts with a dot, or to the end of the
 * input. */
static size_t scan_run(struct lmtp_content *c, struct slice bytes) {
  const char *const start = bytes.at, *const end = start + bytes.len;
  const bool after_cr = c->place == PLACE_AFTER_CR;
  if (after_cr && *start != '\n')
    c->bare_line_end = true;
  for (const char *line = start;;) {
    const char *lf = memchr(line, '\n', (size_t)(end - line));
    const char *stop = lf ? lf : end;
    if (!c->bare_line_end && has_bare_cr(line, stop))
      c->bare_line_end = true;
    if (!lf) {
      c->place = end[-1] == '\r' ? PLACE_AFTER_CR : PLACE_INSIDE;
      return bytes.len;
    }
    bool ends_line = lf > start ? lf[-1] == '\r' : after_cr;
    line = lf + 1;
    c->place = ends_line ? PLACE_LINE_START : PLACE_INSIDE;
    if (!ends_line)
      c->bare_line_end = true;
    if (line == end || (ends_line && *line == '.'))
      return (size_t)(line - start);
  }
}

enum lmtp_content_step lmtp_content_next(struct lmtp_content *c, struct slice *bytes, struct slice *ret_run) {
  while (bytes->len) {
    const char next = *bytes->at;
    switch (c->place) {
    case PLACE_AFTER_DOT:
      if (next == '\r') {
        take(bytes, 1);
        c->place = PLACE_AFTER_DOT_CR;
      } else {
        c->place = PLACE_INSIDE; /* the dot was stuffing */
      }
      break;
    case PLACE_AFTER_DOT_CR:
      if (next == '\n') {
        take(bytes, 1);
        c->place = PLACE_LINE_START;
        return CONTENT_END;
      }
      /* A stuffed line that starts with a bare CR; that CR may have been in the input before this one. */
      c->bare_line_end = true;
      c->place = PLACE_INSIDE;
      *ret_run = SLICE("\r");
      return CONTENT_RUN;
    case PLACE_LINE_START:
      if (next == '.') {
        take(bytes, 1);
        c->place = PLACE_AFTER_DOT;
        break;
      }
      /* fall through */
    case PLACE_INSIDE:
    case PLACE_AFTER_CR:
      *ret_run = take(bytes, scan_run(c, *bytes));
      return CONTENT_RUN;
    }
  }
  return CONTENT_MORE;
}
