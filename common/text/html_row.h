/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of tables. Cells are written one below the other, for most tables in mail only lay things out; a row whose
 * cells are each a short line is data, and is put on one line afterwards, with tabs between. A row with a table in it
 * is layout. Linear: each byte belongs to one innermost row. Inside common/text only. Pure.
 */
#ifndef TEXT_HTML_ROW_H
#define TEXT_HTML_ROW_H

#include "text/html_write.h"

enum { ROW_CELLS_MAX = 32, ROW_LINE_MAX = 240 };

struct html_row {
  size_t depth;      /* of the row's element on the stack; 0: none is open, or it is layout */
  size_t start;      /* what `out` held before it */
  size_t end;        /* … and when its last cell ended */
  size_t cells;      /* that have words */
  bool layout;       /* too many cells, or words outside of them */
  struct {
    size_t start, end; /* in `out`: of its words */
  } cell[ROW_CELLS_MAX];
  size_t last_line;  /* where the last row that was put on one line ended; 0: none */
};

/* `depth` is what the stack holds with the row's element on it. */
void html_row_begin(struct html_row *r, const struct html_writer *w, size_t depth);
void html_row_cell_begin(struct html_row *r, struct html_writer *w);
void html_row_cell_end(struct html_row *r, struct html_writer *w);
void html_row_end(struct html_row *r, struct html_writer *w, size_t depth);

#endif
