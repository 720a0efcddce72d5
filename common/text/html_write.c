/* SPDX-License-Identifier: Apache-2.0 */
/* White space is owed and paid before the next word only, so no line ends in it and the text does not either. */
#include "text/html_write.h"
#include "text/html_entity.h"

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
  w->line_open = false;
  w->breaks = 0;
  return fits;
}

static void note(struct html_writer *w, enum write_mark which) {
  if (w->waits[which])
    w->mark[which] = w->out->len;
  w->waits[which] = false;
}

static bool pay_marker(struct html_writer *w) {
  bool fits = buf_add_text(w->out, w->marker) == 0;
  w->marker[0] = '\0';
  return fits;
}

static bool pay_joiner(struct html_writer *w) {
  char utf8[4];
  bool fits = buf_add(w->out, utf8, html_entity_utf8(w->joiner, utf8)) == 0;
  w->joiner = 0;
  return fits;
}

bool html_write_word(struct html_writer *w, struct slice piece) {
  if (piece.len == 0)
    return true;
  bool begins = w->breaks || w->out->len == w->start;
  if (begins && !pay_breaks(w))
    return false;
  if (w->waits[WRITE_MARK_CELL])
    note(w, WRITE_MARK_CELL);
  if (begins && !pay_marker(w))
    return false;
  if (w->gap && w->line_open && buf_add_char(w->out, w->gap) != 0)
    return false;
  note(w, WRITE_MARK_LINK);
  if (w->joiner && !pay_joiner(w))
    return false;
  w->gap = 0;
  w->line_open = true;
  w->blank = false;
  return buf_add_slice(w->out, piece) == 0;
}

void html_write_gap(struct html_writer *w, char gap) {
  w->joiner = 0;
  if (w->gap != '\t')
    w->gap = gap;
}

void html_write_hard_gap(struct html_writer *w) {
  html_write_gap(w, ' ');
  w->blank |= w->breaks || w->out->len == w->start;
}

void html_write_joiner(struct html_writer *w, uint32_t joiner) {
  w->joiner = w->line_open && !w->breaks && !w->gap ? joiner : 0;
}

/* "-- " alone on its line, quoted or not: the space is part of the mark (RFC 3676 4.3). */
static bool ends_in_signature_mark(const struct html_writer *w) {
  const char *at = w->out->at;
  size_t i = w->out->len;
  if (w->gap != ' ' || !w->line_open || w->breaks || i < w->start + 2 || memcmp(at + i - 2, "--", 2) != 0)
    return false;
  for (i -= 2; i > w->start && at[i - 1] != '\n'; i--)
    if (at[i - 1] != '>' && at[i - 1] != ' ')
      return false;
  return true;
}

static void owe_breaks(struct html_writer *w, unsigned count) {
  if (ends_in_signature_mark(w))
    buf_add_char(w->out, ' ');
  if (w->breaks == 0 || w->quotes < w->break_quotes)
    w->break_quotes = w->quotes;
  w->breaks = count;
  w->gap = 0;
  w->joiner = 0;
  w->blank = false;
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

void html_write_mark(struct html_writer *w, enum write_mark which) {
  w->waits[which] = true;
}

size_t html_write_marked(const struct html_writer *w, enum write_mark which) {
  bool there = !w->waits[which] && w->mark[which] < w->out->len; /* a row put on one line may have passed it */
  return there ? w->mark[which] : w->out->len;
}
