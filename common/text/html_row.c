/* SPDX-License-Identifier: Apache-2.0 */
#include "text/html_row.h"

enum { CELL_LINES_LONG = 3 }; /* a cell of so many lines stands apart from the next */

void html_row_begin(struct html_row *r, const struct html_writer *w, size_t depth) {
  r->depth = depth;
  r->start = r->end = w->out->len;
  r->cells = 0;
  r->layout = false;
}

void html_row_cell_begin(struct html_row *r, struct html_writer *w) {
  if (!r->depth)
    return;
  r->layout |= r->end != w->out->len;
  html_write_mark(w, WRITE_MARK_CELL);
}

static bool is_long(const struct buf *out, size_t start, size_t end) {
  unsigned lines = 1;
  while (lines < CELL_LINES_LONG && start < end) {
    const char *at = memchr(out->at + start, '\n', end - start);
    start = at ? (size_t)(at - out->at) + 1 : end;
    lines += at != NULL;
  }
  return lines == CELL_LINES_LONG;
}

void html_row_cell_end(struct html_row *r, struct html_writer *w) {
  size_t start = html_write_marked(w, WRITE_MARK_CELL), end = w->out->len;
  r->end = end;
  r->layout |= r->cells == ROW_CELLS_MAX;
  if (!r->depth || r->layout || start == end)
    return;
  r->cell[r->cells].start = start;
  r->cell[r->cells++].end = end;
  if (is_long(w->out, start, end))
    html_write_break(w, 2);
}

static bool is_data(const struct html_row *r, const struct buf *out) {
  size_t len = 0;
  if (r->cells < 2 || r->layout || r->end != out->len)
    return false;
  for (size_t i = 0; i < r->cells; i++) {
    len += r->cell[i].end - r->cell[i].start;
    if (len > ROW_LINE_MAX || memchr(out->at + r->cell[i].start, '\n', r->cell[i].end - r->cell[i].start))
      return false;
  }
  return true;
}

/* A blank line between two rows of data came from the margins of what is in their cells. */
static size_t close_up(const struct html_row *r, struct buf *out) {
  size_t first = r->cell[0].start;
  if (!r->last_line || r->start != r->last_line)
    return first;
  const char *line = memrchr(out->at + r->start, '\n', first - r->start);
  size_t keep = line ? (size_t)(out->at + first - line) : first - r->start;
  memmove(out->at + r->start, out->at + first - keep, keep);
  return r->start + keep;
}

void html_row_end(struct html_row *r, struct html_writer *w, size_t depth) {
  struct buf *out = w->out;
  if (r->depth != depth || !depth)
    return;
  r->depth = 0;
  if (!is_data(r, out))
    return;
  size_t len = close_up(r, out);
  for (size_t i = 0; i < r->cells; i++) {
    size_t cell = r->cell[i].end - r->cell[i].start;
    if (i)
      out->at[len++] = '\t'; /* takes the place of a line end at least */
    memmove(out->at + len, out->at + r->cell[i].start, cell);
    len += cell;
  }
  out->len = len;
  out->at[len] = '\0';
  r->last_line = len;
  w->breaks = 0;
  html_write_break(w, 1);
}
