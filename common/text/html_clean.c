/* SPDX-License-Identifier: Apache-2.0 */
/* Room for the end tags of all that is open is always kept free, so that a cut fragment is a whole one. */
#include "text/html_clean.h"
#include "text/html_clean_tag.h"
#include "text/html_scan.h"
#include "text/html_stack.h"
#include "text/html_style.h"

enum { END_TAG_EXTRA = 3 }; /* "</" and ">" */

struct cleaner {
  struct html_scan scan;
  struct html_stack stack;
  struct {
    const char *kept; /* its end tag is owed; NULL: it was not written */
    bool hidden;
  } opened[HTML_DEPTH_MAX];
  struct buf *out;
  size_t start;       /* what `out` held before */
  size_t ceiling;     /* of `out`; its own is lower while end tags are owed */
  unsigned hidden;    /* how many open elements hide */
  unsigned foreign;   /* how many open elements are of another language */
  bool tight;         /* a style sheet takes the blank lines around paragraphs away */
  bool names_someone; /* the line that was written last has an address … */
  bool ends_in_colon; /* … and this end: "5 May, Joe <joe@x.example>:" */
  bool cut;
  struct html_clean_notes notes;
};

/* --- writing --- */

static void owe(struct cleaner *c, const char *kept) {
  c->out->max -= kept ? strlen(kept) + END_TAG_EXTRA : 0;
}

/* All of it or nothing. */
static void write_tag(struct cleaner *c, const struct html_tag *tag, const struct html_look *look, struct slice style,
                      bool open) {
  const unsigned flags = tag->element->flags;
  size_t before = c->out->len, end_tag = open ? strlen(tag->element->kept) + END_TAG_EXTRA : 0;
  const struct html_clean_place place = {
      .tight = flags & HTML_PARAGRAPH && !look->spaced && (look->tight || c->tight),
      .introduced = c->names_someone && c->ends_in_colon,
  };
  html_clean_tag(c->out, tag, style, &place);
  if (flags & (HTML_BLOCK | HTML_BREAK))
    c->names_someone = c->ends_in_colon = false;
  if (c->out->full || c->out->len + end_tag > c->out->max) {
    c->cut = true;
    c->out->full = false;
    c->out->len = before;
    if (c->out->at)
      c->out->at[before] = '\0';
  }
}

/* A fragment begins with something that is seen. */
static void trim_start(struct cleaner *c) {
  char *at = c->out->at + c->start;
  size_t len = c->out->len - c->start, blank = 0;
  while (blank < len && html_is_space(at[blank]))
    blank++;
  memmove(at, at + blank, len - blank + 1);
  c->out->len -= blank;
}

/* Looks at what was written, which is the same when it is cleaned again. */
static void note_line(struct cleaner *c, struct slice written) {
  static const struct slice wide_colon = {"\xEF\xBC\x9A", 3};
  written = slice_trim(written);
  if (!written.len)
    return;
  c->names_someone |= memchr(written.at, '@', written.len) != NULL;
  c->ends_in_colon = written.at[written.len - 1] == ':' ||
                     (written.len >= 3 && slice_equal(slice_of(written.at + written.len - 3, 3), wide_colon));
}

static void write_text(struct cleaner *c, struct slice text) {
  size_t before = c->out->len;
  bool first = before == c->start;
  if (c->hidden)
    return;
  html_clean_text(c->out, text);
  if (first && c->out->len > c->start)
    trim_start(c);
  note_line(c, slice_of(c->out->at ? c->out->at + before : "", c->out->len - before));
  c->cut |= c->out->full;
  c->out->full = false;
}

static void close_top(struct cleaner *c) {
  size_t top = c->stack.depth - 1;
  const char *kept = c->opened[top].kept;
  c->hidden -= c->opened[top].hidden;
  c->foreign -= !!(c->stack.open[top]->flags & HTML_FOREIGN);
  html_stack_pop(&c->stack);
  if (!kept)
    return;
  c->out->max += strlen(kept) + END_TAG_EXTRA;
  buf_add_text(c->out, "</");
  buf_add_text(c->out, kept);
  buf_add_char(c->out, '>');
}

static void close_down_to(struct cleaner *c, size_t keep) {
  while (c->stack.depth > keep)
    close_top(c);
}

/* --- elements --- */

