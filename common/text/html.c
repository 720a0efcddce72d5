/* SPDX-License-Identifier: Apache-2.0 */
/* Elements to lines. What an element changes for those in it (quotation, hiding, white space) is noted with it on the
 * stack and undone when it closes. */
#include "text/html.h"
#include "text/html_flow.h"
#include "text/html_link.h"
#include "text/html_look.h"
#include "text/html_quote.h"
#include "text/html_row.h"
#include "text/html_scan.h"
#include "text/html_stack.h"
#include "text/html_style.h"

enum { ALT_MAX = 1000, LETTERS = 26 };

/* Beside each element of the stack. */
struct opened {
  unsigned number;        /* of the next item of an ordered list; 0: not ordered */
  char letters;           /* 'a' or 'A' when it counts in letters */
  unsigned flags;         /* of its element, less what its look takes away */
  bool hidden;
  unsigned level;         /* of a list that Word writes in paragraphs */
  unsigned before;        /* enum html_inherited, as it was outside */
  struct slice href;
};

struct rendering {
  struct html_scan scan;
  struct html_writer writer;
  struct html_stack stack;
  struct opened opened[HTML_DEPTH_MAX];
  struct html_row row;
  unsigned hidden;        /* how many open elements hide */
  unsigned inherited;     /* enum html_inherited */
  unsigned foreign;       /* how many open elements are of another language */
  bool tight;             /* a style sheet takes the blank lines around paragraphs away */
};

static bool is_shown(const struct rendering *s) {
  return !s->hidden && !(s->inherited & HTML_UNSEEN);
}

static void break_around(struct rendering *s, unsigned flags) {
  if (s->hidden || !(flags & HTML_BLOCK))
    return;
  if (s->writer.blank && !(flags & (HTML_CELL | HTML_ROW | HTML_TABLE)))
    html_write_line_end(&s->writer); /* "<p>&nbsp;</p>" is how Word writes a blank line */
  html_write_break(&s->writer, flags & HTML_SPACED ? 2 : 1);
}

/* --- end of an element --- */

static bool end_link(struct rendering *s, const struct opened *link) {
  char url[HTML_LINK_ROOM];
  struct buf *out = s->writer.out;
  size_t start = html_write_marked(&s->writer, WRITE_MARK_LINK);
  struct slice text = slice_of(out->at ? out->at + start : "", out->len - start);
  struct slice shown = slice_of(url, html_link_shown(link->href, text, url));
  if (!shown.len || !is_shown(s))
    return true;
  html_write_gap(&s->writer, ' ');
  return html_write_word(&s->writer, SLICE("<")) && html_write_word(&s->writer, shown) &&
         html_write_word(&s->writer, SLICE(">"));
}

static bool close_top(struct rendering *s) {
  const struct opened *top = &s->opened[s->stack.depth - 1];
  unsigned flags = top->flags;
  bool fits = true;
  if (!s->hidden && (flags & HTML_LINK))
    fits = end_link(s, top);
  if (flags & HTML_CELL)
    html_row_cell_end(&s->row, &s->writer);
  break_around(s, flags);
  if (flags & HTML_ROW)
    html_row_end(&s->row, &s->writer, s->stack.depth);
  html_stack_pop(&s->stack);
  s->hidden -= top->hidden;
  s->inherited = top->before;
  s->foreign -= !!(flags & HTML_FOREIGN);
  s->writer.quotes -= !!(flags & HTML_QUOTE);
  s->writer.indent -= top->level + !!(flags & HTML_LIST);
  return fits;
}

static bool close_down_to(struct rendering *s, size_t keep) {
  bool fits = true;
  while (fits && s->stack.depth > keep)
    fits = close_top(s);
  return fits;
}

/* --- start of an element --- */

static const char *count(char *marker, size_t end, unsigned number, char letters) {
  marker[--end] = '\0';
  marker[--end] = ' ';
  marker[--end] = '.';
  for (; number && end; number = letters ? (number - 1) / LETTERS : number / 10)
    marker[--end] = letters ? (char)(letters + (number - 1) % LETTERS) : (char)('0' + number % 10);
  return marker + end;
}

