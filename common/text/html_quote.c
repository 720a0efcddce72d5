/* SPDX-License-Identifier: Apache-2.0 */
/* Marks are found anywhere in a class list or id: they are long and odd enough to mean only that, and what rewrites
 * them adds to them. */
#include "text/html_quote.h"
#include "text/html_style.h"

enum { VALUE_MAX = 500 }; /* bytes of a class list or id that are looked at */

static const struct mark {
  enum html_attribute where;
  const char *mark;
  enum html_quote means;
} marks[] = {
    {HTML_AT_CLASS, "gmail_attr", HTML_QUOTE_ATTRIBUTION},
    {HTML_AT_CLASS, "gmail_quote", HTML_QUOTE_MESSAGE},            /* Gmail */
    {HTML_AT_CLASS, "gmail_extra", HTML_QUOTE_MESSAGE},            /* Gmail, until 2018 */
    {HTML_AT_CLASS, "moz-cite-prefix", HTML_QUOTE_ATTRIBUTION},    /* Thunderbird */
    {HTML_AT_CLASS, "moz-forward-container", HTML_QUOTE_MESSAGE},
    {HTML_AT_CLASS, "yahoo_quoted", HTML_QUOTE_MESSAGE},           /* Yahoo; the id has a number behind it */
    {HTML_AT_ID, "yahoo_quoted", HTML_QUOTE_MESSAGE},
    {HTML_AT_CLASS, "iosymail", HTML_QUOTE_MESSAGE},               /* Yahoo on iOS */
    {HTML_AT_CLASS, "protonmail_quote", HTML_QUOTE_MESSAGE},
    {HTML_AT_CLASS, "tutanota_quote", HTML_QUOTE_MESSAGE},
    {HTML_AT_CLASS, "zmail_extra", HTML_QUOTE_MESSAGE},            /* Zoho */
    {HTML_AT_CLASS, "OutlookMessageHeader", HTML_QUOTE_REST},      /* Outlook 2003 */
    {HTML_AT_ID, "divRplyFwdMsg", HTML_QUOTE_REST},                /* Outlook on the web, mobile, new */
    {HTML_AT_ID, "mail-editor-reference-message-container", HTML_QUOTE_MESSAGE},
    {HTML_AT_ID, "OLK_SRC_BODY_SECTION", HTML_QUOTE_MESSAGE},      /* Outlook on the Mac */
    {HTML_AT_ID, "MAC_OUTLOOK_ATTRIBUTION_BLOCKQUOTE", HTML_QUOTE_MESSAGE},
    {HTML_AT_ID, "stopSpelling", HTML_QUOTE_REST},                 /* Hotmail: a rule before the header block */
    {HTML_AT_ID, "zwchr", HTML_QUOTE_REST},                        /* Zimbra: the same */
    {HTML_AT_DATA_MARKER, "__DIVIDER__", HTML_QUOTE_REST},
    {HTML_AT_DATA_MARKER, "__HEADERS__", HTML_QUOTE_ATTRIBUTION},
    {HTML_AT_DATA_MARKER, "__QUOTED_TEXT__", HTML_QUOTE_MESSAGE},
    {HTML_AT_ID, "isReplyContent", HTML_QUOTE_MESSAGE},            /* NetEase */
    {HTML_AT_ID, "isForwardContent", HTML_QUOTE_MESSAGE},
    {HTML_AT_ID, "replySplit", HTML_QUOTE_REST},                   /* mail.com */
    {HTML_AT_NAME, "messageReplySection", HTML_QUOTE_MESSAGE},     /* Spark */
    {HTML_AT_NAME, "quote", HTML_QUOTE_MESSAGE},                   /* GMX, WEB.DE */
};

static const char *const quote_names[] = {"", "words", "attribution", "message", "rest"};

const char *html_quote_name(enum html_quote q) {
  return quote_names[q];
}