/* Opens it on the stack, and in the output when it is to be seen there. */
static void open_element(struct cleaner *c, const struct html_tag *tag, const struct html_look *look,
                         struct slice style, uint32_t name) {
  const struct html_element *element = tag->element;
  bool hidden = element->flags & HTML_DROPPED || look->gone;
  bool led_nowhere = element->flags & HTML_LINK && !html_clean_leads(tag);
  const char *kept = c->hidden || hidden || led_nowhere ? NULL : element->kept;
  if (!kept && !hidden && !c->hidden)
    return; /* it leaves no trace in the output, so it may not shape it either */
  if (!html_stack_push(&c->stack, element, name))
    return;
  size_t top = c->stack.depth - 1;
  c->opened[top].hidden = hidden;
  c->opened[top].kept = NULL;
  c->hidden += hidden;
  c->foreign += !!(element->flags & HTML_FOREIGN);
  if (!kept)
    return;
  write_tag(c, tag, look, style, true);
  if (c->cut)
    return;
  c->opened[top].kept = kept;
  owe(c, kept);
}

static void open_row(struct cleaner *c) {
  const struct html_look plain = {0};
  const struct html_tag row = {.element = html_element_find(SLICE("tr"))};
  open_element(c, &row, &plain, slice_of("", 0), html_stack_name(SLICE("tr")));
}

/* Whether a part of a table stands in one. A cell without its row gets one. */
static bool place_in_table(struct cleaner *c, const struct html_element *element) {
  const unsigned flags = element->flags;
  if (!(flags & (HTML_CELL | HTML_ROW | HTML_SECTION | HTML_COLUMN)))
    return true;
  const struct html_element *in = html_stack_table_part(&c->stack);
  if (!in || in->flags & HTML_CELL)
    return false;
  if (flags & HTML_CELL && !(in->flags & HTML_ROW))
    open_row(c);
  return !(flags & HTML_COLUMN) || !(in->flags & HTML_ROW);
}

static void start_element(struct cleaner *c, struct slice name) {
  char decoded[HTML_STYLE_MAX];
  struct html_tag tag;
  struct html_look look;
  const struct html_element *element = html_element_find(name);
  html_tag_read(&c->scan.rest, element, &tag);
  if (element->flags & HTML_RAW && !c->foreign) {
    struct slice content = html_scan_raw(&c->scan, element->name);
    c->tight |= element->flags & HTML_SHEET && html_look_sheet_is_tight(content);
    return;
  }
  close_down_to(c, html_stack_at_start(&c->stack, element));
  if (!place_in_table(c, element) || c->cut)
    return;
  struct slice style = html_look_style(&tag, decoded);
  html_look_read(&tag, style, &look);
  if (!(element->flags & HTML_VOID)) {
    open_element(c, &tag, &look, style, html_stack_name(name));
    return;
  }
  bool shown = !c->hidden && !look.gone && element->kept;
  if (shown && (!(element->flags & HTML_IMAGE) || html_clean_shows(&tag, style, &c->notes)))
    write_tag(c, &tag, &look, style, false);
}

static void end_element(struct cleaner *c, struct slice name) {
  const struct html_element *element = html_element_find(name);
  if (element->flags & HTML_BREAK && !c->hidden) { /* browsers read </br> as <br> */
    const struct html_look plain = {0};
    const struct html_tag line_end = {.element = element};
    write_tag(c, &line_end, &plain, slice_of("", 0), false);
  }
  close_down_to(c, html_stack_at_end(&c->stack, element, html_stack_name(name)));
}

static int clean(struct slice html, struct buf *ret, struct html_clean_notes *ret_notes) {
  struct cleaner c = {.out = ret, .start = ret->len, .ceiling = ret->max};
  struct slice piece;
  enum html_piece kind;
  html_scan_begin(&c.scan, html);
  while (!c.cut && (kind = html_scan_next(&c.scan, &piece)) != HTML_PIECE_NONE) {
    if (kind == HTML_PIECE_TEXT)
      write_text(&c, piece);
    else if (kind == HTML_PIECE_START)
      start_element(&c, piece);
    else
      end_element(&c, piece);
  }
  close_down_to(&c, 0);
  ret->max = c.ceiling;
  *ret_notes = c.notes;
  return c.cut ? BUF_FULL : 0;
}

int html_clean(struct slice html, struct buf *ret, struct html_clean_notes *ret_notes) {
  auto_clean(arena_free) struct arena *a = NULL;
  int r = html_scan_mend(html, &html, &a);
  return r < 0 ? r : clean(html, ret, ret_notes);
}
