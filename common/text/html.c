/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A scanner of our own, because mail is hostile: libxml2's HTML parser is quadratic in end tags that match nothing
 * and in the attributes of one tag (280 KB: 3.6 s), gumbo and tidy are worse, and text needs no tree. It reads as
 * browsers do where that decides what a person saw. Every search that can fail is made once: `last_end`,
 * `last_comment_end`.
 */
#include "text/html.h"
#include "base/arena.h"
#include "text/html_entity.h"
#include "text/html_tag.h"
#include "text/html_write.h"
#include "text/utf8.h"

enum { DEPTH_MAX = 256, LINK_MAX = 2000, ALT_MAX = 1000 };

struct open_element {
  const struct html_element *element;
  uint32_t name;         /* a hash: elements without a row have their name only */
  unsigned number;       /* of the next item of an ordered list; 0: not ordered */
  bool hidden;
  struct slice href;
  size_t text_start;     /* where a link's text begins in the output */
};

struct scan {
  struct slice rest;               /* not read yet */
  const char *last_end;            /* the last '>' of the input, NULL when there is none */
  const char *last_comment_end;    /* the last "-->" */
  struct html_writer writer;
  struct open_element open[DEPTH_MAX];
  size_t depth, overflow;          /* elements open above DEPTH_MAX are only counted */
  uint16_t open_by_name[256];      /* by the low byte of the hash, so that most stray end tags cost nothing */
  unsigned hidden, pre;            /* how many open elements hide, keep white space */
};

static bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static void skip(struct scan *s, size_t len) {
  s->rest = slice_of(s->rest.at + len, s->rest.len - len);
}

static uint32_t hash_name(struct slice name) {
  uint32_t hash = 2166136261u; /* FNV-1a; a clash closes the wrong element, no more */
  for (size_t i = 0; i < name.len; i++)
    hash = (hash ^ ((uint8_t)name.at[i] | 0x20)) * 16777619u;
  return hash ^ hash >> 16;
}

/* --- text --- */

/* Not seen on paper: soft hyphen, grapheme joiner, zero width space, word joiners, byte order mark. */
static bool is_unseen(uint32_t c) {
  return c == 0xAD || c == 0x34F || c == 0x200B || (c >= 0x2060 && c <= 0x2064) || c == 0xFEFF;
}

static bool write_character(struct scan *s, uint32_t c) {
  char utf8[4];
  if (c == 0xA0 || (c < 0x20 && html_is_space((char)c)) || c == ' ') {
    html_write_gap(&s->writer, ' ');
    return true;
  }
  if (c < 0x20 || is_unseen(c))
    return true;
  return html_write_word(&s->writer, slice_of(utf8, html_entity_utf8(c, utf8)));
}

/* A run of bytes that mean themselves. */
static size_t plain_length(struct slice s) {
  size_t i = 0;
  while (i < s.len) {
    uint8_t c = (uint8_t)s.at[i];
    if (c <= ' ' || c == '&' || c == 0x7F)
      break;
    if (c >= 0x80) {
      size_t len;
      uint32_t wide = html_wide_character(slice_of(s.at + i, s.len - i), &len);
      if (wide == 0xA0 || is_unseen(wide))
        break;
      i += len;
    } else {
      i++;
    }
  }
  return i;
}

static bool write_flowing(struct html_writer *w, struct slice text, struct scan *s) {
  while (text.len) {
    size_t len = plain_length(text);
    uint32_t c = (uint8_t)text.at[0];
    if (len) {
      if (!html_write_word(w, slice_of(text.at, len)))
        return false;
    } else {
      len = c == '&' ? html_entity_read(text, false, &c) : 1;
      if (c >= 0x80 && (uint8_t)text.at[0] >= 0x80)
        c = html_wide_character(text, &len);
      if (len == 0)
        len = 1; /* a plain '&' */
      if (!write_character(s, c))
        return false;
    }
    text = slice_of(text.at + len, text.len - len);
  }
  return true;
}