static void start_item(struct rendering *s, const struct html_tag *tag) {
  char marker[sizeof(s->writer.marker)];
  struct opened *list = NULL;
  for (size_t i = s->stack.depth; i-- > 0 && !list;)
    if (s->opened[i].flags & HTML_LIST)
      list = &s->opened[i];
  if (s->inherited & HTML_NO_MARK)
    return;
  if (!list || !list->number) {
    memcpy(s->writer.marker, "- ", 3);
    return;
  }
  int value = html_attribute_number(tag->value[HTML_AT_VALUE]);
  list->number = value > 0 ? (unsigned)value : list->number;
  const char *at = count(marker, sizeof(marker), list->number++, list->letters);
  memcpy(s->writer.marker, at, strlen(at) + 1);
}

static void start_list(struct opened *list, const struct html_tag *tag) {
  int start = html_attribute_number(tag->value[HTML_AT_START]);
  struct slice type = slice_trim(tag->value[HTML_AT_TYPE]);
  list->number = start > 0 ? (unsigned)start : 1;
  list->letters = type.len == 1 && (type.at[0] | 0x20) == 'a' ? type.at[0] : '\0';
}

/* What the element's flags come to with the look it has here. */
static unsigned flags_here(const struct rendering *s, const struct html_tag *tag, const struct html_look *look,
                           struct slice style) {
  unsigned flags = tag->element->flags;
  bool tight = look->tight || (s->tight && !look->spaced);
  if (flags & HTML_PARAGRAPH && tight)
    flags &= ~(unsigned)HTML_SPACED;
  if (flags & HTML_QUOTE && html_quote_is_indent(tag, style))
    flags &= ~(unsigned)(HTML_QUOTE | HTML_SPACED);
  enum html_quote q = flags & HTML_BLOCK ? html_quote_of(tag, style) : HTML_QUOTE_NONE;
  if (q == HTML_QUOTE_REST)
    flags |= HTML_SPACED; /* a header block begins behind a blank line */
  if (q == HTML_QUOTE_MESSAGE && slice_equal(tag->value[HTML_AT_NAME], SLICE("quote")))
    flags |= HTML_QUOTE | HTML_SPACED; /* GMX draws its bar without a <blockquote> */
  return flags;
}

static void push(struct rendering *s, const struct html_tag *tag, const struct html_look *look, unsigned flags,
                 uint32_t name) {
  bool hidden = flags & HTML_DROPPED || look->gone;
  bool says_nothing = !flags && !hidden && !look->on && !look->off;
  if (says_nothing && !html_stack_may_have(&s->stack, name))
    return; /* opening and closing it changes nothing */
  if (!html_stack_push(&s->stack, tag->element, name))
    return;
  struct opened *o = &s->opened[s->stack.depth - 1];
  *o = (struct opened){.flags = flags, .hidden = hidden, .before = s->inherited, .href = tag->value[HTML_AT_HREF],
                       .level = look->level};
  if (flags & HTML_ORDERED)
    start_list(o, tag);
  if (flags & HTML_TABLE)
    s->row.depth = 0; /* the row it stands in is layout */
  if (flags & HTML_ROW)
    html_row_begin(&s->row, &s->writer, s->stack.depth);
  if (flags & HTML_CELL)
    html_row_cell_begin(&s->row, &s->writer);
  if (flags & HTML_LINK)
    html_write_mark(&s->writer, WRITE_MARK_LINK);
  s->hidden += hidden;
  s->inherited = (s->inherited & ~look->off) | look->on;
  s->foreign += !!(flags & HTML_FOREIGN);
  s->writer.quotes += !!(flags & HTML_QUOTE);
  s->writer.indent += o->level + !!(flags & HTML_LIST);
}

