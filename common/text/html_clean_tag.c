/* SPDX-License-Identifier: Apache-2.0 */
/* One function for each kind of value. A value that does not pass takes its attribute with it. */
#include "text/html_clean_tag.h"
#include "text/html_entity.h"
#include "text/html_quote.h"
#include "text/html_style.h"
#include "text/html_url.h"
#include "text/utf8.h"
#include <stdio.h>

enum { TEXT_MAX = 1000, FAMILY_MAX = 300 };

enum check {
  CHECK_READ, CHECK_TEXT, CHECK_WORD, CHECK_NUMBER, CHECK_SIZE, CHECK_LENGTH, CHECK_COLOUR, CHECK_LANGUAGE,
  CHECK_FAMILY, CHECK_EMPTY, CHECK_LINK, CHECK_FIRST,
};

static const struct rule {
  const char *name;
  enum check check;
  int most;
  unsigned on;
} rules[] = {
#define ATTRIBUTE(id, name, check, most, on) {name, check, most, on},
#include "text/html_attributes.def"
#undef ATTRIBUTE
};

struct writing {
  struct buf *out;
  const struct html_tag *tag;
  struct slice style; /* decoded, as written */
  const struct html_clean_place *place;
};

/* --- text --- */

static const char *escape(uint32_t c) {
  return c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : NULL;
}

static const char *escape_quoted(uint32_t c) {
  return c == '"' ? "&quot;" : escape(c);
}

static bool is_text(uint32_t c) {
  return (c >= ' ' || c == '\n' || c == '\t') && !html_is_unseen(c);
}

static void add_character(struct buf *out, uint32_t c) {
  char utf8[4];
  if (escape(c))
    buf_add_text(out, escape(c));
  else if (is_text(c))
    buf_add(out, utf8, html_entity_utf8(c, utf8));
}

static size_t plain_length(struct slice s) {
  size_t i = 0;
  while (i < s.len) {
    uint8_t c = (uint8_t)s.at[i];
    size_t len = 1;
    if (c >= 0x80) {
      if (html_is_unseen(html_wide_character(slice_of(s.at + i, s.len - i), &len)))
        break;
    } else if ((c < ' ' && c != '\n' && c != '\t') || c == 0x7F || escape(c)) {
      break;
    }
    i += len;
  }
  return i;
}

/* As much of it as fits. */
static void add_run(struct buf *out, struct slice run) {
  size_t room = out->max - out->len;
  buf_add(out, run.at, run.len <= room ? run.len : utf8_cut(run, room));
  out->full |= run.len > room;
}

void html_clean_text(struct buf *out, struct slice text) {
  while (text.len && !out->full) {
    size_t len = plain_length(text);
    uint32_t c = (uint8_t)text.at[0];
    if (len) {
      add_run(out, slice_of(text.at, len));
    } else {
      len = c == '&' ? html_entity_read(text, false, &c) : 1;
      if (c >= 0x80 && (uint8_t)text.at[0] >= 0x80)
        c = html_wide_character(text, &len);
      len = len ? len : 1; /* a plain '&' */
      add_character(out, c);
    }
    text = slice_of(text.at + len, text.len - len);
  }
}

/* What is decoded already, inside double quotes. */
static void add_escaped(struct buf *out, struct slice s) {
  for (size_t i = 0, start = 0; i <= s.len; i++) {
    if (i < s.len && !escape_quoted((uint8_t)s.at[i]))
      continue;
    buf_add(out, s.at + start, i - start);
    if (i < s.len)
      buf_add_text(out, escape_quoted((uint8_t)s.at[i]));
    start = i + 1;
  }
}

static void add(struct buf *out, const char *name, struct slice value) {
  buf_add_char(out, ' ');
  buf_add_text(out, name);
  buf_add_text(out, "=\"");
  add_escaped(out, value);
  buf_add_char(out, '"');
}

/* --- values --- */

static bool all_of(struct slice s, const char *more) {
  for (size_t i = 0; i < s.len; i++) {
    char c = s.at[i];
    bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!plain && (!c || !strchr(more, c)))
      return false;
  }
  return true;
}

/* Letters, digits and what `more` has, no longer than the rule allows: "left", "#ff0000", "zh-Hant". */
static void check_plain(struct writing *w, const struct rule *rule, struct slice value, const char *more) {
  value = slice_trim(value);
  if (value.len && value.len <= (size_t)rule->most && all_of(value, more))
    add(w->out, rule->name, value);
}

