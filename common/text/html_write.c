/* SPDX-License-Identifier: Apache-2.0 */
/* White space is owed and paid before the next word only, so no line ends in it and the text does not either. */
#include "text/html_write.h"

enum { BREAKS_MAX = 2 };

static bool add_times(struct html_writer *w, const char *s, unsigned count, unsigned most) {
  bool fits = true;
  for (unsigned i = 0; i < count && i < most; i++)
    fits = fits && buf_add_text(w->out, s) == 0;
  return fits;
}

static bool pay_breaks(struct html_writer *w) {
  bool first = w->out->len == w->start, fits = true;
  unsigned breaks = first ? 0 : w->breaks;
  for (unsigned i = 0; i < breaks; i++) {
    if (i > 0) /* a blank line inside a quotation belongs to it, one at its edge does not */
      fits = fits && add_times(w, ">", w->break_quotes < w->quotes ? w->break_quotes : w->quotes, WRITE_QUOTES_MAX);
    fits = fits && buf_add_char(w->out, '\n') == 0;
  }
  fits = fits && add_times(w, "> ", w->quotes, WRITE_QUOTES_MAX);
  fits = fits && add_times(w, "  ", w->indent ? w->indent - 1 : 0, WRITE_INDENT_MAX);
  fits = fits && buf_add_text(w->out, w->marker) == 0;
  w->marker[0] = '\0';
  w->line_open = false;
  w->breaks = 0;
  return fits;
}

bool html_write_word(struct html_writer *w, struct slice piece) {
  if (piece.len == 0)
    return true;
  if ((w->breaks || w->out->len == w->start) && !pay_breaks(w))
    return false;
  if (w->gap && w->line_open && buf_add_char(w->out, w->gap) != 0)
    return false;
  w->gap = 0;
  w->line_open = true;
  return buf_add_slice(w->out, piece) == 0;
}

void html_write_gap(struct html_writer *w, char gap) {
  if (w->gap != '\t')
    w->gap = gap;
}

static void owe_breaks(struct html_writer *w, unsigned count) {
  if (w->breaks == 0 || w->quotes < w->break_quotes)
    w->break_quotes = w->quotes;
  w->breaks = count;
  w->gap = 0;
}

void html_write_break(struct html_writer *w, unsigned count) {
  owe_breaks(w, w->breaks < count ? count : w->breaks);
}

void html_write_line_end(struct html_writer *w) {
  owe_breaks(w, w->breaks < BREAKS_MAX ? w->breaks + 1 : BREAKS_MAX);
}

bool html_write_verbatim(struct html_writer *w, struct slice text) {
  struct slice line;
  bool first = true;
  while (slice_split(&text, '\n', &line)) {
    if (!first)
      html_write_line_end(w);
    first = false;
    if (!html_write_word(w, line))
      return false;
  }
  return true;
}
