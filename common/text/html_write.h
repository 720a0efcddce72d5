/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of plain text out of flowing text. Inside common/text only. Pure. */
#ifndef TEXT_HTML_WRITE_H
#define TEXT_HTML_WRITE_H

#include "base/buf.h"

enum { WRITE_QUOTES_MAX = 8, WRITE_INDENT_MAX = 8 };
enum write_mark { WRITE_MARK_CELL, WRITE_MARK_LINK, WRITE_MARKS };

struct html_writer {
  struct buf *out;
  size_t start;       /* what `out` held before */
  unsigned breaks;    /* line ends owed before the next word: 1, or 2 for a blank line */
  unsigned break_quotes; /* depth of quotation at the shallowest of them */
  char gap;           /* white space owed before the next word, 0 for none */
  bool line_open;     /* the current line has a word */
  bool blank;         /* the line being begun has a space that does not break, and nothing else */
  uint32_t joiner;    /* owed before the next word if that follows at once: U+200C, U+200D */
  unsigned quotes;    /* depth, "> " each */
  unsigned indent;    /* depth of lists */
  char marker[16];    /* of a list item, owed before its first word */
  bool waits[WRITE_MARKS];
  size_t mark[WRITE_MARKS];
};

/* A piece of a word, valid UTF-8. Returns false when the output is full. */
bool html_write_word(struct html_writer *w, struct slice piece);
/* White space that may be dropped; a tab wins over a space. */
void html_write_gap(struct html_writer *w, char gap);
/* A space that holds a line open: alone in its block it is a blank line. */
void html_write_hard_gap(struct html_writer *w);
/* Something that joins two letters, and is nothing anywhere else. */
void html_write_joiner(struct html_writer *w, uint32_t joiner);
/* At least so many line ends before the next word. */
void html_write_break(struct html_writer *w, unsigned count);
/* One more line end, as <br> asks for. */
void html_write_line_end(struct html_writer *w);
/* Text whose white space counts. */
bool html_write_verbatim(struct html_writer *w, struct slice text);
/* Notes where in `out` the next word will begin, behind line ends and quotation marks. A list's mark belongs to a
 * cell. */
void html_write_mark(struct html_writer *w, enum write_mark which);
/* Where that was; the end of `out` when no word has come since. */
size_t html_write_marked(const struct html_writer *w, enum write_mark which);

#endif