/* "+1", "-2" of <font size> are kept with their sign. */
static void check_number(struct writing *w, const struct rule *rule, struct slice value) {
  value = slice_trim(value);
  bool sign = rule->check == CHECK_SIZE && value.len && (value.at[0] == '+' || value.at[0] == '-');
  int number = html_attribute_number(slice_of(value.at + sign, value.len - sign));
  if (number < 0 || number > rule->most)
    return;
  buf_printf(w->out, " %s=\"%.*s%d\"", rule->name, (int)sign, value.at, number);
}

/* Pixels or percent; the number of pixels may be followed by anything, as in "600px". */
static void check_length(struct writing *w, const struct rule *rule, struct slice value) {
  int number = html_attribute_number(value);
  bool percent = value.len && memchr(value.at, '%', value.len);
  if (number < 0 || number > rule->most)
    return;
  buf_printf(w->out, " %s=\"%d%s\"", rule->name, number, percent ? "%" : "");
}

static void check_text(struct writing *w, const struct rule *rule, struct slice value) {
  char decoded[TEXT_MAX];
  size_t most = (size_t)rule->most < sizeof(decoded) ? (size_t)rule->most : sizeof(decoded);
  size_t len = html_attribute_decode(value, HTML_DECODE_WORDS, decoded, most);
  struct slice text = slice_trim(slice_of(decoded, len));
  if (text.len || rule == &rules[HTML_AT_ALT]) /* an empty alt says that there is nothing to say */
    add(w->out, rule->name, text);
}

static void check_family(struct writing *w, const struct rule *rule, struct slice value) {
  char decoded[FAMILY_MAX], family[FAMILY_MAX + HTML_STYLE_SPARE];
  if (value.len > sizeof(decoded))
    return;
  size_t len = html_attribute_decode(value, HTML_DECODE_STYLE, decoded, sizeof(decoded));
  len = html_style_family(slice_of(decoded, len), family);
  if (len)
    add(w->out, rule->name, slice_of(family, len));
}

static bool has_property(struct slice style, const char *start) {
  struct slice name, value;
  while (html_style_next(&style, &name, &value))
    if (slice_starts_nocase(name, slice_text(start)))
      return true;
  return false;
}

static bool is_body(const struct html_tag *tag) {
  return strcmp(tag->element->name, "body") == 0;
}

/* What the style attribute of a tag becomes, with what its other attributes say that its new element cannot. */
static size_t clean_style(const struct writing *w, char *ret) {
  size_t len = html_style_clean(w->style, ret);
  struct slice kept = slice_of(ret, len), background = slice_trim(w->tag->value[HTML_AT_BGCOLOR]);
  uint32_t colour;
  char added[64] = "";
  if (w->place->tight && !has_property(kept, "margin"))
    snprintf(added, sizeof(added), "margin:0");
  if (is_body(w->tag) && html_style_colour(background, &colour) && !has_property(kept, "background"))
    snprintf(added, sizeof(added), "background-color:#%06x", (unsigned)colour);
  size_t more = strlen(added);
  if (!more || len + more + 1 > HTML_STYLE_MAX)
    return len;
  if (len)
    ret[len++] = ';';
  memcpy(ret + len, added, more);
  return len + more;
}

static void check_link(struct writing *w, const struct rule *rule, struct slice value) {
  char url[HTML_URL_MAX];
  size_t len = html_url_link(value, url);
  if (!len)
    return;
  add(w->out, rule->name, slice_of(url, len));
  buf_add_text(w->out, " rel=\"noopener noreferrer nofollow\" target=\"_blank\"");
}

/* What is written once for a source is read as such when it comes again; a real source wins. */
static enum html_image_source find_source(const struct html_tag *tag, char *ret_url, size_t *ret_len) {
  const struct slice *value = tag->value;
  if (value[HTML_AT_SRC].at)
    return html_url_image(value[HTML_AT_SRC], ret_url, ret_len);
  if (html_url_image(value[HTML_AT_DATA_REMOTE_SRC], ret_url, ret_len) == HTML_IMAGE_REMOTE)
    return HTML_IMAGE_REMOTE;
  if ((*ret_len = html_url_cid(value[HTML_AT_DATA_CID], ret_url)))
    return HTML_IMAGE_CID;
  return slice_equal(value[HTML_AT_DATA_DROPPED], SLICE("too-large")) ? HTML_IMAGE_TOO_LARGE : HTML_IMAGE_NONE;
}

