/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where mail programs put what they quote (QT-09). They say so in classes, ids and styles of their own, also after
 * another program has rewritten those ("x_divRplyFwdMsg", "m_-123gmail_quote", "ydp45yahoo_quoted"). It says where, not
 * whether it is to be hidden: an answer and a forwarded mail look the same here, and forwarded content is content
 * (QT-07). Inside common/text only. Pure.
 */
#ifndef TEXT_HTML_QUOTE_H
#define TEXT_HTML_QUOTE_H

#include "text/html_tag.h"

enum html_quote {
  HTML_QUOTE_NONE,
  HTML_QUOTE_WORDS,       /* the words of an earlier mail */
  HTML_QUOTE_ATTRIBUTION, /* the line that introduces them: "On … wrote:" */
  HTML_QUOTE_MESSAGE,     /* an earlier mail, introduction and words */
  HTML_QUOTE_REST,        /* its header block: from here to the end it is that mail */
};

/* `style` is the tag's, decoded. An attribute data-quote, as written by the cleaner, decides. */
enum html_quote html_quote_of(const struct html_tag *tag, struct slice style);
/* "words", "attribution", "message", "rest"; "" for none. */
const char *html_quote_name(enum html_quote q);
enum html_quote html_quote_named(struct slice name);
/* Whether a <blockquote> only moves its content to the right, as some programs' button for that does. */
bool html_quote_is_indent(const struct html_tag *tag, struct slice style);

#endif