enum html_quote html_quote_named(struct slice name) {
  for (size_t i = 1; i < sizeof(quote_names) / sizeof(quote_names[0]); i++)
    if (slice_equal(name, slice_text(quote_names[i])))
      return (enum html_quote)i;
  return HTML_QUOTE_NONE;
}

static bool has_mark(struct slice value, const char *mark) {
  value.len = value.len < VALUE_MAX ? value.len : VALUE_MAX;
  return value.len && memmem(value.at, value.len, mark, strlen(mark));
}

static enum html_quote marked(const struct html_tag *tag) {
  for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
    const struct slice value = tag->value[marks[i].where];
    bool whole = marks[i].where == HTML_AT_NAME; /* short words, and nobody rewrites them */
    if (value.len && (whole ? slice_equal(value, slice_text(marks[i].mark)) : has_mark(value, marks[i].mark)))
      return marks[i].means;
  }
  return HTML_QUOTE_NONE;
}

static bool is_none(struct slice value) {
  return slice_equal_nocase(value, SLICE("none")) || slice_equal_nocase(value, SLICE("0")) ||
         slice_starts_nocase(value, SLICE("none ")) || slice_starts_nocase(value, SLICE("0px"));
}

/* Programs that give their bar on the left no name: mail.ru, Yandex, Zimbra, Outlook Express, Foxmail. */
static bool has_bar(struct slice style) {
  struct slice name, value;
  bool bar = false;
  while (html_style_next(&style, &name, &value))
    if (slice_equal_nocase(name, SLICE("border-left")) || slice_equal_nocase(name, SLICE("border-left-style")))
      bar = !is_none(value);
  return bar;
}

/* The line above the header block of Outlook (2007 on) and Windows Mail, known by its colour; see QT-09. */
static bool is_outlook_line(struct slice style) {
  static const char *const colours[] = {"#b5c4df", "#e1e1e1", "#e5e5e5"};
  struct slice name, value;
  while (html_style_next(&style, &name, &value)) {
    bool shorthand = slice_equal_nocase(name, SLICE("border-top"));
    if (!shorthand && !slice_equal_nocase(name, SLICE("border-top-color")))
      continue;
    uint32_t colour = 0, wanted = 0;
    struct slice word;
    bool spelt_out = value.len && (value.at[0] | 0x20) == 'r'; /* rgb(229, 229, 229) */
    while (value.len && (spelt_out || slice_split(&value, ' ', &word))) {
      bool found = html_style_colour(spelt_out ? value : word, &colour);
      for (size_t i = 0; found && i < sizeof(colours) / sizeof(colours[0]); i++)
        if (html_style_colour(slice_text(colours[i]), &wanted) && colour == wanted)
          return true;
      if (spelt_out)
        break;
    }
  }
  return false;
}

bool html_quote_is_indent(const struct html_tag *tag, struct slice style) {
  struct slice name, value;
  bool indent = false;
  if (!(tag->element->flags & HTML_QUOTE) || marked(tag) || html_tag_has(tag, HTML_AT_TYPE) || has_bar(style))
    return false;
  while (html_style_next(&style, &name, &value))
    if (slice_equal_nocase(name, SLICE("border")) || slice_equal_nocase(name, SLICE("border-style")))
      indent = is_none(value);
  return indent;
}

enum html_quote html_quote_of(const struct html_tag *tag, struct slice style) {
  const unsigned flags = tag->element->flags;
  enum html_quote q = html_quote_named(tag->value[HTML_AT_DATA_QUOTE]);
  if (q)
    return q;
  q = marked(tag);
  if (flags & HTML_QUOTE) {
    bool cited = slice_equal_nocase(slice_trim(tag->value[HTML_AT_TYPE]), SLICE("cite"));
    return q || cited || has_bar(style) ? HTML_QUOTE_WORDS : HTML_QUOTE_NONE;
  }
  if (q || !(flags & HTML_BLOCK) || flags & HTML_RULE)
    return q;
  return is_outlook_line(style) ? HTML_QUOTE_REST : HTML_QUOTE_NONE;
}
