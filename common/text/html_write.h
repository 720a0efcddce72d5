/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of plain text out of flowing text. Inside common/text only. Pure. */
#ifndef TEXT_HTML_WRITE_H
#define TEXT_HTML_WRITE_H

#include "base/buf.h"

enum { WRITE_QUOTES_MAX = 8, WRITE_INDENT_MAX = 8 };

struct html_writer {
  struct buf *out;
  size_t start;       /* what `out` held before */
  unsigned breaks;    /* line ends owed before the next word: 1, or 2 for a blank line */
  unsigned break_quotes; /* depth of quotation at the shallowest of them */
  char gap;           /* white space owed before the next word, 0 for none */
  bool line_open;     /* the current line has a word */
  unsigned quotes;    /* depth, "> " each */
  unsigned indent;    /* depth of lists */
  char marker[16];    /* of a list item, owed before its first word */
};

/* A piece of a word, valid UTF-8. Returns false when the output is full. */
bool html_write_word(struct html_writer *w, struct slice piece);
/* White space that may be dropped; a tab wins over a space. */
void html_write_gap(struct html_writer *w, char gap);
/* At least so many line ends before the next word. */
void html_write_break(struct html_writer *w, unsigned count);
/* One more line end, as <br> asks for. */
void html_write_line_end(struct html_writer *w);
/* Text whose white space counts. */
bool html_write_verbatim(struct html_writer *w, struct slice text);

#endif