static bool write_pre(struct scan *s, struct slice text) {
  while (text.len) {
    const char *amp = memchr(text.at, '&', text.len);
    size_t len = amp ? (size_t)(amp - text.at) : text.len;
    if (len && !html_write_verbatim(&s->writer, slice_of(text.at, len)))
      return false;
    text = slice_of(text.at + len, text.len - len);
    if (text.len) {
      uint32_t c = '&';
      char utf8[4];
      len = html_entity_read(text, false, &c);
      struct slice one = slice_of(utf8, html_entity_utf8(c == 0xA0 ? ' ' : c, utf8));
      if ((c >= 0x20 || c == '\n' || c == '\t') && !html_write_verbatim(&s->writer, one))
        return false;
      text = slice_of(text.at + (len ? len : 1), text.len - (len ? len : 1));
    }
  }
  return true;
}

static bool write_text(struct scan *s, struct slice text) {
  if (s->hidden || text.len == 0)
    return true;
  return s->pre ? write_pre(s, text) : write_flowing(&s->writer, text, s);
}

/* --- elements --- */

static bool hides(const struct html_tag *tag) {
  return (tag->element->flags & HTML_DROPPED) || tag->hidden;
}

/* "https://www.Example.com/" shown as "example.com" says nothing new. */
static struct slice bare_link(struct slice s) {
  static const struct slice prefixes[] = {{"mailto:", 7}, {"tel:", 4}, {"http://", 7}, {"https://", 8}, {"www.", 4}};
  s = slice_trim(s);
  for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
    if (slice_starts_nocase(s, prefixes[i]))
      s = slice_of(s.at + prefixes[i].len, s.len - prefixes[i].len);
  while (s.len && s.at[s.len - 1] == '/')
    s.len--;
  return s;
}

static bool is_link_worth_showing(struct slice url) {
  static const struct slice schemes[] = {{"http://", 7}, {"https://", 8}, {"mailto:", 7}, {"tel:", 4}, {"ftp://", 6}};
  for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
    if (slice_starts_nocase(url, schemes[i]) && url.len > schemes[i].len)
      return true;
  return false;
}

static bool end_link(struct scan *s, const struct open_element *link) {
  char decoded[LINK_MAX];
  struct buf *out = s->writer.out;
  if (link->href.len == 0 || link->href.len > LINK_MAX - 4)
    return true;
  struct slice url = slice_of(decoded, html_attribute_decode(link->href, false, decoded, sizeof(decoded)));
  struct slice text = slice_of(out->at ? out->at + link->text_start : "", out->len - link->text_start);
  if (!is_link_worth_showing(url) || slice_equal_nocase(bare_link(text), bare_link(url)))
    return true;
  html_write_gap(&s->writer, ' ');
  return html_write_word(&s->writer, SLICE("<")) && html_write_word(&s->writer, url) &&
         html_write_word(&s->writer, SLICE(">"));
}

static void break_around(struct scan *s, unsigned flags) {
  if (!s->hidden && (flags & HTML_BLOCK))
    html_write_break(&s->writer, flags & HTML_SPACED ? 2 : 1);
}

static bool close_top(struct scan *s) {
  const struct open_element *top = &s->open[--s->depth];
  unsigned flags = top->element->flags;
  bool fits = true;
  s->open_by_name[top->name & 0xFF]--;
  if (!s->hidden && (flags & HTML_LINK))
    fits = end_link(s, top);
  break_around(s, flags);
  if (!s->hidden && (flags & HTML_CELL))
    html_write_gap(&s->writer, '\t');
  s->hidden -= top->hidden;
  s->pre -= !!(flags & HTML_PRE);
  s->writer.quotes -= !!(flags & HTML_QUOTE);
  s->writer.indent -= !!(flags & HTML_LIST);
  return fits;
}