/* Under the name that says what it is. */
static void add_source(struct writing *w) {
  char url[HTML_URL_MAX];
  size_t len;
  struct slice piece, rest = slice_trim(w->tag->value[HTML_AT_SRC]);
  switch (find_source(w->tag, url, &len)) {
  case HTML_IMAGE_REMOTE:
    add(w->out, "data-remote-src", slice_of(url, len));
    break;
  case HTML_IMAGE_CID:
    add(w->out, "data-cid", slice_of(url, len));
    break;
  case HTML_IMAGE_DATA:
    buf_add_text(w->out, " src=\"");
    while (html_url_data(&rest, &piece))
      buf_add_slice(w->out, piece);
    buf_add_char(w->out, '"');
    break;
  case HTML_IMAGE_TOO_LARGE:
    add(w->out, "data-dropped", SLICE("too-large"));
    break;
  case HTML_IMAGE_NONE:
    break;
  }
}

static void check(struct writing *w, const struct rule *rule, struct slice value) {
  switch (rule->check) {
  case CHECK_READ:
  case CHECK_FIRST:
    break;
  case CHECK_TEXT:
    check_text(w, rule, value);
    break;
  case CHECK_WORD:
    check_plain(w, rule, value, "");
    break;
  case CHECK_COLOUR:
    check_plain(w, rule, value, "#");
    break;
  case CHECK_LANGUAGE:
    check_plain(w, rule, value, "-");
    break;
  case CHECK_NUMBER:
  case CHECK_SIZE:
    check_number(w, rule, value);
    break;
  case CHECK_LENGTH:
    check_length(w, rule, value);
    break;
  case CHECK_FAMILY:
    check_family(w, rule, value);
    break;
  case CHECK_EMPTY:
    add(w->out, rule->name, slice_of("", 0));
    break;
  case CHECK_LINK:
    check_link(w, rule, value);
    break;
  }
}

static enum html_quote find_quote(const struct html_tag *tag, struct slice style,
                                  const struct html_clean_place *place) {
  enum html_quote q = html_quote_of(tag, style);
  bool unnamed = q == HTML_QUOTE_NONE && tag->element->flags & HTML_QUOTE && !html_quote_is_indent(tag, style);
  return unnamed && place->introduced ? HTML_QUOTE_WORDS : q;
}

void html_clean_tag(struct buf *out, const struct html_tag *tag, struct slice style,
                    const struct html_clean_place *place) {
  struct writing w = {.out = out, .tag = tag, .style = style, .place = place};
  char kept[HTML_STYLE_MAX];
  buf_add_char(out, '<');
  buf_add_text(out, tag->element->kept);
  struct slice clean = slice_of(kept, tag->element->on & ON_ANY ? clean_style(&w, kept) : 0);
  enum html_quote q = tag->element->on & ON_ANY ? find_quote(tag, clean, place) : HTML_QUOTE_NONE;
  if (q)
    add(out, "data-quote", slice_text(html_quote_name(q)));
  if (clean.len)
    add(out, "style", clean);
  if (tag->element->on & ON_IMAGE)
    add_source(&w);
  for (size_t i = 0; i < HTML_ATTRIBUTES && !out->full; i++)
    if (tag->value[i].at && rules[i].on & tag->element->on)
      check(&w, &rules[i], tag->value[i]);
  buf_add_char(out, '>');
}

/* By what will be left of its style, so that cleaning again finds the same. */
static bool is_speck(const struct html_tag *image, struct slice style) {
  char kept[HTML_STYLE_MAX];
  struct html_look look;
  html_look_read(image, slice_of(kept, html_style_clean(style, kept)), &look);
  return look.speck;
}

static bool has_words(struct slice alt) {
  char decoded[TEXT_MAX];
  size_t len = html_attribute_decode(alt, HTML_DECODE_WORDS, decoded, sizeof(decoded));
  return slice_trim(slice_of(decoded, len)).len;
}

bool html_clean_shows(const struct html_tag *image, struct slice style, struct html_clean_notes *notes) {
  char url[HTML_URL_MAX];
  size_t len;
  enum html_image_source source = find_source(image, url, &len);
  if (source == HTML_IMAGE_REMOTE && is_speck(image, style))
    return false;
  notes->dropped_images += source == HTML_IMAGE_TOO_LARGE;
  notes->remote_images += source == HTML_IMAGE_REMOTE;
  return source != HTML_IMAGE_NONE || has_words(image->value[HTML_AT_ALT]);
}

bool html_clean_leads(const struct html_tag *link) {
  char url[HTML_URL_MAX];
  return html_url_link(link->value[HTML_AT_HREF], url);
}