/* Names of files, and what programs write where no person described the picture, are no words of the sender. */
static bool is_description(struct slice alt) {
  static const char *const files[] = {".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".svg"};
  static const char *const made[] = {"Description automatically generated", "AI-generated content may be incorrect.",
                                     "Automatisch generierte Beschreibung"};
  for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
    size_t len = strlen(files[i]);
    if (alt.len >= len && !memchr(alt.at, ' ', alt.len) &&
        slice_equal_nocase(slice_of(alt.at + alt.len - len, len), slice_text(files[i])))
      return false;
  }
  for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++)
    if (alt.len && memmem(alt.at, alt.len, made[i], strlen(made[i])))
      return false;
  return true;
}

static bool write_image(struct rendering *s, const struct html_tag *tag, const struct html_look *look) {
  char decoded[ALT_MAX];
  size_t len = html_attribute_decode(tag->value[HTML_AT_ALT], HTML_DECODE_WORDS, decoded, sizeof(decoded));
  struct slice alt = slice_trim(slice_of(decoded, len));
  if (!is_shown(s) || look->gone || look->speck || !is_description(alt))
    return true;
  return html_write_word(&s->writer, alt);
}

static bool write_void(struct rendering *s, const struct html_tag *tag, const struct html_look *look) {
  unsigned flags = tag->element->flags;
  bool fits = true;
  if (flags & HTML_BREAK && !s->hidden)
    html_write_line_end(&s->writer);
  if (flags & HTML_IMAGE)
    fits = write_image(s, tag, look);
  if (flags & HTML_RULE && !s->hidden && !look->gone)
    fits = html_write_word(&s->writer, SLICE("---"));
  if (flags & HTML_RULE)
    break_around(s, flags);
  return fits;
}

static bool start_element(struct rendering *s, struct slice name) {
  char decoded[HTML_STYLE_MAX];
  struct html_tag tag;
  struct html_look look;
  const struct html_element *element = html_element_find(name);
  html_tag_read(&s->scan.rest, element, &tag);
  if (element->flags & HTML_RAW && !s->foreign) {
    struct slice content = html_scan_raw(&s->scan, element->name);
    s->tight |= element->flags & HTML_SHEET && html_look_sheet_is_tight(content);
    return true;
  }
  struct slice style = html_look_style(&tag, decoded);
  html_look_read(&tag, style, &look);
  unsigned flags = flags_here(s, &tag, &look, style);
  bool fits = close_down_to(s, html_stack_at_start(&s->stack, element));
  break_around(s, flags);
  if (flags & HTML_VOID)
    return fits && write_void(s, &tag, &look);
  push(s, &tag, &look, flags, html_stack_name(name));
  if (flags & HTML_ITEM && !s->hidden)
    start_item(s, &tag);
  return fits;
}

static bool end_element(struct rendering *s, struct slice name) {
  const struct html_element *element = html_element_find(name);
  if (element->flags & HTML_BREAK && !s->hidden) /* browsers read </br> as <br> */
    html_write_line_end(&s->writer);
  return close_down_to(s, html_stack_at_end(&s->stack, element, html_stack_name(name)));
}

static int render(struct slice html, struct buf *ret) {
  struct rendering s = {.writer = {.out = ret, .start = ret->len}};
  struct slice piece;
  enum html_piece kind;
  bool fits = true;
  html_scan_begin(&s.scan, html);
  while (fits && (kind = html_scan_next(&s.scan, &piece)) != HTML_PIECE_NONE) {
    if (kind == HTML_PIECE_TEXT)
      fits = !is_shown(&s) || html_flow(&s.writer, s.inherited, piece);
    else
      fits = kind == HTML_PIECE_START ? start_element(&s, piece) : end_element(&s, piece);
  }
  fits = fits && close_down_to(&s, 0); /* a link at the very end still says where it goes */
  return fits ? 0 : BUF_FULL;
}

int html_to_text(struct slice html, struct buf *ret) {
  auto_clean(arena_free) struct arena *a = NULL;
  int r = html_scan_mend(html, &html, &a);
  return r < 0 ? r : render(html, ret);
}