static void start_item(struct scan *s) {
  for (size_t i = s->depth; i-- > 0;) {
    struct open_element *list = &s->open[i];
    if (!(list->element->flags & HTML_LIST))
      continue;
    if (list->number == 0)
      break;
    unsigned number = list->number++;
    size_t at = sizeof(s->writer.marker) - 1, len;
    char digits[sizeof(s->writer.marker)];
    for (digits[at] = '\0'; number; number /= 10)
      digits[--at] = (char)('0' + number % 10);
    len = sizeof(s->writer.marker) - 1 - at;
    memcpy(s->writer.marker, digits + at, len);
    memcpy(s->writer.marker + len, ". ", 3);
    return;
  }
  memcpy(s->writer.marker, "- ", 3);
}

static void push(struct scan *s, const struct html_tag *tag, uint32_t name) {
  unsigned flags = tag->element->flags;
  bool hidden = hides(tag);
  if (!flags && !hidden)
    return; /* opening and closing it changes nothing */
  if (s->depth == DEPTH_MAX) {
    s->overflow += flags != 0;
    return;
  }
  s->open_by_name[name & 0xFF]++;
  s->open[s->depth++] = (struct open_element){
      .element = tag->element,
      .name = name,
      .number = flags & HTML_ORDERED ? 1 : 0,
      .hidden = hidden,
      .href = tag->href,
      .text_start = s->writer.out->len,
  };
  s->hidden += hidden;
  s->pre += !!(flags & HTML_PRE);
  s->writer.quotes += !!(flags & HTML_QUOTE);
  s->writer.indent += !!(flags & HTML_LIST);
}

/* What a start tag ends without saying so: a paragraph ends at any block, <head> too, <li> at the next <li>. */
static bool close_implied(struct scan *s, const struct html_element *element) {
  bool fits = true;
  while (fits && s->depth) {
    const struct html_element *top = s->open[s->depth - 1].element;
    bool same = top == element && (element->flags & HTML_ALONE);
    bool ended = (top->flags & (HTML_HEAD | HTML_PARAGRAPH) && element->flags & HTML_BLOCK) ||
                 (top->flags & HTML_CELL && element->flags & (HTML_CELL | HTML_ROW));
    if (!same && !ended)
      break;
    fits = close_top(s);
  }
  return fits;
}

static bool write_alt(struct scan *s, struct slice alt) {
  char decoded[ALT_MAX];
  struct slice words = slice_trim(slice_of(decoded, html_attribute_decode(alt, true, decoded, sizeof(decoded))));
  return s->hidden || html_write_word(&s->writer, words);
}

/* <title> in the head of a page is dropped with its content, <script> wherever it stands; no tag inside them counts. */
static void skip_raw(struct scan *s, const char *name) {
  size_t len = strlen(name);
  while (s->rest.len) {
    const char *at = memchr(s->rest.at, '<', s->rest.len);
    skip(s, at ? (size_t)(at - s->rest.at) : s->rest.len);
    if (s->rest.len > len + 1 && s->rest.at[1] == '/' &&
        slice_starts_nocase(slice_of(s->rest.at + 2, s->rest.len - 2), slice_of(name, len)))
      break;
    if (s->rest.len)
      skip(s, 1);
  }
  const char *end = s->rest.len ? memchr(s->rest.at, '>', s->rest.len) : NULL;
  skip(s, end ? (size_t)(end + 1 - s->rest.at) : s->rest.len);
}

static bool start_element(struct scan *s, struct slice name) {
  struct html_tag tag = {.element = html_element_find(name)};
  html_tag_read(&s->rest, &tag);
  unsigned flags = tag.element->flags;
  if (flags & HTML_RAW) {
    skip_raw(s, tag.element->name);
    return true;
  }
  bool fits = close_implied(s, tag.element);
  if (flags & HTML_LINK && s->depth && s->open[s->depth - 1].element == tag.element)
    fits = fits && close_top(s);
  break_around(s, flags);
  if (flags & HTML_VOID) {
    if (flags & HTML_BREAK && !s->hidden)
      html_write_line_end(&s->writer);
    if (flags & HTML_IMAGE && !tag.hidden)
      fits = fits && write_alt(s, tag.alt);
    if (flags & HTML_RULE && !s->hidden)
      fits = fits && html_write_word(&s->writer, SLICE("---"));
    if (flags & HTML_RULE)
      break_around(s, flags);
    return fits;
  }
  push(s, &tag, hash_name(name));
  if (flags & HTML_ITEM && !s->hidden)
    start_item(s);
  return fits;
}

/* An end tag closes all that was opened after its element; one that matches nothing means nothing. */
static bool end_element(struct scan *s, struct slice name) {
  const struct html_element *element = html_element_find(name);
  if (element->flags & HTML_BREAK && !s->hidden) /* browsers read </br> as <br> */
    html_write_line_end(&s->writer);
  if (s->overflow && element->flags) {
    s->overflow--;
    return true;
  }
  uint32_t hash = hash_name(name);
  size_t found = s->open_by_name[hash & 0xFF] ? s->depth : 0;
  while (found && s->open[found - 1].name != hash)
    found--;
  bool fits = true;
  while (found && fits && s->depth >= found)
    fits = close_top(s);
  return fits;
}

static void skip_comment(struct scan *s) {
  const char *end = NULL;
  size_t end_len = 1;
  if (s->rest.len >= 4 && memcmp(s->rest.at, "<!--", 4) == 0 && s->rest.at + 4 <= s->last_comment_end) {
    end = memmem(s->rest.at + 2, s->rest.len - 2, "-->", 3); /* "<!-->" is a whole comment */
    end_len = 3;
  }
  if (!end)
    end = memchr(s->rest.at, '>', s->rest.len);
  skip(s, end ? (size_t)(end - s->rest.at) + end_len : s->rest.len);
}

/* The rest begins with '<'. */
static bool read_markup(struct scan *s) {
  char next = s->rest.len > 1 ? s->rest.at[1] : '\0';
  bool end_tag = next == '/' && s->rest.len > 2 && is_letter(s->rest.at[2]);
  if (s->rest.at > s->last_end || !next || !(is_letter(next) || strchr("/!?", next))) {
    struct slice bracket = slice_of(s->rest.at, 1);
    skip(s, 1);
    return write_text(s, bracket);
  }
  if (!is_letter(next) && !end_tag) {
    skip_comment(s); /* "<!", "<?", "</>" */
    return true;
  }
  size_t start = end_tag ? 2 : 1, end = start;
  while (end < s->rest.len && s->rest.at[end] != '>' && s->rest.at[end] != '/' && !html_is_space(s->rest.at[end]))
    end++;
  struct slice name = slice_of(s->rest.at + start, end - start);
  skip(s, end);
  if (!end_tag)
    return start_element(s, name);
  const char *close = s->rest.len ? memchr(s->rest.at, '>', s->rest.len) : NULL;
  skip(s, close ? (size_t)(close + 1 - s->rest.at) : s->rest.len);
  return end_element(s, name);
}

static int scan_all(struct slice html, struct buf *ret) {
  struct scan s = {.rest = html, .writer = {.out = ret, .start = ret->len}};
  s.last_end = html.len ? memrchr(html.at, '>', html.len) : NULL;
  for (const char *at = s.last_end; at && at - html.at >= 2 && !s.last_comment_end; at--)
    if (at[0] == '>' && at[-1] == '-' && at[-2] == '-')
      s.last_comment_end = at - 2;
  bool fits = true;
  while (fits && s.rest.len) {
    const char *markup = memchr(s.rest.at, '<', s.rest.len);
    size_t len = markup ? (size_t)(markup - s.rest.at) : s.rest.len;
    struct slice text = slice_of(s.rest.at, len);
    skip(&s, len);
    fits = write_text(&s, text) && (!s.rest.len || read_markup(&s));
  }
  while (fits && s.depth) /* a link at the very end still says where it goes */
    fits = close_top(&s);
  return fits ? 0 : BUF_FULL;
}

int html_to_text(struct slice html, struct buf *ret) {
  if (utf8_clean(html))
    return scan_all(html, ret);
  struct arena *a = arena_new(3 * html.len + 64, 3 * html.len + 64);
  char *mended = utf8_mend(a, html, NULL);
  int r = mended ? scan_all(slice_text(mended), ret) : -ENOMEM;
  arena_free(&a);
  return r;
}
